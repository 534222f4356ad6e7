package connector

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/100ms-connector/connector-go/fixtures"
	"github.com/100ms-connector/connector-go/fixtures/sandbox"
)

func signer() SigningKey {
	k := fixtures.Workspace()
	return SigningKey{AccessKey: k.AccessKey, AppSecret: Secret(k.AppSecret)}
}

func TestAMintedTokenHasTheClaimsOfTheOfficialSDKs(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 999e6, time.UTC)
	token, err := signer().MintAt(now, 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	// An independent check of the signature: HMAC over the raw bytes of the
	// secret, without any JWT library.
	parts := strings.Split(token.Reveal(), ".")
	mac := hmac.New(sha256.New, []byte(fixtures.Workspace().AppSecret))
	mac.Write([]byte(parts[0] + "." + parts[1]))
	if want := base64.RawURLEncoding.EncodeToString(mac.Sum(nil)); parts[2] != want {
		t.Error("the signature is not HMAC-SHA256 over the raw secret")
	}
	header, _ := base64.RawURLEncoding.DecodeString(parts[0])
	if string(header) != `{"alg":"HS256","typ":"JWT"}` {
		t.Errorf("header %s", header)
	}
	payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	id, _ := claims["jti"].(string)
	if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(id) {
		t.Errorf("jti %q is not a UUIDv4", id)
	}
	delete(claims, "jti")
	// As the official Node SDK writes them: iat and nbf ten seconds back, whole seconds.
	want := map[string]any{
		"access_key": fixtures.Workspace().AccessKey, "type": "management", "version": 2.0,
		"iat": float64(now.Unix() - 10), "nbf": float64(now.Unix() - 10), "exp": float64(now.Unix() + 86400),
	}
	if fmt.Sprint(claims) != fmt.Sprint(want) {
		t.Errorf("claims %v, want %v", claims, want)
	}
}

func TestAMintedTokenIsAcceptedByTheLibraryAndTheSandbox(t *testing.T) {
	token, err := signer().Mint(0)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := jwt.Parse(token.Reveal(), func(*jwt.Token) (any, error) { return []byte(fixtures.Workspace().AppSecret), nil },
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired(), jwt.WithIssuedAt())
	if err != nil || !parsed.Valid {
		t.Errorf("golang-jwt: %v", err)
	}
	api := httptest.NewServer(new(sandbox.Sandbox))
	defer api.Close()
	tester := Tester{BaseURL: api.URL + "/v2", Transport: api.Client().Transport}
	if report := tester.Test(context.Background(), &Credential{Name: "minted", APIKeyValue: token}); report.Code != OK {
		t.Errorf("%s: %s", report.Code, report.Message)
	}
}

func TestAKeyThatCannotBeRightIsRefusedByNameAndNeverShown(t *testing.T) {
	good := signer()
	for _, c := range []struct {
		name string
		key  SigningKey
		says string
	}{
		{"no access key", SigningKey{AppSecret: good.AppSecret}, "the access key is empty"},
		{"an access key that lost a digit", SigningKey{AccessKey: good.AccessKey[1:], AppSecret: good.AppSecret}, "it has 24 hexadecimal digits"},
		{"no secret", SigningKey{AccessKey: good.AccessKey}, "the App Secret is empty"},
		{"a short secret", SigningKey{AccessKey: good.AccessKey, AppSecret: "hunter2hunter2"}, "the App Secret is too short"},
		{"an access key for a secret", SigningKey{AccessKey: good.AccessKey, AppSecret: Secret(good.AccessKey)}, "the App Secret looks like an access key"},
		{"both swapped", SigningKey{AccessKey: good.AppSecret.Reveal(), AppSecret: Secret(good.AccessKey)}, "the access key looks like an App Secret"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := c.key.Mint(time.Hour)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("%v, want %q", err, c.says)
			}
			if s := c.key.AppSecret.Reveal(); s != "" && strings.Contains(err.Error(), s) {
				t.Error("the error shows the secret")
			}
			if strings.Contains(fmt.Sprintf("%v %+v %#v", c.key, c.key, c.key), "hunter2") {
				t.Error("a printed key shows the secret")
			}
		})
	}
}

