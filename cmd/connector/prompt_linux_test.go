package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/100ms-connector/connector-go/fixtures"
)

// onTerminal runs the command with a terminal of 100 columns for its input and output, types what
// it is given once a prompt ends, and returns what the terminal showed.
func onTerminal(t *testing.T, keys string, args ...string) (shown string, code int) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer person.Close()
	if err := unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Skip(err)
	}
	n, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Skip(err)
	}
	terminal, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	if err := unix.IoctlSetWinsize(int(terminal.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 100}); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("connector", args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = terminal, terminal, terminal
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var seen bytes.Buffer
	read := make(chan struct{})
	go func() {
		defer close(read)
		buf := make([]byte, 4096)
		for asked := false; ; {
			n, err := person.Read(buf)
			if err != nil { // EIO: nobody has the terminal open any more
				return
			}
			mu.Lock()
			seen.Write(buf[:n])
			if !asked && (bytes.HasSuffix(seen.Bytes(), []byte(": ")) || bytes.HasSuffix(seen.Bytes(), []byte("[y/N] "))) {
				asked = true
				io.WriteString(person, keys)
			}
			mu.Unlock()
		}
	}()
	guard := time.AfterFunc(20*time.Second, func() { cmd.Process.Kill() })
	defer guard.Stop()
	cmd.Wait()
	// What was left over would be the shell's to show.
	if n, err := unix.IoctlGetInt(int(terminal.Fd()), unix.TIOCINQ); n > 0 || err != nil {
		t.Errorf("%d characters were left for the shell (%v)", n, err)
	}
	if state, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS); err == nil && state.Lflag&unix.ECHO == 0 {
		t.Error("the terminal was left without its echo")
	}
	terminal.Close()
	<-read
	mu.Lock()
	defer mu.Unlock()
	return seen.String(), cmd.ProcessState.ExitCode()
}

func TestAHiddenPromptReadsAPasteOfManyLinesAndShowsNoneOfIt(t *testing.T) {
	value := fixtures.Cases(time.Now())[0].Value
	folded := value
	for i := 80; i < len(folded); i += 81 {
		folded = folded[:i] + "\r" + folded[i:]
	}
	for _, c := range []struct {
		name, keys, shows string
		code              int
	}{
		{"one line", value + "\r", "saved, not tested", exitOK},
		{"folded at 80 columns", folded + "\r", "saved, not tested", exitOK},
		{"a wrong key and a backspace", value + "x\x7f\r", "saved, not tested", exitOK},
		{"begun anew with Ctrl-U", "no\x15" + value + "\r", "saved, not tested", exitOK},
		{"nothing", "\r", "this is an empty value", exitRejected},
		{"Ctrl-C", value[:20] + "\x03", "connector: interrupted; nothing was done", exitInterrupted},
	} {
		t.Run(c.name, func(t *testing.T) {
			atHome(t)
			shown, code := onTerminal(t, c.keys, "credential", "add", "pasted", "--no-test")
			if code != c.code || !strings.Contains(shown, c.shows) {
				t.Errorf("exit %d, want %d; shown: %q", code, c.code, shown)
			}
			for i := 0; i+12 < len(value); i += 12 {
				if strings.Contains(shown, value[i:i+12]) {
					t.Fatal("the terminal showed the token")
				}
			}
			if c.code == exitOK {
				out, err := exec.Command("connector", "credential", "export", "pasted").Output()
				if err != nil || !strings.Contains(string(out), value) {
					t.Errorf("it was not saved whole (%v)", err)
				}
			}
		})
	}
}

// atHome gives the command folders of its own, and returns one that holds them.
func atHome(t *testing.T) string {
	t.Helper()
	home := t.TempDir()
	for name, folder := range map[string]string{"XDG_DATA_HOME": "data", "XDG_CONFIG_HOME": "config", logEnv: "."} {
		t.Setenv(name, filepath.Join(home, folder))
	}
	return home
}

// TestAQuestionIsAnswered asks before a credential is removed.
func TestAQuestionIsAnswered(t *testing.T) {
	home := atHome(t)
	value := filepath.Join(home, "value")
	if err := os.WriteFile(value, []byte(fixtures.Cases(time.Now())[0].Value), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("connector", "credential", "add", "asked", "--no-test", "--value-file", value).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, c := range []struct {
		name, keys, shows string
		code              int
	}{
		{"no", "n\r", "nothing was done\r\n", exitRejected},
		{"nothing is no", "\r", "nothing was done\r\n", exitRejected},
		{"the end of input is no", "\x04", "nothing was done\r\n", exitRejected},
		{"Ctrl-C ends it, on a line of its own", "\x03", "[y/N] ^C\r\nconnector: interrupted; nothing was done\r\n", exitInterrupted},
		{"yes", "y\r", "asked: removed\r\n", exitOK},
	} {
		t.Run(c.name, func(t *testing.T) {
			shown, code := onTerminal(t, c.keys, "credential", "remove", "asked")
			if code != c.code || !strings.HasSuffix(shown, c.shows) {
				t.Errorf("exit %d, want %d; shown: %q", code, c.code, shown)
			}
		})
	}
}

func TestAListIsAsWideAsTheTerminal(t *testing.T) {
	home := atHome(t)
	value := filepath.Join(home, "value")
	if err := os.WriteFile(value, []byte(fixtures.Cases(time.Now())[0].Value), 0o600); err != nil {
		t.Fatal(err)
	}
	name := strings.Repeat("the workspace of the weekly report ", 6)
	if out, err := exec.Command("connector", "credential", "add", name, "--no-test", "--value-file", value).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	shown, code := onTerminal(t, "", "credential", "list")
	if code != exitOK || !strings.Contains(shown, "…  management  100a") {
		t.Errorf("exit %d; shown: %q", code, shown)
	}
	for line := range strings.Lines(shown) {
		if n := len([]rune(strings.TrimRight(line, "\r\n"))); n > 100 {
			t.Errorf("a line has %d columns: %q", n, line)
		}
	}
	if out, err := exec.Command("connector", "credential", "list").Output(); err != nil || !strings.Contains(string(out), name) {
		t.Errorf("a pipe does not get the whole name (%v): %s", err, out)
	}
}
