package hosts

import (
	"strings"
	"testing"

	"github.com/100ms-connector/connector-go/connector/exchange"
)

func TestNexlaReadsWhatIsAListAndIsToldWhatIsNot(t *testing.T) {
	const api = "https://api.100ms.live/v2"
	want := map[string][]string{
		"rooms":            {api + "/rooms?enabled=true&limit=100", api + "/rooms?enabled=false&limit=100"},
		"sessions":         {api + "/sessions?active=true&limit=100", api + "/sessions?active=false&limit=100"},
		"recordings":       {api + "/recordings?limit=100"},
		"recording_assets": {api + "/recording-assets?limit=100"},
		"live_streams":     {api + "/live-streams?limit=100"},
		"external_streams": {api + "/external-streams?limit=100"},
		"templates":        {api + "/templates?limit=100"},
		"feedback":         {api + "/analytics/feedback?limit=100"},
	}
	for _, stream := range exchange.Streams() {
		sources, err := NexlaSources(stream.Name)
		if want[stream.Name] == nil {
			if err == nil || !strings.HasPrefix(err.Error(), stream.Name+" is asked for part by part") {
				t.Errorf("%s: %v", stream.Name, err)
			}
			continue
		}
		var got []string
		for _, source := range sources {
			call := source.Config.Iterations[0]
			got = append(got, call["url.template"])
			next := "$.last"
			if stream.Name == "feedback" {
				next = "$.next"
			}
			if call["response.data.path"] != "$.data[*]" || call["response.next.token.data.path"] != next || call["param.id"] != "start" || call["iteration.type"] != "paging.next.token" {
				t.Errorf("%s: %v", stream.Name, call)
			}
			if !strings.Contains(source.Description, "Nothing is redacted") {
				t.Errorf("%s does not say that secrets come", source.Name)
			}
		}
		if strings.Join(got, " ") != strings.Join(want[stream.Name], " ") {
			t.Errorf("%s: %v", stream.Name, got)
		}
	}
}
