package connector_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

// A hex dump of a secret is the secret, so the search is for it in hex as well.
func hidden(t *testing.T, what, text, secret string) {
	t.Helper()
	for form, s := range map[string]string{"": secret, " in hex": fmt.Sprintf("%x", secret), " in HEX": fmt.Sprintf("%X", secret), " in bytes": strings.Trim(fmt.Sprint([]byte(secret)), "[]")} {
		if strings.Contains(text, s) {
			t.Errorf("%s shows the secret%s: %s", what, form, text)
		}
	}
}

// What fmt cannot be taught is left out here: %p and %w are no verbs for a
// string, and fmt writes the operand of such a mistake without asking its type.
// go vet reports both.
func TestNoVerbShowsASecret(t *testing.T) {
	const plain = "s3cr3t-v4lu3"
	secret := connector.Secret(plain)
	type inner struct{ Key connector.Secret }
	type outer struct {
		Name  string
		Inner inner
		Point *connector.Secret
		Any   any
		List  []connector.Secret
		Map   map[string]connector.Secret
	}
	full := outer{"n", inner{secret}, &secret, secret, []connector.Secret{secret}, map[string]connector.Secret{"k": secret}}
	values := map[string]any{
		"a secret": secret, "a pointer to it": &secret, "a struct": inner{secret}, "a pointer to a struct": &inner{secret},
		"nested structs": full, "a pointer to nested structs": &full,
		"a slice": []connector.Secret{secret}, "an array": [1]connector.Secret{secret}, "a slice of any": []any{secret, &secret, inner{secret}},
		"a map": map[string]connector.Secret{"k": secret}, "a map's key": map[connector.Secret]bool{secret: true}, "a map of structs": map[string]inner{"k": {secret}},
		"an embedded secret": struct{ connector.Secret }{secret},
		"a credential":       connector.Credential{APIKeyValue: secret}, "a pointer to a credential": &connector.Credential{APIKeyValue: secret},
		"a transport": connector.Transport{Source: secret}, "a pointer to a transport": &connector.Transport{Source: secret},
		"an error": fmt.Errorf("with %v: %w", secret, errors.Join(fmt.Errorf("%s", secret), fmt.Errorf("%q", secret))),
	}
	for what, v := range values {
		for _, verb := range strings.Fields("%v %+v %#v %s %q %+q %#q %x %X %#x %d %t %c %U %b %o %O %e %g %20s %-20.3s %020d %[1]v %T") {
			hidden(t, what+" under "+verb, fmt.Sprintf(verb, v), plain)
		}
		hidden(t, what+" under % x", fmt.Sprintf("% x", v), plain)
		format := "no verb" // a variable, for vet rightly warns of the mistake
		//lint:ignore SA5009 the mistake is what is tested
		hidden(t, what+" as an argument too many", fmt.Sprintf(format, v), plain)
		hidden(t, what+" as a width", fmt.Sprintf("%*d", v, 1), plain)
		hidden(t, what+" printed", fmt.Sprint(v)+fmt.Sprintln(v), plain)
	}
	for _, verb := range []string{"%v", "%s", "%q", "%x", "%d"} {
		if got := fmt.Sprintf(verb, secret); got != "[redacted]" {
			t.Errorf("%s gives %q", verb, got)
		}
	}
	if secret.Reveal() != plain || secret.String() != "[redacted]" {
		t.Error("Reveal is not the one way out")
	}
	token := liveToken()
	if got, err := connector.Secret("Bearer " + token + "\n").Token(context.Background()); err != nil || got.Reveal() != token {
		t.Error("a Secret is not its own source")
	}
}

