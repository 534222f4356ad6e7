// Command bareclient makes the calls of `connector test` with net/http alone:
// the floor of testing many credentials.
package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
)

// bareclient BASEURL CALLS CONCURRENCY <TOKEN
func main() {
	calls, _ := strconv.Atoi(os.Args[2])
	concurrency, _ := strconv.Atoi(os.Args[3])
	token, _ := io.ReadAll(os.Stdin)
	client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: concurrency, MaxIdleConnsPerHost: concurrency}}
	var next atomic.Int64
	var workers sync.WaitGroup
	for range concurrency {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for next.Add(1) <= int64(calls) {
				req, err := http.NewRequest(http.MethodGet, os.Args[1]+"/rooms?limit=10&name=00000000-0000-4000-8000-000000000000", nil)
				if err != nil {
					panic(err)
				}
				req.Header.Set("Authorization", "Bearer "+string(bytes.TrimSpace(token)))
				req.Header.Set("Accept", "application/json")
				req.Header.Set("Content-Type", "application/json")
				resp, err := client.Do(req)
				if err != nil {
					panic(err)
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		}()
	}
	workers.Wait()
}
