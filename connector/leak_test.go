package connector

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails the run if a goroutine outlives it. Nothing is ignored: the
// library promises to start nothing that it does not stop, and a test that
// leaves a connection open would hide the day on which that breaks.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
