package schema

import (
	"embed"
	"io/fs"
	"slices"
	"strings"
)

//go:embed streams/*.schema.json
var streams embed.FS

const streamSuffix = ".schema.json"

// Stream is the JSON Schema of the records of a stream, as in streams/NAME.schema.json;
// ok is false if there is no stream of that name.
//
// All but the key may be null or absent, and records may have fields that are not
// declared. Two marks stand beside the type of a value: "x-secret" for what gives
// access, with "x-secret-part" where only the user info and the query of a URL do,
// and "x-personal" for what says something of a person.
func Stream(name string) (document []byte, ok bool) {
	document, err := streams.ReadFile("streams/" + name + streamSuffix)
	return document, err == nil
}

// StreamNames are the names of all streams, sorted.
func StreamNames() []string {
	files, err := fs.Glob(streams, "streams/*"+streamSuffix)
	if err != nil {
		panic("schema: " + err.Error()) // the pattern is well-formed
	}
	for i, file := range files {
		files[i] = strings.TrimSuffix(strings.TrimPrefix(file, "streams/"), streamSuffix)
	}
	slices.Sort(files)
	return files
}
