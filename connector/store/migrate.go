package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// migrations make the tables, each from what the one before it left. One that
// was released is never changed: a new one is added.
//
// Times are microseconds since 1970, NULL for the zero time. The column key_id
// says again which key a value is sealed with, for searching; what counts is the
// sealed value itself.
var migrations = [...][]string{
	{
		`CREATE TABLE connector_store (
			one      INTEGER PRIMARY KEY CHECK (one = 1),
			id       {text} NOT NULL,
			key_id   {text} NOT NULL,
			rotating INTEGER NOT NULL
		)`,
		`CREATE TABLE connector_credentials (
			id             {text} PRIMARY KEY,
			name           {text} NOT NULL UNIQUE,
			description    {text} NOT NULL,
			kind           {text} NOT NULL,
			access_key     {text} NOT NULL,
			issued_at      BIGINT,
			expires_at     BIGINT,
			sealed         {blob} NOT NULL,
			key_id         {text} NOT NULL,
			last_verdict   {text} NOT NULL,
			last_code      {text} NOT NULL,
			last_tested_at BIGINT,
			created_at     BIGINT NOT NULL,
			updated_at     BIGINT NOT NULL
		)`,
		`CREATE INDEX connector_credentials_key_id ON connector_credentials (key_id, id)`,
	},
	{
		// From when on a value is valid and when it was saved: a token without iat
		// counts its life from these. Of older values only the record's age is known.
		`ALTER TABLE connector_credentials ADD COLUMN not_before BIGINT`,
		`ALTER TABLE connector_credentials ADD COLUMN saved_at BIGINT`,
		`UPDATE connector_credentials SET saved_at = created_at`,
	},
	{
		`CREATE TABLE connector_signing_keys (
			access_key {text} PRIMARY KEY,
			id         {text} NOT NULL,
			sealed     {blob} NOT NULL,
			key_id     {text} NOT NULL,
			saved_at   BIGINT NOT NULL
		)`,
		// Until when the API asks that a workspace is left alone.
		`CREATE TABLE connector_holds (
			access_key {text} PRIMARY KEY,
			until      BIGINT NOT NULL
		)`,
		// How each credential was when it was last told, and whether it is to be told.
		`CREATE TABLE connector_notices (
			id           {text} PRIMARY KEY,
			name         {text} NOT NULL,
			access_key   {text} NOT NULL,
			state        {text} NOT NULL,
			why          {text} NOT NULL,
			pending      INTEGER NOT NULL,
			leased_until BIGINT NOT NULL,
			told_at      BIGINT NOT NULL
		)`,
	},
	{
		// When a credential is to be looked after next; 0 as soon as may be.
		`ALTER TABLE connector_credentials ADD COLUMN next_at BIGINT NOT NULL DEFAULT 0`,
		`CREATE INDEX connector_credentials_next_at ON connector_credentials (next_at)`,
		// The last tests, the newest first; see history.go.
		`ALTER TABLE connector_credentials ADD COLUMN history {text} NOT NULL DEFAULT ''`,
		// Where else tokens are used. pushed is a hash of the token that was put there last,
		// pushed_value the saved_at of that token; not_before is until when nobody is to put
		// another there, because one process does or because it failed.
		`CREATE TABLE connector_targets (
			id            {text} PRIMARY KEY,
			credential_id {text} NOT NULL,
			host          {text} NOT NULL,
			place         {text} NOT NULL,
			sealed        {blob} NOT NULL,
			key_id        {text} NOT NULL,
			saved_at      BIGINT NOT NULL,
			pushed        {text} NOT NULL,
			pushed_value  BIGINT NOT NULL,
			pushed_at     BIGINT,
			failure       {text} NOT NULL,
			failures      INTEGER NOT NULL,
			not_before    BIGINT NOT NULL,
			UNIQUE (credential_id, host, place)
		)`,
	},
}

// schemaVersion is the version that this program writes.
const schemaVersion = len(migrations)

// migrate brings the tables up to date. A store that is newer is not touched.
func (s *Store) migrate(ctx context.Context) error {
	version, err := s.version(ctx, s.db)
	switch {
	case err != nil:
		return s.explain(err)
	case version > schemaVersion:
		return fmt.Errorf("%w: its tables have version %d, this program knows %d; it was left untouched: use a newer version of this program", ErrNewer, version, schemaVersion)
	case version == schemaVersion:
		return nil
	}
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if s.d.beforeChange != "" {
			if _, err := tx.ExecContext(ctx, s.d.beforeChange); err != nil {
				return err
			}
		}
		version, err := s.version(ctx, tx) // another process may have been faster
		if err != nil {
			return err
		}
		for ; version < schemaVersion; version++ {
			if err := s.migrateFrom(ctx, tx, version); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Store) migrateFrom(ctx context.Context, tx *sql.Tx, version int) error {
	statements := migrations[version]
	if version == 0 {
		statements = append([]string{`CREATE TABLE connector_migrations (version INTEGER PRIMARY KEY, applied_at BIGINT NOT NULL)`}, statements...)
	}
	for _, statement := range statements {
		if _, err := tx.ExecContext(ctx, s.d.sql(statement)); err != nil {
			return err
		}
	}
	if version == 0 {
		if err := s.exec(ctx, tx, `INSERT INTO connector_store (one, id, key_id, rotating) VALUES (1, ?, '', 0)`, newID()); err != nil {
			return err
		}
	}
	return s.exec(ctx, tx, `INSERT INTO connector_migrations (version, applied_at) VALUES (?, ?)`, version+1, micros(time.Now()))
}

// version is that of the tables; 0 if there are none.
func (s *Store) version(ctx context.Context, db querier) (int, error) {
	var found, version int
	rows := db.QueryRowContext(ctx, s.d.hasTables)
	if err := rows.Scan(&found); err != nil || found == 0 {
		return 0, err
	}
	err := db.QueryRowContext(ctx, `SELECT COALESCE(MAX(version), 0) FROM connector_migrations`).Scan(&version)
	return version, err
}
