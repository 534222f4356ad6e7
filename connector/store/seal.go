package store

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"
)

// A sealed value:
//
//	1 byte   the version of this format, which says what is sealed
//	8 bytes  the key's id
//	24 bytes the nonce, random
//	rest     the value, encrypted, and 16 bytes that authenticate it
//
// Authenticated with it: the version, the key's id, the record's id and name.
const (
	sealValue   = 1 // the API key value of a credential
	sealSecret  = 2 // the App Secret of a signing key
	sealTarget  = 3 // how a target is reached
	keyIDSize   = 8
	sealHeader  = 1 + keyIDSize
	sealedLeast = sealHeader + chacha20poly1305.NonceSizeX + chacha20poly1305.Overhead
)

// errOtherKey: the key is none of those at hand. It becomes ErrLocked when
// reading the source of keys again has not helped.
var errOtherKey = errors.New("sealed with a key that is not at hand")

// seal seals the value of the record that has this id and name. What is sealed as one
// thing does not open as another, wherever it is put.
func (k *key) seal(value, id, name string) []byte { return k.sealAs(sealValue, value, id, name) }

func (k *key) sealAs(what byte, value, id, name string) []byte {
	blob := make([]byte, sealHeader+chacha20poly1305.NonceSizeX, sealedLeast+len(value))
	blob[0] = what
	hex.Decode(blob[1:], []byte(k.id))
	nonce := blob[sealHeader:]
	rand.Read(nonce) // never fails on the systems that SQLite runs on; crypto/rand says so from Go 1.24 on
	return k.aead.Seal(blob, nonce, []byte(value), identity(blob[:sealHeader], id, name))
}

// identity is what is authenticated with a value. An id has a fixed length, so
// that no other pair of id and name gives the same.
func identity(header []byte, id, name string) []byte {
	return append(append(append(make([]byte, 0, len(header)+len(id)+len(name)), header...), id...), name...)
}

// open unseals a value. Errors: ErrDamaged, errOtherKey. keyID is what the
// record says of the key; where it and the sealed value differ, one of them was
// changed.
func (ks *keySet) open(sealed []byte, keyID, id, name string) (string, error) {
	return ks.openAs(sealValue, sealed, keyID, id, name)
}

func (ks *keySet) openAs(what byte, sealed []byte, keyID, id, name string) (string, error) {
	if len(sealed) < sealedLeast || sealed[0] != what || hex.EncodeToString(sealed[1:sealHeader]) != keyID {
		return "", fmt.Errorf("%w: its sealed value is not as it was written", ErrDamaged)
	}
	k := ks.find(keyID)
	if k == nil {
		return "", errOtherKey
	}
	rest := sealed[sealHeader:]
	nonce, box := rest[:k.aead.NonceSize()], rest[k.aead.NonceSize():]
	value, err := k.aead.Open(nil, nonce, box, identity(sealed[:sealHeader], id, name))
	if err != nil {
		return "", fmt.Errorf("%w: its value was changed, or moved here from another record or name", ErrDamaged)
	}
	return string(value), nil
}

// key is one key. It is handled as a pointer, which fmt does not follow.
type key struct {
	id   string // 16 hexadecimal digits
	raw  [chacha20poly1305.KeySize]byte
	aead cipher.AEAD
}
