package webhook_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/exchange/sink/tables"
	"github.com/100ms-connector/connector-go/connector/webhook"
)

// A service receives events into its own database, and does something with each that is new.
func ExampleHandler() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	db, err := sql.Open("sqlite", filepath.Join(dir, "events.db")+"?_txlock=immediate")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	table, err := webhook.Open(context.Background(), db, tables.SQLite)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer table.Close()
	server := httptest.NewServer(&webhook.Handler{
		Header: "X-Webhook-Key", Values: []connector.Secret{"the value in the dashboard"}, Store: table,
		Stored: func(event webhook.Event) { fmt.Println("new:", event.Type, event.RoomID) },
	})
	defer server.Close()

	for _, key := range []string{"a guess", "the value in the dashboard", "the value in the dashboard"} {
		r, _ := http.NewRequest("POST", server.URL, strings.NewReader(`{"id":"1","type":"session.open.success","data":{"room_id":"5f9edc6bd238215aec7700df"}}`))
		r.Header.Set("X-Webhook-Key", key)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			fmt.Println(err)
			return
		}
		response.Body.Close()
		fmt.Println(response.StatusCode)
	}
	// Output:
	// 401
	// new: session.open.success 5f9edc6bd238215aec7700df
	// 200
	// 200
}
