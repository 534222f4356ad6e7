package connector

import (
	"bytes"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/100ms-connector/connector-go/connector/internal/jsontext"
	"github.com/100ms-connector/connector-go/connector/internal/words"
)

// MaxDocument is the most bytes that a credential document may have.
const MaxDocument = 64 << 10

// Validator reads and judges credential documents. The zero value is ready for
// use, and what Validate and ParseCredential use. It is safe for concurrent use.
type Validator struct {
	// WarnWithin is how long before its end a token is said to expire soon. If
	// zero, RenewalWindow says it for each; if negative, none does.
	WarnWithin time.Duration

	// Expand, if not nil, gives the value of a field that is wholly ${NAME}.
	// The package reads no environment by itself: a document from a stranger
	// must not be able to read the host's.
	Expand func(name string) (value string, ok bool)

	// RequireVariables refuses a document that holds a secret: the token, or an
	// App Secret, must be wholly a variable, and no other field may hold one. It is
	// for documents that are kept where others can read them.
	RequireVariables bool

	// Now is the clock by which the claims are judged; if nil, time.Now.
	Now func() time.Time
}

// Validate judges a credential document and the claims of its token, without a
// call. The error is a *ValidationError with every problem at once.
func Validate(data []byte) error { return invalid(new(Validator).Problems(data)) }

// Problems lists everything that is wrong or worth a warning in a credential
// document, sorted by place. A document without a problem of SeverityError is
// valid. What is not JSON is judged as the value of the token alone.
func (v *Validator) Problems(data []byte) []Problem {
	r := v.read(data)
	r.judgeToken(v.WarnWithin)
	sortProblems(r.problems)
	return r.problems
}

// Parse reads the credential from a document, or from a text that is the token
// alone. A *ValidationError lists every problem, as Problems does. What is wrong
// with the token itself is no error here: Inspect and Tester say what it is.
func (v *Validator) Parse(data []byte) (*Credential, error) {
	r := v.read(data)
	if invalid(r.problems) != nil {
		r.judgeToken(v.WarnWithin)
		sortProblems(r.problems)
		return nil, invalid(r.problems)
	}
	cred := new(Credential)
	for _, f := range r.doc.fields {
		switch f.Key {
		case "name":
			cred.Name, cred.nameExpanded = f.Text, f.expanded
		case "description":
			cred.Description = f.Text
		case tokenField:
			cred.APIKeyValue = Secret(f.Text)
		}
	}
	return cred, nil
}

// reading is one document on its way through the steps of validation.
type reading struct {
	doc      document
	problems []Problem
	now      time.Time
	savedAt  time.Time       // of a credential that was saved
	settled  map[string]bool // fields about which all is said: one fault, one problem

	// Where the last problem stands. Most follow in the order of the text, and
	// counting from there keeps a document of many problems from taking a time
	// that grows with their square.
	at, line, column int
}

// read takes the steps up to, and without, the claims of the token.
func (v *Validator) read(data []byte) *reading {
	if data == nil {
		data = []byte{} // a document, if an empty one
	}
	r := &reading{doc: document{data: data}, now: clock(v.Now)()}
	if !r.readText(data) {
		return r
	}
	if r.doc.bare {
		r.doc.fields = []field{bareValue(data)}
		if v.RequireVariables {
			r.requireVariables()
		}
		r.expandValue(v.Expand)
		return r
	}
	r.doc = readDocument(data)
	if v.RequireVariables {
		r.requireVariables()
	}
	if r.isKeyFile(v.RequireVariables) {
		return r
	}
	r.judgeFields(v.Expand, v.RequireVariables)
	return r
}

// judgeFields judges the fields one by one, and then as the schema does.
func (r *reading) judgeFields(expand func(string) (string, bool), variablesAllowed bool) {
	for i := range r.doc.fields {
		r.judgeField(&r.doc.fields[i], expand, variablesAllowed)
	}
	var failure *jsonschema.ValidationError
	if err := credentialSchema().Validate(r.doc.value); errors.As(err, &failure) {
		r.judgeSchema(failure)
	} else if err != nil { // of a kind that a decoded document cannot have; never valid
		r.add("", Syntax, r.doc.start, "the document could not be judged")
	}
}

