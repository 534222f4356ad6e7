package connector

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/100ms-connector/connector-go/connector/internal/pasted"
)

const redacted = pasted.Redacted

// Secret is a string that is not shown: every verb that fmt accepts for a
// string, slog and encoders print [redacted]. Reveal is the only way out.
//
// It guards against printing by accident, not against code that wants the value:
// a conversion to string gets at it as Reveal does. Three ways to print it stay open
// to accidents: fmt cannot ask an unexported struct
// field how it wants to be printed, so keep a Secret in exported fields; fmt
// prints the operand of a verb that makes no sense, %p or %w, which go vet
// reports; and encoding/json writes a map's string keys as they are.
type Secret string

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

// Token returns the secret, cleaned as Clean does, which makes a fixed management
// token a TokenSource. What is no token at all, an App Secret or a room code, is
// not for sending: the error is NotAToken.
func (s Secret) Token(context.Context) (Secret, error) {
	clean, _ := pasted.Clean(string(s))
	if _, evidence := pasted.Cut(clean); evidence != "" {
		return "", NotAToken
	}
	return Secret(clean), nil
}

// String returns [redacted].
func (s Secret) String() string { return redacted }

// Format writes [redacted] for every verb, %x and %q among them.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// MarshalText returns [redacted], for JSON and every encoder that asks for text.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalBinary returns [redacted], for encoding/gob and its like.
func (s Secret) MarshalBinary() ([]byte, error) { return []byte(redacted), nil }

// LogValue returns [redacted].
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
