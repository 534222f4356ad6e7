package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/exchange/sink"
)

// windows are the times from which on a stream can be downloaded.
var windows = map[string]time.Duration{"": 0, "1d": day, "7d": 7 * day, "30d": 30 * day, "90d": 90 * day}

var contentTypes = map[string]string{"csv": "text/csv; charset=utf-8; header=present", "jsonl": "application/x-ndjson"}

// download gives all records of a stream as a file, page by page as they come: nothing of
// it is kept here. A file that is not whole never looks whole: its connection is cut.
func (h *Handler) download(w http.ResponseWriter, r *http.Request, s *session) {
	stream, known := exchange.Find(r.PathValue("stream"))
	format := r.PostForm.Get("format")
	kind, offered := contentTypes[format]
	window, timed := windows[r.PostForm.Get("since")]
	if !known || !offered || !timed {
		h.notFound(w, r)
		return
	}
	if !r.ProtoAtLeast(1, 1) { // the end of the connection would be the end of the file, broken off or not
		h.fail(w, r, http.StatusHTTPVersionNotSupported, "Not over HTTP/1.0",
			"A file that breaks off would look whole. Have the proxy in front of this form speak HTTP/1.1 to it (nginx: proxy_http_version 1.1).")
		return
	}
	rd, began := h.beginReading(w, r, s)
	if !began {
		return
	}
	defer rd.close()
	back := h.at("/credentials/" + idOf(rd.record.Name) + "/data/" + stream.Name)
	client := rd.client()
	source := &exchange.Source{Client: client, DropPersonal: r.PostForm.Get("personal") != "1"}
	if window > 0 && stream.Incremental() {
		source.Since = h.now().Add(-window)
	}
	j := s.begin(&job{id: jobID(r.PostForm.Get("job")), Title: "Download of " + streamOf(stream).Title, Back: back, noun: "record", cancel: rd.cancel, calls: source.Calls})
	file := &attachment{w: w, kind: kind, name: fileName(rd.record.Name, stream.Name, h.now(), format), encoder: sink.NewEncoder(format, stream)}
	var notes []exchange.Note
	var failed error
	for page, err := range source.Read(rd.ctx, stream, "") {
		notes = append(notes, page.Notes...)
		if failed = err; failed != nil {
			break
		}
		hold(w, h.patience+2*time.Minute)
		if file.write(page) != nil { // the browser is gone, or takes no more
			failed = context.Canceled
			break
		}
		j.add(len(page.Records))
	}
	if failed == nil && rd.ctx.Err() != nil {
		failed = rd.ctx.Err()
	}
	rd.tell("downloaded", stream.Name, j.count(), outcome(failed), "format", format, "personal", !source.DropPersonal)
	if failed == nil {
		t, missing := good, noted(notes)
		if len(missing) > 0 {
			t = warn
		}
		j.end(t, "Downloaded "+counted(j.count(), "record")+".", missing...)
		if len(missing) > 0 {
			j.leave(s)
		}
		return
	}
	said := "The download broke off after " + counted(j.count(), "record") + ", so the file is not whole. " + why(failed)
	if errors.Is(failed, context.Canceled) {
		said = "Stopped after " + counted(j.count(), "record") + "; the file is not whole."
	}
	j.end(bad, said)
	switch {
	case file.begun:
	case errors.Is(failed, context.Canceled):
		w.WriteHeader(http.StatusNoContent) // the page stays, and says that it was stopped
		return
	default:
		rd.readFailed(w, r, failed, back)
		return
	}
	j.leave(s)
	hold(w, -time.Second)       // the end of the file goes through nowhere, also where a program around takes the panic
	panic(http.ErrAbortHandler) // which cuts the connection, and says nothing
}

// attachment is a file that a browser saves as it comes.
type attachment struct {
	w          http.ResponseWriter
	kind, name string
	encoder    sink.Encoder
	out        *sink.Output
	begun      bool
	records    int
}

func (a *attachment) write(page exchange.Page) error {
	if !a.begun {
		a.begun = true
		head := a.w.Header()
		head.Set("Content-Type", a.kind)
		head.Set("Content-Disposition", `attachment; filename="`+a.name+`"`)
		head.Set("X-Accel-Buffering", "no")
		a.out = &sink.Output{To: a.w, Encoder: a.encoder}
	}
	if a.records += len(page.Records); a.records == 0 && page.Done {
		_, err := a.w.Write(a.encoder.Header(nil)) // a file without records has one too
		return err
	}
	if err := a.out.Write(page.Records); err != nil {
		return err
	}
	return http.NewResponseController(a.w).Flush()
}

// fileName is a name that every system takes.
func fileName(credential, stream string, now time.Time, format string) string {
	plain := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9':
			return r
		case r > 127:
			return -1
		}
		return '-'
	}, shown(credential))
	plain = strings.Trim(plain, "-")
	return strings.TrimLeft(plain[:min(len(plain), 40)]+"-"+stream+"-"+now.UTC().Format("2006-01-02")+"."+format, "-")
}
