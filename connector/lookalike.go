package connector

import "strings"

// Lookalike says what a value that is not a token looks like.
type Lookalike string

// What people paste in a token's place.
const (
	AccessKeyLike Lookalike = "access_key" // 24 hexadecimal digits
	AppSecretLike Lookalike = "app_secret" // about 172 base64url characters, alone or behind "accessKey:"
	RoomCodeLike  Lookalike = "room_code"  // abc-defg-hij
	EmptyLike     Lookalike = "empty"
	UnknownLike   Lookalike = "unknown"
)

// presentableKey shows an access key, which is an identifier and no secret; but
// people who sign tokens swap the two, and then the claim holds the App Secret.
func presentableKey(s string) string {
	if lookalike(s) == AccessKeyLike {
		return s
	}
	return presentable(s, 64)
}

// lookalike says what a value that is not a token looks like.
func lookalike(value string) Lookalike {
	_, tail, _ := strings.Cut(value, ":")
	switch {
	case value == "":
		return EmptyLike
	case len(value) == 24 && only(value, func(c byte) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' }):
		return AccessKeyLike
	case roomCode(value):
		return RoomCodeLike
	case isPart(value):
		return UnknownLike
	case secretShaped(value), secretShaped(tail):
		return AppSecretLike
	}
	return UnknownLike
}

// secretShaped: public samples of App Secrets have 172 characters. A range is
// taken, for the length is not documented.
func secretShaped(s string) bool {
	body := strings.TrimRight(s, "=")
	return len(body) >= 80 && len(s) <= 512 && only(body, func(c byte) bool { return base64url(c) || c == '+' || c == '/' })
}

// isPart says whether a value is the header or the claims of a token alone: what
// a double click selects.
func isPart(value string) bool {
	_, ok := decodeSegment(value)
	return ok
}

func roomCode(s string) bool {
	return len(s) == 12 && s[3] == '-' && s[8] == '-' &&
		only(s[:3]+s[4:8]+s[9:], func(c byte) bool { return c >= 'a' && c <= 'z' })
}

func only(s string, ok func(byte) bool) bool {
	for i := 0; i < len(s); i++ {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}
