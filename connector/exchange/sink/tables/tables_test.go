package tables_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/exchange/sink/tables"
)

var ctx = context.Background()

// onEach runs a test on SQLite, and on PostgreSQL where there is one.
func onEach(t *testing.T, test func(*testing.T, *sql.DB, *tables.Dialect)) {
	t.Run("on SQLite", func(t *testing.T) {
		db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "data.db")+"?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)")
		ok(t, err)
		t.Cleanup(func() { ok(t, db.Close()) })
		test(t, db, tables.SQLite)
	})
	t.Run("on PostgreSQL", func(t *testing.T) {
		server := os.Getenv("CONNECTOR_TEST_POSTGRES")
		if server == "" {
			t.Skip("CONNECTOR_TEST_POSTGRES is not set; .ci/postgres starts a server and prints its URL")
		}
		u, err := url.Parse(server)
		ok(t, err)
		name := fmt.Sprintf("tables_%d_%d", os.Getpid(), rand.Int64())
		u.RawQuery = url.Values{"search_path": {name}}.Encode()
		db, err := sql.Open("pgx", u.String())
		ok(t, err)
		exec(t, db, `CREATE SCHEMA `+name)
		t.Cleanup(func() {
			exec(t, db, `DROP SCHEMA `+name+` CASCADE`)
			ok(t, db.Close())
		})
		test(t, db, tables.PostgreSQL)
	})
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func exec(t testing.TB, db *sql.DB, statement string) {
	t.Helper()
	_, err := db.Exec(statement)
	ok(t, err)
}

func stream(t testing.TB, name string) exchange.Stream {
	t.Helper()
	s, found := exchange.Find(name)
	if !found {
		t.Fatalf("no stream %s", name)
	}
	return s
}

// begin opens the table of a stream for a run.
func begin(t testing.TB, db *sql.DB, d *tables.Dialect, name string, anew bool) *tables.Table {
	t.Helper()
	base, err := tables.Open(ctx, db, d)
	ok(t, err)
	table, err := base.Table(ctx, stream(t, name), anew)
	ok(t, err)
	return table
}

// page is one with the records of a stream, whose state is a word.
func page(state string, done bool, records ...string) exchange.Page {
	p := exchange.Page{State: exchange.State(`"` + state + `"`), Done: done}
	for _, text := range records {
		key, data, _ := strings.Cut(text, " ")
		p.Records = append(p.Records, exchange.Record{Key: key, Data: json.RawMessage(data)})
	}
	return p
}

// rows are what a query gives, each as its values joined by bars.
func rows(t testing.TB, db *sql.DB, query string) (all []string) {
	t.Helper()
	found, err := db.Query(query)
	ok(t, err)
	defer found.Close()
	names, err := found.Columns()
	ok(t, err)
	for found.Next() {
		values, to := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			to[i] = &values[i]
		}
		ok(t, found.Scan(to...))
		var row []string
		for _, v := range values {
			if text, isText := v.([]byte); isText {
				v = string(text)
			}
			row = append(row, fmt.Sprint(v))
		}
		all = append(all, strings.Join(row, "|"))
	}
	ok(t, found.Err())
	return all
}