func TestALifeOfMoreThanFourteenDaysIsMadeOnlyWhenAskedFor(t *testing.T) {
	k := signer()
	for _, ttl := range []time.Duration{-1, time.Millisecond, MaxTTL + time.Second} {
		if _, err := k.Mint(ttl); err == nil {
			t.Errorf("a token of %s was made", ttl)
		}
	}
	for _, ttl := range []time.Duration{time.Second, MaxTTL} {
		if _, err := k.Mint(ttl); err != nil {
			t.Errorf("a token of %s: %v", ttl, err)
		}
	}
	k.AllowLong = true
	token, err := k.Mint(90 * 24 * time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if w := Inspect(token.Reveal()).Warnings(0); len(w) != 1 || w[0] != LongLived {
		t.Errorf("warnings %v", w)
	}
}

func TestVerifyProvesOrSaysWhyItCannot(t *testing.T) {
	k := signer()
	values := map[string]error{
		"live": nil, "expired": nil, "app": nil, "pasted-quoted": nil, // a signature says nothing of times or types
		"foreign-secret": SignatureRejected, "decoded-secret": SignatureRejected, "truncated": SignatureRejected,
		"other-workspace": ErrOtherKey,
		"alg-none":        UnsupportedAlgorithm, "alg-hs512": UnsupportedAlgorithm,
		"app-secret": NotAToken, "empty": NotAToken, "payload-null": MalformedToken,
	}
	seen := 0
	for _, c := range fixtures.Cases(time.Now()) {
		want, listed := values[c.Name]
		if !listed {
			continue
		}
		seen++
		if err := k.Verify(Secret(c.Value)); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", c.Name, err, want)
		}
	}
	if seen != len(values) {
		t.Errorf("%d of %d cases exist", seen, len(values))
	}
}

// sleepless is a source whose clock the test moves.
func sleepless(k SigningKey, ttl, margin time.Duration) (*MintingSource, *atomic.Int64) {
	s := &MintingSource{Key: k, TTL: ttl, Margin: margin}
	offset := new(atomic.Int64)
	s.Now = func() time.Time { return time.Unix(1_800_000_000, 0).Add(time.Duration(offset.Load())) }
	return s, offset
}

