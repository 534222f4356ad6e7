package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Pool opens connections to the store's PostgreSQL for what speaks to it without
// database/sql, at most so many. They are as careful as the store's own. The caller closes
// it. It is an error for a store in a file.
func (s *Store) Pool(ctx context.Context, most int) (*pgxpool.Pool, error) {
	if s.IsFile() {
		return nil, errors.New("store: a file has no pool of connections")
	}
	config, err := pgxpool.ParseConfig("")
	if err != nil {
		return nil, unavailable("PGHOST and the like are not what PostgreSQL understands")
	}
	own, err := postgresConfig(s.at)
	if err != nil {
		return nil, err
	}
	config.ConnConfig, config.MaxConns = own, int32(most)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, s.explain(err)
	}
	return pool, nil
}
