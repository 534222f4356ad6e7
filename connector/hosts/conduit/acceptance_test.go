package conduit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/conduitio/conduit-commons/config"
	"github.com/conduitio/conduit-commons/opencdc"
	sdk "github.com/conduitio/conduit-connector-sdk"
)

// driver drives Conduit's own acceptance tests against an empty workspace.
type driver struct {
	sdk.ConfigurableAcceptanceTestDriver
	api  string
	stop func()
}

func (d *driver) BeforeTest(t *testing.T) {
	d.api, d.stop = serve(t)
	d.api += "/data/none/v2"
}

func (d *driver) AfterTest(*testing.T) { d.stop() }

func (d *driver) SourceConfig(*testing.T) config.Config {
	return config.Config{"token": token(), "baseURL": d.api, "streams": "rooms", "interval": "100ms"}
}

func (d *driver) DestinationConfig(*testing.T) config.Config {
	return config.Config{"token": token(), "baseURL": d.api, "action": "rooms"}
}

var made atomic.Int64

// GenerateRecord makes a room, as structured and as raw data in turn.
func (d *driver) GenerateRecord(_ *testing.T, operation opencdc.Operation) opencdc.Record {
	n := made.Add(1)
	r := opencdc.Record{
		Position: fmt.Append(nil, "position-", n), Operation: operation, Metadata: map[string]string{"n": fmt.Sprint(n)},
		Key: opencdc.RawData(fmt.Sprint(n)), Payload: opencdc.Change{After: opencdc.StructuredData{"name": fmt.Sprint("room-", n), "description": "made by a test"}},
	}
	if n%2 == 0 {
		r.Payload.After = opencdc.RawData(r.Payload.After.Bytes())
	}
	return r
}

// ask makes a call of the API, and gives the object that it answers.
func (d *driver) ask(t *testing.T, method, path string, body []byte) map[string]any {
	t.Helper()
	r, err := http.NewRequest(method, d.api+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token())
	r.Header.Set("Content-Type", "application/json")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %d %s %v", method, path, response.StatusCode, text, err)
	}
	var object map[string]any
	if err := json.Unmarshal(text, &object); err != nil {
		t.Fatal(err)
	}
	return object
}

// WriteToSource makes rooms, and says what the source has to give of them: what the list
// has.
func (d *driver) WriteToSource(t *testing.T, records []opencdc.Record) []opencdc.Record {
	t.Helper()
	for i, record := range records {
		d.ask(t, http.MethodPost, "/rooms", record.Payload.After.Bytes())
		room := d.room(t, record)
		records[i].Key = opencdc.StructuredData{"id": room["id"]}
		records[i].Payload.After = opencdc.StructuredData(room)
		records[i].Metadata = map[string]string{opencdc.MetadataCollection: "rooms"}
	}
	return records
}

// room is the one that a record is about.
func (d *driver) room(t *testing.T, record opencdc.Record) map[string]any {
	t.Helper()
	var fields struct{ Name string }
	if err := json.Unmarshal(record.Payload.After.Bytes(), &fields); err != nil {
		t.Fatal(err)
	}
	rooms, _ := d.ask(t, http.MethodGet, "/rooms?"+url.Values{"name": {fields.Name}}.Encode(), nil)["data"].([]any)
	if len(rooms) != 1 {
		t.Fatalf("%d rooms are called %s", len(rooms), fields.Name)
	}
	return rooms[0].(map[string]any)
}

// ReadFromDestination looks the rooms up.
func (d *driver) ReadFromDestination(t *testing.T, records []opencdc.Record) []opencdc.Record {
	t.Helper()
	for _, record := range records {
		if room := d.room(t, record); room["description"] != "made by a test" {
			t.Errorf("%v is not the room of %s", room, record.Payload.After.Bytes())
		}
	}
	return records
}

func TestAcceptance(t *testing.T) {
	sdk.AcceptanceTest(t, &driver{ConfigurableAcceptanceTestDriver: sdk.ConfigurableAcceptanceTestDriver{
		Config: sdk.ConfigurableAcceptanceTestDriverConfig{Connector: Connector, ReadTimeout: 3 * time.Second},
	}})
}
