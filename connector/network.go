package connector

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"syscall"

	"github.com/100ms-connector/connector-go/connector/internal/pasted"
)

// wsaConnRefused is what Windows says; syscall.ECONNREFUSED is an invented number
// there.
const wsaConnRefused = 10061

// networkCode names the cause of a call that got no answer. The order matters:
// a proxy's refused connection is the proxy's fault, and a deadline ends in
// errors of every other kind.
func networkCode(err error) Code {
	var (
		proxy   *proxyError
		op      *net.OpError
		dns     *net.DNSError
		timeout net.Error
		errno   syscall.Errno
	)
	switch {
	case errors.Is(err, context.Canceled):
		return Canceled
	case errors.As(err, &proxy), errors.As(err, &op) && (op.Op == "proxyconnect" || op.Op == "socks connect"),
		strings.Contains(err.Error(), http.StatusText(http.StatusProxyAuthRequired)): // a transport without our hook
		return ProxyFailure
	case errors.Is(err, context.DeadlineExceeded):
		return Timeout
	case errors.As(err, &dns):
		return DNSFailure
	case isTLS(err):
		return TLSFailure
	case errors.As(err, &timeout) && timeout.Timeout():
		return Timeout
	case errors.Is(err, syscall.ECONNREFUSED), errors.As(err, &errno) && errno == wsaConnRefused && runtime.GOOS == "windows":
		return ConnectionRefused
	case isGarbage(err):
		return UnexpectedResponse
	}
	return NetworkFailure
}

func isTLS(err error) bool {
	var (
		record    tls.RecordHeaderError
		alert     tls.AlertError
		verify    *tls.CertificateVerificationError
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
	)
	return errors.As(err, &record) || errors.As(err, &alert) || errors.As(err, &verify) ||
		errors.As(err, &authority) || errors.As(err, &host) || errors.As(err, &invalid) ||
		errors.Is(err, http.ErrSchemeMismatch) ||
		strings.Contains(err.Error(), "tls: ") // net/http wraps some of them as text
}

// isGarbage recognizes answers that break HTTP. net/http gives these errors no
// type, so their words are searched; a word that changes makes the cause
// network_failure, which is still the environment's.
func isGarbage(err error) bool {
	text := err.Error()
	for _, words := range []string{
		"malformed", "Content-Length", "unsupported transfer encoding", "too many transfer encodings",
		"headers exceeded", "gzip: invalid", "unexpected 101", "invalid byte in chunk", "invalid header", "Location header",
	} {
		if strings.Contains(text, words) {
			return true
		}
	}
	return false
}

// networkText is an error in words fit to be shown. *url.Error prints the URL
// with its query, so it is taken off; errors about broken HTTP quote what came,
// which may be an echo.
func networkText(err error, secrets string) string {
	var u *url.Error
	for errors.As(err, &u) {
		err = u.Err
	}
	return pasted.Clip(pasted.Without(err.Error(), secrets), 200)
}
