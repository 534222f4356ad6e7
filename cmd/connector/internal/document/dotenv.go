package document

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/100ms-connector/connector-go/connector"
)

// fields are the variables that are read by the names of a document's fields, in
// capitals or not.
var fields = []string{"name", "description", "api_key_value"}

// fromDotenv translates a .env file. Most of its variables are other programs':
// those that are no field and hold no secret are left out.
func fromDotenv(data []byte) (*translation, error) {
	found, err := variables(data)
	document := false
	for _, v := range found {
		document = document || slices.Contains(fields, strings.ToLower(v.key)) || nearMiss(v.key)
	}
	if !document && len(found) < 2 {
		return &translation{json: data}, nil // a pasted line and no document
	}
	if err != nil {
		return nil, err
	}
	t := new(translation)
	t.write("{", place{1, 1})
	for _, v := range found {
		key := v.key
		switch lower := strings.ToLower(key); {
		case slices.Contains(fields, lower):
			key = lower
		case !nearMiss(key) && !v.holdsSecret():
			continue
		}
		if len(t.places) > 1 {
			t.add(",")
		}
		t.write(quoted(key)+":", v.keyAt)
		t.write(quoted(v.value), v.valueAt)
	}
	t.add("}")
	return t, nil
}

// variable is one assignment of a .env file.
type variable struct {
	key, value     string
	keyAt, valueAt place
}

// holdsSecret says whether the value is one, by its look or by its name.
func (v variable) holdsSecret() bool {
	named := strings.HasSuffix(strings.ToLower(v.key), "app_secret")
	return named && v.value != "" && !strings.ContainsAny(v.value, "$%{") || connector.HoldsSecret(v.value)
}

var assignment = regexp.MustCompile(`^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*`)

// variables reads the assignments of a .env file, up to the first line that is
// none.
func variables(data []byte) ([]variable, error) {
	var found []variable
	rest := bytes.TrimPrefix(data, []byte("\ufeff"))
	for line := 1; len(rest) > 0; line++ {
		row, after, _ := bytes.Cut(rest, []byte("\n"))
		if s := bytes.TrimSpace(row); len(s) == 0 || s[0] == '#' {
			rest = after
			continue
		}
		m := assignment.FindSubmatchIndex(row)
		if m == nil {
			return found, &fault{place{line, 1 + utf8.RuneCount(indentation(row))}, "the line is neither NAME=value nor a comment"}
		}
		v := variable{
			key:   string(row[m[2]:m[3]]),
			keyAt: place{line, 1 + utf8.RuneCount(row[:m[2]])}, valueAt: place{line, 1 + utf8.RuneCount(row[:m[1]])},
		}
		text, used, message := value(rest[m[1]:])
		v.value = text
		found = append(found, v)
		if message != "" {
			return found, &fault{v.valueAt, message}
		}
		line += bytes.Count(rest[m[1]:m[1]+used], []byte("\n"))
		_, rest, _ = bytes.Cut(rest[m[1]+used:], []byte("\n"))
	}
	return found, nil
}

var escapes = strings.NewReplacer(`\n`, "\n", `\r`, "\r", `\t`, "\t", `\"`, `"`, `\$`, "$", `\\`, `\`)

// value reads the value that text begins with, and how much of the text it is. A
// quoted one may go over several lines.
func value(text []byte) (value string, used int, message string) {
	if len(text) == 0 || text[0] != '"' && text[0] != '\'' {
		line, _, _ := bytes.Cut(text, []byte("\n"))
		plain := line
		if len(line) > 0 && line[0] == '#' {
			plain = nil
		} else if at := bytes.Index(line, []byte(" #")); at >= 0 {
			plain = line[:at]
		}
		return string(bytes.TrimSpace(plain)), len(line), ""
	}
	end := 1
	for end < len(text) && text[end] != text[0] {
		if text[0] == '"' && text[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(text) {
		return "", 0, "the value begins with a quote that nothing closes"
	}
	line, _, _ := bytes.Cut(text[end+1:], []byte("\n"))
	if after := bytes.TrimSpace(line); len(after) > 0 && after[0] != '#' {
		return "", 0, "something stands behind the value's closing quote"
	}
	value = string(text[1:end])
	if text[0] == '"' {
		value = escapes.Replace(value)
	}
	return value, end + 1, ""
}
