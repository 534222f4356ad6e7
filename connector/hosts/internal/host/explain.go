package host

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/100ms-connector/connector-go/connector/exchange"
)

// words say what notes are about; %s is the parent, the record or the field.
var words = map[exchange.NoteKind]string{
	exchange.SkippedParent: "passed over %s, for the API refuses its records",
	exchange.UnknownField:  "the schema does not have the field %s; it is passed on",
	exchange.DuplicateKey:  "two records have the key %s, and differ",
	exchange.NoKey:         "a record has no key",
	exchange.Unordered:     "the list is not newest first, so it is read to its end",
	exchange.Restarted:     "begun anew, for the API did not know the place to go on at",
	exchange.GivenUp:       "%s can still change, and is asked for no longer",
	exchange.Renewed:       "the API refused the token, and another was signed",
}

// maxNoted is how many notes of one kind are given one by one.
const maxNoted = 10

// noted counts the notes of a stream.
type noted map[exchange.NoteKind]int

// notes gives notes, each kind up to a bound.
func (r *Reader) notes(stream exchange.Stream, notes []exchange.Note, seen noted) error {
	for _, text := range said(stream, notes, seen) {
		if err := r.To.Log(Warn, text); err != nil {
			return err
		}
	}
	return nil
}

// said puts notes into words, each kind up to a bound.
func said(stream exchange.Stream, notes []exchange.Note, seen noted) (texts []string) {
	for _, n := range notes {
		if seen[n.Kind]++; seen[n.Kind] > maxNoted {
			continue
		}
		text := words[n.Kind]
		if strings.Contains(text, "%s") {
			text = fmt.Sprintf(text, n.Parent+n.Field)
		}
		if n.Status != 0 {
			text += fmt.Sprintf(" (status %d)", n.Status)
		}
		texts = append(texts, stream.Name+": "+text)
	}
	return texts
}

// rest says how many notes were not given.
func (n noted) rest() string {
	said := ""
	for _, kind := range slices.Sorted(maps.Keys(n)) {
		if more := n[kind] - maxNoted; more > 0 {
			said += fmt.Sprintf(", %d more of %s", more, kind)
		}
	}
	return said
}

// Blame says whose fault a failure is.
type Blame int

const (
	Ours        Blame = iota // nobody's: a fault of this program
	Rejected                 // the credential's
	Configured               // the configuration's, the catalog's or the state's
	Environment              // of the way to the API, or of the API
)

// Explain says whose fault a failure is, and what to say of it: the cause by its code,
// and the next step.
func Explain(err error) (blame Blame, message string) {
	message = strings.ReplaceAll(err.Error(), "\n", " ")
	fault, ok := errors.AsType[*exchange.Error](err)
	switch {
	case errors.Is(err, exchange.ErrState) || errors.Is(err, exchange.ErrStream) || errors.Is(err, ErrConfiguration) || errors.Is(err, ErrRejected) || errors.Is(err, exchange.ErrChangedMore):
		return Configured, message
	case !ok:
		return Ours, message
	}
	if !strings.Contains(message, string(fault.Code)) {
		message = string(fault.Code) + ": " + message
	}
	if remedy := fault.Remedy(); remedy != "" {
		message = strings.TrimSuffix(message, ".") + ". " + remedy
	}
	if fault.Rejected() {
		return Rejected, message
	}
	return Environment, message
}

// Find gives the streams of the names that a host asks for. The error is ErrConfiguration.
func Find(name string, chosen []Selected) (exchange.Stream, error) {
	stream, ok := exchange.Find(name)
	switch {
	case !ok:
		return stream, fmt.Errorf("%w: the catalog has a stream %.100q, which this connector does not", ErrConfiguration, name)
	case slices.ContainsFunc(chosen, func(s Selected) bool { return s.Stream.Name == name }):
		return stream, fmt.Errorf("%w: the catalog has the stream %s twice", ErrConfiguration, name)
	}
	return stream, nil
}

// Tell gives an error in the words for a person: the cause by its code, and the next step.
func Tell(err error) error {
	if err == nil || Ended(err) && !errors.As(err, new(*exchange.Error)) {
		return err
	}
	_, message := Explain(err)
	return told{err, message}
}

// Reworded is an error with other names in it, such as those that a host gives settings.
func Reworded(err error, names *strings.Replacer) error {
	if err == nil {
		return nil
	}
	return told{err, names.Replace(err.Error())}
}

// told is an error in other words.
type told struct {
	error
	message string
}

func (t told) Error() string { return t.message }
func (t told) Unwrap() error { return t.error }
