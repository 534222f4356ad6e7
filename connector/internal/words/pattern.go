package words

import (
	"regexp"
	"sync"
)

// Pattern compiles an expression when it is first used: most runs of the command meet
// nothing that needs it, and to compile all takes longer than to validate a credential.
func Pattern(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}
