package hosts

import (
	"strings"
	"testing"

	"github.com/100ms-connector/connector-go/connector/exchange"
)

func TestNexlaWritesWhatDoesNoHarmAndIsToldWhy(t *testing.T) {
	want := map[string]string{
		"room_codes":  `https://api.100ms.live/v2/room-codes/room/{record.room_id} {}`,
		"room_status": `https://api.100ms.live/v2/rooms/{record.id} {"enabled":{record.enabled}}`,
	}
	why := map[string]string{
		"rooms":           "writes over the room that has the name",
		"webhook_replays": "what becomes of it is to be followed",
		"end_room":        "it sends again what failed, and everybody in the room is thrown out",
	}
	for _, action := range exchange.Actions() {
		sink, err := NexlaSinkOf(action.Name)
		switch {
		case want[action.Name] == "":
			if err == nil || !strings.Contains(err.Error(), why[action.Name]) {
				t.Errorf("%s: %v", action.Name, err)
			}
		case err != nil:
			t.Errorf("%s: %v", action.Name, err)
		case sink.Config["url.template"]+" "+sink.Config["body.template"] != want[action.Name] || sink.Config["method"] != "POST" || sink.Connector != "custom_rest":
			t.Errorf("%s: %+v", action.Name, sink)
		}
	}
	if _, err := NexlaSinkOf("none"); err == nil {
		t.Error("an action that is not there has a sink")
	}
}