// The official Node SDK asks whether exp + 30 < now, and so serves a token for
// 30 seconds after its death. It would fail here.
func TestASourceNeverHandsOutADeadToken(t *testing.T) {
	for _, c := range []struct{ ttl, margin time.Duration }{
		{time.Hour, 0}, {time.Hour, time.Nanosecond}, {2 * time.Second, time.Hour}, {time.Second, time.Second}, {24 * time.Hour, -time.Hour},
	} {
		s, offset := sleepless(signer(), c.ttl, c.margin)
		for step := time.Duration(0); step < 3*c.ttl; step += c.ttl / 97 {
			offset.Store(int64(step))
			token, err := s.Token(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			read := Inspect(token.Reveal())
			if now := s.Now(); !read.ExpiresAt.After(now) {
				t.Fatalf("ttl %s, margin %s: %s after its death a token is handed out", c.ttl, c.margin, now.Sub(read.ExpiresAt))
			}
		}
	}
}

func TestASourceRenewsBeforeTheEndAndNotBeforeHalfTheLife(t *testing.T) {
	s, offset := sleepless(signer(), time.Hour, 45*time.Minute) // clamped to 30 minutes
	first, _ := s.Token(context.Background())
	offset.Store(int64(29 * time.Minute))
	if same, _ := s.Token(context.Background()); same != first {
		t.Error("renewed before half its life")
	}
	offset.Store(int64(31 * time.Minute))
	second, _ := s.Token(context.Background())
	if second == first {
		t.Error("not renewed within the margin")
	}
	// A clock that is set back by seconds changes nothing. One that is set back
	// further makes the token one of the future, which servers refuse.
	offset.Store(int64(31*time.Minute - 5*time.Second))
	if third, _ := s.Token(context.Background()); third != second {
		t.Error("a clock set back by seconds costs a token")
	}
	offset.Store(0)
	third, _ := s.Token(context.Background())
	if inspected := Inspect(third.Reveal()); inspected.NotBefore.After(s.Now()) {
		t.Errorf("the clock was set back, and the token begins at %s", inspected.NotBefore)
	}
}

func TestManyGoroutinesGetOneToken(t *testing.T) {
	source := &MintingSource{Key: signer(), TTL: time.Hour}
	var mu sync.Mutex
	seen := map[Secret]bool{}
	var workers sync.WaitGroup
	for range 64 {
		workers.Add(1)
		go func() {
			defer workers.Done()
			token, err := source.Token(context.Background())
			mu.Lock()
			defer mu.Unlock()
			if seen[token] = true; err != nil {
				t.Error(err)
			}
		}()
	}
	workers.Wait()
	if len(seen) != 1 {
		t.Errorf("%d tokens were made", len(seen))
	}
	if s := fmt.Sprintf("%v %+v %#v", source, source, source); strings.Contains(s, fixtures.Workspace().AppSecret[:20]) || strings.Contains(s, "eyJ") {
		t.Error("a printed source shows a secret")
	}
}

func TestASourceTellsWhenItRenewedAndWhenItsTokenEnds(t *testing.T) {
	s, offset := sleepless(signer(), time.Hour, 0)
	if !s.ExpiresAt().IsZero() {
		t.Error("a source that made nothing has an expiry")
	}
	var told []Secret
	s.Renewed = func(token Secret, expiresAt time.Time) {
		told = append(told, token)
		if !expiresAt.Equal(Inspect(token.Reveal()).ExpiresAt) {
			t.Errorf("told of %s, the token ends at %s", expiresAt, Inspect(token.Reveal()).ExpiresAt)
		}
	}
	for range 4 {
		token, err := s.Token(context.Background())
		if err != nil || token != told[len(told)-1] || !s.ExpiresAt().Equal(Inspect(token.Reveal()).ExpiresAt) {
			t.Errorf("%v, ends at %s", err, s.ExpiresAt())
		}
		offset.Add(int64(20 * time.Minute))
	}
	if len(told) != 2 {
		t.Errorf("told of %d tokens in 80 minutes", len(told))
	}
}

func TestASourceThatCannotMintSaysWhyEachTime(t *testing.T) {
	source := &MintingSource{Key: SigningKey{AccessKey: "x"}}
	for range 2 {
		if _, err := source.Token(context.Background()); err == nil || !strings.Contains(err.Error(), "App Secret is empty") {
			t.Errorf("%v", err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := (&MintingSource{Key: signer()}).Token(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestATransportOverASigningKeyRenewsByItself(t *testing.T) {
	api := httptest.NewServer(new(sandbox.Sandbox))
	defer api.Close()
	origin, _ := url.Parse(api.URL)
	client := &http.Client{Transport: &Transport{Source: &MintingSource{Key: signer(), TTL: 2 * time.Second, Margin: time.Second}, Base: api.Client().Transport, Origin: origin}}
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); time.Sleep(300 * time.Millisecond) {
		resp, err := client.Get(api.URL + "/v2/rooms")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("status %d", resp.StatusCode)
		}
	}
}

func BenchmarkMint(b *testing.B) {
	k := signer()
	b.Run("mint", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			if _, err := k.Mint(time.Hour); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("floor=golang-jwt", func(b *testing.B) {
		b.ReportAllocs()
		now := time.Now().Unix()
		for range b.N {
			claims := jwt.MapClaims{"access_key": k.AccessKey, "type": "management", "version": 2, "jti": "00000000-0000-4000-8000-000000000000", "iat": now, "nbf": now, "exp": now + 3600}
			if _, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(k.AppSecret)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkToken(b *testing.B) {
	source := &MintingSource{Key: signer(), TTL: time.Hour}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	b.Run("one", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			if _, err := source.Token(ctx); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("eight-goroutines", func(b *testing.B) {
		b.ReportAllocs()
		b.SetParallelism(4) // of two processors each
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := source.Token(ctx); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

func BenchmarkTransport(b *testing.B) {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("{}")) }))
	defer api.Close()
	origin, _ := url.Parse(api.URL)
	base := api.Client().Transport
	get := func(b *testing.B, client *http.Client, token string) {
		req, _ := http.NewRequest(http.MethodGet, api.URL, nil)
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		resp, err := client.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		resp.Body.Close()
	}
	source := &MintingSource{Key: signer(), TTL: time.Hour}
	fixed, _ := source.Token(context.Background())
	with := &http.Client{Transport: &Transport{Source: source, Base: base, Origin: origin}}
	without := &http.Client{Transport: base}
	b.Run("transport", func(b *testing.B) {
		for range b.N {
			get(b, with, "")
		}
	})
	b.Run("floor=bare", func(b *testing.B) {
		for range b.N {
			get(b, without, fixed.Reveal())
		}
	})
}

func TestATokenThatIsForgottenIsReplacedOnce(t *testing.T) {
	key := fixtures.Workspace()
	source := &MintingSource{Key: SigningKey{AccessKey: key.AccessKey, AppSecret: Secret(key.AppSecret)}}
	token := func() Secret {
		t.Helper()
		token, err := source.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	source.Forget("none was made yet")
	first := token()
	source.Forget("another")
	if token() != first {
		t.Error("forgetting another token replaced it")
	}
	source.Forget(first)
	second := token()
	if second == first {
		t.Error("it was not replaced")
	}
	source.Forget(first) // by a slower goroutine
	if token() != second {
		t.Error("it was replaced twice")
	}
}
