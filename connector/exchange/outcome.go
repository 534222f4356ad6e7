package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/internal/jsontext"
	"github.com/100ms-connector/connector-go/connector/internal/pasted"
)

// post makes the call that changes something, and gives the object of its answer. The
// error is an *Error; lost says whether the call may have been carried out.
func (w *writing) post(path string, query url.Values, body []byte) (answer object, lost bool, err error) {
	r := request{method: http.MethodPost, path: path, query: query, body: body, during: w.late}
	err = w.d.api.call(w.ctx, w.d.terms(), r, func(r io.Reader) error {
		text, err := readAnswer(r)
		if err == nil {
			answer, err = parseObject(text)
		}
		return err
	})
	if err == errLarge {
		err = &Error{Code: connector.UnexpectedResponse, Err: fmt.Errorf("unexpected_response: POST %s: %w", path, err), lost: true}
	}
	fault, _ := errors.AsType[*Error](err)
	return answer, fault != nil && fault.lost, err
}

// look reads an object. It outlives the end of the write if a call was made that it is
// about. The error is an *Error.
func (w *writing) look(ctx context.Context, path string) (answer object, err error) {
	err = w.d.ask(ctx, path, nil, func(r io.Reader) error {
		text, err := readAnswer(r)
		if err == nil {
			answer, err = parseObject(text)
		}
		return err
	})
	if err == errLarge {
		err = unexpected("unexpected_response: GET %s: %w", path, err)
	}
	return answer, err
}

// object is a JSON object of the API's.
type object map[string]json.RawMessage

func parseObject(text []byte) (object, error) {
	if !json.Valid(text) {
		return nil, &Error{Code: connector.UnexpectedResponse, Err: &notJSON{text[:min(len(text), 4<<10)]}}
	}
	var o object
	if json.Unmarshal(text, &o) != nil || o == nil {
		return nil, unexpected("unexpected_response: the answer is JSON, but no object")
	}
	return o, nil
}

func (o object) text(field string) string { return textOf(o[field]) }

// refused is the ack of a call that the API said no to. What is no matter of the record
// ends the write, and leaves the record untried.
func (w *writing) refused(i *item, err error) Ack {
	fault, ok := errors.AsType[*Error](err)
	if !ok {
		return w.ends(i, err)
	}
	switch status := statusOf(fault); {
	case status == http.StatusForbidden:
		if err := w.clear(); err != nil {
			return w.ends(i, err)
		}
		return w.failed(i, CodeForbidden, fault)
	case fault.Rejected():
		return w.ends(i, fault)
	case status == http.StatusNotFound:
		return w.failed(i, CodeNotFound, fault)
	case status == http.StatusConflict:
		return w.failed(i, CodeConflict, fault)
	case status/100 == 4 && status != http.StatusTooManyRequests && status != http.StatusRequestTimeout && status != http.StatusProxyAuthRequired:
		return w.failed(i, CodeRefused, fault)
	}
	return w.ends(i, fault)
}

// failed is the ack of a record that the API refuses, with its words.
func (w *writing) failed(i *item, code string, fault *Error) Ack {
	said := fault.Error()
	if fault.Report != nil && fault.Report.Server != nil {
		s := fault.Report.Server
		if said = fmt.Sprintf("the API answered %d", s.Status); s.Message != "" {
			said += ": " + s.Message
		}
	}
	return Ack{Status: Failed, Code: code, Message: i.without(w.action, said)}
}

// without takes the record's secrets out of words of the API, which may quote them.
func (i *item) without(action Action, said string) string {
	for _, s := range jsontext.Strings(i.raw) {
		marks := declarationOf(action.Name).marks
		for _, step := range s.Path {
			if marks.items != nil {
				marks = marks.items
				continue
			}
			marks, _ = marks.member([]byte(step))
		}
		if (marks.secret == secret || marks.secret == inURL) && s.Text != "" {
			said = strings.ReplaceAll(said, s.Text, pasted.Redacted)
		}
	}
	return said
}

// ends ends the write with an error. Nothing is known to have been done for the record.
func (w *writing) ends(i *item, err error) Ack {
	i.untried = true
	w.stop(err)
	return Ack{}
}

// uncertain is the ack of a call that was sent and has no answer.
func uncertain(err error) Ack {
	return Ack{Status: Uncertain, Code: CodeNoAnswer, Message: "the call was sent, and its answer did not come (" + said(err) + "); it may have been carried out, and is not sent again"}
}

// said is a cause in the middle of a sentence.
func said(err error) string {
	if fault, ok := errors.AsType[*Error](err); ok {
		return string(fault.Code)
	}
	return err.Error()
}

// forgotten is the ack of a record that an earlier run began, and of which it cannot be
// seen whether it was carried out.
func forgotten() Ack {
	return Ack{Status: Uncertain, Code: CodeNoAnswer, Message: "an earlier run was ended while it was being written; it may have been carried out, and is not sent again"}
}

// clear makes sure, once for each token, that a refusal is of the record and not of the
// credential.
func (w *writing) clear() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	token, err := w.d.Client.Source.Token(w.late)
	if err != nil {
		return ofCall(err)
	}
	if now := hashOf(token); now != w.cleared || strings.HasPrefix(w.action.Path, "/analytics") {
		if err := w.d.api.clear(w.late, w.d.terms()); err != nil {
			return err
		}
		w.cleared = now
	}
	return nil
}

// retry waits before a call that was lost and, as a look showed, not carried out is made
// again. The error says that the patience is over.
type retry struct {
	begun    time.Time
	attempts int
}

func (w *writing) again(r *retry, lost error) error {
	if r.begun.IsZero() {
		r.begun = time.Now()
	}
	wait := min(15*time.Second, 200*time.Millisecond<<min(r.attempts, 10))
	wait = wait/2 + rand.N(wait/2)
	r.attempts++
	if time.Since(r.begun)+wait > w.d.terms().wait() {
		return lost
	}
	if err := sleep(w.ctx, wait); err != nil {
		return ofCall(err)
	}
	return nil
}
