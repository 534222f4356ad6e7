//go:build !unix

package fleet

// ownedByMe says nothing where files have other rights than modes.
func ownedByMe(string) (bool, error) { return true, nil }
