package tables_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/exchange/sink/tables"
	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// A host that has a database reads a stream into it. Run again, it goes on where the
// last run ended.
func Example() {
	ctx := context.Background()
	api := httptest.NewServer(new(sandbox.Sandbox))
	defer api.Close()
	baseURL, _ := connector.ParseBaseURL(api.URL + "/v2")
	key := fixtures.Workspace()
	token := connector.Secret(fixtures.Sign(key, fixtures.Management(key, time.Now(), time.Hour)))
	source := &exchange.Source{Client: &connector.Client{Source: token, BaseURL: baseURL}}

	dir, _ := os.MkdirTemp("", "tables")
	defer os.RemoveAll(dir)
	db, err := sql.Open("sqlite", filepath.Join(dir, "data.db"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()

	base, err := tables.Open(ctx, db, tables.SQLite)
	if err != nil {
		fmt.Println(err)
		return
	}
	stream, _ := exchange.Find("rooms")
	table, err := base.Table(ctx, stream, false)
	if err != nil {
		fmt.Println(err)
		return
	}
	for page, err := range source.Read(ctx, stream, table.State()) {
		if err != nil {
			fmt.Println(err) // what was written stands
			return
		}
		if err := table.Write(ctx, page); err != nil {
			fmt.Println(err)
			return
		}
	}
	var rooms, large int
	err = db.QueryRow(`SELECT COUNT(*), COUNT(*) FILTER (WHERE large_room) FROM rooms`).Scan(&rooms, &large)
	fmt.Println(rooms, large > 0, err)
	// Output: 137 true <nil>
}
