package host

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/hosts"
)

// setting is one of the configuration's: what a host's form shows of it, and where its
// value goes. Those without a title are of the credential's form, which has the rest.
type setting struct {
	name, title, description string
	side                     Side
	kind                     string         // of JSON Schema
	hints                    map[string]any // further keywords
	set                      func(*Configuration, json.RawMessage) error
}

// Side is what a configuration is of.
type Side int

// The sides.
const (
	both Side = iota
	OfSource
	OfDestination
)

func (s setting) on(side Side) bool { return s.side == both || s.side == side }

// settings is the table, in the order of the form.
var settings = []setting{
	{name: "name", set: func(c *Configuration, v json.RawMessage) error { return text(&c.name, v) }},
	{name: "description", set: func(c *Configuration, v json.RawMessage) error { return text(new(string), v) }},
	{name: "api_key_value", set: func(c *Configuration, v json.RawMessage) error { return text(&c.token, v) }},
	{
		name: "management_token", title: "Management Token", kind: "string",
		description: "Another name for API Key Value, which configurations of other connectors use. Give one of the two.",
		hints:       map[string]any{"airbyte_secret": true, "writeOnly": true, "format": "password"},
		set:         func(c *Configuration, v json.RawMessage) error { return text(&c.alias, v) },
	},
	{
		name: "access_key", title: "Access Key", kind: "string",
		description: "With App Secret, in place of a token: the connector signs tokens that never run out. From Developer in the 100ms dashboard.",
		hints:       map[string]any{"airbyte_secret": true},
		set:         func(c *Configuration, v json.RawMessage) error { return text(&c.key.AccessKey, v) },
	},
	{
		name: "app_secret", title: "App Secret", kind: "string",
		description: "Belongs to Access Key. Whoever has it can act for the whole workspace.",
		hints:       map[string]any{"airbyte_secret": true, "writeOnly": true, "format": "password"},
		set:         func(c *Configuration, v json.RawMessage) error { return text((*string)(&c.key.AppSecret), v) },
	},
	{
		side: OfSource, name: "start_date", title: "Start Date", kind: "string",
		description: "Where incremental streams begin, in UTC. Without it they begin with the first record.",
		hints: map[string]any{
			"format": "date-time", "examples": []string{"2026-01-31T00:00:00Z"},
			"pattern": `^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z)?$`, "pattern_descriptor": "YYYY-MM-DDTHH:mm:ssZ",
		},
		set: func(c *Configuration, v json.RawMessage) error { return moment(&c.since, v) },
	},
	{
		side: OfSource, name: "room_ids", title: "Rooms", kind: "array",
		description: "Ids of rooms: what belongs to a room is read of these alone. Without it, of all.",
		hints:       map[string]any{"items": map[string]any{"type": "string"}},
		set:         func(c *Configuration, v json.RawMessage) error { return list(&c.rooms, v) },
	},
	{
		side: OfSource, name: "all_rooms", title: "Events of All Rooms", kind: "boolean",
		description: "Ask every room for analytics events, not only those that had a session in the last 30 days: a call for each room.",
		hints:       map[string]any{"default": false},
		set:         func(c *Configuration, v json.RawMessage) error { return flag(&c.allRooms, v) },
	},
	{
		side: OfSource, name: "include_secrets", title: "Include Secrets", kind: "boolean",
		description: "Pass on keys of buckets, stream keys, signed URLs and room codes as they are, in place of [redacted].",
		hints:       map[string]any{"default": false},
		set:         func(c *Configuration, v json.RawMessage) error { return flag(&c.secrets, v) },
	},
	{
		side: OfSource, name: "drop_personal", title: "Drop Personal Fields", kind: "boolean",
		description: "Leave out the fields about a person, such as names of users.",
		hints:       map[string]any{"default": false},
		set:         func(c *Configuration, v json.RawMessage) error { return flag(&c.impersonal, v) },
	},
	{
		side: OfDestination, name: "actions", title: "Actions", kind: "array",
		description: "What is done with the records of each stream. A stream that has the name of an action needs no row.",
		hints: map[string]any{"items": map[string]any{
			"type": "object", "required": []string{"stream", "action"},
			"properties": map[string]any{
				"stream": map[string]any{"type": "string", "title": "Stream"},
				"action": map[string]any{"type": "string", "title": "Action", "enum": Repeatable()},
			},
		}},
		set: func(c *Configuration, v json.RawMessage) error { return c.mapActions(v) },
	},
	{
		side: OfDestination, name: "skip_rejected", title: "Skip Rejected Records", kind: "boolean",
		description: "Go on behind a record that breaks a rule or that 100ms refuses, and say so. Without it the sync ends there.",
		hints:       map[string]any{"default": false},
		set:         func(c *Configuration, v json.RawMessage) error { return flag(&c.skip, v) },
	},
	{
		side: OfDestination, name: "update", title: "Update Rooms", kind: "boolean",
		description: "Change rooms that are there and differ. Without it they stay as they are. Airbyte's mode append_dedup sets it for its stream.",
		hints:       map[string]any{"default": false},
		set:         func(c *Configuration, v json.RawMessage) error { return flag(&c.update, v) },
	},
	{
		name: "base_url", title: "Base URL", kind: "string",
		description: "The API's address: https, or http on this machine.",
		hints:       map[string]any{"default": connector.DefaultBaseURL},
		set:         func(c *Configuration, v json.RawMessage) error { return text(&c.baseURL, v) },
	},
}

