package web

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/hosts"
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
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		if encoder.Encode(e.Of(cred)) == nil {
			uses = append(uses, use{e.Title, strings.TrimSpace(text.String())})
		}
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
