package web

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/hosts"
	"github.com/100ms-connector/connector-go/connector/hosts/airbyte"
	"github.com/100ms-connector/connector-go/connector/store"
)

// use is a way to use a credential elsewhere: a text to copy, without the secret.
type use struct{ Title, Text string }

// placeholder stands in the secret's place: only the command writes a token.
const placeholder connector.Secret = "${HMS_TOKEN}"

// usesOf are the ways to use a credential: the forms of all hosts, and the command.
func usesOf(r store.Record) []use {
	cred := &connector.Credential{Name: shown(r.Name), Description: shown(r.Description), APIKeyValue: placeholder}
	uses := []use{{"Command line", "connector read --all --credential " + quotedForShell(shown(r.Name)) + " --output data --state data/state.json"}}
	for _, e := range hosts.Exports() {
		uses = append(uses, use{e.Title, asJSON(e.Of(cred))})
	}
	return uses
}

// quotedForShell is a text as one word of a POSIX shell.
func quotedForShell(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./", r)
	}
	if s != "" && s[0] != '-' && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// usesOfStream are the ways to read a stream elsewhere, without the secret.
func usesOfStream(r store.Record, stream exchange.Stream) []use {
	cred := &connector.Credential{Name: shown(r.Name), APIKeyValue: placeholder}
	name := quotedForShell(shown(r.Name))
	uses := []use{
		{"Command line: into a file, and the next time what is new", "connector read " + stream.Name + " --credential " + name + " --output data --state data/state.json"},
		{"Command line: into a database", "connector read " + stream.Name + " --credential " + name + " --to sqlite://data.db"},
		{"Airbyte and Singer: config.json", asJSON(hosts.AirbyteConfiguration(cred))},
		{"Airbyte: catalog.json, for connector airbyte read --config config.json --catalog catalog.json", asJSON(airbyte.Configured(stream))},
		{"Singer and Meltano", "connector singer --config config.json --discover > catalog.json\nconnector singer --config config.json --catalog catalog.json | target-jsonl"},
	}
	if sources, err := hosts.NexlaSources(stream.Name); err == nil {
		for _, s := range sources {
			uses = append(uses, use{"Nexla: " + s.Name, asJSON(s)})
		}
	}
	return uses
}

func asJSON(v any) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(v) // of texts and numbers
	return strings.TrimSpace(text.String())
}
