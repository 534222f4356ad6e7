// Package web is the credential form in a browser: the Authenticate screen with a
// tile for each saved credential, the Add New Credential overlay, and a diagnosis
// as a value is entered.
//
//   - Mount it in a program of your own: [New] gives an http.Handler; Options.Prefix
//     is the path that it lives under, Options.SignedIn the program's own sign-in,
//     which returns who is signed in.
//   - Serve it alone: [Handler.Serve], with timeouts and a graceful stop, and
//     [Handler.SignInLink] for the link that opens it.
//
// The pages are written by the server. A script adds what needs no page of its
// own (the overlay, the checklist as it goes, live progress), and everything also
// works without it.
//
// # Data
//
// Both are off unless asked for. With Options.AllowData people see what a credential
// reads: streams, samples, numbers, downloads. Secrets within records are redacted,
// fields about people left out until they are asked for. With Options.AllowWrite they
// write files of records, by the actions that do nothing to people in a call; a file is
// rehearsed before, and written once. Nothing that was read is kept: a download passes
// from page to page of the API, and one that breaks off is cut, so that it never looks
// whole. Options.Log is told of each.
//
// # Where more goes
//
// templates/part-places.html names the places for more: the next step of a tile,
// sections and actions of the detail overlay, a bar of bulk actions. A part of the
// list that changes has an id and data-fresh: the script takes it anew from the
// server's page. A link with data-list shows another choice of the list, one with
// data-overlay opens in the overlay, a form with data-stream is answered in lines,
// and what is typed into one with data-keep is not discarded without a question.
//
// # Security
//
// No response holds an API key value. One that was entered and not yet saved is
// kept in memory, for ten minutes at most, so that the form can be shown again
// without it. It belongs to one person in one browser.
//
// Options.RoleOf, or the link, says who may look, look after credentials, or write.
//
// A request must name a known host (against DNS rebinding), carry the session's
// cookie, and, if it changes anything, come from a page of the same origin and
// carry the session's token (against requests forged by other sites). The pages
// load nothing from elsewhere and run no script but their own. Bodies, rates,
// sessions and times are bounded.
//
// A sign-in link works once, within 15 minutes; a session ends 12 hours after it was
// last used. Wrong passwords are counted for each address: five at once, then one
// in five seconds. Whoever has a link or a session is never held up by them.
//
// Browsers send a cookie to every port of a host name. Whoever can run a server on
// another port of the same name, and lure the browser to it, sees the session's
// cookie. Give a form that several people use a host name of its own.
package web
