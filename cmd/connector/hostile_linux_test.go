package main

import (
	"bytes"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// A server that floods costs the command neither time beyond its timeout nor memory,
// and says nothing on its terminal. The command is a process of its own, so that the
// server's memory does not count.
func TestAFloodCostsNeitherTimeNorMemory(t *testing.T) {
	certified := httptest.NewTLSServer(nil)
	defer certified.Close()
	dir := t.TempDir()
	roots, token := filepath.Join(dir, "roots.pem"), filepath.Join(dir, "token")
	write := func(path string, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certified.Certificate().Raw}))
	write(token, []byte(fixtures.Cases(time.Now())[0].Value))

	for _, fault := range sandbox.HTTP2Faults() {
		if !strings.Contains(fault.Name, "flood") && !strings.HasPrefix(fault.Name, "goaway") {
			continue
		}
		t.Run(fault.Name, func(t *testing.T) {
			listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: certified.TLS.Certificates, NextProtos: []string{"h2"}})
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			go func() {
				for {
					conn, err := listener.Accept()
					if err != nil {
						return
					}
					go func() {
						if conn.(*tls.Conn).Handshake() == nil {
							fault.Serve(conn)
						}
					}()
				}
			}()
			const timeout = 3 * time.Second
			cmd := exec.Command("connector", "test", "--timeout", timeout.String(), "--base-url", "https://"+listener.Addr().String()+"/v2", token)
			cmd.Env = append(os.Environ(), "SSL_CERT_FILE="+roots)
			var out, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &stderr
			began := time.Now()
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			peak := watchMemory(cmd.Process.Pid)
			err = cmd.Wait()
			if took := time.Since(began); took > timeout+3*time.Second { // one for the test, two for the start on a busy machine
				t.Errorf("it took %s", took)
			}
			if code := cmd.ProcessState.ExitCode(); code != exitUntested {
				t.Errorf("exit %d, %v\n%s%s", code, err, out.Bytes(), stderr.Bytes())
			}
			if kib := <-peak; kib == 0 || kib > 120<<10 {
				t.Errorf("it needed %d MiB", kib>>10)
			}
			if text := stderr.String(); strings.Count(text, "\n") > 1 || strings.Contains(text, "http2") {
				t.Errorf("stderr has\n%s", text)
			}
		})
	}
}

// watchMemory gives the most memory, in KiB, that a process needed until it ended. The
// kernel's account of a child that was waited for counts its parent's memory in.
func watchMemory(pid int) <-chan int {
	peak := make(chan int, 1)
	go func() {
		most := 0
		for {
			status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			_, rest, found := strings.Cut(string(status), "VmHWM:")
			if err != nil || !found { // it has ended
				peak <- most
				return
			}
			kib, _ := strconv.Atoi(strings.Fields(rest)[0])
			most = max(most, kib)
			time.Sleep(10 * time.Millisecond)
		}
	}()
	return peak
}
