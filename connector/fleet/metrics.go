package fleet

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

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

	registry *prometheus.Registry
	mux      *http.ServeMux
	tests    *prometheus.CounterVec
	renewals *prometheus.CounterVec
	took     prometheus.Histogram

	mu    sync.Mutex
	leads func(context.Context) bool                    // whether this process tells of the whole store; nil if there is one process
	jobs  func(context.Context) (map[string]int, error) // by state; nil without a queue
}

// NewMetrics makes the metrics of a store.
func NewMetrics(db *store.Store) *Metrics {
	m := &Metrics{
		Store: db, registry: prometheus.NewRegistry(), mux: http.NewServeMux(),
		tests:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "connector_tests_total", Help: "Tests of credentials, by what came of them."}, []string{"verdict", "code"}),
		renewals: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "connector_renewals_total", Help: "Renewals of credentials that were due, by what came of them."}, []string{"outcome"}),
		took: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "connector_tend_seconds", Help: "How long it took to look after a credential.", Buckets: prometheus.ExponentialBuckets(0.01, 2, 12),
		}),
	}
	m.registry.MustRegister(m.tests, m.renewals, m.took, &storeCollector{m: m})
	m.mux.Handle("GET /metrics", m.guarded(promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})))
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
		m.tests.WithLabelValues(string(e.Report.Verdict), string(e.Report.Code)).Inc()
	}
	if r := e.Renewal; r != nil && r.Outcome != NotDue {
		m.renewals.WithLabelValues(string(r.Outcome)).Inc()
	}
	m.took.Observe(e.Took.Seconds())
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

// storeCollector tells of the whole store.
type storeCollector struct {
	m  *Metrics
	mu sync.Mutex // one look at the store at a time
}

var (
	expiryOf = prometheus.NewDesc("connector_credential_expiry_timestamp_seconds", "When the token of a credential ends.", []string{"name"}, nil)
	infoOf   = prometheus.NewDesc("connector_credential_info", "The last verdict on a credential, and its code; always 1.", []string{"name", "verdict", "code"}, nil)
	countOf  = prometheus.NewDesc("connector_credentials", "Credentials by their last verdict and its code.", []string{"verdict", "code"}, nil)
	endingOf = prometheus.NewDesc("connector_credentials_ending", "Credentials by how soon their tokens end.", []string{"within"}, nil)
	jobsOf   = prometheus.NewDesc("connector_queue_jobs", "Jobs of the queue by their state.", []string{"state"}, nil)
	upOf     = prometheus.NewDesc("connector_store_up", "1 if the store could be read.", nil, nil)
)

// Describe implements prometheus.Collector.
func (c *storeCollector) Describe(to chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{expiryOf, infoOf, countOf, endingOf, jobsOf, upOf} {
		to <- desc
	}
}

// ends are the buckets of time to the end of a token.
var ends = []struct {
	within time.Duration
	label  string
}{{0, "expired"}, {time.Hour, "1h"}, {24 * time.Hour, "24h"}, {72 * time.Hour, "72h"}, {7 * 24 * time.Hour, "7d"}, {1 << 62, "later"}}

// Collect implements prometheus.Collector.
func (c *storeCollector) Collect(to chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	c.m.mu.Lock()
	leads, count := c.m.leads, c.m.jobs
	c.m.mu.Unlock()
	if leads != nil && !leads(ctx) {
		return
	}
	records, err := c.m.Store.List(ctx)
	if err != nil {
		gauge(upOf, 0)
		return
	}
	gauge(upOf, 1)
	if count != nil {
		if jobs, err := count(ctx); err == nil {
			for state, n := range jobs {
				gauge(jobsOf, float64(n), state)
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
		gauge(countOf, float64(n), labels[0], labels[1])
	}
	for label, n := range ending {
		gauge(endingOf, float64(n), label)
	}
	most := c.m.PerCredential
	if most == 0 {
		most = 1000
	}
	if len(records) > most {
		return
	}
	seen := map[string]bool{}
	for _, r := range records {
		if seen[r.Name] { // two damaged names may be shown alike
			continue
		}
		seen[r.Name] = true
		if !r.ExpiresAt.IsZero() {
			gauge(expiryOf, float64(r.ExpiresAt.Unix()), r.Name)
		}
		gauge(infoOf, 1, r.Name, string(r.LastVerdict), string(r.LastCode))
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