func same(t testing.TB, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestAColumnHoldsAValueAsItIsAndOtherHoldsTheRest(t *testing.T) {
	onEach(t, func(t *testing.T, db *sql.DB, d *tables.Dialect) {
		table := begin(t, db, d, "rooms", false)
		for _, c := range []struct{ name, field, value, column, other string }{
			{"a text", "name", `"Ada \"x\" \u00e9 👋"`, `Ada "x" é 👋`, ""},
			{"a pair of surrogates", "name", `"\ud83d\ude00"`, "😀", ""},
			{"an empty text", "name", `""`, "", ""},
			{"null", "name", `null`, "<nil>", ""},
			{"a text with NUL", "name", `"a\u0000b"`, "<nil>", `{"name":"a\u0000b"}`},
			{"half a pair of surrogates", "name", `"\ud800x"`, "<nil>", `{"name":"\ud800x"}`},
			{"a backslash before what looks like NUL", "name", `"a\\u0000"`, `a\u0000`, ""},
			{"a number for a text", "name", `7`, "<nil>", `{"name":7}`},
			{"an integer above 2^53", "size", `9007199254740993`, "9007199254740993", ""},
			{"the largest integer of a column", "size", `9223372036854775807`, "9223372036854775807", ""},
			{"2^64-1", "size", `18446744073709551615`, "<nil>", `{"size":18446744073709551615}`},
			{"a text for an integer", "size", `"12"`, "<nil>", `{"size":"12"}`},
			{"a field that nobody knows", "colour", `{"a":[1,null]}`, "", `{"colour":{"a":[1,null]}}`},
			{"a time that is none", "updated_at", `"soon"`, "<nil>", `{"updated_at":"soon"}`},
			{"what is nested", "recording_info", `{"enabled": true}`, `{"enabled": true}`, ""},
			{"what is nested, with NUL", "recording_info", `{"x":"\u0000"}`, "<nil>", `{"recording_info":{"x":"\u0000"}}`},
			{"a scalar for what is nested", "polls", `1`, "1", ""},
		} {
			ok(t, table.Write(ctx, page("s", false, fmt.Sprintf(`r1 {"id":"r1",%q:%s}`, c.field, c.value))))
			if c.field != "colour" {
				same(t, c.name, rows(t, db, `SELECT `+c.field+` FROM rooms`), []string{c.column})
			}
			want := "<nil>"
			if c.other != "" {
				want = c.other
			}
			same(t, c.name+", _other", rows(t, db, `SELECT _other FROM rooms`), []string{want})
		}
		ok(t, table.Write(ctx, page("s", false, `r1 {"id":"r1","enabled":true,"large_room":false,"created_at":"2026-03-01T08:00:00.123456789+05:30","updated_at":"0001-01-01T00:00:00Z"}`)))
		if d == tables.SQLite {
			same(t, "times", rows(t, db, `SELECT enabled, large_room, created_at, updated_at FROM rooms`),
				[]string{"1|0|2026-03-01T02:30:00.123456789Z|0001-01-01T00:00:00.000000000Z"})
			same(t, "booleans and times in SQL", rows(t, db, `SELECT COUNT(*) FROM rooms WHERE enabled AND NOT large_room AND created_at >= '2026-03-01' AND strftime('%M', created_at) = '30'`), []string{"1"})
		} else {
			same(t, "types", rows(t, db, `SELECT pg_typeof(enabled)::text, pg_typeof(created_at)::text, pg_typeof(size)::text, pg_typeof(recording_info)::text, extract(microsecond FROM created_at AT TIME ZONE 'UTC')::bigint, extract(year FROM updated_at AT TIME ZONE 'UTC')::int FROM rooms`),
				[]string{"boolean|timestamp with time zone|bigint|jsonb|123456|1"})
		}
	})
}

func TestARecordReplacesTheOneWithItsKey(t *testing.T) {
	onEach(t, func(t *testing.T, db *sql.DB, d *tables.Dialect) {
		table := begin(t, db, d, "session_peers", false)
		first := page("one", false, `s1/p1 {"session_id":"s1","id":"p1","name":"Ada","role":"host"}`, `s1/p1 {"session_id":"s1","id":"p1","name":"Bo"}`, `s2/p1 {"session_id":"s2","id":"p1"}`)
		ok(t, table.Write(ctx, first))
		ok(t, table.Write(ctx, page("two", true, `s2/p1 {"session_id":"s2","id":"p1","name":"Cy"}`)))
		same(t, "rows", rows(t, db, `SELECT _key, session_id, id, name, role FROM session_peers ORDER BY _key`), []string{"s1/p1|s1|p1|Bo|<nil>", "s2/p1|s2|p1|Cy|<nil>"})
		// Of records without a key each content is there once.
		for range 2 {
			ok(t, table.Write(ctx, page("three", true, ` {"session_id":"s3"}`, ` {"session_id":"s4"}`)))
		}
		same(t, "rows without a key", rows(t, db, `SELECT COUNT(*), COUNT(DISTINCT _key) FROM session_peers WHERE _key LIKE 'sha256:%'`), []string{"2|2"})
	})
}

func TestThousandsOfRecordsAreWrittenAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, db *sql.DB, d *tables.Dialect) {
		table := begin(t, db, d, "rooms", false)
		var texts []string
		for i := range 2345 {
			texts = append(texts, fmt.Sprintf(`r%d {"id":"r%d","size":%d}`, i, i, i))
		}
		ok(t, table.Write(ctx, page("s", false, texts...)))
		same(t, "rows", rows(t, db, `SELECT COUNT(*), SUM(size) FROM rooms WHERE id = 'r' || size`), []string{fmt.Sprintf("2345|%d", 2345*2344/2)})
	})
}

func TestAPageAndItsStateAreWrittenTogether(t *testing.T) {
	onEach(t, func(t *testing.T, db *sql.DB, d *tables.Dialect) {
		table := begin(t, db, d, "rooms", false)
		if table.State() != "" {
			t.Errorf("the state of nothing is %q", table.State())
		}
		ok(t, table.Write(ctx, page("one", false, `r1 {"id":"r1"}`)))
		exec(t, db, `CREATE UNIQUE INDEX names ON rooms (name)`) // so that a page fails
		if table.Write(ctx, page("two", false, `r2 {"id":"r2"}`, `r3 {"id":"r3","name":"n"}`, `r4 {"id":"r4","name":"n"}`)) == nil {
			t.Fatal("no error")
		}
		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		if err := table.Write(cancelled, page("two", false, `r5 {"id":"r5"}`)); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		same(t, "rows", rows(t, db, `SELECT id FROM rooms`), []string{"r1"})
		if again := begin(t, db, d, "rooms", false); again.State() != `"one"` || table.State() != `"one"` {
			t.Errorf("the state is %s, and %s", again.State(), table.State())
		}
	})
}

