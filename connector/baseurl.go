package connector

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// DefaultBaseURL is the one global address of the 100ms API (100ms docs).
const DefaultBaseURL = "https://api.100ms.live/v2"

var defaultBase, _ = url.Parse(DefaultBaseURL)

// endpoints are the first parts of the API's paths (100ms docs). A base URL ends
// before them: below one of them the API answers 403 or 404 to a good token.
var endpoints = []string{
	"active-rooms", "analytics", "external-streams", "layouts", "live-streams", "polls", "recording-assets", "recordings",
	"room-codes", "rooms", "sessions", "sip", "stream-keys", "templates",
}

// ParseBaseURL reads an API's address: https, or http on a loopback address
// only, so that no token crosses a network in clear. Empty means DefaultBaseURL.
// The error says what is wrong and what a base URL looks like, and quotes nothing:
// there may be a password in it.
func ParseBaseURL(s string) (*url.URL, error) {
	if s == "" {
		s = DefaultBaseURL
	}
	if fault := faultOfBaseURL(s); fault != "" {
		return nil, errors.New("the base URL " + fault + "; it looks like " + DefaultBaseURL)
	}
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return nil, errors.New("the base URL cannot be read; it looks like " + DefaultBaseURL)
	case !strings.Contains(s, "://"):
		return nil, errors.New("the base URL must begin with https://; it looks like " + DefaultBaseURL)
	case u.Host == "" || u.Hostname() == "":
		return nil, errors.New("the base URL has no host; it looks like " + DefaultBaseURL)
	case len(u.Port()) > 5 || len(u.Port()) == 5 && u.Port() > "65535":
		return nil, errors.New("the base URL's port is higher than 65535")
	case u.User != nil:
		return nil, errors.New("the base URL must not hold a user name or a password")
	case u.RawPath != "":
		return nil, errors.New("the base URL's path must not have escaped slashes")
	case endpointOf(u.Path) != "":
		return nil, fmt.Errorf("the base URL goes on to an endpoint, /%s; leave it out: a base URL looks like %s", endpointOf(u.Path), DefaultBaseURL)
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(s, "#"):
		return nil, errors.New("the base URL must end with its path, without a query or a fragment; it looks like " + DefaultBaseURL)
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		u.Path = strings.TrimRight(u.Path, "/")
		return u, nil
	case u.Scheme == "http":
		return nil, errors.New("the base URL must begin with https: over http the token could be read on its way (http is for loopback addresses)")
	}
	return nil, errors.New("the base URL must begin with https://; it looks like " + DefaultBaseURL)
}

// faultOfBaseURL names a character that no URL has, or returns an empty string.
// url.Parse takes some of them and misreads the rest.
func faultOfBaseURL(s string) string {
	for _, r := range s {
		switch {
		case r == '\r':
			return "has a carriage return in it, as files from Windows have at the ends of lines"
		case r == '\n':
			return "has a line break in it"
		case r == '\t':
			return "has a tab in it"
		case unicode.IsSpace(r):
			return "has a blank in it"
		case !unicode.IsPrint(r):
			return "has an invisible character in it"
		case strings.ContainsRune("\"'`‘’“”„«»", r):
			return "has a quotation mark in it"
		case strings.ContainsRune("{}", r), r == '$':
			return "holds a variable that nothing replaced"
		case strings.ContainsRune("<>[]", r) && !strings.Contains(s, "://["):
			return "has a bracket in it"
		case r == '\\':
			return "has a backslash in it"
		}
	}
	return ""
}

// endpointOf is the endpoint with which a path goes on behind the version, or empty.
// A gateway's own path may have any name before it.
func endpointOf(path string) string {
	parts := strings.Split(strings.ToLower(path), "/")
	for i := len(parts) - 1; i >= 0; i-- {
		if parts[i] == "v2" {
			parts = parts[i+1:]
			break
		}
	}
	if i := slices.IndexFunc(parts, func(part string) bool { return slices.Contains(endpoints, part) }); i >= 0 {
		return parts[i]
	}
	return ""
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && addr.IsLoopback()
}
