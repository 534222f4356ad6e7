package exchange_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// table is a host's own database: rows by key, and the state beside them. It stands for
// one in which both are written in one transaction.
type table struct {
	rows  map[string]string
	state exchange.State
}

func (t *table) keep(page exchange.Page) {
	for _, record := range page.Records {
		t.rows[record.Key] = string(record.Data)
	}
	t.state = page.State
}

// A host reads a stream into its own table, and keeps the state beside the rows. What
// comes again replaces what is there, for its key is the same.
func ExampleSource_Read() {
	api := httptest.NewServer(&sandbox.Sandbox{Account: &sandbox.Account{Rooms: 250, Now: time.Now()}})
	defer api.Close()
	base, err := connector.ParseBaseURL(api.URL + "/v2")
	if err != nil {
		fmt.Println(err)
		return
	}
	cred := &connector.Credential{Name: "example", APIKeyValue: connector.Secret(fixtures.Sign(fixtures.Workspace(), fixtures.Management(fixtures.Workspace(), time.Now(), time.Hour)))}

	source := &exchange.Source{Client: cred.Client(base)}
	rooms, _ := exchange.Find("rooms")
	host := &table{rows: map[string]string{}}
	for range 2 { // each time the host runs
		given := 0
		for page, err := range source.Read(context.Background(), rooms, host.state) {
			if err != nil {
				fmt.Println(err)
				return
			}
			host.keep(page)
			given += len(page.Records)
		}
		fmt.Println(given > 200, len(host.rows))
	}
	// Output:
	// true 250
	// false 250
}

// A host that mints its tokens reads for as long as it takes; one whose token dies learns
// why, and goes on later from where it was.
func ExampleError() {
	api := httptest.NewServer(new(sandbox.Sandbox))
	defer api.Close()
	base, _ := connector.ParseBaseURL(api.URL + "/v2")
	dead := fixtures.Sign(fixtures.Workspace(), fixtures.Management(fixtures.Workspace(), time.Now().Add(-48*time.Hour), time.Hour))

	source := &exchange.Source{Client: &connector.Client{Source: connector.Secret(dead), BaseURL: base}}
	sessions, _ := exchange.Find("sessions")
	for page, err := range source.Read(context.Background(), sessions, "") {
		if fault, ok := errors.AsType[*exchange.Error](err); ok {
			fmt.Println(fault.Code, fault.Rejected(), errors.Is(err, connector.ExpiredToken), page.State == "")
		}
	}
	// Output: expired_token true true true
}

// The catalog says of each stream what a host needs to offer it.
func ExampleStreams() {
	for _, s := range exchange.Streams()[:4] {
		fmt.Println(s.Name, s.Key, s.Incremental(), s.Cursor)
	}
	// Output:
	// rooms [id] true created_at
	// sessions [id] true created_at
	// session_peers [session_id id] true created_at
	// active_rooms [room_id] false
}

// A host writes rooms, and is told of each what became of it. What it wrote before is
// found, and not written again.
func ExampleDestination_Write() {
	api := httptest.NewServer(new(sandbox.Sandbox))
	defer api.Close()
	base, err := connector.ParseBaseURL(api.URL + "/v2")
	if err != nil {
		fmt.Println(err)
		return
	}
	cred := &connector.Credential{Name: "example", APIKeyValue: connector.Secret(fixtures.Sign(fixtures.Workspace(), fixtures.Management(fixtures.Workspace(), time.Now(), time.Hour)))}

	to := &exchange.Destination{Client: cred.Client(base)}
	rooms, _ := exchange.FindAction("rooms")
	records := []json.RawMessage{[]byte(`{"name":"standup","size":12}`), []byte(`{"name":"retro","size":"12"}`), []byte(`{"name":"Standup","size":20}`)}
	for range 2 {
		for ack, err := range to.Write(context.Background(), rooms, slices.Values(records)) {
			if err != nil {
				fmt.Println(err)
				return
			}
			fmt.Println(strings.TrimSpace(fmt.Sprint(ack.Line, " ", ack.Status, ": ", ack.Message)))
		}
	}
	// Output:
	// 1 created:
	// 2 invalid: the field "size" must be a whole number, not a text
	// 3 exists: the room is there, and differs in size
	// 1 unchanged:
	// 2 invalid: the field "size" must be a whole number, not a text
	// 3 exists: the room is there, and differs in size
}
