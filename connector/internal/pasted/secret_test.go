package pasted

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/100ms-connector/connector-go/fixtures"
)

func TestOneRuleSaysWhatIsASecret(t *testing.T) {
	k := fixtures.Workspace()
	token := caseOf(t, "live").Value
	parts := strings.Split(token, ".")
	for _, c := range []struct {
		name, text   string
		holds, could bool
	}{
		{"a token", token, true, true},
		{"a token in a sentence", "ours is " + token + ", mind it", true, true},
		{"a token in quotes", `"` + token + `"`, true, true},
		{"a token behind a name", "token=" + token, true, true},
		{"a token that was cut off", token[:60], true, true},
		{"the beginning of a token", token[:36], true, true},
		{"the claims alone", parts[1], true, true},
		{"claims glued to a word", "x" + parts[1], true, true},
		{"a token in base64", base64.StdEncoding.EncodeToString([]byte(token)), true, true},
		{"an App Secret", k.AppSecret, true, true},
		{"an App Secret behind its name", "secret=" + k.AppSecret, true, true},
		{"an App Secret behind its access key", k.AccessKey + ":" + k.AppSecret, true, true},
		{"an App Secret in a sentence", "the secret is " + k.AppSecret + " of March", true, true},
		{"access key and App Secret in a Basic header", "Basic " + base64.StdEncoding.EncodeToString([]byte(k.AccessKey+":"+k.AppSecret)), true, true},
		{"the signature alone", parts[2], false, true},
		{"an access key", k.AccessKey, false, true},
		{"a room code", "abc-defg-hij", false, true},
		{"a SHA-256 in hexadecimal digits", strings.Repeat("0a1b2c3d", 8), false, true},
		{"nothing", "", false, false},
		{"a name", "100ms production", false, false},
		{"250 x", strings.Repeat("x", 250), false, false},
		{"a UUID", "0f8fad5b-d9cb-469f-a165-70867728950e", false, false},
		{"a path", "/var/lib/connector/credentials/production-of-the-data-team/2026-11-26/100ms.json", false, false},
		{"a long name of words", strings.Repeat("the-workspace-of-the-data-team-", 4), false, true},
		{"a long sentence", strings.Repeat("This is the workspace of the data team, 2026. ", 6), false, false},
		{"another script", strings.Repeat("日本語", 40), false, false},
		{"eyJ and nothing behind it", "eyJ", false, false},
		{"a word that begins like a token", "eyJohannes of the production team", false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := HoldsSecret(c.text); got != c.holds {
				t.Errorf("holds a secret: %t", got)
			}
			if got := CouldBeSecret(c.text); got != c.could {
				t.Errorf("could be one: %t", got)
			}
		})
	}
}

func TestAVariableIsKnownInEveryNotation(t *testing.T) {
	for _, c := range []struct {
		text                string
		variable, pure, not bool
	}{
		{"${HMS_TOKEN}", true, true, false},
		{"$HMS_TOKEN", true, true, false},
		{"%HMS_TOKEN%", true, true, false},
		{"{{ hms_token }}", true, true, false},
		{"{{hms_token}}", true, true, false},
		{"${{ secrets.HMS_TOKEN }}", true, true, false},
		{"Bearer ${HMS_TOKEN}", true, true, false},
		{"Bearer $HMS_TOKEN", true, true, false},
		{"${HMS_TOKEN:-abc}", true, false, false},
		{"${HMS_TOKEN-abc}", true, false, false},
		{"${HMS_TOKEN:=abc}", true, false, false},
		{"${{ secrets.HMS_TOKEN || 'abc' }}", true, false, false},
		{`{{ token | default "abc" }}`, true, false, false},
		{"${A}${B}", false, false, false},
		{"x${A}", false, false, false},
		{"${A}x", false, false, false},
		{"$5", false, false, false},
		{"100%", false, false, false},
		{"${}", false, false, false},
		{"", false, false, false},
	} {
		if got := IsVariable(c.text); got != c.variable {
			t.Errorf("%q is a variable: %t", c.text, got)
		}
		if got := IsPureVariable(c.text); got != c.pure {
			t.Errorf("%q is a variable without a default: %t", c.text, got)
		}
	}
}
