package benthos_test

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
)

// kafka stands for the component of the same name, which the core does not have: its
// fields are those that the example gives, as its documentation has them.
func kafka() *service.ConfigSpec {
	return service.NewConfigSpec().Fields(service.NewStringListField("seed_brokers"), service.NewInterpolatedStringField("topic"), service.NewInterpolatedStringField("key"))
}

func TestTheExamplesAndTheDocumentationLint(t *testing.T) {
	env := environment(t)
	if err := env.RegisterOutput("kafka_franz", kafka(), func(*service.ParsedConfig, *service.Resources) (service.Output, int, error) {
		return nil, 0, context.Canceled
	}); err != nil {
		t.Fatal(err)
	}
	linter := env.FullConfigSchema("", "").NewStreamConfigLinter().SetSkipEnvVarCheck(true)
	texts := map[string]string{}
	for _, name := range []string{"files", "kafka", "rooms", "credentials"} {
		text, err := os.ReadFile("examples/" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(text)
	}
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^//\t(.*)$`).FindAllStringSubmatch(string(doc), -1) {
		texts["doc"] += m[1] + "\n"
	}
	if !strings.Contains(texts["doc"], "cache_resources") {
		t.Fatal("doc.go has no configuration")
	}
	for name, text := range texts {
		lints, err := linter.LintYAML([]byte(text))
		if err != nil || len(lints) > 0 {
			t.Errorf("%s: %v %v", name, lints, err)
		}
	}
}
