package connector

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/100ms-connector/connector-go/connector/internal/answer"
	"github.com/100ms-connector/connector-go/fixtures"
)

// docBound is how long one input may take while every processor fuzzes.
const docBound = 5 * time.Second

func FuzzProblems(f *testing.F) {
	for _, d := range fixtures.Documents(docNow) {
		if len(d.Data) <= 2*MaxDocument { // what is larger is not looked at
			f.Add(d.Data)
		}
	}
	for _, c := range fixtures.Cases(docNow) {
		f.Add(fixtures.InDocument(c.Value))
	}
	// Traps that no chance finds: numbers that a schema validator computes with,
	// keys that differ in case, depth.
	for _, trap := range []string{
		`1e10000000`, `-1e-10000000`, `{"name":1e10000000,"api_key_value":1e10000000}`, `{"name":"a","NAME":"b","Name":"c"}`,
		strings.Repeat(`{"a":`, 12000), strings.Repeat("[", 9999) + strings.Repeat("]", 9999),
		`{"$schema":{},"$schema":"x","$ref":"file:///etc/passwd","$id":1}`, "{\"\\ud800\":0,\"\\ud801\":0}", `{"":"","/":"","~":"","~1":""}`,
		"\x00{", "{\x00}\x00", "\xff\xfe", "\xef\xbb\xbf", `"`, `{"`, `{"a`, `{"a"`, `{"a":`, `{"a":0`, `{"a":0,`,
		`{"api_` + strings.Repeat("aB3dE-", 6) + `value":1}`, // found by chance: a piece of a token within a key
	} {
		f.Add([]byte(trap))
	}
	pattern := docSchema(f, docDraft7)
	f.Fuzz(func(t *testing.T, data []byte) {
		before := string(data)
		begin := time.Now()
		found := docValidator().Problems(data)
		if took := time.Since(begin); took > docBound {
			t.Errorf("%d bytes took %v", len(data), took)
		}
		if string(data) != before {
			t.Error("the document was written to")
		}
		if !slices.IsSortedFunc(found, func(a, b Problem) int {
			return cmp.Or(a.Line-b.Line, a.Column-b.Column, strings.Compare(a.Pointer, b.Pointer), strings.Compare(string(a.Code), string(b.Code)))
		}) {
			t.Errorf("not sorted: %v", found)
		}
		lines := strings.Split(before, "\n")
		for _, p := range found {
			if p.Line < 1 || p.Line > len(lines) || p.Column < 1 || p.Column > utf8.RuneCountInString(lines[p.Line-1])+1 {
				t.Errorf("%s stands at %d:%d, outside", p.Code, p.Line, p.Column)
			}
			if _, known := byCode()[p.Code]; !known || p.Message == "" || p.Remedy == "" {
				t.Errorf("%+v", p)
			}
			if p.Pointer != "" && p.Pointer[0] != '/' {
				t.Errorf("pointer %q", p.Pointer)
			}
			docShowsNoRun(t, before, p.Pointer, p.Message, p.Remedy)
		}
		docWalkHolds(t, data)
		if len(data) > MaxDocument || !utf8.Valid(data) || strings.HasPrefix(before, "\ufeff") {
			if invalid(found) == nil {
				t.Error("what is not text is valid")
			}
			return
		}
		if accepted, ok := docAccepts(pattern, data); ok {
			docCompare(t, "fuzz", data, accepted)
		} else if invalid(found) == nil && !docInspect(before).Readable() {
			t.Errorf("encoding/json cannot read it, and it has no problem")
		}
		cred, err := docValidator().Parse(data)
		if (cred == nil) == (err == nil) || err == nil && cred.Name == "" && !isBareValue(data, json.Valid(data)) {
			t.Errorf("parsed as %+v, %v", cred, err)
		}
		if invalid(found) == nil && err != nil {
			t.Errorf("without a problem, and not to be parsed: %v", err)
		}
	})
}