// readText judges the document as text, up to being JSON or a value alone.
func (r *reading) readText(data []byte) bool {
	switch {
	case len(data) > MaxDocument:
		r.add("", TooLarge, 0, "the document is larger than 64 KiB")
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")),
		len(data) > 3 && data[0]|data[2] == 0 && data[1] != 0 && data[3] != 0, // no mark, but every other byte
		len(data) > 3 && data[1]|data[3] == 0 && data[0] != 0 && data[2] != 0:
		r.add("", NotUTF8, 0, "the document is UTF-16, not UTF-8")
	case !utf8.Valid(data):
		at := 0
		for n := 1; at < len(data); at += n {
			var c rune
			if c, n = utf8.DecodeRune(data[at:]); c == utf8.RuneError && n == 1 {
				break
			}
		}
		r.add("", NotUTF8, at, "the document has a byte here that is not UTF-8")
	case len(bytes.TrimSpace(bytes.TrimPrefix(data, byteOrderMark))) == 0:
		r.add("", EmptyDocument, 0, "the document is empty")
	default:
		return r.readJSON(data)
	}
	return false
}

func (r *reading) readJSON(data []byte) bool {
	at, evidence := jsontext.Fault(data)
	switch {
	case isBareValue(data, evidence == ""):
		r.doc.bare = true
		return true
	case evidence == "":
		return true
	case bytes.HasPrefix(data, byteOrderMark):
		r.add("", Syntax, 0, "the document begins with a byte order mark, which JSON does not allow")
		r.problems[len(r.problems)-1].Remedy = "Save the file as UTF-8 without a byte order mark (BOM)."
	default:
		r.add("", Syntax, at, evidence)
	}
	return false
}

var byteOrderMark = []byte("\ufeff")

// judgeToken adds what the claims say, each fault that holds.
func (r *reading) judgeToken(warnWithin time.Duration) {
	f := r.doc.last(tokenField)
	if f == nil || !f.IsText || r.settled[tokenField] {
		return
	}
	t, clean := read(f.Text)
	t.AsOf, t.savedAt = r.now, r.savedAt
	subject := r.field(tokenField)
	if r.doc.bare {
		subject = "the value"
	}
	if clean == "" {
		r.add(f.place(), Blank, f.ValueAt, subject+" must not be blank")
		return
	}
	if len(t.Removed) > 0 {
		r.add(f.place(), PasteDamage, f.ValueAt, subject+" was damaged when it was pasted: it has "+words.List(t.Removed))
	}
	for _, code := range t.faults() {
		r.add(f.place(), code, f.ValueAt, subject+": "+t.Why(code))
		r.problems[len(r.problems)-1].Remedy = t.Remedy(code)
	}
	for _, code := range t.Warnings(warnWithin) {
		if code != PasteDamage {
			r.add(f.place(), code, f.ValueAt, subject+": "+t.Why(code))
			r.problems[len(r.problems)-1].Severity = SeverityWarning
		}
	}
}

func (r *reading) add(pointer string, code Code, offset int, message string) {
	p := Problem{Pointer: pointer, Code: code, Severity: SeverityError, Message: message, Remedy: code.Info().Remedy}
	if r.doc.data != nil {
		p.Line, p.Column = r.position(offset)
	}
	r.problems = append(r.problems, p)
}

// position counts lines and columns on from where the last problem stands.
func (r *reading) position(offset int) (line, column int) {
	if r.line == 0 || offset < r.at {
		r.at, r.line, r.column = 0, 1, 1
	}
	lines, columns := jsontext.Position(r.doc.data[r.at:], offset-r.at)
	if lines > 1 {
		r.column = 1
	}
	r.at, r.line, r.column = offset, r.line+lines-1, r.column+columns-1
	return r.line, r.column
}

func (r *reading) settle(key string) {
	if r.settled == nil {
		r.settled = map[string]bool{}
	}
	r.settled[key] = true
}

// field names a field for a message.
func (r *reading) field(key string) string { return fmt.Sprintf("the field %q", presentableName(key)) }

// clock is the clock of somebody who may have none.
func clock(now func() time.Time) func() time.Time {
	if now == nil {
		return time.Now
	}
	return now
}
