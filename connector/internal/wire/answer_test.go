package wire

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

// lengths are answers of every kind, to which something is appended that belongs to
// none of them.
var lengths = []struct {
	name, answer string
	head, never  bool // never: it ends with the connection
}{
	{"a length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, false},
	{"a length in odd letters and blanks", "HTTP/1.1 200 OK\r\ncOnTeNt-lEnGtH:  5 \r\n\r\nhello", false, false},
	{"a length that is given twice", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", false, false},
	{"a length on a line of its own", "HTTP/1.1 200 OK\r\nContent-Length:\r\n 5\r\n\r\nhello", false, false},
	{"lines without a carriage return", "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", false, false},
	{"no body", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, false},
	{"204", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", false, false},
	{"304", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", false, false},
	{"an answer to HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true, false},
	{"chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n", false, false},
	{"chunks and a length, which does not count", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", false, false},
	{"chunks and trailers", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n5\r\nhello\r\n0\r\nX: 1\r\n\r\n", false, false},
	{"interim answers before it", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, false},
	{"HTTP/1.0 that is kept", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello", false, false},

	{"neither a length nor chunks", "HTTP/1.1 200 OK\r\n\r\nhello", false, true},
	{"101", "HTTP/1.1 101 Switching Protocols\r\nContent-Length: 0\r\n\r\n", false, true},
	{"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", false, true},
	{"a length that is no number", "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello", false, true},
	{"a chunk that is no number", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfive\r\nhello\r\n", false, true},
	{"no HTTP", "SSH-2.0-OpenSSH_9.6\r\n\r\n", false, true},
}

func TestTheEndOfAnAnswerIsFoundInPiecesOfAnySize(t *testing.T) {
	const behind = "HTTP/1.1 200 of another request\r\n\r\n"
	for _, c := range lengths {
		all := c.answer + behind
		for size := 1; size <= len(all); size++ {
			a, used := begin(c.head), 0
			for rest := []byte(all); len(rest) > 0; rest = rest[min(size, len(rest)):] {
				piece := rest[:min(size, len(rest))]
				n := a.take(piece)
				used += n
				if n < len(piece) {
					break
				}
			}
			want := len(c.answer)
			if c.never {
				want = len(all)
			}
			if used != want || (a.phase == over) == c.never {
				t.Errorf("%s in pieces of %d: %d bytes belong to it, want %d", c.name, size, used, want)
				break
			}
		}
	}
}

func TestALineWithoutEndIsNotKept(t *testing.T) {
	a := begin(false)
	line := []byte(strings.Repeat("x", 1<<20))
	for range 100 {
		a.take(line)
	}
	if cap(a.line) > 4*maxLine {
		t.Errorf("%d bytes are kept of 100 MiB", cap(a.line))
	}
}

// FuzzAnswer holds the end that is found against where net/http stops reading.
func FuzzAnswer(f *testing.F) {
	for _, c := range lengths {
		f.Add([]byte(c.answer), c.head)
	}
	f.Fuzz(func(t *testing.T, data []byte, head bool) {
		request := &http.Request{Method: http.MethodGet}
		if head {
			request.Method = http.MethodHead
		}
		source := bytes.NewReader(data)
		br := bufio.NewReader(source)
		var resp *http.Response
		for {
			var err error
			if resp, err = http.ReadResponse(br, request); err != nil {
				return // net/http closes such a connection
			}
			if resp.StatusCode < 100 || resp.StatusCode > 199 || resp.StatusCode == 101 {
				break
			}
		}
		if resp.Close || resp.StatusCode == 101 {
			return
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			return
		}
		end := len(data) - source.Len() - br.Buffered()
		a := begin(head)
		if used := a.take(data); used != end || a.phase != over {
			t.Errorf("%q: it ends at %d in phase %d, for net/http at %d", data, used, a.phase, end)
		}
	})
}
