package connector

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/100ms-connector/connector-go/connector/internal/jsontext"
	"github.com/100ms-connector/connector-go/connector/internal/pasted"
	"github.com/100ms-connector/connector-go/connector/internal/words"
)

// judgeField says what the schema cannot: repeated keys, variables, halves of
// characters, and what a printed credential has in the secret's place.
func (r *reading) judgeField(f *field, expand func(string) (string, bool), variablesAllowed bool) {
	if f.repeats {
		r.add(f.place(), DuplicateKey, f.KeyAt, r.field(f.Key)+" is given more than once")
	}
	if f.superseded || !f.IsText || !isField(f.Key) || r.settled[f.Key] {
		return
	}
	if !utf8.ValidString(f.Text) { // of a form: a document was judged before
		r.add(f.place(), NotUTF8, f.ValueAt, r.field(f.Key)+" is not UTF-8 text")
		r.settle(f.Key)
	}
	if len(f.Raw) > 0 && strings.ContainsRune(f.Text, utf8.RuneError) && jsontext.LoneSurrogate(f.Raw) {
		r.add(f.place(), NotUTF8, f.ValueAt, r.field(f.Key)+" has a \\u escape that is half a character")
		r.settle(f.Key)
	}
	if f.Key == tokenField && f.Text == pasted.Redacted {
		r.add(f.place(), NotAToken, f.ValueAt, r.field(f.Key)+` holds "[redacted]", which is printed in a secret's place`)
		r.settle(f.Key)
	}
	if !pasted.IsVariable(f.Text) {
		return
	}
	if name, plain := variableName(f.Text); plain && expand != nil {
		if value, ok := expand(name); ok {
			f.Text, f.expanded = value, true
			r.doc.value.(map[string]any)[f.Key] = value
			return
		}
	}
	if !variablesAllowed {
		r.add(f.place(), UnresolvedVariable, f.ValueAt, r.field(f.Key)+" is a variable that nothing replaced")
	}
	r.settle(f.Key)
}

// expandValue replaces a value alone that is a variable. What it stands for is judged,
// whether variables were required or not.
func (r *reading) expandValue(expand func(string) (string, bool)) {
	f := &r.doc.fields[0]
	name, plain := variableName(strings.TrimSpace(f.Text))
	if !plain || expand == nil {
		return
	}
	if value, ok := expand(name); ok {
		f.Text, f.expanded = value, true
		delete(r.settled, tokenField)
	}
}

// variableName returns the NAME of a value that is wholly ${NAME}.
func variableName(s string) (name string, ok bool) {
	s, _ = strings.CutPrefix(s, "Bearer ")
	if !plainVariable.MatchString(s) {
		return "", false
	}
	return s[len("${") : len(s)-len("}")], true
}

var plainVariable = regexp.MustCompile(`^\$\{[A-Za-z0-9_]+\}$`)

// requireVariables finds the secrets that stand in the document itself: the token
// and an App Secret that are no variable, and what holds one elsewhere.
func (r *reading) requireVariables() {
	literal := func(where string, f field) {
		r.add(f.place(), LiteralSecret, f.ValueAt, where+" holds a secret, and not a variable that stands for one")
		r.settle(f.Key)
	}
	if r.doc.bare {
		if f := r.doc.fields[0]; !pasted.IsPureVariable(f.Text) {
			literal("the value", f)
		}
		r.settle(tokenField)
		return
	}
	for _, f := range r.doc.fields {
		if f.IsText && !f.superseded && isSecretField(f.Key) && strings.TrimSpace(f.Text) != "" && !pasted.IsPureVariable(f.Text) {
			literal(r.field(f.Key), f)
		}
	}
	for _, s := range jsontext.Strings(r.doc.data[r.doc.start:]) {
		s.At += r.doc.start
		judged := slices.ContainsFunc(r.doc.fields, func(f field) bool { return f.ValueAt == s.At && isSecretField(f.Key) })
		if judged || !pasted.HoldsSecret(s.Text) {
			continue
		}
		literal(r.field(last(s.Path)), field{Member: jsontext.Member{Key: last(s.Path), ValueAt: s.At}, pointer: pointer(s.Path...)})
	}
}

// isKeyFile says whether the document holds an App Secret and no token, so that
// nothing else need be said of it. Where it holds both, the secret is one problem
// among others.
func (r *reading) isKeyFile(variablesAllowed bool) bool {
	if !r.hasOtherFields() {
		return false
	}
	found := false
	for _, s := range jsontext.Strings(r.doc.data[r.doc.start:]) {
		s.At += r.doc.start
		if len(s.Path) == 0 || len(s.Path) == 1 && isField(s.Path[0]) {
			continue
		}
		named := isSecretName(last(s.Path)) && s.Text != ""
		if !named && pasted.Looks(s.Text) != pasted.AppSecret {
			continue
		}
		found = true
		if !variablesAllowed { // else it is a variable, or a literal secret already
			r.add(pointer(s.Path...), HoldsSigningKey, s.At, r.field(last(s.Path))+" holds an App Secret: this is a key file, not a credential")
		}
		r.settle(s.Path[0])
	}
	return found && r.doc.last(tokenField) == nil
}

// hasOtherFields says whether there is a field that is none of a credential's. The
// usual document has none, and need not be searched.
func (r *reading) hasOtherFields() bool {
	return slices.ContainsFunc(r.doc.fields, func(f field) bool { return !isField(f.Key) })
}

// isSecretField says whether the field is one whose whole value is a secret.
func isSecretField(key string) bool { return key == tokenField || isSecretName(key) }

// isSecretName says whether a key names an App Secret, as key files and
// environments spell it.
func isSecretName(key string) bool {
	switch words.Squeeze(key) {
	case "appsecret", "hmsappsecret", "100msappsecret":
		return true
	}
	return false
}

func last(path []string) string {
	if len(path) == 0 {
		return ""
	}
	return path[len(path)-1]
}

// tokenElsewhere is a token that stands in a field which is none of a credential's.
type tokenElsewhere struct {
	jsontext.String
	what string // a token, or what else holds one
}

// tokensElsewhere lists the tokens that stand in other fields than their own: in
// one of another name, or deeper in a document that somebody else made.
func (r *reading) tokensElsewhere() []tokenElsewhere {
	const most = 10
	var found []tokenElsewhere
	if !r.hasOtherFields() {
		return nil
	}
	for _, s := range jsontext.Strings(r.doc.data[r.doc.start:]) {
		s.At += r.doc.start
		if len(s.Path) == 1 && isField(s.Path[0]) || len(s.Text) < 40 || len(found) == most {
			continue
		}
		t, clean := read(s.Text)
		switch {
		case t.readable:
			found = append(found, tokenElsewhere{s, "the token"})
		case pasted.Looks(clean) == pasted.EncodedToken:
			found = append(found, tokenElsewhere{s, "a token that was base64-encoded once more"})
		}
	}
	return found
}

// name is the place in words: "management_token", "values/0/value".
func (t tokenElsewhere) name() string {
	return fmt.Sprintf("%q", strings.TrimPrefix(pointer(t.Path...), "/"))
}

// remedy says where the token belongs.
func (t tokenElsewhere) remedy() string {
	move := fmt.Sprintf("Give the token in a field %q beside %q.", tokenField, "name")
	if len(t.Path) == 1 {
		move = fmt.Sprintf("Rename the field to %q.", tokenField)
	}
	if t.what != "the token" {
		return "Decode it once (base64 -d). " + move
	}
	return move
}
