package exchange

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// fresh is how far behind the API's clock the creation of a room may seem that a call
// has just made: answers say the time in whole seconds, and their clocks differ.
const fresh = 5 * time.Second

// room makes the room of a name, or changes it.
func (w *writing) room(i *item) Ack {
	found, err := w.roomNamed(w.ctx, i.text("name"))
	switch {
	case err != nil:
		return w.refused(i, err)
	case found == nil:
		return w.makeRoom(i)
	}
	fields := w.differs(i, found)
	switch {
	case len(fields) == 0 && i.began:
		return Ack{Status: doneBefore(found), ID: found.text("id"), Message: "an earlier run wrote it"}
	case len(fields) == 0:
		return Ack{Status: Unchanged, ID: found.text("id")}
	case !w.d.Update:
		return Ack{Status: Exists, ID: found.text("id"), Message: "the room is there, and differs in " + listOf(fields)}
	case slices.Contains(fields, "template_id"):
		return Ack{Status: Failed, ID: found.text("id"), Code: CodeConflict, Message: "the room has another template_id, which cannot be changed"}
	}
	return w.change(i, found, fields)
}

// differs lists the fields in which a room is not as the record wants it. Names differ in
// more than capitals.
func (w *writing) differs(i *item, found object) []string {
	return slices.DeleteFunc(differing(i.fields, found, declarationOf(w.action.Name).marks), func(field string) bool {
		return field == "name" && strings.EqualFold(i.text(field), found.text(field))
	})
}

// doneBefore is what an earlier run did to a room that is as the record wants it.
func doneBefore(found object) Status {
	if made, changed := parseTime(found["created_at"]), parseTime(found["updated_at"]); changed.Sub(made) > fresh {
		return Updated
	}
	return Created
}

// makeRoom makes a room that a look did not find.
func (w *writing) makeRoom(i *item) Ack {
	name := i.text("name")
	if w.d.DryRun {
		return Ack{Status: Planned, Message: "would make the room " + name}
	}
	for r := new(retry); ; {
		if !w.begins(i) {
			return Ack{}
		}
		begun := w.d.api.now()
		made, lost, err := w.post("/rooms", nil, i.rest())
		switch {
		case err == nil:
			return w.judgeMade(made, begun)
		case !lost:
			return w.refused(i, err)
		}
		found, failure := w.roomNamed(w.late, name)
		switch {
		case failure != nil:
			w.stop(failure)
			return uncertain(err)
		case found != nil && len(w.differs(i, found)) == 0:
			return Ack{Status: Created, ID: found.text("id"), Message: "no answer came, and the room is there"}
		case found != nil:
			return Ack{Status: Uncertain, ID: found.text("id"), Code: CodeNoAnswer,
				Message: "no answer came; a room of that name is there now, and differs in " + listOf(w.differs(i, found))}
		}
		if err := w.again(r, err); err != nil { // it was not carried out
			return w.ends(i, err)
		}
	}
}

// judgeMade judges the room that the API says it made: POST /rooms rewrites one that has
// the name already, as the look before may not have shown.
func (w *writing) judgeMade(made object, begun time.Time) Ack {
	id, at := made.text("id"), parseTime(made["created_at"])
	if !at.IsZero() && at.Before(begun.Add(-fresh)) {
		w.stop(ErrChangedMore)
		return Ack{Status: Failed, ID: id, Code: CodeChangedMore,
			Message: fmt.Sprintf("a room of that name, made at %s, was there though no list showed it, and POST /rooms wrote over its settings", at.UTC().Format(time.RFC3339))}
	}
	return Ack{Status: Created, ID: id}
}

// roomStatus enables or disables a room.
func (w *writing) roomStatus(i *item) Ack {
	found, ack := w.roomOf(i, "id")
	if found == nil {
		return ack
	}
	if fields := differing(map[string]json.RawMessage{"enabled": i.fields["enabled"]}, found, undeclared); len(fields) == 0 {
		if i.began {
			return Ack{Status: Updated, ID: found.text("id"), Message: "an earlier run wrote it"}
		}
		return Ack{Status: Unchanged, ID: found.text("id")}
	}
	return w.change(i, found, []string{"enabled"})
}

// change writes some fields of a room, and reads it back.
func (w *writing) change(i *item, before object, fields []string) Ack {
	id := before.text("id")
	if w.d.DryRun {
		return Ack{Status: Planned, ID: id, Message: "would change " + listOf(fields)}
	}
	path := "/rooms/" + url.PathEscape(id)
	only := map[string]json.RawMessage{}
	for _, field := range fields {
		only[field] = i.fields[field]
	}
	body, _ := json.Marshal(only) // its values are JSON
	for r := new(retry); ; {
		if !w.begins(i) {
			return Ack{}
		}
		_, lost, err := w.post(path, nil, body)
		if err != nil && !lost {
			return w.refused(i, err)
		}
		after, failure := w.look(w.late, path)
		if failure != nil {
			w.stop(failure)
			if err != nil {
				return uncertain(err)
			}
			return Ack{Status: Updated, ID: id, Message: "it could not be read back"}
		}
		if more := changedMore(before, after, fields); len(more) > 0 {
			w.stop(ErrChangedMore)
			return Ack{Status: Failed, ID: id, Code: CodeChangedMore, Message: "beside " + listOf(fields) + " the room has changed in " + listOf(more)}
		}
		left := differing(only, after, declarationOf("rooms").marks)
		switch {
		case len(left) == 0:
			return Ack{Status: Updated, ID: id}
		case err == nil:
			return Ack{Status: Failed, ID: id, Code: CodeRefused, Message: "the API took the change, and the room still differs in " + listOf(left)}
		}
		if err := w.again(r, err); err != nil {
			return w.ends(i, err)
		}
	}
}

// roomNamed looks for the room of a name, among those that are enabled and those that are
// not. What the parameter name of the API matches is not documented, so that names are
// compared here, without regard to case as the API does. nil is no room.
func (w *writing) roomNamed(ctx context.Context, name string) (object, error) {
	for _, enabled := range []string{"true", "false"} {
		g := &pager{source: w.d, paging: byLast, path: "/rooms", query: url.Values{"name": {name}, "enabled": {enabled}}}
		for piece, err := range g.list(ctx, "") {
			if err != nil {
				return nil, err
			}
			for _, row := range piece.rows {
				room, err := parseObject(row.data)
				if err != nil {
					return nil, err
				}
				if strings.EqualFold(room.text("name"), name) {
					return room, nil
				}
			}
		}
	}
	return nil, nil
}

// roomOf finds the room that a record names, by its id in a field or by its name. Without
// one the ack says why.
func (w *writing) roomOf(i *item, field string) (found object, ack Ack) {
	var err error
	if id := i.text(field); id != "" {
		found, err = w.look(w.ctx, "/rooms/"+url.PathEscape(id))
	} else {
		found, err = w.roomNamed(w.ctx, i.text("name"))
	}
	switch {
	case err != nil:
		return nil, w.refused(i, err)
	case found == nil:
		return nil, Ack{Status: Failed, Code: CodeNotFound, Message: "there is no room of that name"}
	}
	return found, ack
}

func listOf(fields []string) string { return strings.Join(fields, ", ") }
