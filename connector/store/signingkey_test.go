package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
	"github.com/100ms-connector/connector-go/fixtures"
)

func signing(k fixtures.Key) *connector.SigningKey {
	return &connector.SigningKey{AccessKey: k.AccessKey, AppSecret: connector.Secret(k.AppSecret)}
}

func TestASigningKeyIsKeptSealedOneForAWorkspace(t *testing.T) {
	onEach(t, func(t *testing.T, p place) {
		s := p.open(t)
		one, other := signing(fixtures.Workspace()), signing(fixtures.OtherWorkspace())
		if _, err := s.SigningKey(ctx, one.AccessKey); !errors.Is(err, store.ErrNotFound) || !strings.Contains(err.Error(), one.AccessKey) {
			t.Errorf("%v", err)
		}
		ok(t, s.SaveKey(ctx, one))
		ok(t, s.SaveKey(ctx, other))
		replaced := signing(fixtures.Workspace())
		replaced.AppSecret = other.AppSecret
		ok(t, s.SaveKey(ctx, replaced))
		got, err := p.open(t).SigningKey(ctx, one.AccessKey) // another process
		if ok(t, err); got.AccessKey != one.AccessKey || got.AppSecret != other.AppSecret {
			t.Error("it is not the key that was saved last")
		}
		keys, err := s.Keys(ctx)
		if ok(t, err); len(keys) != 2 || keys[0].SavedAt.IsZero() || keys[0].Damage != "" {
			t.Errorf("%+v", keys)
		}
		if text := fmt.Sprintf("%+v %#v", keys, keys); strings.Contains(text, one.AppSecret.Reveal()[:20]) {
			t.Error("the list has a secret")
		}
		ok(t, s.DeleteKey(ctx, one.AccessKey))
		fails(t, s.DeleteKey(ctx, one.AccessKey), store.ErrNotFound)
		fails(t, s.SaveKey(ctx, &connector.SigningKey{AccessKey: "x", AppSecret: "y"}), store.ErrInvalid)
	})
}

func TestARotationSealsSigningKeysToo(t *testing.T) {
	onEach(t, func(t *testing.T, p place) {
		s := p.open(t)
		ok(t, s.SaveKey(ctx, signing(fixtures.Workspace()))) // the store's first use
		ok(t, s.Save(ctx, credential("prod", token(1))))
		before, err := s.Info(ctx)
		ok(t, err)
		ok(t, s.RotateKey(ctx, nil))
		after, err := s.Info(ctx)
		if ok(t, err); after.KeyID == before.KeyID || after.Locked || after.Rotating {
			t.Errorf("%+v, before %+v", after, before)
		}
		got, err := p.open(t).SigningKey(ctx, fixtures.Workspace().AccessKey)
		if ok(t, err); got.AppSecret.Reveal() != fixtures.Workspace().AppSecret {
			t.Error("the key is another after the rotation")
		}
		has(t, s, "prod", token(1))
	})
}

func TestASigningKeyThatWasChangedIsDamaged(t *testing.T) {
	one, other := fixtures.Workspace().AccessKey, fixtures.OtherWorkspace().AccessKey
	for name, change := range map[string]string{
		"its secret is another's":            `UPDATE connector_signing_keys SET sealed = (SELECT sealed FROM connector_signing_keys WHERE access_key = '` + other + `') WHERE access_key = '` + one + `'`,
		"another's row has its name":         `UPDATE connector_signing_keys SET access_key = CASE access_key WHEN '` + one + `' THEN 'x' ELSE '` + one + `' END`,
		"its secret is a credential's value": `UPDATE connector_signing_keys SET sealed = (SELECT sealed FROM connector_credentials), id = (SELECT id FROM connector_credentials), key_id = (SELECT key_id FROM connector_credentials) WHERE access_key = '` + one + `'`,
		"its id is another":                  `UPDATE connector_signing_keys SET id = '0'`,
	} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, p place) {
				s := p.open(t)
				ok(t, s.SaveKey(ctx, signing(fixtures.Workspace())))
				ok(t, s.SaveKey(ctx, signing(fixtures.OtherWorkspace())))
				ok(t, s.Save(ctx, credential("prod", token(1))))
				p.tamper(t, change)
				_, err := s.SigningKey(ctx, one)
				fails(t, err, store.ErrDamaged)
				if err := s.RotateKey(ctx, nil); !errors.Is(err, store.ErrDamaged) || !strings.Contains(err.Error(), "signing key") {
					t.Errorf("%v", err)
				}
				has(t, s, "prod", token(1))
			})
		})
	}
}