// docShowsNoRun looks in texts for a run of the input that has the shape of a
// key, a secret or a piece of a token: long, or of digits and of letters of both
// cases. A UUID and a person's word with hyphens are neither.
func docShowsNoRun(t *testing.T, input string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		for _, run := range strings.FieldsFunc(text, func(r rune) bool {
			return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", r)
		}) {
			mixed := strings.ContainsAny(run, "0123456789") && strings.ToLower(run) != run && strings.ToUpper(run) != run
			if (len(run) >= 64 || len(run) >= 32 && mixed) && strings.Contains(input, run) {
				t.Errorf("%q of the input is shown in %q", run, text)
			}
		}
	}
}

func FuzzInspect(f *testing.F) {
	for _, c := range fixtures.Cases(docNow) {
		f.Add(c.Value)
	}
	for _, payload := range []string{
		`{"exp":1e400}`, `{"exp":-1e400}`, `{"exp":1e10000000}`, `{"exp":-62135596800}`, `{"exp":99999999999.99999999}`, `{"exp":-0}`, `{"iat":-62135596799.5}`,
		`{"EXP":1,"exp":2,"Exp":3}`, `{"type":"management","type":null}`, `{"jti":"\ud800"}`, "{\"jti\":\"\xff\"}", `{"version":1e30}`, `{"access_key":""}`, `[]`, ``, ` {} `,
		strings.Repeat(`{"a":`, 1000) + "1" + strings.Repeat("}", 1000),
	} {
		f.Add(docRaw(payload))
	}
	for _, value := range []string{"..", ".", "...", "a.b.c", strings.Repeat(".", 10000), "Bearer Bearer", `"""`, "\xff.\xff.\xff", "bnVsbA.bnVsbA.", "e30.e30.", "W10.e30.AAAA"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		begin := time.Now()
		token := docInspect(value)
		if took := time.Since(begin); took > docBound {
			t.Errorf("%d bytes took %v", len(value), took)
		}
		data, err := json.Marshal(token)
		var object struct {
			Kind      Kind
			ExpiresAt *time.Time `json:"expires_at"`
			ExpiresIn *int64     `json:"expires_in_seconds"`
		}
		if err != nil || json.Unmarshal(data, &object) != nil {
			t.Errorf("%s, %v", data, err)
		}
		if !slices.Contains([]Kind{KindManagement, KindApp, KindUnknown}, token.Kind) || object.Kind != token.Kind {
			t.Errorf("kind %q", token.Kind)
		}
		if (object.ExpiresAt == nil) != token.ExpiresAt.IsZero() || (object.ExpiresIn == nil) != token.ExpiresAt.IsZero() {
			t.Errorf("%v is written as %s", token.ExpiresAt, data)
		}
		if (token.Fault == NotAToken) != (token.LooksLike != "") || token.Fault == NotAToken && token.Readable() {
			t.Errorf("%s, readable %v, looks like %q", token.Fault, token.Readable(), token.LooksLike)
		}
		findings := token.Findings(0)
		for i, code := range findings {
			if slices.Contains(findings[:i], code) || token.Why(code) == "" || utf8.RuneCountInString(token.Why(code)) > 250 {
				t.Errorf("findings %v: %q", findings, token.Why(code))
			}
			docShowsNoRun(t, value, token.Why(code))
		}
		if token.Fault != "" && !slices.Contains(findings, token.Fault) {
			t.Errorf("the fault %s is not among %v", token.Fault, findings)
		}
		docShowsNoRun(t, value, token.AccessKey, token.ID, token.Algorithm)
		clean, _ := Clean(value)
		if again := docInspect(clean); len(value) <= MaxDocument && again.Fault != token.Fault {
			t.Errorf("%s as pasted, %s when clean", token.Fault, again.Fault)
		}
	})
}