// Specification is the JSON Schema (draft-07) of one side's configuration, in the form that
// Airbyte takes: the credential's form and the settings. Nothing in it is required, for
// a token has two names and a key may stand in its place; ParseConfiguration says what
// is missing.
func Specification(side Side) map[string]any {
	document := hosts.AirbyteSpecification()
	delete(document, "required")
	document["description"] = map[Side]string{
		OfSource: "Where to read from 100ms, and with what credential.", OfDestination: "What to write into 100ms, and with what credential.",
	}[side]
	properties := document["properties"].(map[string]any)
	for order, s := range settings {
		if s.title == "" || !s.on(side) {
			continue
		}
		property := map[string]any{"type": s.kind, "title": s.title, "description": s.description, "order": order}
		for keyword, value := range s.hints {
			property[keyword] = value
		}
		properties[s.name] = property
	}
	return document
}

// The values of settings. Some hosts pass every one as a string, and give what was left
// empty as an empty one. The errors quote no value.

func text(to *string, value json.RawMessage) error {
	if json.Unmarshal(value, to) != nil {
		return errors.New("give a text")
	}
	return nil
}

func flag(to *bool, value json.RawMessage) error {
	var s string
	if json.Unmarshal(value, &s) == nil {
		value = json.RawMessage(strings.ToLower(strings.TrimSpace(s)))
	}
	if len(value) > 0 && json.Unmarshal(value, to) != nil {
		return errors.New("give true or false")
	}
	return nil
}

func list(to *[]string, value json.RawMessage) error {
	var s string
	if json.Unmarshal(value, &s) == nil {
		if value = json.RawMessage(strings.TrimSpace(s)); len(value) == 0 || value[0] != '[' {
			value, _ = json.Marshal(strings.Split(s, ",")) // strings can be marshalled
		}
	}
	var items []string
	if json.Unmarshal(value, &items) != nil {
		return errors.New("give a list of texts")
	}
	for _, item := range items {
		if item = strings.TrimSpace(item); item != "" {
			*to = append(*to, item)
		}
	}
	return nil
}

func moment(to *time.Time, value json.RawMessage) (err error) {
	var s string
	if err := text(&s, value); err != nil || s == "" {
		return err
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if *to, err = time.Parse(layout, s); err == nil {
			return nil
		}
	}
	return errors.New("give a time as in 2026-01-31T00:00:00Z, or a date")
}
