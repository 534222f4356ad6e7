package fleet

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

// Metrics are what a process tells Prometheus: of its own work, and, in
// one of several, of the whole store. NewMetrics makes them; give Watcher.Tell their Tell. They are an
// http.Handler for /metrics, /healthz and /readyz.
type Metrics struct {
	Store *store.Store

	// PerCredential is up to how many credentials each has series of its own, which hold
	// its name; 1,000 if zero, none if negative. Beyond it they are counted.
	PerCredential int

	// Token guards /metrics, for names are customers' data: whoever asks has it as a Bearer
	// token. Nobody needs one if it is empty.
	Token connector.Secret

	own  *metrics.Set // of this process
	mux  *http.ServeMux
	took *metrics.PrometheusHistogram

	mu    sync.Mutex
	leads func(context.Context) bool                    // whether this process tells of the whole store; nil if there is one process
	jobs  func(context.Context) (map[string]int, error) // by state; nil without a queue
}

// NewMetrics makes the metrics of a store.
func NewMetrics(db *store.Store) *Metrics {
	m := &Metrics{Store: db, own: metrics.NewSet(), mux: http.NewServeMux()}
	m.took = m.own.NewPrometheusHistogramExt("connector_tend_seconds", []float64{0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30})
	m.mux.Handle("GET /metrics", m.guarded(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		var text bytes.Buffer
		m.own.WritePrometheus(&text)
		m.writeStore(&text)
		_, _ = w.Write(text.Bytes()) // who has gone away needs none
	})))
	m.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	m.mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
		defer cancel()
		if _, err := m.Store.Info(ctx); err != nil {
			http.Error(w, "the store cannot be used", http.StatusServiceUnavailable)
		}
	})
	return m
}

// ServeHTTP implements http.Handler.
func (m *Metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.mux.ServeHTTP(w, r) }

// Tell counts an event.
func (m *Metrics) Tell(e Event) {
	if e.Report != nil {
		m.own.GetOrCreateCounter(series("connector_tests_total", "verdict", string(e.Report.Verdict), "code", string(e.Report.Code))).Inc()
	}
	if r := e.Renewal; r != nil && r.Outcome != NotDue {
		m.own.GetOrCreateCounter(series("connector_renewals_total", "outcome", string(r.Outcome))).Inc()
	}
	m.took.Update(e.Took.Seconds())
}

// TellPushed counts a push.
func (m *Metrics) TellPushed(p Pushed) {
	outcome := "pushed"
	if p.Err != nil {
		outcome = "failed"
	}
	m.own.GetOrCreateCounter(series("connector_pushes_total", "outcome", outcome)).Inc()
}

// guarded asks for the Token.
func (m *Metrics) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if m.Token != "" {
			came, want := sha256.Sum256([]byte(r.Header.Get("Authorization"))), sha256.Sum256([]byte("Bearer "+m.Token.Reveal()))
			if subtle.ConstantTimeCompare(came[:], want[:]) == 0 {
				w.Header().Set("WWW-Authenticate", "Bearer")
				http.Error(w, "the token of --metrics-token-file is needed", http.StatusUnauthorized)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// series is the name of one, with its labels, as Prometheus reads it.
func series(name string, labels ...string) string {
	var b strings.Builder
	b.WriteString(name)
	for i := 0; i+1 < len(labels); i += 2 {
		b.WriteByte("{,"[min(i, 1)])
		fmt.Fprintf(&b, `%s="%s"`, labels[i], escapeLabel.Replace(labels[i+1]))
	}
	if len(labels) > 0 {
		b.WriteByte('}')
	}
	return b.String()
}

var escapeLabel = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// ends are the buckets of time to the end of a token.
var ends = []struct {
	within time.Duration
	label  string
}{{0, "expired"}, {time.Hour, "1h"}, {24 * time.Hour, "24h"}, {72 * time.Hour, "72h"}, {7 * 24 * time.Hour, "7d"}, {1 << 62, "later"}}

// writeStore tells of the whole store.
func (m *Metrics) writeStore(to io.Writer) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	m.mu.Lock()
	leads, count := m.leads, m.jobs
	m.mu.Unlock()
	if leads != nil && !leads(ctx) {
		return
	}
	gauge := func(name string, value int64, labels ...string) {
		metrics.WriteGaugeUint64(to, series(name, labels...), uint64(max(value, 0)))
	}
	records, err := m.Store.List(ctx) // sorted by name
	if err != nil {
		gauge("connector_store_up", 0)
		return
	}
	gauge("connector_store_up", 1)
	if count != nil {
		if jobs, err := count(ctx); err == nil {
			for state, n := range jobs {
				gauge("connector_queue_jobs", int64(n), "state", state)
			}
		}
	}
	now := time.Now()
	counts, ending := map[[2]string]int{}, map[string]int{}
	for _, r := range records {
		counts[[2]string{string(r.LastVerdict), string(r.LastCode)}]++
		ending[endsWithin(r, now)]++
	}
	for labels, n := range counts {
		gauge("connector_credentials", int64(n), "verdict", labels[0], "code", labels[1])
	}
	for label, n := range ending {
		gauge("connector_credentials_ending", int64(n), "within", label)
	}
	most := m.PerCredential
	if most == 0 {
		most = 1000
	}
	if len(records) > most {
		return
	}
	// Two damaged names may be shown alike, and no series may come twice. Those of one name
	// stand together.
	records = slices.CompactFunc(records, func(a, b store.Record) bool { return a.Name == b.Name })
	for _, r := range records {
		if !r.ExpiresAt.IsZero() {
			gauge("connector_credential_expiry_timestamp_seconds", r.ExpiresAt.Unix(), "name", r.Name)
		}
	}
	for _, r := range records {
		gauge("connector_credential_info", 1, "name", r.Name, "verdict", string(r.LastVerdict), "code", string(r.LastCode))
	}
}

// endsWithin is the bucket of a record's end.
func endsWithin(r store.Record, now time.Time) string {
	switch {
	case r.ExpiryUnknown():
		return "unknown"
	case r.ExpiresAt.IsZero():
		return "never"
	}
	left := r.ExpiresAt.Sub(now)
	for _, end := range ends {
		if left <= end.within {
			return end.label
		}
	}
	return "later"
}
