package exchange

import "encoding/json"

// Problem is what makes a record invalid.
type Problem struct {
	Code    string // "schema" or "redacted_value"
	Field   string // its path, as in recording_info.upload_info.type; empty if the record itself is meant
	Offset  int    // in bytes from the record's beginning, of what is wrong
	Message string // for people: the field and the rule, and no value that may be a secret
}

// Judge gives all problems of a record, in the order of their places; none if it can be
// written. It asks nobody.
func (a Action) Judge(record json.RawMessage) []Problem { return nil }
