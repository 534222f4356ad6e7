package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"github.com/100ms-connector/connector-go/connector/internal/wire"
)

// Trouble says why a call got no answer.
type Trouble int

const (
	Broken   Trouble = iota + 1 // the connection could not be made, or broke
	Canceled                    // by the caller
	TimedOut
	NoSuchHost
	Refused // nothing listens
	TLS
	Proxy
	Garbled // what came is not HTTP as net/http understands it
)

// Failure is a call without an answer, in words that hold nothing of what a server
// sent: net/http's errors quote it, and it may be an echo of a secret, even of
// another test's.
type Failure struct {
	Trouble Trouble
	Words   string
}

func (f *Failure) Error() string { return f.Words }

// ProxyRefusal is a proxy's refusal to connect, for http.Transport's
// OnProxyConnectResponse.
type ProxyRefusal struct{ Status int }

func (e *ProxyRefusal) Error() string { return "the proxy answered " + strconv.Itoa(e.Status) }

// errBroken is what a transport did that breaks the contract of http.RoundTripper.
var errBroken = errors.New("the transport returned neither an answer nor an error")

// Classify names the trouble behind an error of a RoundTripper. Of a *Failure, it
// is that.
func Classify(err error) *Failure {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	trouble := troubleOf(err)
	return &Failure{trouble, describe(err, trouble)}
}

// wsaConnRefused is what Windows says; syscall.ECONNREFUSED is an invented number
// there.
const wsaConnRefused = 10061

// troubleOf asks in an order that matters: a proxy's refused connection is the
// proxy's fault, and a deadline ends in errors of every other kind.
func troubleOf(err error) Trouble {
	op, isOp := errors.AsType[*net.OpError](err)
	_, refusal := errors.AsType[*ProxyRefusal](err)
	_, dns := errors.AsType[*net.DNSError](err)
	timeout, isNet := errors.AsType[net.Error](err)
	errno, isErrno := errors.AsType[syscall.Errno](err)
	switch {
	case errors.Is(err, context.Canceled):
		return Canceled
	case refusal, isOp && (op.Op == "proxyconnect" || op.Op == "socks connect"),
		strings.Contains(err.Error(), http.StatusText(http.StatusProxyAuthRequired)): // a transport without our hook
		return Proxy
	case errors.Is(err, context.DeadlineExceeded):
		return TimedOut
	case dns:
		return NoSuchHost
	case isTLS(err):
		return TLS
	case isNet && timeout.Timeout():
		return TimedOut
	case errors.Is(err, syscall.ECONNREFUSED), isErrno && errno == wsaConnRefused && runtime.GOOS == "windows":
		return Refused
	case garbled(err) != "":
		return Garbled
	}
	return Broken
}

func isTLS(err error) bool {
	return tlsWords(err) != "" || errors.Is(err, http.ErrSchemeMismatch) ||
		strings.Contains(err.Error(), "tls: ") // net/http wraps some of them as text
}

// describe says in words of our own what happened. Of err it takes only what this
// machine knows by itself: addresses, names that it looked up, system errors.
func describe(err error, trouble Trouble) string {
	switch trouble {
	case TLS:
		if words := tlsWords(err); words != "" {
			return words
		}
		return "the TLS handshake failed"
	case Garbled:
		return garbled(err)
	case Canceled, TimedOut:
		if words := local(err); words != "" {
			return words
		}
		return map[Trouble]string{Canceled: "it was canceled", TimedOut: "it took too long"}[trouble]
	}
	if refusal, ok := errors.AsType[*ProxyRefusal](err); ok {
		return refusal.Error()
	}
	if words := local(err); words != "" {
		return words
	}
	if trouble == Proxy {
		return "the proxy refused"
	}
	return "the connection broke"
}

// local is the part of an error that this machine made, or empty.
func local(err error) string {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		words := op.Op
		if op.Net != "" {
			words += " " + op.Net
		}
		if op.Addr != nil {
			words += " " + op.Addr.String()
		}
		if inner := local(op.Err); inner != "" {
			words += ": " + inner
		}
		return words
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return "no such host: " + dns.Name
		}
		return "the name could not be looked up: " + dns.Name
	}
	if call, ok := errors.AsType[*os.SyscallError](err); ok {
		return call.Syscall + ": " + local(call.Err)
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno.Error()
	}
	for _, known := range []error{wire.ErrConnections, errBroken} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return ""
}

// tlsWords are for a handshake that failed, or empty. A certificate's names are the
// server's own words.
func tlsWords(err error) string {
	if host, ok := errors.AsType[x509.HostnameError](err); ok {
		return "the certificate is not for " + host.Host
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "the certificate is signed by an authority that this machine does not trust"
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		if invalid.Reason == x509.Expired {
			return "the certificate has expired or is not valid yet"
		}
		return "the certificate is not valid"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "the certificate could not be verified"
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok || errors.Is(err, http.ErrSchemeMismatch) {
		return "what answers does not speak TLS"
	}
	if alert, ok := errors.AsType[tls.AlertError](err); ok {
		return "TLS alert: " + strings.TrimPrefix(alert.Error(), "tls: ")
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && (op.Op == "remote error" || op.Op == "local error") && op.Err != nil {
		return "TLS alert: " + strings.TrimPrefix(op.Err.Error(), "tls: ") // of crypto/tls's list
	}
	return ""
}

// brokenRules recognizes answers that break HTTP. net/http gives these errors no
// type, so their words are searched; words that change make the trouble Broken,
// which is still the environment's.
var brokenRules = []struct{ theirs, ours string }{
	{"malformed HTTP status", "the status is not a number of three digits"},
	{"malformed HTTP", "what answers does not speak HTTP"},
	{"malformed chunked", "a chunk of the body is malformed"},
	{"invalid byte in chunk", "the length of a chunk is not a number"},
	{"malformed", "a header is malformed"},
	{"Content-Length", "the length of the body is given twice, or is not a number"},
	{"unsupported transfer encoding", "the transfer encoding is not known"},
	{"too many transfer encodings", "there are several transfer encodings"},
	{"line too long", "the length of a chunk is not a number"},
	{"http: suspiciously long trailer", "the trailers are longer than 4 KiB"},
	{"headers exceeded", "the headers are longer than 64 KiB"},
	{"header list", "the headers are longer than 64 KiB"},
	{"too many 1xx", "there are too many interim answers"},
	{"1xx informational", "there are too many interim answers"},
	{"gzip: invalid", "the body is not compressed as its header says"},
	{"unexpected 101", "the server changed the protocol without being asked"},
	{"invalid header", "a header is malformed"},
	{"Location header", "the address of the redirect cannot be read"},
	{"PROTOCOL_ERROR", "the server broke the rules of HTTP/2"},
	{"FRAME_SIZE_ERROR", "the server broke the rules of HTTP/2"},
	{"FLOW_CONTROL_ERROR", "the server broke the rules of HTTP/2"},
	{"COMPRESSION_ERROR", "the server broke the rules of HTTP/2"},
}

func garbled(err error) string {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // without the URL
	}
	text := err.Error()
	for _, rule := range brokenRules {
		if strings.Contains(text, rule.theirs) {
			return rule.ours
		}
	}
	return ""
}
