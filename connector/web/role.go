package web

import "net/http"

// Role is what a person may do. A greater one may do what a lesser one may.
type Role int

// The roles.
const (
	Nobody  Role = iota // may not come in
	Viewer              // sees the credentials and how they stand and, where that is allowed, their data
	Manager             // also adds, tests, edits, renews and deletes credentials
	Writer              // also writes into the workspaces of the credentials, where that is allowed
)

// roleNames are the roles as a command names them.
var roleNames = map[string]Role{"view": Viewer, "manage": Manager, "write": Writer}

// ParseRole reads a role: view, manage or write. ok is false if there is none of the name.
func ParseRole(name string) (role Role, ok bool) {
	role, ok = roleNames[name]
	return role, ok
}

// Manages says whether the person may change what is saved.
func (r Role) Manages() bool { return r >= Manager }

// Writes says whether the person may write into a workspace.
func (r Role) Writes() bool { return r >= Writer }

// refuseRole answers a request of somebody who may not make it.
func (h *Handler) refuseRole(w http.ResponseWriter, r *http.Request) {
	h.fail(w, r, http.StatusForbidden, "You may not do this", "Nothing was done: your sign-in is for less. Ask whoever runs this form for one that is for it.")
}
