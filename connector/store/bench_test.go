package store_test

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector/store"
)

// BenchmarkSave measures saving beside its floor in the same rounds: a bare
// insert of the same size into a table with the same settings, which waits for
// the same disk.
func BenchmarkSave(b *testing.B) {
	p := onSQLite(b)
	s := p.open(b)
	seed(b, s, 1000)
	bare := bareTable(b)
	var saving, floor time.Duration
	b.ResetTimer()
	for n := range b.N {
		c := credential(fmt.Sprint("new ", n), token(n))
		start := time.Now()
		ok(b, s.Save(ctx, c))
		saved := time.Now()
		_, err := bare.Exec(`INSERT INTO bare (id, name, value) VALUES (?, ?, ?)`, fmt.Sprintf("%032d", n), c.Name, []byte(c.APIKeyValue.Reveal()))
		ok(b, err)
		saving += saved.Sub(start)
		floor += time.Since(saved)
	}
	figures(b, saving, floor)
}

// BenchmarkOpenListUnseal measures opening a store, listing 10,000 credentials
// and unsealing each, beside reading as many rows of the same size bare.
func BenchmarkOpenListUnseal(b *testing.B) {
	const many = 10_000
	p := onSQLite(b)
	s := p.open(b)
	creds := seed(b, s, many)
	ok(b, s.Close())
	bare := bareTable(b)
	tx, err := bare.Begin()
	ok(b, err)
	for i, c := range creds {
		_, err := tx.Exec(`INSERT INTO bare (id, name, value) VALUES (?, ?, ?)`, fmt.Sprintf("%032d", i), c.Name, []byte(c.APIKeyValue.Reveal()))
		ok(b, err)
	}
	ok(b, tx.Commit())

	var reading, floor time.Duration
	b.ResetTimer()
	for range b.N {
		start := time.Now()
		s, err := store.Open(ctx, p.url, store.KeyFile(p.keyFile))
		ok(b, err)
		list, err := s.List(ctx)
		ok(b, err)
		n := 0
		for _, err := range s.All(ctx) {
			ok(b, err)
			n++
		}
		ok(b, s.Close())
		if len(list) != many || n != many {
			b.Fatal(len(list), n)
		}
		read := time.Now()
		rows, err := bare.Query(`SELECT id, name, value FROM bare ORDER BY name`)
		ok(b, err)
		for rows.Next() {
			var id, name string
			var value []byte
			ok(b, rows.Scan(&id, &name, &value))
		}
		ok(b, rows.Err())
		reading += read.Sub(start)
		floor += time.Since(read)
	}
	figures(b, reading, floor)
}

// BenchmarkOpenOne is what a command pays to use one credential of 10,000.
func BenchmarkOpenOne(b *testing.B) {
	p := onSQLite(b)
	s := p.open(b)
	seed(b, s, 10_000)
	ok(b, s.Close())
	b.ResetTimer()
	for range b.N {
		s, err := store.Open(ctx, p.url, store.KeyFile(p.keyFile))
		ok(b, err)
		_, err = s.Credential(ctx, "credential 005000")
		ok(b, err)
		ok(b, s.Close())
	}
}

// BenchmarkRotateKey re-seals 10,000 credentials.
func BenchmarkRotateKey(b *testing.B) {
	p := onSQLite(b)
	s := p.open(b)
	seed(b, s, 10_000)
	b.ResetTimer()
	for range b.N {
		ok(b, s.RotateKey(ctx, nil))
	}
}

func bareTable(b *testing.B) *sql.DB {
	db, err := sql.Open("sqlite", b.TempDir()+"/bare.db?_pragma=synchronous(FULL)&_pragma=journal_mode(WAL)")
	ok(b, err)
	b.Cleanup(func() { db.Close() })
	_, err = db.Exec(`CREATE TABLE bare (id TEXT PRIMARY KEY, name TEXT UNIQUE, value BLOB)`)
	ok(b, err)
	return db
}

func figures(b *testing.B, took, floor time.Duration) {
	b.ReportMetric(0, "ns/op") // of both together, which says nothing
	b.ReportMetric(took.Seconds()*1000/float64(b.N), "ms")
	b.ReportMetric(floor.Seconds()*1000/float64(b.N), "floor-ms")
	b.ReportMetric(float64(took)/float64(floor), "x-floor")
}
