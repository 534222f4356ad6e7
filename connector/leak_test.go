package connector

import (
	"flag"
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails the run if a goroutine outlives it. Nothing is ignored: the
// library promises to start nothing that it does not stop, and a test that
// leaves a connection open would hide the day on which that breaks.
func TestMain(m *testing.M) {
	flag.Parse()
	// The parallel tests wait for a clock more than for a processor, so more of
	// them than there are processors may run, unless -parallel was given.
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue {
		flag.Set("test.parallel", "8")
	}
	goleak.VerifyTestMain(m)
}
