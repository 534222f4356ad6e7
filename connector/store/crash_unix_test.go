//go:build linux || darwin

package store_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/100ms-connector/connector-go/connector/store"
)

// model is what a store must hold: names, and the number of the value of each.
type model map[string]string

// apply does to the model what a line of partWrite says.
func (m model) apply(line string) {
	word := strings.Fields(line)
	switch word[0] {
	case "save", "edit":
		m[word[1]] = word[2]
	case "rename":
		m[word[2]] = m[word[1]]
		delete(m, word[1])
	case "delete":
		delete(m, word[1])
	}
}

func held(t *testing.T, s *store.Store) model {
	t.Helper()
	m := model{}
	for c, err := range s.All(ctx) {
		if err != nil {
			t.Errorf("half-written: %v", err)
			continue
		}
		_, number, _ := strings.Cut(c.APIKeyValue.Reveal(), ".number-")
		m[c.Name] = number
		if fmt.Sprint(childToken(int(number[0]-'0'))) != fmt.Sprint(c.APIKeyValue) || c.Description == "" {
			t.Errorf("%s is not whole", c.Name)
		}
	}
	list, err := s.List(ctx)
	if ok(t, err); len(list) != len(m) {
		t.Errorf("%d listed, %d unsealed", len(list), len(m))
	}
	return m
}

func TestAWriterKilledAtAnyMomentLosesNothing(t *testing.T) {
	rounds := 200
	if testing.Short() {
		rounds = 20
	}
	p := onSQLite(t)
	want := model{}
	steps, unclear := 0, 0
	for round := range rounds {
		cmd := child(p, "write", fmt.Sprint("STORE_TEST_NAME=r", round))
		lines := start(t, cmd)
		var begun string
		left := 1 + rand.Intn(6) // steps until it is killed, whatever they take
		for lines.Scan() {       // to the end, for a killed child's last lines are still in the pipe
			what, line, _ := strings.Cut(lines.Text(), " ")
			switch what {
			case "begin":
				begun = line
				if left--; left == 0 {
					go func(after time.Duration) {
						time.Sleep(after)
						cmd.Process.Kill()
					}(time.Duration(rand.Intn(5000)) * time.Microsecond)
				}
			case "done":
				want.apply(line)
				begun = ""
				steps++
			default:
				t.Fatalf("round %d: %s", round, lines.Text())
			}
		}
		cmd.Wait()

		s, err := store.Open(ctx, p.url, store.KeyFile(p.keyFile))
		ok(t, err)
		got := held(t, s)
		ok(t, s.Close())
		if !maps.Equal(got, want) && begun != "" { // killed in the midst: it has happened, or not at all
			want.apply(begun)
			unclear++
		}
		if !maps.Equal(got, want) {
			t.Fatalf("round %d, killed in %q:\ngot  %v\nwant %v", round, begun, got, want)
		}
	}
	t.Logf("%d rounds, %d steps done, %d done and not reported, %d credentials", rounds, steps, unclear, len(want))
	if steps < rounds/2 {
		t.Errorf("only %d steps in %d rounds: the test tests little", steps, rounds)
	}
}

func TestAProcessKilledAtItsFirstUseLeavesAStoreThatWorks(t *testing.T) {
	rounds := 30
	if testing.Short() {
		rounds = 5
	}
	for round := range rounds {
		p := onSQLite(t)
		cmd := child(p, "write", "STORE_TEST_NAME=first")
		lines := start(t, cmd)
		go func() {
			for lines.Scan() {
			}
		}()
		time.Sleep(time.Duration(rand.Intn(40)) * time.Millisecond)
		cmd.Process.Kill()
		cmd.Wait()
		s := p.open(t)
		held(t, s)
		if err := s.Save(ctx, credential("after", childToken(1))); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		ok(t, s.Close())
	}
}

func TestTwoProcessesLoseNoUpdate(t *testing.T) {
	onEach(t, func(t *testing.T, p place) {
		s := p.open(t)
		ok(t, s.Save(ctx, credential("shared", childToken(0))))
		var both []*exec.Cmd
		var out [2]bytes.Buffer
		for i := range 2 {
			cmd := child(p, "count", fmt.Sprint("STORE_TEST_NAME=p", i, "-"))
			cmd.Stdout = &out[i]
			ok(t, cmd.Start())
			both = append(both, cmd)
		}
		for i, cmd := range both {
			if err := cmd.Wait(); err != nil {
				t.Errorf("%v: %s", err, &out[i])
			}
		}
		has(t, s, "shared", childToken(2*updates))
		if list, err := s.List(ctx); err != nil || len(list) != 2*updates+1 {
			t.Errorf("%d credentials, %v", len(list), err)
		}
	})
}

func TestProcessesThatStartAtOnceAgreeOnTheKey(t *testing.T) {
	onEach(t, func(t *testing.T, p place) {
		const processes = 8
		failed := make(chan string, processes)
		for range processes {
			go func() {
				out, err := child(p, "save one").Output()
				if err != nil && !strings.Contains(string(out), store.Plain(store.ErrExists)) {
					failed <- fmt.Sprintf("unexpected: %v: %s", err, out)
				} else if err != nil {
					failed <- "exists"
				} else {
					failed <- ""
				}
			}()
		}
		saved := 0
		for range processes {
			switch what := <-failed; what {
			case "":
				saved++
			case "exists":
			default:
				t.Error(what)
			}
		}
		if saved != 1 {
			t.Errorf("%d have saved the same name", saved)
		}
		has(t, p.open(t), "one", childToken(1))
	})
}

func TestARotationKilledAtAnyMomentLosesNothingAndIsCompletedByTheNext(t *testing.T) {
	onEach(t, func(t *testing.T, p place) {
		s := p.open(t)
		many := seed(t, s, 600)
		before, err := s.Info(ctx)
		ok(t, err)
		rounds, midway := 12, 0
		if testing.Short() {
			rounds = 4
		}
		for round := range rounds {
			cmd := child(p, "rotate")
			lines := start(t, cmd)
			for lines.Scan() {
				if line := lines.Text(); line == "ready" && round%2 == 0 || strings.HasPrefix(line, "200 of") {
					time.Sleep(time.Duration(rand.Intn(15)) * time.Millisecond)
					cmd.Process.Kill()
				}
			}
			cmd.Wait()
			all(t, p.open(t), many)
			if info, err := p.open(t).Info(ctx); err != nil || info.Locked {
				t.Errorf("%+v, %v", info, err)
			} else if info.Rotating {
				midway++
			}
			if len(keysIn(t, p)) > 2 {
				t.Errorf("round %d: the key file has %d keys: a rotation that goes on makes no new one", round, len(keysIn(t, p)))
			}
		}
		t.Logf("%d of %d rotations were killed midway", midway, rounds)
		for range 2 { // the first may have something to complete
			ok(t, s.RotateKey(ctx, nil))
		}
		all(t, s, many)
		after, err := s.Info(ctx)
		if ok(t, err); after.Rotating || after.KeyID == before.KeyID || len(keysIn(t, p)) != 1 {
			t.Errorf("%+v, %d keys", after, len(keysIn(t, p)))
		}
	})
}

// keysIn are the lines of the key file that are keys.
func keysIn(t *testing.T, p place) []string {
	data, err := os.ReadFile(p.keyFile)
	ok(t, err)
	return slices.DeleteFunc(strings.Split(string(data), "\n"), func(line string) bool { return line == "" || line[0] == '#' })
}