func FuzzClassify(f *testing.F) {
	token := docCase(f, "live").Value
	date := docNow.UTC().Format(http.TimeFormat)
	for _, body := range []string{
		``, ` `, `null`, `[]`, `{}`, `"token is expired"`, `{"limit":10,"data":[],"last":""}`, `{"limit":10,"data":null}`, `{"limit":10,"data":[],"error":"x"}`,
		`{"code":401,"message":"Token validation error","details":["not found"]}`,
		`{"code":401,"message":"token contains an invalid number of segments","data":{"description":"rpc error: code = PermissionDenied"}}`,
		`{"token":null,"msg":"signature is invalid","status":401}`, `{"details":"token is not valid yet","data":[1]}`, `{"Message":1,"DETAILS":{},"data":"x"}`,
		`Jwt is expired`, `upstream connect error`, `<html><title>Sign in</title>`, "\x1b[31mred\x1b[0m\r\n::error::x", "\x00", "\xff\xfe", `{"message":"\ud800"}`,
		`{"message":"token ` + token + ` is expired"}`, token, token[:40] + "\n" + token[40:80], strings.Repeat("[", 20000), `{"message":` + strings.Repeat("1", 5000) + `}`,
		`{"limit":1e10000000,"data":[]}`, strings.Repeat("x ", 40000),
	} {
		for _, status := range []int{200, 204, 401, 403, 404, 429, 503} {
			f.Add(status, "application/json; charset=utf-8", "5f0c", date, []byte(body), false)
		}
	}
	f.Add(401, "text/html", token, "Thu, 01 Jan 1970 00:00:00 GMT", []byte("x"), true)
	f.Add(999, "", "\x1b[31m", "Fri, 31 Dec 9999 23:59:59 GMT", []byte("x"), false)
	f.Add(-1, "\x00", strings.Repeat("x", 10000), "0", []byte("{"), false)
	f.Fuzz(func(t *testing.T, status int, contentType, requestID, date string, body []byte, truncated bool) {
		if status == 0 {
			return // no answer: there is nothing to classify
		}
		seen := exchange{
			status: status, body: body, truncated: truncated, attempts: 1, received: docNow,
			header: http.Header{"Content-Type": {contentType}, "X-Request-Id": {requestID}, "Date": {date}},
		}
		begin := time.Now()
		r := classify(seen, token, answer.IsRooms)
		if took := time.Since(begin); took > docBound {
			t.Errorf("%d bytes took %v", len(body), took)
		}
		if r.server == nil || r.server.Status != status {
			t.Fatalf("an answer of %d is %+v", status, r.server)
		}
		switch r.means {
		case answer.Success:
			if status < 200 || status > 299 || truncated || !json.Valid(bytes.TrimPrefix(body, byteOrderMark)) || r.code != "" {
				t.Errorf("%d is a success, %s: %q", status, r.code, body)
			}
		case answer.Refused, answer.SaysExpired, answer.SaysNotYet, answer.SaysSignature:
			if status != http.StatusUnauthorized && (status != http.StatusForbidden || r.means == answer.Refused) || r.code != "" {
				t.Errorf("%d is %s, %s", status, r.means, r.code)
			}
		case answer.Forbidden:
			if status != http.StatusForbidden || r.code != "" {
				t.Errorf("%d is %s, %s", status, r.means, r.code)
			}
		case trouble:
			if byCode()[r.code].Class != ClassEnvironment {
				t.Errorf("trouble of the code %q", r.code)
			}
		default:
			t.Errorf("%d is %q", status, r.means)
		}
		for _, text := range []string{r.server.Message, r.server.RequestID, r.detail} {
			if utf8.RuneCountInString(text) > maxServerWords+1 || strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c == 0x7f || c == '\u202e' }) {
				t.Errorf("not a line of bounded length: %q", text)
			}
			for i := 0; i+12 <= len(token); i++ {
				if piece := token[i : i+12]; !strings.Contains(piece, ".") && strings.Contains(text, piece) {
					t.Fatalf("%q of the token is shown in %q", piece, text)
				}
			}
		}
		if _, err := json.Marshal(r.server); err != nil {
			t.Error(err)
		}
		report := decide(facts{token: docInspect(token), reply: r, now: docNow})
		if _, err := json.Marshal(report); err != nil || report.Verdict == "" || (report.Verdict == VerdictAccepted) != (r.means == answer.Success) || len(report.Checks) != 7 {
			t.Errorf("%+v, %v", report, err)
		}
	})
}
