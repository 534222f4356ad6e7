package web

import (
	"reflect"
	"testing"
)

// TestAHandlerHasNoOptionThatCanBeChanged: what guards a form that is served stays as New
// was told.
func TestAHandlerHasNoOptionThatCanBeChanged(t *testing.T) {
	for field := range reflect.TypeFor[Handler]().Fields() {
		if field.IsExported() {
			t.Errorf("Handler exports %s", field.Name)
		}
	}
}
