package connector

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// MaxDocument is the most bytes that a credential document may have.
const MaxDocument = 64 << 10

// Validator reads and judges credential documents. The zero value is ready for
// use, and what Validate and ParseCredential use. It is safe for concurrent use.
type Validator struct {
	// WarnWithin is how long before its end a token is said to expire soon:
	// DefaultWarnWithin if zero, never if negative.
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
// valid.
func (v *Validator) Problems(data []byte) []Problem {
	r := v.read(data)
	r.judgeToken(v.WarnWithin)
	sortProblems(r.problems)
	return r.problems
}

// Parse reads the credential from a document. A *ValidationError lists every
// problem, as Problems does. What is wrong with the token itself is no error
// here: Inspect and Tester say what it is.
func (v *Validator) Parse(data []byte) (*Credential, error) {
	r := v.read(data)
	if invalid(r.problems) != nil {
		r.judgeToken(v.WarnWithin)
		sortProblems(r.problems)
		return nil, invalid(r.problems)
	}
	cred := &Credential{fromDocument: true}
	for _, m := range r.doc.members {
		switch m.key {
		case "name":
			cred.Name, cred.nameExpanded = m.text, m.expanded
		case "description":
			cred.Description = m.text
		case tokenField:
			cred.APIKeyValue = Secret(m.text)
		}
	}
	return cred, nil
}

const tokenField = "api_key_value"

// reading is one document on its way through the steps of validation.
type reading struct {
	doc      document
	problems []Problem
	now      time.Time
	settled  map[string]bool // fields about which all is said: one fault, one problem

	// Where the last problem stands. Most follow in the order of the text, and
	// counting from there keeps a document of many problems from taking a time
	// that grows with their square.
	at, line, column int
}

// read takes the steps up to, and without, the claims of the token.
func (v *Validator) read(data []byte) *reading {
	r := &reading{doc: document{data: data}, now: time.Now()}
	if v.Now != nil {
		r.now = v.Now()
	}
	if !r.readText(data) {
		return r
	}
	r.doc = walk(data)
	for i := range r.doc.members {
		r.judgeMember(&r.doc.members[i], v.Expand)
	}
	var failure *jsonschema.ValidationError
	if err := credentialSchema().Validate(r.doc.value); errors.As(err, &failure) {
		r.judgeSchema(failure)
	} else if err != nil { // of a kind that a decoded document cannot have; never valid
		r.add("", Syntax, r.doc.start, "the document could not be judged")
	}
	return r
}

// readText judges the document as text, up to being JSON.
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
	case bytes.HasPrefix(data, []byte("\ufeff")):
		r.add("", Syntax, 0, "the document begins with a byte order mark, which JSON does not allow")
	case len(bytes.TrimSpace(data)) == 0:
		r.add("", EmptyDocument, 0, "the document is empty")
	default:
		at, evidence := syntaxFault(data)
		if evidence == "" {
			return true
		}
		if Inspect(string(data)).Readable() {
			at, evidence = 0, "this is a bare token, not a document that holds one"
		}
		r.add("", Syntax, at, evidence)
	}
	return false
}

// judgeMember says what the schema cannot: repeated keys, variables and halves
// of characters.
func (r *reading) judgeMember(m *member, expand func(string) (string, bool)) {
	if m.repeats {
		r.add(pointer(m.key), DuplicateKey, m.keyAt, r.field(m.key)+" is given more than once")
	}
	if m.superseded || !m.isText || !isField(m.key) {
		return
	}
	if strings.ContainsRune(m.text, utf8.RuneError) && loneSurrogate(m.raw) {
		r.add(pointer(m.key), NotUTF8, m.valueAt, r.field(m.key)+" has a \\u escape that is half a character")
		r.settle(m.key)
	}
	name, variable := variableName(m.text)
	if !variable {
		return
	}
	if expand != nil {
		if value, ok := expand(name); ok {
			m.text, m.expanded = value, true
			r.doc.value.(map[string]any)[m.key] = value
			return
		}
	}
	r.add(pointer(m.key), UnresolvedVariable, m.valueAt, r.field(m.key)+" is a variable that nothing replaced")
	r.settle(m.key)
}

// judgeToken adds what the claims say, each fault that holds.
func (r *reading) judgeToken(warnWithin time.Duration) {
	m := r.doc.members.last(tokenField)
	if m == nil || !m.isText || r.settled[tokenField] {
		return
	}
	t, clean := read(m.text)
	t.AsOf = r.now
	const at = "/" + tokenField
	if clean == "" {
		r.add(at, Blank, m.valueAt, r.field(tokenField)+" must not be blank")
		return
	}
	if len(t.Removed) > 0 {
		r.add(at, PasteDamage, m.valueAt, r.field(tokenField)+" was damaged when it was pasted: it has "+list(t.Removed))
	}
	for _, code := range t.faults() {
		r.add(at, code, m.valueAt, r.field(tokenField)+": "+t.Why(code))
	}
	for _, code := range t.Warnings(warnWithin) {
		if code != PasteDamage {
			r.add(at, code, m.valueAt, r.field(tokenField)+": "+t.Why(code))
			r.problems[len(r.problems)-1].Severity = SeverityWarning
		}
	}
}

func (r *reading) add(pointer string, code Code, offset int, message string) {
	if r.line == 0 || offset < r.at {
		r.at, r.line, r.column = 0, 1, 1
	}
	lines, columns := position(r.doc.data[r.at:], offset-r.at)
	if lines > 1 {
		r.column = 1
	}
	r.at, r.line, r.column = offset, r.line+lines-1, r.column+columns-1
	r.problems = append(r.problems, Problem{
		Pointer: pointer, Code: code, Severity: SeverityError,
		Message: message, Remedy: code.Info().Remedy, Line: r.line, Column: r.column,
	})
}

func (r *reading) settle(key string) {
	if r.settled == nil {
		r.settled = map[string]bool{}
	}
	r.settled[key] = true
}

// field names a field for a message.
func (r *reading) field(key string) string { return fmt.Sprintf("the field %q", presentableName(key)) }

// variableName returns the NAME of a value that is wholly ${NAME}.
func variableName(s string) (name string, ok bool) {
	name, ok = strings.CutPrefix(s, "${")
	if !ok {
		return "", false
	}
	name, ok = strings.CutSuffix(name, "}")
	return name, ok && name != "" && only(name, func(c byte) bool {
		return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
	})
}
