// Command bareread reads rooms with net/http and encoding/json alone, decodes each
// record and encodes it again: the floor of connector read rooms.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
)

// bareread BASEURL <TOKEN
func main() {
	token, _ := io.ReadAll(os.Stdin)
	out := bufio.NewWriterSize(os.Stdout, 64<<10)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	for _, enabled := range []string{"true", "false"} {
		for start := ""; ; {
			query := url.Values{"limit": {"100"}, "enabled": {enabled}}
			if start != "" {
				query.Set("start", start)
			}
			req, err := http.NewRequest(http.MethodGet, os.Args[1]+"/rooms?"+query.Encode(), nil)
			if err != nil {
				panic(err)
			}
			req.Header.Set("Authorization", "Bearer "+string(bytes.TrimSpace(token)))
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				panic(err)
			}
			var page struct {
				Data []map[string]any
				Last string
			}
			if err := json.NewDecoder(resp.Body).Decode(&page); err != nil {
				panic(err)
			}
			resp.Body.Close()
			for _, record := range page.Data {
				if err := encoder.Encode(record); err != nil {
					panic(err)
				}
			}
			if start = page.Last; start == "" || len(page.Data) < 100 {
				break
			}
		}
	}
}
