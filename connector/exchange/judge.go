package exchange

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/100ms-connector/connector-go/connector/internal/jsontext"
	"github.com/100ms-connector/connector-go/connector/internal/pasted"
	"github.com/100ms-connector/connector-go/connector/internal/words"
)

// MaxRecord is the most bytes that a record to be written may have.
const MaxRecord = 1 << 20

// maxDepth is how deep a record may be nested. The deepest that an action declares has six levels.
const maxDepth = 32

// Problem is what makes a record invalid.
type Problem struct {
	Code    string // CodeSchema or CodeRedacted
	Field   string // its path, as in recording_info.upload_info.type; empty if the record itself is meant
	Offset  int    // in bytes from the record's beginning, of what is wrong
	Message string // for people: the field and the rule, and no value of the record
}

// Judge gives all problems of a record, in the order of their places; none if it can be
// written. It asks nobody.
func (a Action) Judge(record json.RawMessage) []Problem {
	whole := func(at int, message string) []Problem { return []Problem{{CodeSchema, "", at, message}} }
	if len(record) > MaxRecord {
		return whole(0, "the record is larger than 1 MiB")
	}
	if !utf8.Valid(record) {
		return whole(invalidAt(record), "the record is not UTF-8")
	}
	if at, evidence := jsontext.Fault(record); evidence != "" {
		return whole(at, "the record is not JSON: "+strings.TrimPrefix(evidence, "this is not JSON: "))
	}
	start := len(record) - len(bytes.TrimLeft(record, " \t\r\n"))
	if record[start] != '{' {
		return whole(start, "the record must be an object")
	}
	if jsontext.Depth(record) > maxDepth {
		return whole(start, fmt.Sprintf("the record is nested more than %d levels deep", maxDepth))
	}
	d := declarationOf(a.Name)
	j := &judging{declared: d, at: map[string]spot{}, read: d.read}
	j.walk("", record, 0)
	if !j.unreadable {
		j.schema(record)
	}
	slices.SortStableFunc(j.problems, func(a, b Problem) int { return a.Offset - b.Offset })
	return j.problems
}

func invalidAt(text []byte) int {
	for at := 0; ; {
		r, n := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && n <= 1 {
			return at
		}
		at += n
	}
}

// spot is where a value stands in a record.
type spot struct {
	key   int // where its key begins; of an element of an array, where the value does
	value int
	raw   []byte
}

// judging is the judgement of one record.
type judging struct {
	declared   *declaration
	at         map[string]spot // by the path as the schema's library writes it
	problems   []Problem
	read       map[string]bool // the fields of what the API gives
	unreadable bool            // there is a value on which the library must not be let
}

func (j *judging) add(code, pointer string, at int, message string) {
	j.problems = append(j.problems, Problem{code, dotted(pointer), at, message})
}

// walk notes where each value stands, and judges what the schema's library cannot.
func (j *judging) walk(pointer string, raw []byte, at int) {
	if lead := len(raw) - len(bytes.TrimLeft(raw, " \t\r\n")); lead > 0 {
		raw, at = raw[lead:], at+lead
	}
	key := at
	if known, ok := j.at[pointer]; ok {
		key = known.key
	}
	j.at[pointer] = spot{key, at, raw}
	switch raw[0] {
	case '{':
		seen := map[string]bool{}
		_, members := jsontext.Object(raw)
		for _, m := range members {
			inner := pointer + "/" + escapePointer.Replace(m.Key)
			if seen[m.Key] {
				j.add(CodeSchema, inner, at+m.KeyAt, named(inner)+" stands twice")
			}
			seen[m.Key] = true
			j.at[inner] = spot{key: at + m.KeyAt}
			j.walk(inner, m.Raw, at+m.ValueAt)
		}
	case '[':
		i := 0
		for element := range jsontext.Elements(raw) {
			j.walk(pointer+"/"+strconv.Itoa(i), element, at+cap(raw)-cap(element)) // a part of the text ends where it does
			i++
		}
	case '"':
		switch {
		case strings.Contains(jsontext.Unquote(raw), pasted.Redacted):
			j.add(CodeRedacted, pointer, at, named(pointer)+" holds "+pasted.Redacted+", which stands for a secret that was taken out; give the value itself, or leave the field out")
		case jsontext.LoneSurrogate(raw):
			j.add(CodeSchema, pointer, at, named(pointer)+" holds half of a surrogate pair, which is no character")
		}
	case 't', 'f', 'n':
	default:
		j.number(pointer, string(raw), at)
	}
}

// number judges the text of a number. The schema's library takes 1.0 for an integer, and
// seconds or a panic for a long exponent.
func (j *judging) number(pointer, text string, at int) {
	switch {
	case len(text) > 20 || strings.ContainsAny(text, "eE"):
		j.unreadable = true
		j.add(CodeSchema, pointer, at, named(pointer)+" must be a number of at most 20 digits, without an exponent")
	case strings.HasSuffix(strings.TrimRight(text, "0"), ".") && j.declared.root.at(pointer).Type == "integer":
		j.add(CodeSchema, pointer, at, named(pointer)+" must be a whole number, written without a fraction")
	}
}

