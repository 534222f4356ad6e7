package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/zalando/go-keyring"
)

// Keyring takes the keys from the keyring of the operating system: Keychain,
// Credential Manager, or the Secret Service over D-Bus. They are made at first
// use, as with KeyFile. The system may ask the user to unlock it, and no context
// ends that. What changes the entry locks a file in the user's directory for
// configuration, which is found through the environment.
func Keyring(service, user string) KeySource { return KeySource{&ringKeys{service, user}} }

type ringKeys struct{ service, user string }

func (r *ringKeys) String() string {
	return fmt.Sprintf("the system's keyring, service %q, user %q", r.service, r.user)
}

func (r *ringKeys) read() (*keySet, error) {
	text, err := keyring.Get(r.service, r.user)
	if errors.Is(err, keyring.ErrNotFound) {
		return nil, errNoKeys
	}
	if err != nil {
		return nil, r.explain(err)
	}
	return parseKeys(r.String(), text)
}

func (r *ringKeys) lock(ctx context.Context) (unlock func(), err error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return nil, fmt.Errorf("%w: no directory for configuration is known, in which to lock %s: set HOME", ErrKey, r)
	}
	dir = filepath.Join(dir, folder)
	cannotLock := func(err error) error { return explainPrivate(dir, ErrKey, err) }
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, cannotLock(err)
	}
	name := sha256.Sum256([]byte(r.service + "\x00" + r.user))
	return lockPath(ctx, filepath.Join(dir, "keyring-"+hex.EncodeToString(name[:8])+".lock"), cannotLock)
}

func (r *ringKeys) write(ks *keySet) error {
	if err := keyring.Set(r.service, r.user, ks.text()); err != nil {
		return r.explain(err)
	}
	return nil
}

func (r *ringKeys) explain(err error) error {
	next := "unlock it, or start one such as GNOME Keyring or KWallet; where there is none, as on a server, keep the key in a file or in an environment variable"
	if errors.Is(err, keyring.ErrSetDataTooBig) {
		next = "it takes no entry of this size; keep the key in a file"
	}
	return fmt.Errorf("%w: %s does not answer (%v): %s", ErrKey, r, err, next)
}
