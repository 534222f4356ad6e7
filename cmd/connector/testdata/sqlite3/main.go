// Command sqlite3 stands in for SQLite's own in the sessions of the documentation,
// where that is not installed: sqlite3 FILE STATEMENT prints rows with bars between
// their values.
package main

import (
	"database/sql"
	"fmt"
	"log"
	"os"
	"strings"

	_ "modernc.org/sqlite"
)

func main() {
	log.SetFlags(0)
	db, err := sql.Open("sqlite", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	rows, err := db.Query(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	names, err := rows.Columns()
	if err != nil {
		log.Fatal(err)
	}
	values, to := make([]sql.NullString, len(names)), make([]any, len(names))
	for i := range values {
		to[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(to...); err != nil {
			log.Fatal(err)
		}
		var row []string
		for _, v := range values {
			row = append(row, v.String)
		}
		fmt.Println(strings.Join(row, "|"))
	}
	if err := rows.Err(); err != nil {
		log.Fatal(err)
	}
}
