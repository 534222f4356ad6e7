package conduit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/conduitio/conduit-commons/config"
	"github.com/conduitio/conduit-commons/opencdc"
	sdk "github.com/conduitio/conduit-connector-sdk"
	"github.com/conduitio/conduit-connector-sdk/conn-sdk-cli/specgen"

	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/fixtures"
)

// open opens a source as Conduit does.
func open(t *testing.T, settings config.Config, position opencdc.Position) (sdk.Source, error) {
	t.Helper()
	source := Connector.NewSource()
	if err := sdk.Util.ParseConfig(t.Context(), settings, source.Config(), Connector.NewSpecification().SourceParams); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = source.Teardown(context.Background()) })
	return source, source.Open(t.Context(), position)
}

// take reads so many records, fewer if the round comes to its end.
func take(t *testing.T, source sdk.Source, n int) (records []opencdc.Record) {
	t.Helper()
	for len(records) < n {
		more, err := source.ReadN(t.Context(), n-len(records))
		if errors.Is(err, sdk.ErrBackoffRetry) {
			return records
		}
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, more...)
	}
	return records
}

func settings(url string, more ...string) config.Config {
	s := config.Config{"token": token(), "baseURL": url + "/v2", "interval": "1h"}
	for i := 0; i < len(more); i += 2 {
		s[more[i]] = more[i+1]
	}
	return s
}

func keyOf(r opencdc.Record) string {
	collection, _ := r.Metadata.GetCollection()
	return collection + string(r.Key.Bytes())
}

func TestEveryStreamComesWholeAndWithItsNameAndKey(t *testing.T) {
	url, stop := serve(t)
	defer stop()
	source, err := open(t, settings(url), nil)
	if err != nil {
		t.Fatal(err)
	}
	counts, seen := map[string]int{}, map[string]bool{}
	for _, r := range take(t, source, 1<<20) {
		collection, err := r.Metadata.GetCollection()
		if err != nil || r.Operation != opencdc.OperationCreate || len(r.Key.(opencdc.StructuredData)) == 0 {
			t.Fatalf("%+v", r)
		}
		if seen[string(r.Position)] {
			t.Fatalf("a position stands for two records: %s", r.Position)
		}
		seen[string(r.Position)] = true
		counts[collection]++
		for _, mark := range []string{"s3cr3t", "qzx-"} {
			if strings.Contains(string(r.Bytes()), mark) {
				t.Errorf("a record of %s has a secret", collection)
			}
		}
	}
	for _, stream := range exchange.Streams() {
		if counts[stream.Name] == 0 {
			t.Errorf("nothing of %s", stream.Name)
		}
	}
	if counts["rooms"] != 130 {
		t.Errorf("%d rooms", counts["rooms"])
	}
}

// TestKilledAfterEveryNRecordsAndResumedNothingIsLostOrComesAgain goes on at the position
// of the last record that a killed source gave, for every such record of a stream.
func TestKilledAfterEveryNRecordsAndResumedNothingIsLostOrComesAgain(t *testing.T) {
	url, stop := serve(t)
	defer stop()
	for _, c := range []struct {
		streams string
		every   []int
	}{{"rooms", []int{1, 7, 99, 100, 101}}, {"sessions,session_peers", []int{23, 60}}, {"room_codes,templates,rooms", []int{17}}} {
		whole, err := open(t, settings(url, "streams", c.streams), nil)
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, r := range take(t, whole, 1<<20) {
			want = append(want, keyOf(r))
		}
		for _, n := range c.every {
			t.Run(fmt.Sprintf("%s after every %d", c.streams, n), func(t *testing.T) {
				var got []string
				var position opencdc.Position
				for len(got) < len(want) {
					source, err := open(t, settings(url, "streams", c.streams), position)
					if err != nil {
						t.Fatal(err)
					}
					records := take(t, source, min(n, len(want)-len(got)))
					_ = source.Teardown(t.Context())
					if len(records) == 0 {
						break
					}
					for _, r := range records {
						got = append(got, keyOf(r))
					}
					position = records[len(records)-1].Position
				}
				if !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
					t.Errorf("%d records, want %d", len(got), len(want))
				}
			})
		}
	}
}

func TestACredentialThatIsRefusedIsSaidWithItsCauseAndTheNextStep(t *testing.T) {
	url, stop := serve(t)
	defer stop()
	for _, c := range fixtures.Cases(time.Now()) {
		wanted, tried := map[string]string{"expired": "expired_token: the token expired", "app": "wrong_token_type: ", "app-secret": "not_a_token: ", "foreign-secret": "token_refused: "}[c.Name]
		if !tried {
			continue
		}
		_, err := open(t, settings(url, "token", c.Value), nil)
		if err == nil || !strings.HasPrefix(err.Error(), wanted) || strings.Contains(err.Error(), c.Value) {
			t.Errorf("%s: %v, want %s", c.Name, err, wanted)
		}
		destination := Connector.NewDestination()
		if err := sdk.Util.ParseConfig(t.Context(), config.Config{"token": c.Value, "baseURL": url + "/v2"}, destination.Config(), Connector.NewSpecification().DestinationParams); err != nil {
			t.Fatal(err)
		}
		if err := destination.Open(t.Context()); err == nil || !strings.HasPrefix(err.Error(), wanted) {
			t.Errorf("%s: %v, want %s", c.Name, err, wanted)
		}
		_ = destination.Teardown(t.Context())
	}
	stop()
	if _, err := open(t, settings(url), nil); err == nil || !strings.HasPrefix(err.Error(), "connection_refused: ") {
		t.Errorf("an environment that is at fault: %v", err)
	}
}

