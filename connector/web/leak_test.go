package web_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails the run if a goroutine outlives it.
func TestMain(m *testing.M) {
	code := m.Run()
	closeBrowser()
	if err := goleak.Find(); err != nil && code == 0 {
		os.Stderr.WriteString("goroutines outlive the tests: " + err.Error() + "\n")
		code = 1
	}
	os.Exit(code)
}
