package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// deployed reads a file of .deploy.
func deployed(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(projectRoot, ".deploy", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// words are those of a list in YAML.
func wordsOf(v any) string {
	var words []string
	for _, word := range v.([]any) {
		words = append(words, fmt.Sprint(word))
	}
	return strings.Join(words, " ")
}

// TestWhatIsDeployedCallsTheCommandAsItIs holds the calls of .deploy to the verbs and flags
// that there are, and its alerts to the series.
func TestWhatIsDeployedCallsTheCommandAsItIs(t *testing.T) {
	var compose struct {
		Services map[string]struct{ Command any }
	}
	if err := yaml.Load([]byte(deployed(t, "compose.yaml")), &compose); err != nil {
		t.Fatal(err)
	}
	var pod struct {
		Spec struct {
			Template struct {
				Spec struct{ Containers []struct{ Args any } }
			}
		}
	}
	if err := yaml.Load([]byte(deployed(t, "kubernetes.yaml")), &pod); err != nil {
		t.Fatal(err)
	}
	unit := regexp.MustCompile(`(?m)^ExecStart=/usr/local/bin/(.*)$`).FindStringSubmatch(deployed(t, "connector-watch.service"))
	for place, call := range map[string]string{
		"compose.yaml": "connector " + wordsOf(compose.Services["watch"].Command), "kubernetes.yaml": "connector " + wordsOf(pod.Spec.Template.Spec.Containers[0].Args),
		"connector-watch.service": unit[1],
	} {
		if err := checkCommand(call); err != nil {
			t.Errorf("%s: %s: %v", place, call, err)
		}
	}
	for _, name := range []string{"Dockerfile", "Dockerfile.airbyte"} {
		if text := deployed(t, name); !strings.Contains(text, "FROM scratch") || !strings.Contains(text, "USER 1000:1000") || !strings.Contains(text, "ca-certificates.crt") {
			t.Errorf("%s is not static, without root and with certificates", name)
		}
	}
	page, err := os.ReadFile(filepath.Join(projectRoot, "connector/fleet/README.md"))
	if err != nil {
		t.Fatal(err)
	}
	alerts := deployed(t, "alerts.yaml")
	for _, series := range regexp.MustCompile(`connector_[a-z_]+`).FindAllString(alerts, -1) {
		if !strings.Contains(string(page), "`"+series+"`") {
			t.Errorf("the page does not know the series %s", series)
		}
	}
	var rules map[string]any
	if err := yaml.Load([]byte(alerts), &rules); err != nil {
		t.Error(err)
	}
}

// TestTheUnitIsOneOfSystemds asks systemd, where it is.
func TestTheUnitIsOneOfSystemds(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not here")
	}
	text := strings.ReplaceAll(deployed(t, "connector-watch.service"), "/usr/local/bin/connector", "/bin/true")
	unit := filepath.Join(t.TempDir(), "connector-watch.service")
	if err := os.WriteFile(unit, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(analyze, "verify", unit).CombinedOutput(); err != nil || strings.Contains(string(out), "connector-watch.service") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestTheAlertsAreRulesOfPrometheus asks promtool, where it is.
func TestTheAlertsAreRulesOfPrometheus(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not here")
	}
	if out, err := exec.Command(promtool, "check", "rules", filepath.Join(projectRoot, ".deploy", "alerts.yaml")).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
