package connector

import (
	"reflect"
	"regexp"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// TestTheSchemaIsReadAsItsLibraryCompilesIt compares every exported field: nothing
// that the library's compiler finds in the document may be missing.
func TestTheSchemaIsReadAsItsLibraryCompilesIt(t *testing.T) {
	compiled := docSchema(t, docDraft7)
	compiled.Properties[tokenField].Pattern = nil // which read judges
	var same func(at string, got, want *jsonschema.Schema)
	same = func(at string, got, want *jsonschema.Schema) {
		g, w := reflect.ValueOf(*got), reflect.ValueOf(*want)
		for i := range g.NumField() {
			field := g.Type().Field(i)
			if !field.IsExported() {
				continue
			}
			a, b := g.Field(i).Interface(), w.Field(i).Interface()
			switch field.Name {
			case "Properties":
				if len(got.Properties) != len(want.Properties) {
					t.Errorf("%s: %d properties, want %d", at, len(got.Properties), len(want.Properties))
				}
				for name, p := range want.Properties {
					if got.Properties[name] == nil {
						t.Errorf("%s/%s is missing", at, name)
						continue
					}
					same(at+"/"+name, got.Properties[name], p)
				}
			case "Pattern":
				if text(got.Pattern) != text(want.Pattern) {
					t.Errorf("%s: the pattern is %q, want %q", at, text(got.Pattern), text(want.Pattern))
				}
			case "Format": // an annotation
			default:
				if !reflect.DeepEqual(a, b) {
					t.Errorf("%s: %s is %v, want %v", at, field.Name, a, b)
				}
			}
		}
	}
	same("", credentialSchema(), compiled)
}

func text(pattern *regexp.Regexp) string {
	if pattern == nil {
		return ""
	}
	return pattern.String()
}