// schema lets the schema's library judge the record.
func (j *judging) schema(record []byte) {
	decoder := json.NewDecoder(bytes.NewReader(record))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil { // it was found to be JSON
		return
	}
	if failure, ok := errors.AsType[*jsonschema.ValidationError](j.declared.compiled.Validate(value)); ok {
		j.cause(failure)
	}
}

// cause says what the library found, in words of ours: its messages quote values.
func (j *judging) cause(failure *jsonschema.ValidationError) {
	keyword := path.Base(failure.KeywordLocation)
	if len(failure.Causes) > 0 && keyword != "oneOf" {
		for _, cause := range failure.Causes {
			j.cause(cause)
		}
		return
	}
	pointer := failure.InstanceLocation
	where, r := j.at[pointer], j.declared.root.at(pointer)
	said := ""
	switch keyword {
	case "oneOf":
		said = "give one of " + r.alternatives() + ", and not both"
	case "additionalProperties":
		j.unknown(pointer, where, r)
		return
	case "required":
		for _, field := range quoted.FindAllStringSubmatch(failure.Message, -1) { // names of the schema's
			missing := pointer + "/" + field[1]
			j.add(CodeSchema, missing, where.value, named(missing)+" is required and missing")
		}
		return
	case "type":
		said = named(pointer) + " must be " + typeNames[r.Type] + ", not " + kindOf(where.raw)
	case "enum":
		said = named(pointer) + " must be one of " + strings.Join(r.Enum, ", ")
	case "minimum", "maximum":
		said = named(pointer) + " must be " + r.bounds()
	case "minLength":
		said = named(pointer) + " must not be empty"
	case "maxLength":
		said = fmt.Sprintf("%s has more than the %d characters allowed", named(pointer), r.MaxLength)
	case "minItems", "maxItems":
		said = fmt.Sprintf("%s must have %d to %d elements", named(pointer), r.MinItems, r.MaxItems)
	default: // pattern, format
		said = named(pointer) + " does not have its form: " + strings.TrimSuffix(r.Description, ".")
	}
	for branch, of := range map[string]*rule{"/then/": j.declared.root.Then, "/else/": j.declared.root.Else} {
		if strings.HasPrefix(failure.KeywordLocation, branch) {
			said = of.Description
		}
	}
	if p := (Problem{CodeSchema, dotted(pointer), where.value, said}); !slices.Contains(j.problems, p) { // of a pattern and a format one is told
		j.problems = append(j.problems, p)
	}
}

// quoted finds the names in the library's message about what is missing.
var quoted = regexp.MustCompile(`'([^']+)'`)

// unknown judges the fields of an object that its rule does not have.
func (j *judging) unknown(pointer string, where spot, r *rule) {
	_, members := jsontext.Object(where.raw)
	for _, m := range members {
		if r.Properties[m.Key] != nil {
			continue
		}
		field := pointer + "/" + escapePointer.Replace(m.Key)
		said := named(field) + " is none of the fields of this action"
		near := words.Nearest(m.Key, slices.Sorted(maps.Keys(r.Properties)))
		switch {
		case pointer == "" && j.read[m.Key]:
			said = named(field) + " is 100ms's to give, and cannot be written; leave it out"
		case near != "":
			said += fmt.Sprintf("; did you mean %q?", near)
		}
		j.add(CodeSchema, field, j.at[field].key, said)
	}
}

// alternatives are the fields of which one is to be given.
func (r *rule) alternatives() string {
	var fields []string
	for _, alternative := range r.OneOf {
		fields = append(fields, alternative.Required...)
	}
	return strings.Join(fields, " and ")
}

func (r *rule) bounds() string {
	switch {
	case r.Minimum == "":
		return "at most " + r.Maximum.String()
	case r.Maximum == "":
		return "at least " + r.Minimum.String()
	}
	return r.Minimum.String() + " to " + r.Maximum.String()
}

var typeNames = map[string]string{"string": "a text", "integer": "a whole number", "number": "a number", "boolean": "true or false", "array": "a list", "object": "an object"}

// kindOf says what a value is.
func kindOf(raw []byte) string {
	switch raw[0] {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a text"
	case 'n':
		return "null"
	case 't', 'f':
		return "true or false"
	}
	return "a number"
}

var (
	escapePointer   = strings.NewReplacer("~", "~0", "/", "~1")
	unescapePointer = strings.NewReplacer("~1", "/", "~0", "~")
)

// dotted is a path as people write it. What could be a secret is not shown.
func dotted(pointer string) string {
	path := unescapePointer.Replace(strings.ReplaceAll(strings.TrimPrefix(pointer, "/"), "/", "."))
	if pasted.HoldsSecret(path) {
		return pasted.Redacted
	}
	return pasted.Clip(path, 200)
}

// named is the field at a path, in a message.
func named(pointer string) string {
	if pointer == "" {
		return "the record"
	}
	return fmt.Sprintf("the field %q", dotted(pointer))
}
