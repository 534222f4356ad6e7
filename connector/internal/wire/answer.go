package wire

import (
	"bytes"
	"strconv"
	"strings"
)

// answer follows the bytes of one HTTP/1 answer, to find where it ends. It judges
// nothing: what net/http refuses is net/http's to refuse, and such a connection is
// not kept. Where net/http keeps a connection, the two agree on the end.
type answer struct {
	phase     phase
	line      []byte // what has come of a line
	remaining uint64 // bytes of the body or of the chunk

	head    bool // it answers HEAD, so that no body follows
	status  int
	old     bool   // HTTP/1.0, which has no chunks
	field   string // the last header, which the next line may continue
	chunked bool
	length  int64 // of the body; -1 if not said
	refused bool  // by net/http, for its lengths contradict each other
}

type phase int

const (
	atStatus phase = iota
	atHeader
	inBody
	atChunk
	inChunk
	behindChunk
	atTrailer
	endless // until the connection ends, or no longer HTTP
	over
)

// maxLine is what is kept of a line, and more than net/http reads of all headers.
const maxLine = 64 << 10

func begin(head bool) answer { return answer{head: head, length: -1} }

// take returns how many of the bytes belong to the answer: all, unless it ends
// among them.
func (a *answer) take(p []byte) (n int) {
	for n < len(p) && a.phase != over {
		switch a.phase {
		case endless:
			return len(p)
		case inBody, inChunk:
			step := int(min(a.remaining, uint64(len(p)-n)))
			n += step
			if a.remaining -= uint64(step); a.remaining == 0 {
				if a.phase == inBody {
					a.phase = over
				} else {
					a.phase = behindChunk
				}
			}
		default:
			end := bytes.IndexByte(p[n:], '\n')
			if end < 0 {
				a.keep(p[n:])
				return len(p)
			}
			a.keep(p[n : n+end])
			n += end + 1
			line := string(bytes.TrimSuffix(a.line, []byte("\r")))
			a.line = a.line[:0]
			a.endLine(line)
		}
	}
	return n
}

func (a *answer) keep(p []byte) {
	a.line = append(a.line, p[:min(len(p), maxLine-len(a.line))]...)
}

func (a *answer) endLine(line string) {
	switch a.phase {
	case atStatus:
		version, rest, _ := strings.Cut(line, " ")
		code, _, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
		status, err := strconv.Atoi(code)
		if err != nil || len(code) != 3 || status < 0 {
			a.phase = endless // net/http refuses it
			return
		}
		a.status, a.old, a.phase = status, version == "HTTP/1.0", atHeader
	case atHeader:
		switch {
		case line == "":
			a.endField()
			a.endHeader()
		case line[0] == ' ' || line[0] == '\t': // continues the line before, which net/http allows
			a.field += " " + strings.Trim(line[:min(len(line), 100)], " \t")
			a.field = a.field[:min(len(a.field), maxLine)]
		default:
			a.endField()
			a.field = line
		}
	case atChunk:
		size, _, _ := strings.Cut(line, ";")
		n, err := strconv.ParseUint(strings.TrimRight(size, " \t"), 16, 64)
		switch {
		case err != nil:
			a.phase = endless // net/http refuses it
		case n == 0:
			a.phase = atTrailer
		default:
			a.remaining, a.phase = n, inChunk
		}
	case behindChunk:
		a.phase = atChunk
	case atTrailer:
		if line == "" {
			a.phase = over
		}
	}
}

// endField notes what a header says about where the body ends.
func (a *answer) endField() {
	name, value, _ := strings.Cut(a.field, ":")
	value = strings.Trim(value, " \t")
	switch {
	case strings.EqualFold(name, "Content-Length"):
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil || n < 0 || a.length >= 0 && a.length != n {
			a.refused = true
		}
		a.length = n
	case strings.EqualFold(name, "Transfer-Encoding"):
		a.chunked = strings.EqualFold(value, "chunked")
	}
	a.field = ""
}

func (a *answer) endHeader() {
	switch {
	case a.status == 101, a.refused:
		a.phase = endless
	case a.status >= 100 && a.status <= 199: // the answer itself is still to come
		*a = answer{head: a.head, length: -1, line: a.line}
	case a.head, a.status == 204, a.status == 304:
		a.phase = over
	case a.chunked && !a.old:
		a.phase = atChunk
	case a.length == 0:
		a.phase = over
	case a.length > 0:
		a.remaining, a.phase = uint64(a.length), inBody
	default:
		a.phase = endless
	}
}
