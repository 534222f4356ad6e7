package conduit

import (
	"bufio"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// asSandbox has this program be a stand-in for the API: as another process, so that its
// goroutines are not among those that a test looks for.
const asSandbox = "CONDUIT_TEST_SANDBOX"

func TestMain(m *testing.M) {
	if os.Getenv(asSandbox) == "" {
		os.Exit(m.Run())
	}
	server := httptest.NewServer(&sandbox.Sandbox{Account: &sandbox.Account{Rooms: 130, Sessions: 60, Peers: 9}})
	fmt.Println(server.URL)
	_, _ = io.Copy(io.Discard, os.Stdin) // until the test is over
	os.Exit(0)
}

// serve starts a sandbox, and returns its URL.
func serve(t *testing.T) (url string, stop func()) {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), asSandbox+"=1")
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line), func() {
		in.Close()
		_ = command.Wait()
	}
}

// token is a live one.
func token() string {
	key := fixtures.Workspace()
	return fixtures.Sign(key, fixtures.Management(key, time.Now(), time.Hour))
}
