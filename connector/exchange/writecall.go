package exchange

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/100ms-connector/connector-go/connector/internal/jsontext"
)

// act does something to people in an active room. It cannot be seen afterwards whether it
// was done, so that it is never sent twice.
func (w *writing) act(i *item) Ack {
	room := i.text("room_id")
	if w.d.DryRun {
		return w.plan(i, room, w.action.Does)
	}
	if i.began {
		return forgotten()
	}
	if !w.begins(i) {
		return Ack{}
	}
	_, lost, err := w.post(inRoom(w.action.Path, room), nil, i.rest("room_id"))
	switch {
	case err == nil:
		return Ack{Status: Created, ID: room}
	case lost:
		return uncertain(err)
	}
	return w.refused(i, err)
}

func inRoom(path, room string) string {
	return strings.Replace(path, "{room_id}", url.PathEscape(room), 1)
}

// plan says what would be done to an active room.
func (w *writing) plan(i *item, room, does string) Ack {
	if _, err := w.look(w.ctx, "/active-rooms/"+url.PathEscape(room)); err != nil {
		return w.refused(i, err)
	}
	return Ack{Status: Planned, ID: room, Message: "would do what the action does: it " + does}
}

// startOrStop starts or stops what is recorded or streamed of a room.
func (w *writing) startOrStop(i *item) Ack {
	room, state := i.text("room_id"), i.text("state")
	if w.d.DryRun {
		return w.plan(i, room, state+"s it")
	}
	if i.began && state == "start" {
		return forgotten()
	}
	var body []byte
	if state == "start" {
		body = i.rest("room_id", "state")
	}
	for r := new(retry); ; {
		if !w.begins(i) {
			return Ack{}
		}
		answer, lost, err := w.post(inRoom(w.action.Path, room)+"/"+state, nil, body)
		status := statusOf(err)
		switch {
		case err == nil && state == "start":
			return Ack{Status: Created, ID: answer.text("id")}
		case err == nil:
			return w.stopped(i, answer)
		case state == "start" && status == http.StatusConflict:
			return Ack{Status: Unchanged, ID: room, Message: "it runs already"}
		case state == "stop" && status == http.StatusNotFound:
			return Ack{Status: Unchanged, ID: room, Message: "nothing runs"}
		case lost && state == "start":
			return uncertain(err)
		case !lost:
			return w.refused(i, err)
		}
		// What has been stopped cannot be stopped again: a second stop does no harm.
		if failure := w.again(r, err); failure != nil {
			w.stop(failure)
			return uncertain(err)
		}
	}
}

// stopped judges the answer to the stop of all that runs in a room: an object, a page of
// objects, or an error under the status 200 (100ms docs, and seen).
func (w *writing) stopped(i *item, answer object) Ack {
	if said := answer.text("error"); said != "" {
		return Ack{Status: Failed, Code: CodeRefused, Message: i.without(w.action, fmt.Sprintf("the API answered %.300q", said))}
	}
	id := answer.text("id")
	if data, page := answer["data"]; page {
		n := 0
		for element := range jsontext.Elements(data) {
			if one, err := parseObject(element); err == nil && n == 0 {
				id = one.text("id")
			}
			n++
		}
		if n == 0 {
			return Ack{Status: Unchanged, ID: i.text("room_id"), Message: "nothing runs"}
		}
	}
	return Ack{Status: Updated, ID: id}
}