func TestNoEncoderOrLoggerShowsASecret(t *testing.T) {
	const plain = "s3cr3t-v4lu3"
	secret := connector.Secret(plain)
	type element struct {
		Key       connector.Secret
		Attribute connector.Secret `xml:",attr"`
		Point     *connector.Secret
		List      []connector.Secret
	}
	e := element{secret, secret, &secret, []connector.Secret{secret}}
	cred := &connector.Credential{Name: "n", APIKeyValue: secret}

	marks := func(what, text string, err error, times int) {
		t.Helper()
		hidden(t, what, text, plain)
		if err != nil || strings.Count(text, "[redacted]") != times {
			t.Errorf("%s: %s (%v), want it redacted %d times", what, text, err, times)
		}
	}
	data, err := json.Marshal(map[string]any{"value": secret, "pointer": &secret, "struct": e, "credential": cred, "map": map[string]connector.Secret{"k": secret}})
	marks("JSON", string(data), err, 8)
	data, err = json.MarshalIndent([]any{secret, e}, "", " ")
	marks("indented JSON", string(data), err, 5)
	data, err = xml.Marshal(e)
	marks("XML", string(data), err, 4)

	var b bytes.Buffer
	err = template.Must(template.New("").Parse("{{.}} {{.Key}} {{printf `%x %q` .Key .Key}}")).Execute(&b, e)
	marks("a template", b.String(), err, 7)
	b.Reset()
	err = gob.NewEncoder(&b).Encode(cred)
	marks("gob", b.String(), err, 1)
	for _, handler := range []struct {
		what string
		slog.Handler
	}{{"slog as text", slog.NewTextHandler(&b, nil)}, {"slog as JSON", slog.NewJSONHandler(&b, nil)}} {
		b.Reset()
		log := slog.New(handler.Handler).With("with", secret).WithGroup("group")
		log.Info("m", "value", secret, slog.Any("pointer", &secret), slog.Group("g", "in", secret), "list", []connector.Secret{secret})
		marks(handler.what, b.String(), nil, 5)
		b.Reset()
		log.Info(fmt.Sprint("m ", secret), "struct", e, "credential", cred, "error", fmt.Errorf("%q", secret), "any", []any{secret, cred})
		hidden(t, handler.what, b.String(), plain)
	}
}

// A report of every credential in every wording of the API: none may hold what
// it is about, nor a piece of it that a log could be searched by.
func TestNoReportShowsWhatItIsAbout(t *testing.T) {
	t.Parallel()
	base := strings.TrimSuffix(serve(t, new(sandbox.Sandbox)), "/v2")
	transport := newTransport(t)
	own, other := fixtures.Workspace().AppSecret, fixtures.OtherWorkspace().AppSecret
	for _, c := range fixtures.Cases(time.Now()) {
		secrets := []string{own, other}
		if len(c.Value) >= 12 {
			secrets = append(secrets, c.Value)
		}
		for _, d := range sandbox.Dialects() {
			tester := connector.Tester{BaseURL: base + "/dialect/" + d.Name + "/v2", Transport: transport, Timeout: ample}
			sound(t, tester.Test(context.Background(), &connector.Credential{Name: c.Title, APIKeyValue: connector.Secret(c.Value)}), secrets...)
		}
		tester := connector.Tester{Offline: true}
		sound(t, tester.Test(context.Background(), &connector.Credential{Name: c.Title, APIKeyValue: connector.Secret(c.Value)}), secrets...)
		if t.Failed() {
			t.Fatalf("that was %s", c.Name)
		}
	}
}

