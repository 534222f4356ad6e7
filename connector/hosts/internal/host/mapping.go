package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/100ms-connector/connector-go/connector/exchange"
)

// Repeatable are the names of the actions that a host may carry out: it sends again what
// failed.
func Repeatable() (names []string) {
	for _, a := range exchange.Actions() {
		if a.Repeatable {
			names = append(names, a.Name)
		}
	}
	return names
}

// findAction gives an action that a host may carry out.
func findAction(name string) (exchange.Action, error) {
	action, ok := exchange.FindAction(name)
	switch {
	case !ok:
		return action, fmt.Errorf("there is no action %.60q; there are %s", name, strings.Join(Repeatable(), ", "))
	case !action.Repeatable:
		return action, fmt.Errorf("%s cannot be an action here, for a host sends again what failed, and %s; connector write does it once", name, action.Danger)
	}
	return action, nil
}

// mapActions reads the rows of streams and actions: a list of objects, an object, or a
// text as in "stream=action,stream=action", which is what some hosts can give.
func (c *Configuration) mapActions(value json.RawMessage) error {
	var said string
	if json.Unmarshal(value, &said) == nil {
		if said = strings.TrimSpace(said); said == "" {
			return nil
		}
		if value = json.RawMessage(said); said[0] != '[' && said[0] != '{' {
			return c.mapPairs(strings.Split(said, ","))
		}
	}
	var rows []struct{ Stream, Action string }
	var object map[string]string
	switch {
	case json.Unmarshal(value, &rows) == nil:
		for _, row := range rows {
			if err := c.mapAction(row.Stream, row.Action); err != nil {
				return err
			}
		}
	case json.Unmarshal(value, &object) == nil:
		for stream, action := range object {
			if err := c.mapAction(stream, action); err != nil {
				return err
			}
		}
	default:
		return errors.New(`give a list such as [{"stream":"new_rooms","action":"rooms"}]`)
	}
	return nil
}

func (c *Configuration) mapPairs(pairs []string) error {
	for _, pair := range pairs {
		stream, action, found := strings.Cut(pair, "=")
		if !found {
			return errors.New("give pairs such as new_rooms=rooms, with commas between them")
		}
		if err := c.mapAction(strings.TrimSpace(stream), strings.TrimSpace(action)); err != nil {
			return err
		}
	}
	return nil
}

func (c *Configuration) mapAction(stream, name string) error {
	action, err := findAction(name)
	if err != nil {
		return err
	}
	if _, twice := c.actions[stream]; twice || stream == "" {
		return fmt.Errorf("the stream %.60q stands in it twice, or is empty", stream)
	}
	if c.actions == nil {
		c.actions = map[string]exchange.Action{}
	}
	c.actions[stream] = action
	return nil
}

// action is what is done with the records of a stream. The error is ErrConfiguration.
func (c *Configuration) action(stream string) (exchange.Action, error) {
	if action, ok := c.actions[stream]; ok {
		return action, nil
	}
	action, err := findAction(stream)
	if err != nil {
		err = fmt.Errorf("%w: actions: the stream %.60q has none: %w", ErrConfiguration, stream, err)
	}
	return action, err
}
