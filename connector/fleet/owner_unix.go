//go:build unix

package fleet

import (
	"os"
	"syscall"
)

// ownedByMe says whether a file is this process's user's: what another one may change
// must not run code here.
func ownedByMe(path string) (bool, error) {
	info, err := os.Stat(path)
	if err != nil {
		return false, err
	}
	of, ok := info.Sys().(*syscall.Stat_t)
	return !ok || int(of.Uid) == os.Geteuid(), nil
}
