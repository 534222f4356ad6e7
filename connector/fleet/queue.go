package fleet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"github.com/100ms-connector/connector-go/connector/store"
)

// tendArgs is a job that looks after one credential. It lies in clear in the database, so
// that it holds the record's id and nothing else.
type tendArgs struct {
	ID string `json:"id" river:"unique"`
}

// Kind implements river.JobArgs.
func (tendArgs) Kind() string { return "connector_tend" }

// InsertOpts implements river.JobArgsWithInsertOpts: there is one unfinished job for a
// credential at most.
func (tendArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueName, MaxAttempts: 3, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: unfinished}}
}

// planArgs is a job that makes the jobs of what is due. The leader of the processes has it
// made.
type planArgs struct{}

// Kind implements river.JobArgs.
func (planArgs) Kind() string { return "connector_plan" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (planArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: planName, MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: unfinished}}
}

var unfinished = []rivertype.JobState{
	rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning, rivertype.JobStateRetryable, rivertype.JobStateScheduled,
}

const (
	queueName = "connector"
	planName  = "connector_plan" // so that a plan never waits behind what it has planned

	jobTimeout  = time.Minute
	rescueAfter = 2 * time.Minute // River's own is an hour: a process was killed in the middle of a job
	planEvery   = 10 * time.Second
	insertMost  = 1000 // jobs of one statement

	priorityRenewal = 1 // before a test of what is not known to be ill
	priorityTest    = 2
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
	plan := &planWorker{w: w}
	river.AddWorker(workers, plan)
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
		Logger: logger, Workers: workers,
		Queues:     map[string]river.QueueConfig{queueName: {MaxWorkers: w.workers()}, planName: {MaxWorkers: 1}},
		JobTimeout: jobTimeout, RescueStuckJobsAfter: rescueAfter,
		CompletedJobRetentionPeriod: 10 * time.Minute, // of each test there is a job
		PeriodicJobs: []*river.PeriodicJob{river.NewPeriodicJob(river.PeriodicInterval(planEvery), func() (river.JobArgs, *river.InsertOpts) {
			return planArgs{}, nil
		}, &river.PeriodicJobOpts{RunOnStart: true})},
	})
	if err != nil {
		return false, fmt.Errorf("the queue cannot be used: %w", err)
	}
	plan.client = client
	if metrics != nil {
		metrics.follow(pool, client.ID())
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	if err := client.Start(running); err != nil {
		return false, fmt.Errorf("the queue cannot be used: %w", err)
	}
	for ctx.Err() == nil && !lost {
		select {
		case <-time.After(clockEvery):
			_ = w.readClock(ctx) // the last reading stays if there is none
		case <-tend.locked:
			lost = true
		case <-ctx.Done():
		}
	}
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

// planWorker makes the jobs of what is due.
type planWorker struct {
	river.WorkerDefaults[planArgs]
	w      *Watcher
	client *river.Client[pgx.Tx]
}

// Work implements river.Worker.
func (p *planWorker) Work(ctx context.Context, _ *river.Job[planArgs]) error {
	records, err := p.w.Store.List(ctx)
	if err != nil {
		return err
	}
	now := p.w.now()
	var jobs []river.InsertManyParams
	insert := func() error {
		if len(jobs) == 0 {
			return nil
		}
		_, err := p.client.InsertManyFast(ctx, jobs)
		jobs = jobs[:0]
		return err
	}
	for _, r := range records {
		// Those that come due before the next plan are planned now, for their own time.
		at := p.w.next(r, now)
		if at.After(now.Add(planEvery)) {
			continue
		}
		options := tendArgs{}.InsertOpts()
		options.ScheduledAt, options.Priority = at, priorityTest
		if p.w.Renewer.due(r, at) {
			options.Priority = priorityRenewal
		}
		if jobs = append(jobs, river.InsertManyParams{Args: tendArgs{r.ID}, InsertOpts: &options}); len(jobs) == insertMost {
			if err := insert(); err != nil {
				return err
			}
		}
	}
	return insert()
}

// tendWorker looks after one credential.
type tendWorker struct {
	river.WorkerDefaults[tendArgs]
	w      *Watcher
	locked chan struct{} // gets one when what is kept cannot be opened
}

// Work implements river.Worker. A credential that is not well stays a job, for the time at
// which it is looked after again.
func (t *tendWorker) Work(ctx context.Context, job *river.Job[tendArgs]) error {
	r, err := t.w.Store.ShowID(ctx, job.Args.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil // it was removed
	}
	if err != nil {
		return err
	}
	e, gone := t.w.tend(ctx, r.Name)
	if ctx.Err() != nil && e.Err != nil {
		return ctx.Err() // it was not looked after
	}
	if gone {
		return nil
	}
	if !errors.Is(e.Err, ErrHeld) {
		t.w.tell(e)
	}
	if e.locked() {
		select {
		case t.locked <- struct{}{}:
		default: // it is known
		}
		return river.JobSnooze(0) // for another process
	}
	if !e.Again.IsZero() {
		return river.JobSnooze(max(time.Until(e.Again), 0))
	}
	// What is due before it could be planned stays a job.
	r, err = t.w.Store.ShowID(ctx, job.Args.ID)
	if err != nil {
		return nil // the next plan looks again
	}
	if left := t.w.next(r, t.w.now()).Sub(t.w.now()); left < 2*planEvery {
		return river.JobSnooze(max(left, time.Second))
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
