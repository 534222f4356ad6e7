package fleet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/100ms-connector/connector-go/connector/store"
)

// tendArgs is a job that looks after one credential. It lies in clear in the database, so
// that it holds the record's id and nothing else.
type tendArgs struct {
	ID string `json:"id"`
}

// Kind implements river.JobArgs.
func (tendArgs) Kind() string { return "connector_tend" }

// InsertOpts implements river.JobArgsWithInsertOpts. That a credential has one job at a time
// is not River's to see to, for a job of a process that was killed would keep others from
// being made: what is taken from the store is given to nobody else for a while.
func (tendArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueName, MaxAttempts: 3}
}

const (
	queueName  = "connector"
	jobTimeout = time.Minute
)

// RunQueue looks after the credentials of a store in PostgreSQL until ctx ends, together
// with any number of other processes: each credential is a job of River's, and who has
// time takes one. What it finds there of its own tables it brings up to date. logger gets
// what River has to say; metrics, if not nil, are told of the queue. A process that cannot
// open what is kept takes no jobs: at first that is an error of class store.ErrLocked, and
// once it has begun it is told, and waited for.
func (w *Watcher) RunQueue(ctx context.Context, logger *slog.Logger, metrics *Metrics) error {
	if err := w.opens(ctx); err != nil {
		return err
	}
	pool, err := w.Store.Pool(ctx, w.workers()/4+8) // a job spends its time waiting for the API
	if err != nil {
		return err
	}
	defer pool.Close()
	if err := migrateQueue(ctx, pool, logger); err != nil {
		return err
	}
	for {
		lost, err := w.takeJobs(ctx, pool, logger, metrics)
		if err != nil || !lost {
			return err
		}
		for err := w.opens(ctx); err != nil && ctx.Err() == nil; err = w.opens(ctx) {
			w.tell(Event{Err: err})
			select {
			case <-time.After(leastDelay):
			case <-ctx.Done():
			}
		}
	}
}

// takeJobs takes jobs until ctx ends, or until what is kept cannot be opened any more.
func (w *Watcher) takeJobs(ctx context.Context, pool *pgxpool.Pool, logger *slog.Logger, metrics *Metrics) (lost bool, err error) {
	if err := w.readClock(ctx); err != nil {
		return false, err
	}
	workers := river.NewWorkers()
	tend := &tendWorker{w: w, locked: make(chan struct{}, 1)}
	river.AddWorker(workers, tend)
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
		Logger: logger, Workers: workers,
		Queues: map[string]river.QueueConfig{queueName: {MaxWorkers: w.workers()}},
		// River asks for jobs every 100 ms at most, in which half of the workers would have none.
		FetchCooldown: 5 * time.Millisecond,
		JobTimeout:    jobTimeout, RescueStuckJobsAfter: jobLost, // River's own is an hour
		// Of each test there is a job, and River's questions take the longer the more there are.
		CompletedJobRetentionPeriod: time.Minute,
	})
	if err != nil {
		return false, fmt.Errorf("the queue cannot be used: %w", err)
	}
	if metrics != nil {
		metrics.follow(pool, client.ID())
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	if err := client.Start(running); err != nil {
		return false, fmt.Errorf("the queue cannot be used: %w", err)
	}
	taking, done := context.WithCancel(ctx)
	defer done()
	var others sync.WaitGroup
	defer others.Wait()
	others.Go(func() { w.handOut(taking, client) })
	for ctx.Err() == nil && !lost {
		select {
		case <-time.After(clockEvery):
			_ = w.readClock(ctx) // the last reading stays if there is none
		case <-tend.locked:
			lost = true
		case <-ctx.Done():
		}
	}
	done()
	// What is under way comes to its end; what does not in time is left to be rescued.
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceOfJobs)
	defer cancel()
	if err := client.Stop(ending); err != nil {
		now, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		_ = client.StopAndCancel(now)
	}
	return lost, nil
}