func TestASecretInAWrongPlaceIsNotShown(t *testing.T) {
	t.Parallel()
	base := serve(t, new(sandbox.Sandbox))
	k, now := fixtures.Workspace(), time.Now()
	token := liveToken()
	management := fixtures.Management(k, now, 7*24*time.Hour)
	swapped := fixtures.Key{AccessKey: k.AppSecret, AppSecret: k.AccessKey}
	for _, c := range []struct {
		name string
		cred *connector.Credential
	}{
		{"the name is the token", &connector.Credential{Name: token, APIKeyValue: connector.Secret(token)}},
		{"the name holds the token", &connector.Credential{Name: "prod: " + token, APIKeyValue: connector.Secret(token)}},
		{"the name is a header to copy", &connector.Credential{Name: "Authorization: Bearer " + token, APIKeyValue: connector.Secret(token)}},
		{"the name is the App Secret", &connector.Credential{Name: k.AppSecret, APIKeyValue: connector.Secret(token)}},
		{"the name is key and secret", &connector.Credential{Name: k.AccessKey + ":" + k.AppSecret, APIKeyValue: connector.Secret(token)}},
		{"the description is the token", &connector.Credential{Description: token, APIKeyValue: connector.Secret(token)}},
		{"the access key claim is the App Secret", named(fixtures.Sign(swapped, fixtures.Management(swapped, now, time.Hour)))},
		{"the access key claim is key and secret", named(fixtures.Sign(k, management.With("access_key", k.AccessKey+":"+k.AppSecret)))},
		{"the jti is the App Secret", named(fixtures.Sign(k, management.With("jti", k.AppSecret)))},
		{"the type is the App Secret", named(fixtures.Sign(k, management.With("type", k.AppSecret)))},
		{"the exp is the App Secret", named(fixtures.Sign(k, management.With("exp", k.AppSecret)))},
		{"the algorithm is the App Secret", named(fixtures.SignAs(map[string]any{"alg": k.AppSecret}, []byte(`{}`), k.AppSecret))},
		{"the value is the App Secret", named(k.AppSecret)},
		{"the value is key and secret", named(k.AccessKey + ":" + k.AppSecret)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tester := connector.Tester{BaseURL: base, Transport: newTransport(t), Timeout: ample}
			r := tester.Test(context.Background(), c.cred)
			sound(t, r, token, k.AppSecret)
			if value := c.cred.APIKeyValue.Reveal(); value != token {
				concealed(t, printed(t, r), value)
			}
		})
	}
}

