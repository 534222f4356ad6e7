package exchange

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// State says where a read goes on: JSON of one object, to be kept and given back as it
// is. The empty State is the beginning. It holds no secret; of records, ids alone.
type State string

// MarshalJSON writes the object itself, null for the beginning.
func (s State) MarshalJSON() ([]byte, error) {
	if s == "" {
		return []byte("null"), nil
	}
	return []byte(s), nil
}

// UnmarshalJSON takes any JSON: Read judges it.
func (s *State) UnmarshalJSON(data []byte) error {
	if *s = State(data); string(data) == "null" {
		*s = ""
	}
	return nil
}

const (
	stateVersion = 1
	maxState     = 1 << 20 // bytes
	maxOpen      = 1000    // records that can still change
	openFor      = 7 * day
)

// position is a State, read.
type position struct {
	V         int               `json:"v"`
	Stream    string            `json:"stream"`
	BaseURL   string            `json:"base_url"`
	Workspace string            `json:"workspace,omitempty"`
	Options   string            `json:"options,omitempty"`
	Full      time.Time         `json:"full,omitzero"`         // when the last read of everything began
	CatchUp   bool              `json:"catching_up,omitempty"` // the pass is for what came while the one before was interrupted
	Walks     map[string]*place `json:"walks"`
}

// place is how far one walk has come.
type place struct {
	Done   time.Time            `json:"done,omitzero"`  // all records up to here were given
	Seen   mark                 `json:"seen,omitzero"`  // the newest record of the walks that ended
	Top    mark                 `json:"top,omitzero"`   // the newest one of this walk
	Began  time.Time            `json:"began,omitzero"` // when it began, by the API's clock: of parents
	Last   time.Time            `json:"last,omitzero"`  // the newest record of the parents; Top is the newest parent
	Start  string               `json:"start,omitempty"`
	Skip   string               `json:"skip,omitempty"`   // the key of the last record given of the page at Start
	Before string               `json:"before,omitempty"` // the place of the page before
	In     string               `json:"in,omitempty"`     // the parent to which Start and Skip belong
	After  string               `json:"parent,omitempty"` // the last parent that was finished
	Mixed  bool                 `json:"unordered,omitempty"`
	Ended  bool                 `json:"ended,omitempty"` // in this pass
	Open   map[string]time.Time `json:"open,omitempty"`  // records that can still change, with when they were made
}

// mark is a record's place in time.
type mark struct {
	At  time.Time `json:"at"`
	Key string    `json:"key"`
}

// later is the later of two marks.
func (m mark) later(other mark) mark {
	if other.At.After(m.At) {
		return other
	}
	return m
}

// underway says whether the walk began and did not end.
func (p *place) underway() bool { return p.Start != "" || p.Skip != "" || p.In != "" || p.After != "" }

// end closes the walk. advance says that the next one need look no further back than to
// the newest record of this one: not of one that catches up, for what it passed over may
// have changed since it was given.
func (p *place) end(advance bool) {
	if advance {
		p.Done = later(p.Done, p.Top.At)
	}
	p.Seen = p.Seen.later(p.Top)
	p.restart()
	p.Ended = true
}

// restart forgets how far the walk has come.
func (p *place) restart() {
	p.Top, p.Began, p.Last, p.Before, p.Start, p.Skip, p.In, p.After, p.Mixed = mark{}, time.Time{}, time.Time{}, "", "", "", "", "", false
}

// interrupted says whether a pass over the walks began and did not end.
func (s *position) interrupted() bool {
	return s.CatchUp || slices.ContainsFunc(slices.Collect(maps.Values(s.Walks)), func(p *place) bool { return p.Ended || p.underway() })
}

// walk is the place of a walk.
func (s *position) walk(name string) *place {
	p := s.Walks[name]
	if p == nil {
		p = new(place)
		s.Walks[name] = p
	}
	return p
}

// text is the State that says the same.
func (s *position) text() State {
	data, err := json.Marshal(s)
	if err != nil {
		panic("exchange: " + err.Error()) // of strings and times that were parsed
	}
	return State(data)
}

// parseState reads a State; the error is ErrState.
func parseState(text State) (*position, error) {
	data := bytes.TrimSpace([]byte(text))
	if len(data) == 0 || string(data) == "null" {
		return nil, nil
	}
	if len(data) > maxState {
		return nil, stateError("it is larger than 1 MiB")
	}
	var version struct{ V int }
	if json.Unmarshal(data, &version) != nil || version.V < 1 {
		return nil, stateError("it is damaged, or not a state of this program")
	}
	if version.V > stateVersion {
		return nil, stateError(fmt.Sprintf("it is of version %d, and this program knows %d: use a newer one", version.V, stateVersion))
	}
	s := new(position)
	if err := json.Unmarshal(data, s); err != nil {
		return nil, stateError("it is damaged")
	}
	for name, p := range s.Walks {
		if p == nil {
			return nil, stateError("it is damaged: the walk " + name + " has no place")
		}
		if len(p.Open) > maxOpen {
			return nil, stateError("it is damaged: it has too many open records")
		}
	}
	if s.Walks == nil {
		s.Walks = map[string]*place{}
	}
	return s, nil
}

// stateErr is an ErrState with its cause.
type stateErr struct{ why string }

func (e *stateErr) Error() string        { return ErrState.Error() + ": " + e.why }
func (e *stateErr) Is(target error) bool { return target == ErrState }

func stateError(why string) error { return &stateErr{why} }

// bound says why a state does not belong to a read; nil if it does.
func (s *position) bound(to *position) error {
	for _, f := range []struct{ what, of, now string }{
		{"stream", s.Stream, to.Stream},
		{"base URL", s.BaseURL, to.BaseURL},
	} {
		if f.of != f.now {
			return stateError(fmt.Sprintf("it is of the %s %s, not of %s", f.what, orNone(f.of), f.now))
		}
	}
	if s.Options != to.Options {
		return stateError(fmt.Sprintf("it is of a read with other options (%s, not %s): a full refresh begins anew", orNone(s.Options), orNone(to.Options)))
	}
	return nil
}

// errWorkspace is the error about a state of another workspace.
func errWorkspace(state, now string) error {
	return stateError(fmt.Sprintf("it is of the workspace %s, and this is %s: a full refresh begins anew", state, now))
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// options is how a state names the options that it is bound to.
func (s *Source) options() string {
	var given []string
	rooms := slices.Clone(s.Rooms)
	slices.Sort(rooms)
	for _, room := range slices.Compact(rooms) {
		given = append(given, "room="+room)
	}
	for _, o := range []struct {
		name string
		set  bool
	}{{"all rooms", s.AllRooms}, {"secrets", s.IncludeSecrets}, {"without personal fields", s.DropPersonal}} {
		if o.set {
			given = append(given, o.name)
		}
	}
	return strings.Join(given, ", ")
}
