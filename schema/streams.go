package schema

import "embed"

//go:embed streams/*.schema.json
var streams embed.FS

// Stream is the JSON Schema of a stream's records, by the stream's name; false if
// there is none. Beside what JSON Schema defines it has x-secret (true: the value is
// a secret; "query": the user info and the query of a URL are) and x-personal.
func Stream(name string) ([]byte, bool) {
	data, err := streams.ReadFile("streams/" + name + ".schema.json")
	return data, err == nil
}
