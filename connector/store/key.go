package store

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

// keySet is what a source of keys holds. It is never changed after it was made.
type keySet struct {
	keys     []*key   // the first seals, every one unseals
	comments []string // lines that begin with #, without their end
}

const (
	keysHeading = "# Keys of saved 100ms credentials, one a line; the first one seals. Without them the credentials are lost."
	usedBy      = "# used by store " // and the store's id: see keySet.usedBy
)

func newKey() *key {
	var raw [chacha20poly1305.KeySize]byte
	if _, err := rand.Read(raw[:]); err != nil {
		panic("store: no randomness: " + err.Error()) // a predictable key would be worse
	}
	return keyOf(raw)
}

// keyOf makes a key of its bytes; its id is a fingerprint that tells nothing.
func keyOf(raw [chacha20poly1305.KeySize]byte) *key {
	sum := sha256.Sum256(raw[:])
	aead, err := chacha20poly1305.NewX(raw[:])
	if err != nil {
		panic("store: " + err.Error()) // the size is right, so it cannot be
	}
	return &key{id: hex.EncodeToString(sum[:keyIDSize]), raw: raw, aead: aead}
}

// parseKeys reads a set of keys: base64 of 32 bytes, one a line or between
// commas; # begins a comment. The error names the source and a line, and nothing
// that it holds.
func parseKeys(source, text string) (*keySet, error) {
	ks := &keySet{}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(strings.TrimPrefix(line, "\ufeff"))
		if strings.HasPrefix(line, "#") {
			ks.comments = append(ks.comments, line)
			continue
		}
		line, _, _ = strings.Cut(line, "#")
		for _, word := range strings.Split(line, ",") {
			if word = strings.TrimSpace(word); word == "" {
				continue
			}
			raw, ok := decodeKey(word)
			if !ok {
				return nil, fmt.Errorf("%w: %s: line %d is not a key: one is 32 random bytes in base64, as openssl rand -base64 32 prints them", ErrKey, source, i+1)
			}
			if k := keyOf(raw); ks.find(k.id) == nil {
				ks.keys = append(ks.keys, k)
			}
		}
	}
	if len(ks.keys) == 0 {
		return nil, fmt.Errorf("%w: there is none in %s; put a copy of it back", ErrKey, source)
	}
	return ks, nil
}

// decodeKey reads base64 in all its spellings.
func decodeKey(word string) (raw [chacha20poly1305.KeySize]byte, ok bool) {
	word = strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(word), "=")
	b, err := base64.RawStdEncoding.DecodeString(word)
	return raw, err == nil && copy(raw[:], b) == len(b) && len(b) == len(raw)
}

// text writes the set as parseKeys reads it.
func (ks *keySet) text() string {
	var b strings.Builder
	for _, comment := range ks.comments {
		b.WriteString(comment + "\n")
	}
	for _, k := range ks.keys {
		b.WriteString(base64.StdEncoding.EncodeToString(k.raw[:]) + "\n")
	}
	return b.String()
}

func (ks *keySet) primary() *key { return ks.keys[0] }

func (ks *keySet) find(id string) *key {
	for _, k := range ks.keys {
		if k.id == id {
			return k
		}
	}
	return nil
}

// usedBy returns the set with a note that a store seals with it, or the set
// itself if the note is there. Several stores may share a set; the notes keep one
// of them from dropping a key that another still needs.
func (ks *keySet) usedBy(store string) *keySet {
	for _, comment := range ks.comments {
		if comment == usedBy+store {
			return ks
		}
	}
	return &keySet{keys: ks.keys, comments: append(append([]string(nil), ks.comments...), usedBy+store)}
}

// shared says whether a store other than this one uses the set.
func (ks *keySet) shared(store string) bool {
	for _, comment := range ks.comments {
		if strings.HasPrefix(comment, usedBy) && comment != usedBy+store {
			return true
		}
	}
	return false
}