// roomCodes makes codes for one role of a room, or for all. Whether a call makes new
// codes for a role that has one is not documented, so that one that is there is kept.
func (w *writing) roomCodes(i *item) Ack {
	room, role := i.text("room_id"), i.text("role")
	if room == "" {
		found, ack := w.roomOf(i, "room_id")
		if found == nil {
			return ack
		}
		room = found.text("id")
	}
	before, err := w.rolesWithCode(w.ctx, room)
	if err != nil {
		return w.refused(i, err)
	}
	has := slices.Contains(before, role)
	switch {
	case i.began && (has || role == "" && len(before) > 0):
		return Ack{Status: Created, ID: room, Message: "an earlier run wrote it"}
	case has:
		return Ack{Status: Unchanged, ID: room, Message: "the role has a code"}
	case w.d.DryRun:
		return Ack{Status: Planned, ID: room, Message: "would make codes"}
	}
	path := "/room-codes/room/" + url.PathEscape(room)
	if role != "" {
		path += "/role/" + url.PathEscape(role)
	}
	for r := new(retry); ; {
		if !w.begins(i) {
			return Ack{}
		}
		_, lost, err := w.post(path, nil, nil)
		if err != nil && !lost {
			return w.refused(i, err)
		}
		after, failure := w.rolesWithCode(w.late, room)
		switch {
		case failure != nil && err == nil:
			w.stop(failure)
			return Ack{Status: Created, ID: room, Message: "it could not be read back"}
		case failure != nil:
			w.stop(failure)
			return uncertain(err)
		case len(after) > len(before) || err == nil && role != "":
			return Ack{Status: Created, ID: room}
		case err == nil:
			return Ack{Status: Unchanged, ID: room, Message: "every role has a code"}
		}
		if err := w.again(r, err); err != nil {
			return w.ends(i, err)
		}
	}
}

// rolesWithCode are the roles that have an enabled code in a room.
func (w *writing) rolesWithCode(ctx context.Context, room string) (roles []string, err error) {
	g := &pager{source: w.d, paging: byLast, path: "/room-codes/room/" + url.PathEscape(room)}
	for piece, err := range g.list(ctx, "") {
		if err != nil {
			return nil, err
		}
		for _, row := range piece.rows {
			if code, err := parseObject(row.data); err == nil && string(code["enabled"]) != "false" {
				roles = append(roles, code.text("role"))
			}
		}
	}
	return roles, nil
}

// Between two looks at a replay.
const (
	firstLook = 500 * time.Millisecond
	mostLook  = 10 * time.Second
)

// replay has webhooks sent again, and follows that to its end. The same filters belong to
// the same replay, so that it can be asked for again.
func (w *writing) replay(i *item) Ack {
	if w.d.DryRun {
		return Ack{Status: Planned, Message: "would ask for the webhooks again"}
	}
	query := url.Values{} // the docs have the filters in the query, their example in the body
	for name, value := range i.fields {
		if value[0] != '[' {
			query.Set(name, textOf(value))
			continue
		}
		for element := range jsontext.Elements(value) {
			query.Add(name, textOf(element))
		}
	}
	var id string
	for r := new(retry); id == ""; {
		if !w.begins(i) {
			return Ack{}
		}
		answer, lost, err := w.post(w.action.Path, query, i.rest())
		switch {
		case err == nil:
			if id = answer.text("workflow_id"); id == "" {
				return w.ends(i, unexpected("unexpected_response: POST %s: the answer has no workflow_id", w.action.Path))
			}
			continue
		case !lost:
			return w.refused(i, err)
		}
		if err := w.again(r, err); err != nil {
			return w.ends(i, err)
		}
	}
	for wait := firstLook; ; wait = min(2*wait, mostLook) {
		answer, err := w.look(w.ctx, w.action.Path+"/"+url.PathEscape(id))
		if err == nil {
			if ack, over := followed(answer); over {
				ack.ID = id
				return ack
			}
			err = sleep(w.ctx, wait)
		}
		if w.ctx.Err() != nil {
			return Ack{Status: Created, ID: id, Message: "the replay goes on"}
		}
		if err != nil {
			w.stop(err)
			return Ack{Status: Created, ID: id, Message: "the replay was begun, and could not be followed (" + said(err) + ")"}
		}
	}
}

// followed judges how a replay stands.
func followed(answer object) (ack Ack, over bool) {
	progress, _ := parseObject(answer["progress"]) // without it nothing is counted
	counts := fmt.Sprintf("%s of %s sent, %s failed", orNought(progress["completed"]), orNought(progress["total"]), orNought(progress["failed"]))
	switch status := strings.ToLower(answer.text("status")); status {
	case "completed":
		return Ack{Status: Created, Message: counts}, true
	case "completed_with_failures", "failed", "canceled", "cancelled", "terminated", "timedout":
		return Ack{Status: Failed, Code: CodeRefused, Message: "the replay ended as " + status + ": " + counts}, true
	}
	return Ack{}, false
}

func orNought(number []byte) string {
	if len(number) == 0 || len(number) > 20 || number[0] == 'n' || number[0] == '"' {
		return "0"
	}
	return string(number)
}