func TestSettingsThatCannotBeRightAreRefusedBeforeACall(t *testing.T) {
	for _, c := range []struct{ name, setting, value, says string }{
		{"a stream that there is not", "streams", "polls", `"polls"`},
		{"a date that is none", "startDate", "soon", "startDate"},
		{"a token and a key", "accessKey", "5f9edc6bd238215aec7700df", "not both"},
		{"a key without its secret", "accessKey", "5f9edc6bd238215aec7700df", "accessKey"},
		{"an address without https", "baseURL", "http://api.example", "baseURL"},
	} {
		if _, err := open(t, settings("http://127.0.0.1:1", c.setting, c.value), nil); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := open(t, settings("http://127.0.0.1:1"), opencdc.Position(`{`)); !errors.Is(err, exchange.ErrState) {
		t.Errorf("a damaged position: %v", err)
	}
}

func TestADestinationStopsAtTheFirstRecordThatIsRefused(t *testing.T) {
	url, stop := serve(t)
	defer stop()
	for _, c := range []struct {
		skip string
		n    int
	}{{"false", 1}, {"true", 3}} {
		destination := Connector.NewDestination()
		if err := sdk.Util.ParseConfig(t.Context(), config.Config{"token": token(), "baseURL": url + "/v2", "skipRejected": c.skip}, destination.Config(), Connector.NewSpecification().DestinationParams); err != nil {
			t.Fatal(err)
		}
		if err := destination.Open(t.Context()); err != nil {
			t.Fatal(err)
		}
		var records []opencdc.Record
		for _, name := range []string{"good", "not good!", "good too"} {
			records = append(records, opencdc.Record{Position: opencdc.Position(name), Operation: opencdc.OperationCreate, Payload: opencdc.Change{After: opencdc.StructuredData{"name": strings.ReplaceAll(name, " too", "-too")}}})
		}
		n, err := destination.Write(t.Context(), records)
		if n != c.n || (err == nil) != (c.skip == "true") || err != nil && !strings.Contains(err.Error(), `record 2 of rooms: invalid, schema: the field "name"`) {
			t.Errorf("skipRejected %s: %d, %v", c.skip, n, err)
		}
		_ = destination.Teardown(t.Context())
	}
}

// TestTheSpecificationIsThatOfTheCode holds connector.yaml against what go generate makes.
func TestTheSpecificationIsThatOfTheCode(t *testing.T) {
	written, err := os.ReadFile("connector.yaml")
	if err != nil {
		t.Fatal(err)
	}
	spec, err := specgen.ExtractSpecification(t.Context(), Connector)
	if err != nil {
		t.Fatal(err)
	}
	text, err := specgen.SpecificationToYaml(spec)
	if err != nil {
		t.Fatal(err)
	}
	copied := t.TempDir() + "/connector.yaml"
	if err := os.WriteFile(copied, written, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := specgen.WriteAndCombine(text, copied); err != nil {
		t.Fatal(err)
	}
	if made, err := os.ReadFile(copied); err != nil || string(made) != string(written) {
		t.Errorf("connector.yaml is not that of the code: run go generate (%v)", err)
	}
}

func TestTheActionsAreThoseThatMayBeRepeated(t *testing.T) {
	var repeatable, offered []string
	for _, a := range exchange.Actions() {
		if a.Repeatable {
			repeatable = append(repeatable, a.Name)
		}
	}
	for _, v := range Connector.NewSpecification().DestinationParams["action"].Validations {
		offered = strings.Split(v.Value(), ",")
	}
	if !slices.Equal(offered, repeatable) {
		t.Errorf("%q are offered, and %q may be repeated", offered, repeatable)
	}
}

// TestTheDocumentedPipelinesRun reads the settings of their sources, and a round with them.
func TestTheDocumentedPipelinesRun(t *testing.T) {
	url, stop := serve(t)
	defer stop()
	key := fixtures.Workspace()
	values := strings.NewReplacer("${HMS_APP_ACCESS_KEY}", key.AccessKey, "${HMS_APP_SECRET}", key.AppSecret)
	for _, file := range []string{"doc.go", "../README.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, pipeline, _ := strings.Cut(string(text), "plugin: standalone:100ms")
		pipeline, _, _ = strings.Cut(pipeline, "- id:")
		settings := config.Config{"baseURL": url + "/v2"}
		for _, m := range regexp.MustCompile(`(?m)^(?://\t)? {10}(\w+): (.+)$`).FindAllStringSubmatch(pipeline, -1) {
			if _, known := Connector.NewSpecification().SourceParams[m[1]]; !known {
				t.Errorf("%s: there is no setting %s", file, m[1])
			}
			settings[m[1]] = values.Replace(m[2])
		}
		source, err := open(t, settings, nil)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		given := map[string]bool{}
		for _, r := range take(t, source, 1<<20) {
			collection, _ := r.Metadata.GetCollection()
			given[collection] = true
		}
		if len(settings) < 5 || !given["rooms"] || !given["sessions"] || len(given) != 2 {
			t.Errorf("%s: %d settings gave records of %v", file, len(settings), given)
		}
	}
}
