package pasted

import (
	"regexp"
	"sync"
)

// pattern compiles an expression when it is first used: a value that is a clean token
// needs none of them, and to compile all takes longer than to validate it.
func pattern(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}
