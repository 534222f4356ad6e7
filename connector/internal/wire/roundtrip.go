package wire

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
)

// RoundTrip sends req, which must be the caller's own copy, so that nothing of what
// comes beside an answer reaches a log. A connection of HTTP/1 that is not watched
// (behind TLS, or of another transport) is closed behind its answer; for a request
// with a body net/http offers no way to do that.
//
// The body of a 101 that was not asked for is the connection itself and never ends:
// it is closed, and reads as empty.
func RoundTrip(base http.RoundTripper, req *http.Request) (*http.Response, error) {
	sent := req
	if attempt, ok := req.Context().Value(attemptKey{}).(*Attempt); ok {
		attempt.carry(req) // its own trace looks at the connection: two would be joined by reflection
	} else {
		sent = req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
			GotConn: func(info httptrace.GotConnInfo) { sent.Close = sent.Close || !quiet(info.Conn) },
		}))
	}
	resp, err := base.RoundTrip(sent)
	if err == nil && resp != nil && resp.StatusCode == http.StatusSwitchingProtocols && req.Header.Get("Upgrade") == "" && resp.Body != nil {
		resp.Body.Close()
		resp.Body = http.NoBody
	}
	return resp, err
}

// quiet says whether net/http prints nothing that comes over c without a request.
func quiet(c net.Conn) bool {
	switch c := c.(type) {
	case *conn:
		return true
	case interface{ ConnectionState() tls.ConnectionState }:
		return c.ConnectionState().NegotiatedProtocol == "h2"
	}
	return false
}

// SameOrigin compares scheme, host and port.
func SameOrigin(a, b *url.URL) bool {
	return strings.EqualFold(a.Scheme, b.Scheme) && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	if strings.EqualFold(u.Scheme, "https") {
		return "443"
	}
	return "80"
}