// opens says whether this process can open what is kept. One that cannot would take jobs
// from those that can.
func (w *Watcher) opens(ctx context.Context) error {
	info, err := w.Store.Info(ctx)
	if err == nil && info.Locked {
		err = fmt.Errorf("%w: %s", store.ErrLocked, info.LockedBecause)
	}
	return err
}

// graceOfJobs is how long jobs under way may take once the process is told to end.
const graceOfJobs = 20 * time.Second

// migrateQueue makes River's tables, or brings them up to date. Several processes at once
// wait for each other.
func migrateQueue(ctx context.Context, pool *pgxpool.Pool, logger *slog.Logger) error {
	connection, err := pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("the database of the queue cannot be reached: %w", err)
	}
	defer connection.Release()
	const lock = `SELECT pg_advisory_lock(hashtext('connector queue ' || current_schema()))`
	if _, err := connection.Exec(ctx, lock); err != nil {
		return err
	}
	defer func() {
		_, _ = connection.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock_all()`) // else the pool would keep it
	}()
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Logger: logger})
	if err == nil {
		_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	}
	if err != nil {
		return fmt.Errorf("the queue's tables cannot be made: %w", err)
	}
	return nil
}

// handOut makes jobs of what is due until ctx ends. Any number of processes may: what one
// has taken, no other is given. What is taken and gets no job is due again after jobLost.
func (w *Watcher) handOut(ctx context.Context, client *river.Client[pgx.Tx]) {
	w.repeat(ctx, func(ctx context.Context) error { return w.handOutSome(ctx, client) })
}

func (w *Watcher) handOutSome(ctx context.Context, client *river.Client[pgx.Tx]) error {
	due, err := w.Store.TakeDue(ctx, takeMost, jobLost)
	if err != nil {
		return err
	}
	if len(due) == 0 {
		return w.untilDue(ctx)
	}
	jobs := make([]river.InsertManyParams, 0, len(due))
	for _, r := range due {
		jobs = append(jobs, river.InsertManyParams{Args: tendArgs{r.ID}})
	}
	if _, err := client.InsertManyFast(ctx, jobs); err != nil {
		for _, r := range due {
			if err := w.Store.Postpone(ctx, r, time.Second); err != nil {
				return err
			}
		}
		return fmt.Errorf("the queue takes no jobs: %w", err)
	}
	return nil
}

// tendWorker looks after one credential.
type tendWorker struct {
	river.WorkerDefaults[tendArgs]
	w      *Watcher
	locked chan struct{} // gets one when what is kept cannot be opened
}

// Work implements river.Worker.
func (t *tendWorker) Work(ctx context.Context, job *river.Job[tendArgs]) error {
	r, err := t.w.Store.ShowID(ctx, job.Args.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil // it was removed
	}
	if err != nil {
		return err
	}
	now := t.w.now()
	if left := t.w.next(r, now).Sub(now); left > 0 { // another job was faster, or it was put off
		return t.w.Store.Postpone(ctx, r, max(left, jobEnds))
	}
	e, done := t.w.look(ctx, r)
	if !done {
		return ctx.Err()
	}
	if e.locked() {
		select {
		case t.locked <- struct{}{}:
		default: // it is known
		}
	}
	return nil
}

// follow has the metrics tell of the queue, and of the whole store in the process that
// River has elected.
func (m *Metrics) follow(pool *pgxpool.Pool, id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.leads = func(ctx context.Context) bool {
		var leader string
		err := pool.QueryRow(ctx, `SELECT leader_id FROM river_leader WHERE expires_at > now()`).Scan(&leader)
		return err == nil && leader == id
	}
	m.jobs = func(ctx context.Context) (map[string]int, error) {
		rows, err := pool.Query(ctx, `SELECT state::text, count(*) FROM river_job WHERE kind = $1 GROUP BY state`, tendArgs{}.Kind())
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		counts := map[string]int{}
		for rows.Next() {
			var state string
			var n int
			if err := rows.Scan(&state, &n); err != nil {
				return nil, err
			}
			counts[state] = n
		}
		return counts, rows.Err()
	}
}