// Who can write the database can give a row any name, also that of a signing key.
func TestAnAppSecretCannotTakeACredentialsPlace(t *testing.T) {
	for name, change := range map[string]string{
		"beside its own name":        `UPDATE connector_credentials SET sealed = (SELECT sealed FROM connector_signing_keys), id = (SELECT id FROM connector_signing_keys), key_id = (SELECT key_id FROM connector_signing_keys)`,
		"under the key's access key": `UPDATE connector_credentials SET sealed = (SELECT sealed FROM connector_signing_keys), id = (SELECT id FROM connector_signing_keys), key_id = (SELECT key_id FROM connector_signing_keys), name = (SELECT access_key FROM connector_signing_keys)`,
	} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, p place) {
				s := p.open(t)
				ok(t, s.SaveKey(ctx, signing(fixtures.Workspace())))
				ok(t, s.Save(ctx, credential("prod", token(1))))
				p.tamper(t, change)
				for c, err := range s.All(ctx) {
					if !errors.Is(err, store.ErrDamaged) || c != nil {
						t.Errorf("%v, %v", c, err)
					}
				}
			})
		})
	}
}

func TestATokenCannotTakeASigningKeysPlace(t *testing.T) {
	onEach(t, func(t *testing.T, p place) {
		s := p.open(t)
		ok(t, s.SaveKey(ctx, signing(fixtures.Workspace())))
		ok(t, s.Save(ctx, credential(fixtures.OtherWorkspace().AccessKey, token(1))))
		p.tamper(t, `INSERT INTO connector_signing_keys (access_key, id, sealed, key_id, saved_at) SELECT name, id, sealed, key_id, 0 FROM connector_credentials`)
		_, err := s.SigningKey(ctx, fixtures.OtherWorkspace().AccessKey)
		fails(t, err, store.ErrDamaged)
	})
}

func TestADamagedSigningKeyIsShownAndRemoved(t *testing.T) {
	p := onSQLite(t) // whose columns hold anything
	s := p.open(t)
	ok(t, s.SaveKey(ctx, signing(fixtures.Workspace())))
	p.tamper(t, `UPDATE connector_signing_keys SET access_key = x'62ff1b'`)
	keys, err := s.Keys(ctx)
	if ok(t, err); len(keys) != 1 || keys[0].Damage == "" {
		t.Fatalf("%+v", keys)
	}
	if err := s.RotateKey(ctx, nil); err != nil && !errors.Is(err, store.ErrDamaged) {
		t.Error(err)
	}
	ok(t, s.DeleteKey(ctx, keys[0].AccessKey))
	if keys, err = s.Keys(ctx); err != nil || len(keys) != 0 {
		t.Errorf("%+v, %v", keys, err)
	}
}

func TestASigningKeyWithoutTheStoresKeyIsLocked(t *testing.T) {
	onEach(t, func(t *testing.T, p place) {
		ok(t, p.open(t).SaveKey(ctx, signing(fixtures.Workspace())))
		other, err := store.Open(context.Background(), p.url, store.KeyFile(t.TempDir()+"/other"))
		ok(t, err)
		defer other.Close()
		_, err = other.SigningKey(ctx, fixtures.Workspace().AccessKey)
		fails(t, err, store.ErrLocked)
		fails(t, other.Save(ctx, credential("prod", token(1))), store.ErrLocked)
		if keys, err := other.Keys(ctx); err != nil || len(keys) != 1 {
			t.Errorf("%v, %v", keys, err)
		}
	})
}
