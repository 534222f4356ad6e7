package webhook

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/internal/jsontext"
	"github.com/100ms-connector/connector-go/schema"
)

// Event is a webhook that came.
type Event struct {
	ID        string    // 100ms's, or the sha256 of the body as it came, in hexadecimal
	Type      string    // as in session.open.success; empty if it has none
	Timestamp time.Time // when it happened, by its own word; zero if that is no time
	Received  time.Time
	Replay    bool            // 100ms sent it again because it was asked to
	RoomID    string          // empty if it is about none
	SessionID string          // empty if it is about none
	Body      json.RawMessage // one object on one line, as it came but for secrets
}

// Bounds of a body.
const (
	MaxBody  = 1 << 20 // in bytes
	maxDepth = 100     // of its brackets; the documented ones nest four deep
	maxText  = 200     // characters of what has a column of its own
)

var errBody = errors.New("the body is no JSON object")

var redactor = sync.OnceValues(func() (*exchange.Redactor, error) {
	return exchange.NewRedactor([]byte(schema.Event))
})

// read makes an event of a body. Bytes that are no UTF-8 become U+FFFD, as
// encoding/json reads them, for databases take no others.
func read(body []byte, secrets bool) (Event, error) {
	sum := sha256.Sum256(body)
	if !utf8.Valid(body) {
		body = []byte(string([]rune(string(body))))
	}
	body = bytes.TrimSpace(body)
	if len(body) == 0 || body[0] != '{' || jsontext.Depth(body) > maxDepth || !json.Valid(body) {
		return Event{}, errBody
	}
	var said struct {
		ID, Type, Timestamp text
		Replay              flag `json:"is_replay"`
		Data                object
	}
	if err := json.Unmarshal(body, &said); err != nil {
		return Event{}, errBody // does not occur: each field takes any value
	}
	e := Event{
		ID: string(said.ID), Type: string(said.Type), Received: time.Now(), Replay: bool(said.Replay),
		RoomID: said.Data.text("room_id"), SessionID: said.Data.text("session_id"),
	}
	if e.ID == "" {
		e.ID = hex.EncodeToString(sum[:])
	}
	e.Timestamp, _ = time.Parse(time.RFC3339, string(said.Timestamp)) // an odd one is no reason to refuse an event
	if year := e.Timestamp.Year(); year < 1 || year > 9999 {
		e.Timestamp = time.Time{}
	}
	r, err := redactor()
	if err != nil {
		return Event{}, err
	}
	e.Body, err = r.Object(body, secrets)
	return e, err
}

// text is a string of a length that a column takes; anything else is empty.
type text string

func (t *text) UnmarshalJSON(data []byte) error {
	var s string
	if data[0] == '"' && json.Unmarshal(data, &s) == nil && !strings.ContainsRune(s, 0) && utf8.RuneCountInString(s) <= maxText {
		*t = text(s)
	} else {
		*t = ""
	}
	return nil
}

// flag is true if the value is.
type flag bool

func (f *flag) UnmarshalJSON(data []byte) error {
	*f = string(data) == "true"
	return nil
}

// object has the fields of an object; none of anything else.
type object map[string]json.RawMessage

func (o *object) UnmarshalJSON(data []byte) error {
	fields := map[string]json.RawMessage{}
	if data[0] == '{' && json.Unmarshal(data, &fields) == nil {
		*o = fields
	}
	return nil
}

func (o object) text(name string) string {
	var t text
	if value := o[name]; len(value) > 0 {
		_ = t.UnmarshalJSON(value) // it takes any value
	}
	return string(t)
}