func TestAFieldOfANewerSchemaBecomesAColumn(t *testing.T) {
	onEach(t, func(t *testing.T, db *sql.DB, d *tables.Dialect) {
		ok(t, begin(t, db, d, "rooms", false).Write(ctx, page("one", true, `r1 {"id":"r1","region":"eu"}`)))
		exec(t, db, `ALTER TABLE rooms DROP COLUMN region`)
		exec(t, db, `ALTER TABLE rooms DROP COLUMN max_duration_seconds`)
		ok(t, begin(t, db, d, "rooms", false).Write(ctx, page("two", true, `r2 {"id":"r2","region":"us","max_duration_seconds":5}`)))
		same(t, "rows", rows(t, db, `SELECT id, region, max_duration_seconds FROM rooms ORDER BY id`), []string{"r1|<nil>|<nil>", "r2|us|5"})
	})
}

func TestWhatAFullReadDidNotGiveIsRemovedAtItsEnd(t *testing.T) {
	onEach(t, func(t *testing.T, db *sql.DB, d *tables.Dialect) {
		all := func(want ...string) {
			t.Helper()
			same(t, "rows", rows(t, db, `SELECT _key FROM room_codes ORDER BY _key`), want)
		}
		table := begin(t, db, d, "room_codes", false)
		ok(t, table.Write(ctx, page("half", false, `r1/host/1 {"room_id":"r1"}`, `r2/host/1 {"room_id":"r2"}`)))
		// A read that was killed goes on, and what it gave before counts.
		table = begin(t, db, d, "room_codes", false)
		ok(t, table.Write(ctx, page("whole", true, `r3/host/1 {"room_id":"r3"}`, `r4/host/1 {"room_id":"r4"}`)))
		all("r1/host/1", "r2/host/1", "r3/host/1", "r4/host/1")

		// The next one gives less: r2 is refused, r3 has none, r4 is not there.
		table = begin(t, db, d, "room_codes", false)
		ok(t, table.Write(ctx, page("half", false, `r1/host/1 {"room_id":"r1"}`)))
		all("r1/host/1", "r2/host/1", "r3/host/1", "r4/host/1")
		last := page("whole", true)
		last.Notes = []exchange.Note{{Kind: exchange.SkippedParent, Parent: "r2", Status: 403}, {Kind: exchange.SkippedParent, Parent: "r3", Status: 404}}
		ok(t, table.Write(ctx, last))
		all("r1/host/1", "r2/host/1")

		// One that is begun anew in the middle of another keeps nothing of that.
		ok(t, begin(t, db, d, "room_codes", false).Write(ctx, page("half", false, `r5/host/1 {"room_id":"r5"}`)))
		ok(t, begin(t, db, d, "room_codes", true).Write(ctx, page("whole", true, `r6/host/1 {"room_id":"r6"}`)))
		all("r6/host/1")

		// Of a stream that is read incrementally nothing is removed.
		ok(t, begin(t, db, d, "rooms", false).Write(ctx, page("whole", true, `r1 {"id":"r1"}`)))
		ok(t, begin(t, db, d, "rooms", true).Write(ctx, page("whole", true, `r2 {"id":"r2"}`)))
		same(t, "rooms", rows(t, db, `SELECT id FROM rooms ORDER BY id`), []string{"r1", "r2"})
	})
}

func TestTheNextRunTakesAStreamOver(t *testing.T) {
	onEach(t, func(t *testing.T, db *sql.DB, d *tables.Dialect) {
		first := begin(t, db, d, "rooms", false)
		ok(t, first.Write(ctx, page("one", false, `r1 {"id":"r1"}`)))
		second := begin(t, db, d, "rooms", false)
		if err := first.Write(ctx, page("two", false, `r2 {"id":"r2"}`)); !errors.Is(err, tables.ErrTaken) {
			t.Errorf("the first run goes on: %v", err)
		}
		ok(t, second.Write(ctx, page("two", true, `r3 {"id":"r3"}`)))
		same(t, "rows", rows(t, db, `SELECT id FROM rooms ORDER BY id`), []string{"r1", "r3"})
	})
}

func TestATableOfSomebodyElseIsLeftAlone(t *testing.T) {
	onEach(t, func(t *testing.T, db *sql.DB, d *tables.Dialect) {
		exec(t, db, `CREATE TABLE rooms (number INTEGER)`)
		base, err := tables.Open(ctx, db, d)
		ok(t, err)
		if _, err := base.Table(ctx, stream(t, "rooms"), true); !errors.Is(err, tables.ErrForeign) {
			t.Errorf("it is taken: %v", err)
		}
		same(t, "state", rows(t, db, `SELECT * FROM connector_streams`), nil)
		if state, err := base.State(ctx, stream(t, "rooms")); state != "" || err != nil {
			t.Errorf("%q, %v", state, err)
		}
	})
}

// TestEveryStreamHasATable makes them all: no schema may have two fields that a database
// takes for one.
func TestEveryStreamHasATable(t *testing.T) {
	onEach(t, func(t *testing.T, db *sql.DB, d *tables.Dialect) {
		for _, s := range exchange.Streams() {
			table := begin(t, db, d, s.Name, false)
			ok(t, table.Write(ctx, page("s", true, `k {}`)))
			same(t, s.Name, rows(t, db, `SELECT COUNT(*) FROM `+s.Name), []string{"1"})
		}
	})
}
