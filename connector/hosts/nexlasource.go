package hosts

import (
	"fmt"
	"maps"
	"strings"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/exchange"
)

// NexlaSource is a source as Nexla's agent API creates it (POST /sources). The id of the
// credential is to be put in.
type NexlaSource struct {
	Name         string            `json:"name"`
	Description  string            `json:"description"`
	Connector    string            `json:"connector"`
	CredentialID int               `json:"credential_id"` // 0: Nexla gives it to the credential when it is created
	Schedule     string            `json:"schedule"`
	Config       NexlaSourceConfig `json:"config"`
}

// NexlaSourceConfig is what a NexlaSource calls.
type NexlaSourceConfig struct {
	Iterations []map[string]string `json:"rest.iterations"`
}

// NexlaSources are the sources by which Nexla reads a stream by itself, one for each of
// its lists: of rooms one for those that are enabled and one for those that are not.
// Nexla passes on what the API gives, secrets among it.
//
// The error is about a stream that Nexla's paging cannot read.
func NexlaSources(name string) ([]NexlaSource, error) {
	stream, ok := exchange.Find(name)
	lists := stream.Lists()
	switch {
	case !ok:
		return nil, fmt.Errorf("there is no stream %.100q; there are %s", name, strings.Join(nexlaStreams(), ", "))
	case len(lists) == 0:
		return nil, fmt.Errorf("%s is asked for part by part, and Nexla pages through a list alone; connector read reads it. There are %s", name, strings.Join(nexlaStreams(), ", "))
	}
	var sources []NexlaSource
	for _, list := range lists {
		source := NexlaSource{
			Name:      "100ms " + strings.ReplaceAll(name, "_", " "),
			Connector: "custom_rest", Schedule: "once",
			Description: "All of it each time. Nothing is redacted: keys, signed URLs and codes come as the API gives them" + hidden(stream.Secret()) + ".",
			Config: NexlaSourceConfig{[]map[string]string{{
				"key": "step1", "iteration.type": "paging.next.token", "method": "GET",
				"url.template":                  connector.DefaultBaseURL + list.Path + "?" + list.Query.Encode(),
				"response.data.path":            "$." + list.Rows + "[*]",
				"response.next.token.data.path": "$." + list.Next,
				"param.id":                      list.Param,
			}}},
		}
		if len(lists) > 1 {
			source.Name += " (" + differing(list) + ")"
		}
		sources = append(sources, source)
	}
	return sources, nil
}

// differing is the parameter by which the lists of a stream differ.
func differing(list exchange.List) string {
	query := maps.Clone(list.Query)
	query.Del("limit")
	return query.Encode()
}

// hidden says where secrets are.
func hidden(fields []string) string {
	if len(fields) == 0 {
		return ""
	}
	return ", in " + strings.Join(fields, ", ")
}

// nexlaStreams are the streams that NexlaSources knows.
func nexlaStreams() []string {
	var names []string
	for _, stream := range exchange.Streams() {
		if len(stream.Lists()) > 0 {
			names = append(names, stream.Name)
		}
	}
	return names
}