// Servers, proxies and echo services repeat what they were sent, and a client's
// errors quote it.
func TestNothingThatIsEchoedShowsTheToken(t *testing.T) {
	t.Parallel()
	answers := map[string]func(w http.ResponseWriter, token string){
		"in the request id": func(w http.ResponseWriter, token string) {
			w.Header().Set("X-Request-Id", token)
			w.WriteHeader(401)
		},
		"in the request id, behind a word": func(w http.ResponseWriter, token string) {
			w.Header().Set("X-Request-Id", "id-"+token[len(token)-43:])
			w.WriteHeader(401)
		},
		"as text":      func(w http.ResponseWriter, token string) { w.WriteHeader(401); io.WriteString(w, "bad token "+token) },
		"as a string":  func(w http.ResponseWriter, token string) { w.WriteHeader(401); fmt.Fprintf(w, "%q", token) },
		"in a message": func(w http.ResponseWriter, token string) { w.WriteHeader(401); fmt.Fprintf(w, `{"message":%q}`, token) },
		"in all fields": func(w http.ResponseWriter, token string) {
			w.WriteHeader(403)
			fmt.Fprintf(w, `{"message":%[1]q,"msg":%[1]q,"error":%[1]q,"details":[%[1]q,%[1]q],"data":{"description":%[1]q}}`, token)
		},
		"its signature only": func(w http.ResponseWriter, token string) {
			w.WriteHeader(401)
			io.WriteString(w, "signature "+token[len(token)-43:]+" is invalid")
		},
		"its first half": func(w http.ResponseWriter, token string) { w.WriteHeader(401); io.WriteString(w, token[:len(token)/2]) },
		"a piece of it":  func(w http.ResponseWriter, token string) { w.WriteHeader(401); io.WriteString(w, "near "+token[50:70]) },
		"glued to words": func(w http.ResponseWriter, token string) {
			w.WriteHeader(401)
			io.WriteString(w, "token_"+token+"_token")
		},
		"over lines": func(w http.ResponseWriter, token string) {
			w.WriteHeader(401)
			io.WriteString(w, token[:60]+"\n"+token[60:])
		},
		"where it is cut": func(w http.ResponseWriter, token string) {
			w.WriteHeader(401)
			io.WriteString(w, strings.Repeat(" ", 4<<10-30)+token)
		},
		"where it is full": func(w http.ResponseWriter, token string) {
			w.WriteHeader(401)
			io.WriteString(w, strings.Repeat("x ", 140)+token)
		},
		"beside a 503": func(w http.ResponseWriter, token string) { w.WriteHeader(503); io.WriteString(w, token) },
		"beside a 200": func(w http.ResponseWriter, token string) { fmt.Fprintf(w, `{"error":%q}`, token) },
		"on a page":    func(w http.ResponseWriter, token string) { w.WriteHeader(401); io.WriteString(w, "<html>"+token) },
		"in a redirect": func(w http.ResponseWriter, token string) {
			w.Header().Set("Location", "https://other.example/?t="+token)
			w.WriteHeader(302)
		},
		"in a bad redirect": func(w http.ResponseWriter, token string) {
			w.Header().Set("Location", "http://[::1/"+token)
			w.WriteHeader(302)
		},
		"in a redirect of no scheme": func(w http.ResponseWriter, token string) {
			w.Header().Set("Location", token+"://other.example")
			w.WriteHeader(302)
		},
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/plain")
				answer(w, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
			}))
			echoed(t, base)
		})
	}
	for name, line := range map[string]string{
		"in place of a version":             "%s 200 OK\r\n\r\n",
		"in place of a status":              "HTTP/1.1 %s OK\r\n\r\n",
		"in place of a header":              "HTTP/1.1 200 OK\r\n%s\r\n\r\n",
		"as a header's name":                "HTTP/1.1 200 OK\r\n%s x: y\r\n\r\n",
		"in place of a length":              "HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n",
		"in place of an encoding":           "HTTP/1.1 200 OK\r\nTransfer-Encoding: %s\r\n\r\n",
		"in place of a chunk":               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%s\r\n",
		"in place of the words of a status": "HTTP/1.1 401 %s\r\nContent-Length: 0\r\n\r\n",
		"in place of everything":            "%s\r\n\r\n",
		"in the trailer":                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n%s\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := script(t, "tcp", "127.0.0.1:0", func(conn net.Conn) {
				if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					fmt.Fprintf(conn, line, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
				}
			})
			echoed(t, "http://"+addr+"/v2")
		})
	}
}

func echoed(t *testing.T, base string) {
	tester := connector.Tester{BaseURL: base, Transport: newTransport(t), Timeout: ample, Retries: once}
	for _, token := range []string{liveToken(), appToken(), expiredToken()} {
		sound(t, tester.Test(context.Background(), named(token)), token)
	}
}

// People who sign tokens swap the two arguments, and a server that looks the
// access key up may well say which one it did not find.
func TestAnEchoOfTheClaimsDoesNotShowTheAppSecret(t *testing.T) {
	t.Parallel()
	k := fixtures.Workspace()
	swapped := fixtures.Key{AccessKey: k.AppSecret, AppSecret: k.AccessKey}
	base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Request-Id", k.AppSecret)
		w.WriteHeader(401)
		fmt.Fprintf(w, `{"code":401,"message":"access key not found","details":[%q]}`, k.AppSecret)
	}))
	tester := connector.Tester{BaseURL: base, Transport: newTransport(t), Timeout: ample}
	token := fixtures.Sign(swapped, fixtures.Management(swapped, time.Now(), time.Hour))
	r := tester.Test(context.Background(), named(token))
	sound(t, r, token, k.AppSecret)
	if !strings.Contains(r.Remedy, "swapped") {
		t.Errorf("the remedy does not name the likely cause: %s", r.Remedy)
	}
}
