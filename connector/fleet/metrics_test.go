package fleet

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/fixtures"
)

func scrape(t *testing.T, url, token string) (status int, body string) {
	t.Helper()
	r, _ := http.NewRequest("GET", url, nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(data)
}

func TestMetricsTellHowEachCredentialIs(t *testing.T) {
	h := newHouse(t)
	h.keep(t, fixtures.Workspace())
	h.save(t, "fresh", day, 6*day)
	h.save(t, "soon", 6*day, 10*time.Hour)
	h.save(t, "new", 0, 20*time.Hour)
	m := NewMetrics(h.Store)
	m.Token = "s3cr3t-of-the-metrics"
	w := h.watcher()
	w.Tell = m.Tell
	if _, err := w.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(m)
	t.Cleanup(server.Close)
	for _, token := range []string{"", "another"} {
		if status, body := scrape(t, server.URL+"/metrics", token); status != 401 || strings.Contains(body, "fresh") {
			t.Errorf("with the token %q: %d %s", token, status, body)
		}
	}
	_, body := scrape(t, server.URL+"/metrics", "s3cr3t-of-the-metrics")
	for _, want := range []string{
		`connector_credential_info{name="fresh",verdict="accepted",code="ok"} 1`, `connector_credential_info{name="soon",verdict="accepted",code="ok"} 1`,
		`connector_credential_expiry_timestamp_seconds{name="new"} 17`, `connector_credentials{verdict="accepted",code="ok"} 3`,
		`connector_credentials_ending{within="24h"} 1`, `connector_credentials_ending{within="7d"} 2`,
		`connector_tests_total{verdict="accepted",code="ok"} 2`, `connector_renewals_total{outcome="renewed"} 1`, `connector_tend_seconds_count 3`, `connector_store_up 1`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("there is no %s in\n%s", want, body)
		}
	}
	for _, secret := range []string{"s3cr3t", "eyJ", fixtures.Workspace().AppSecret[:24]} {
		if strings.Contains(body, secret) {
			t.Errorf("%s is told", secret)
		}
	}
	m.PerCredential = 2
	if _, body = scrape(t, server.URL+"/metrics", "s3cr3t-of-the-metrics"); strings.Contains(body, "fresh") || !strings.Contains(body, `connector_credentials{verdict="accepted",code="ok"} 3`) {
		t.Errorf("beyond the bound\n%s", body)
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if status, _ := scrape(t, server.URL+path, ""); status != 200 {
			t.Errorf("%s: %d", path, status)
		}
	}
	h.Close()
	if status, _ := scrape(t, server.URL+"/readyz", ""); status != 503 {
		t.Errorf("without a store it is ready: %d", status)
	}
	if _, body := scrape(t, server.URL+"/metrics", "s3cr3t-of-the-metrics"); !strings.Contains(body, "connector_store_up 0") {
		t.Errorf("%s", body)
	}
}
