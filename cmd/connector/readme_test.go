package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const projectRoot = "../.."

// page is a Markdown file of the project.
type page struct {
	name string // its path from the project's root
	text []byte
}

func (p page) path() string { return filepath.Join(projectRoot, p.name) }

// pages finds every Markdown file below the project's root, so that a new one is
// held to the same rules without being named anywhere.
func pages(t *testing.T) []page {
	t.Helper()
	var found []page
	err := filepath.WalkDir(projectRoot, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && entry.Name() == ".git" {
			return fs.SkipDir
		}
		if entry.IsDir() || filepath.Ext(path) != ".md" {
			return nil
		}
		name, err := filepath.Rel(projectRoot, path)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		found = append(found, page{filepath.ToSlash(name), text})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(found, func(p page) bool { return p.name == "README.md" }) {
		t.Fatal("the README was not found")
	}
	return found
}

// fences are the code blocks of a page: language and content.
var fences = regexp.MustCompile("(?ms)^```([^\\n]*)\n(.*?)^```$")

// TestREADMESessions runs the console sessions of every page and compares what
// they print. With UPDATE set, it writes what was printed into the page.
func TestREADMESessions(t *testing.T) {
	bin := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", filepath.Join(bin, "connector"), ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, p := range pages(t) {
		if !bytes.Contains(p.text, []byte("```console\n")) {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			s := newSession(t, bin)
			updated := fences.ReplaceAllFunc(p.text, func(block []byte) []byte {
				if parts := fences.FindSubmatch(block); string(parts[1]) == "console" {
					return []byte("```console\n" + s.run(string(parts[2])) + "```")
				}
				return block
			})
			if os.Getenv("UPDATE") != "" && !bytes.Equal(updated, p.text) {
				if err := os.WriteFile(p.path(), updated, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// session runs the commands of one page, in a folder and with saved credentials of
// their own.
type session struct {
	t         *testing.T
	root, dir string
	env       []string
	addresses *strings.Replacer // the default addresses by free ones
	defaults  *strings.Replacer // and the other way
	listen    map[string]string // the free address of a verb that serves
}

func newSession(t *testing.T, bin string) *session {
	root, err := filepath.Abs(projectRoot)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	sandbox, form, hooks := freeAddress(t), freeAddress(t), freeAddress(t)
	s := &session{
		t: t, root: root, dir: dir,
		addresses: strings.NewReplacer("127.0.0.1:8101", sandbox, "127.0.0.1:8100", form, "127.0.0.1:8102", hooks),
		defaults:  strings.NewReplacer(sandbox, "127.0.0.1:8101", form, "127.0.0.1:8100", hooks, "127.0.0.1:8102"),
		listen:    map[string]string{"connector sandbox": sandbox, "connector serve": form, "connector listen": hooks},
	}
	// What the caller has set for its own credentials is not for these.
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "HMS_") && !strings.HasPrefix(variable, "CONNECTOR_") {
			s.env = append(s.env, variable)
		}
	}
	s.env = append(s.env, "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"),
		"HOME="+dir, "TZ=UTC", "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	return s
}

// run runs a session, compares it, and returns it as it went.
func (s *session) run(text string) string {
	var went strings.Builder
	for _, step := range strings.Split("\n"+text, "\n$ ")[1:] {
		command, want, _ := strings.Cut(step, "\n")
		got := s.defaults.Replace(s.output(s.addresses.Replace(command)))
		switch same := agrees(settle(got), settle(want)); {
		case same:
			got = strings.TrimSuffix(want, "\n") + "\n"
		case os.Getenv("UPDATE") == "":
			s.t.Errorf("$ %s\nprints\n%s\nand the page says\n%s", command, settle(got), settle(want))
		}
		fmt.Fprintf(&went, "$ %s\n%s", command, strings.TrimPrefix(got, "\n"))
	}
	return went.String()
}

// output is what a command prints. A server goes on until the test ends.
func (s *session) output(command string) string {
	if variable, ok := strings.CutPrefix(command, "export "); ok {
		s.env = append(s.env, variable)
		return ""
	}
	shell := func(command string) *exec.Cmd {
		cmd := exec.Command("bash", "-c", command)
		cmd.Dir, cmd.Env = s.dir, s.env
		if strings.HasPrefix(command, "go ") {
			cmd.Dir, cmd.Env = s.root, os.Environ() // whose HOME has Go's caches
		}
		return cmd
	}
	verb := strings.Join(strings.Fields(command)[:2], " ")
	if address, serves := s.listen[verb]; serves {
		return background(s.t, shell("exec "+command+" --listen "+address)) // exec: the signal reaches it
	}
	out, err := shell(command).CombinedOutput()
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		s.t.Fatal(err)
	}
	return string(out)
}

// agrees compares an output with a page's. A line … of the page stands for any lines.
func agrees(got, want string) bool {
	parts := strings.Split("\n"+want+"\n", "\n…\n")
	if len(parts) == 1 {
		return got == want
	}
	rest, begins := strings.CutPrefix("\n"+got+"\n", parts[0])
	for _, part := range parts[1:] {
		_, after, found := strings.Cut(rest, part)
		if begins = begins && found; !begins {
			return false
		}
		rest = after
	}
	return rest == "" || parts[len(parts)-1] == ""
}

func TestAnEllipsisInASessionStandsForAnyLines(t *testing.T) {
	for _, c := range []struct {
		got, want string
		agrees    bool
	}{
		{"a\nb\nc", "a\nb\nc", true},
		{"a\nb\nc", "a\nc", false},
		{"a\nb\nc", "a\n…\nc", true},
		{"a\nb\nc\nd", "…\nb\n…", true},
		{"a\nb\nc", "…", true},
		{"a\nb\nc", "a\n…\nd", false},
		{"a\nb\nc", "b\n…", false},
		{"a\nb\nc", "a\n…\nb", false},
		{"a\nb…\nc", "a\nb…\nd", false},
	} {
		if agrees(c.got, c.want) != c.agrees {
			t.Errorf("%q and a page that says %q", c.got, c.want)
		}
	}
}

func freeAddress(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// background starts a server, waits for what it prints first, and ends it with
// the test.
func background(t *testing.T, cmd *exec.Cmd) string {
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
	})
	var text []byte
	buf := make([]byte, 4096)
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline) && !bytes.Contains(text, []byte("Ctrl-C")); {
		n, err := out.Read(buf)
		text = append(text, buf[:n]...)
		if err == io.EOF {
			break
		}
	}
	return string(text)
}

// settle replaces what differs from run to run.
func settle(s string) string {
	for _, r := range []struct{ pattern, with string }{
		{`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC`, "DATE"},
		{`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`, "DATE"},
		{`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`, "UUID"},
		{`/\S+/events\.db`, "events.db"},
		{`"id":"[0-9a-f]{24}"`, `"id":"ID"`},
		{`/signin/\S+`, "/signin/LINK"},
		{`\b[0-9a-f]{16}\b`, "KEYID"},
	} {
		s = regexp.MustCompile(r.pattern).ReplaceAllString(s, r.with)
	}
	return strings.TrimSpace(s)
}
