package exchange_test

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestReadingLinksNoDatabaseQueueMetricsOrBrowser holds the packages that a host imports
// to what they are allowed: three libraries and what those need.
func TestReadingLinksNoDatabaseQueueMetricsOrBrowser(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "..", ".", "./sink").Output()
	if err != nil {
		t.Fatal(err)
	}
	allowed := regexp.MustCompile(`^(github\.com/100ms-connector/connector-go/(schema|connector(/(internal/\w+|exchange|exchange/sink))?)|` +
		`github\.com/golang-jwt/jwt/v5|github\.com/santhosh-tekuri/jsonschema/v5|github\.com/hashicorp/go-(retryablehttp|cleanhttp))$`)
	for _, path := range strings.Fields(string(out)) {
		foreign := strings.Contains(strings.Split(path, "/")[0], ".")
		if foreign && !allowed.MatchString(path) || path == "database/sql" || path == "expvar" || path == "os/exec" {
			t.Errorf("%s is linked", path)
		}
	}
}
