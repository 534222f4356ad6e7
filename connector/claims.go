package connector

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/100ms-connector/connector-go/connector/internal/jsontext"
	"github.com/100ms-connector/connector-go/connector/internal/pasted"
	"github.com/100ms-connector/connector-go/connector/internal/words"
)

// claim finds a claim; nil if there is none. One that is null counts as absent, as
// for the libraries that servers use.
func claim(claims jsontext.Members, name string) *jsontext.Member {
	if c := claims.Last(name); c != nil && !c.IsNull() {
		return c
	}
	return nil
}

// withClaims reads the claims. Every other claim is tolerated: real tokens carry
// iss, sub and app_data.
func (t Token) withClaims(claims jsontext.Members) Token {
	key, id, user, typ := claim(claims, "access_key"), claim(claims, "jti"), claim(claims, "user_id"), claim(claims, "type")
	if key != nil {
		t.AccessKey = presentableKey(key.Text)
	}
	if id != nil {
		t.ID = pasted.Presentable(id.Text, 64)
	}
	if v, ok := number(claim(claims, "version")); ok && v == float64(int16(v)) {
		t.Version = int(v)
	}
	switch {
	case typ != nil && typ.Text == "management":
		t.Kind = Management
	case typ != nil && typ.Text == "app":
		t.Kind = App
	case typ == nil && (user != nil || claim(claims, "room_id") != nil || claim(claims, "role") != nil):
		t.Kind = App
	}
	t.endless = claim(claims, "exp") == nil
	for _, c := range [...]struct {
		name string
		at   *time.Time
	}{{"iat", &t.IssuedAt}, {"nbf", &t.NotBefore}, {"exp", &t.ExpiresAt}} {
		var evidence string
		if *c.at, evidence = seconds(c.name, claim(claims, c.name)); evidence != "" {
			t = t.malformed(evidence)
		}
	}
	t.contradiction = t.contradict()
	t.odd = oddity(key, user, claim(claims, "version"))
	return t
}

// oddity says what the claims have that no token of 100ms has, the likeliest cause of
// a refusal first.
func oddity(key, user, version *jsontext.Member) string {
	text := ""
	if key != nil {
		text = key.Text
	}
	switch trimmed := strings.TrimSpace(text); {
	case text == "":
		return "it has no access_key claim"
	case trimmed != text && pasted.IsAccessKey(trimmed):
		return "its access_key claim has a line end or white space around the key: trim what is read from the file before you sign"
	case len(text) != 24 && len(text) >= 20 && len(text) <= 28 && pasted.IsHex(text):
		return fmt.Sprintf("its access_key claim has %s where an access key has 24", words.Count(len(text), "hexadecimal digit"))
	case !pasted.IsAccessKey(text):
		return "its access_key claim is not 24 hexadecimal digits; perhaps access key and App Secret were swapped when it was signed"
	case user != nil && !user.IsText:
		return "its user_id claim is not a string, which the API was seen to refuse"
	case version == nil:
		return "it has no version claim; tokens of 100ms have version 2"
	}
	return ""
}

// contradict says why the times cannot be right together; empty if they can. The
// next token from the same code would be as dead, so it is no use to wait or to sign
// again.
func (t Token) contradict() string {
	for _, c := range [...]struct {
		name string
		at   time.Time
	}{{"exp", t.ExpiresAt}, {"nbf", t.NotBefore}, {"iat", t.IssuedAt}} {
		if c.at.IsZero() || !c.at.Before(earliest) {
			continue
		}
		why := fmt.Sprintf("its %s claim is %d, which is %s", c.name, c.at.Unix(), words.Moment(c.at))
		if c.name == "exp" && c.at.Unix() > 0 {
			return why + "; it is not how long the token lives, but the seconds from 1970 to its end"
		}
		return why + "; it counts the seconds since 1970"
	}
	for _, c := range [...]struct {
		name string
		at   time.Time
	}{{"iat", t.IssuedAt}, {"nbf", t.NotBefore}} {
		if !c.at.IsZero() && !t.ExpiresAt.IsZero() && !t.ExpiresAt.After(c.at) {
			return fmt.Sprintf("its exp claim (%s) is not after its %s claim (%s), so it is never valid", words.Moment(t.ExpiresAt), c.name, words.Moment(c.at))
		}
	}
	return ""
}

// earliest is before every token of 100ms. A time before it is a duration, or counts
// in another unit.
var earliest = time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC)

// number is a claim that is a number; one beyond all numbers is infinite.
func number(c *jsontext.Member) (float64, bool) {
	if c == nil || c.Raw[0] != '-' && (c.Raw[0] < '0' || c.Raw[0] > '9') {
		return 0, false
	}
	f, _ := strconv.ParseFloat(string(c.Raw), 64)
	return f, true
}

// seconds reads a claim that counts seconds. The evidence says why it cannot be
// right; it is empty if it can, or if there is no such claim.
func seconds(name string, c *jsontext.Member) (at time.Time, evidence string) {
	n, ok := number(c)
	switch {
	case c == nil:
		return at, ""
	case !ok:
		return at, "its " + name + " claim is not a number"
	case n >= 1e11: // the year 5138
		return at, "its " + name + " claim cannot be right: was it given in milliseconds? It counts seconds"
	case n <= -62135596800: // the year 1, which is Go's way to say none; before it no calendar can print
		return at, "its " + name + " claim cannot be right: it lies before the year 1"
	}
	whole := math.Floor(n)
	return time.Unix(int64(whole), int64((n-whole)*1e9)).UTC(), ""
}

// presentableKey shows an access key, which is an identifier and no secret; but
// people who sign tokens swap the two, and then the claim holds the App Secret.
func presentableKey(s string) string {
	if pasted.IsAccessKey(s) {
		return s
	}
	return pasted.Presentable(s, 64)
}
