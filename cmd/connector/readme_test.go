package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector"
)

const readme = "../../README.md"

// fences are the code blocks of the README: language and content.
var fences = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")

// TestREADMESessions runs every console session of the README and compares what
// it prints. With UPDATE set, it writes what was printed into the README.
func TestREADMESessions(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	work := t.TempDir()
	bin := filepath.Join(work, "bin")
	if out, err := exec.Command("go", "build", "-o", filepath.Join(bin, "connector"), ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	env := append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "HOME="+work, "TZ=UTC", "XDG_DATA_HOME="+work, "XDG_CONFIG_HOME="+work)
	// The tests of the command run in a folder of their own, those of the
	// project in its root.
	shell := func(command string) *exec.Cmd {
		cmd := exec.Command("bash", "-c", command)
		cmd.Dir, cmd.Env = work, env
		if strings.HasPrefix(command, "go ") {
			// The user's caches, for HOME is elsewhere now.
			cmd.Dir = root
			cmd.Env = os.Environ()
		}
		return cmd
	}
	// The README names the default addresses; here others are taken, which are free.
	free := map[string]string{"127.0.0.1:8101": freeAddress(t), "127.0.0.1:8100": freeAddress(t)}
	servers := map[string]string{"connector sandbox": "127.0.0.1:8101", "connector serve": "127.0.0.1:8100"}
	updated := fences.ReplaceAllFunc(text, func(block []byte) []byte {
		parts := fences.FindSubmatch(block)
		if string(parts[1]) != "console" {
			return block
		}
		var b strings.Builder
		b.WriteString("```console\n")
		for _, step := range strings.Split(string(parts[2]), "$ ")[1:] {
			command, want, _ := strings.Cut(step, "\n")
			var got string
			there := command
			for named, address := range free {
				there = strings.ReplaceAll(there, named, address)
			}
			verb := strings.Join(strings.Fields(command)[:2], " ")
			if address := free[servers[verb]]; address != "" {
				got = background(t, shell(there+" --listen "+address))
			} else {
				out, err := shell(there).CombinedOutput()
				var failed *exec.ExitError
				if err != nil && !errors.As(err, &failed) {
					t.Fatal(err)
				}
				got = string(out)
			}
			for named, address := range free {
				got = strings.ReplaceAll(got, address, named)
			}
			if os.Getenv("UPDATE") == "" && settle(got) != settle(want) {
				t.Errorf("$ %s\nprints\n%s\nand the README says\n%s", command, settle(got), settle(want))
			}
			fmt.Fprintf(&b, "$ %s\n%s", command, got)
		}
		b.WriteString("```")
		return []byte(b.String())
	})
	if os.Getenv("UPDATE") != "" && !bytes.Equal(updated, text) {
		if err := os.WriteFile(readme, updated, 0o644); err != nil {
			t.Fatal(err)
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
	cmd.Args[2] = "exec " + cmd.Args[2] // so that the signal reaches it
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
		{`/signin/\S+`, "/signin/LINK"},
	} {
		s = regexp.MustCompile(r.pattern).ReplaceAllString(s, r.with)
	}
	return strings.TrimSpace(s)
}

// TestREADMEProgramsCompile wraps each Go snippet of the README in a function.
func TestREADMEProgramsCompile(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	for i, block := range fences.FindAllSubmatch(text, -1) {
		if string(block[1]) != "go" {
			continue
		}
		file := filepath.Join(t.TempDir(), fmt.Sprintf("snippet%d.go", i))
		program := `package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/100ms-connector/connector-go/connector"
)

var (
	_ = errors.Is
	_ = http.Client{}
	_ = time.Hour
)

func main() { fmt.Println(snippet(context.Background(), nil)) }

func snippet(ctx context.Context, document []byte) error {
` + string(block[2]) + "\nreturn nil\n}\n"
		if err := os.WriteFile(file, []byte(program), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("go", "vet", file).CombinedOutput(); err != nil {
			t.Errorf("%v\n%s\n%s", err, out, program)
		}
	}
}

// TestREADMECodesAreThoseOfTheTable keeps the README's table equal to the
// package's.
func TestREADMECodesAreThoseOfTheTable(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	for _, section := range []struct {
		class connector.Class
		title string
	}{
		{connector.ClassSuccess, "Nothing at fault (`accepted`, `not_tested`)"},
		{connector.ClassCredential, "The credential (`rejected`)"},
		{connector.ClassEnvironment, "The environment (`inconclusive`)"},
		{connector.ClassWarning, "Warnings, beside any verdict"},
		{connector.ClassDocument, "Problems of a credential document"},
	} {
		fmt.Fprintf(&table, "\n| %s | meaning | next step |\n|---|---|---|\n", section.title)
		for _, c := range connector.Codes() {
			if c.Class == section.class {
				fmt.Fprintf(&table, "| `%s` | %s | %s |\n", c.Code, c.Meaning, c.Remedy)
			}
		}
	}
	before, rest, _ := strings.Cut(string(text), "<!-- codes -->\n")
	old, after, found := strings.Cut(rest, "\n<!-- /codes -->")
	if !found {
		t.Fatal("the README has no place for the codes")
	}
	if old == table.String() {
		return
	}
	if os.Getenv("UPDATE") == "" {
		t.Fatal("the README's table of codes is not that of the package; UPDATE=1 go test ./cmd/connector writes it")
	}
	if err := os.WriteFile(readme, []byte(before+"<!-- codes -->\n"+table.String()+"\n<!-- /codes -->"+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
