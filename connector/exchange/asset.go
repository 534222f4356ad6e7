package exchange

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"

	"github.com/100ms-connector/connector-go/connector"
)

// AssetURL asks where the file of a recording asset can be fetched. The URL gives
// access to whoever has it, for some hours or days. found is false where the API has no
// such file, or has it no longer: its own storage keeps files for 15 days (100ms docs).
// The error is an *Error.
func (s *Source) AssetURL(ctx context.Context, id string) (address connector.Secret, found bool, err error) {
	var signed struct{ URL connector.Secret }
	path := "/recording-assets/" + url.PathEscape(id) + "/presigned-url"
	err = s.ask(ctx, path, nil, func(r io.Reader) error {
		body, err := io.ReadAll(io.LimitReader(r, 1<<20))
		if err != nil {
			return err
		}
		if json.Unmarshal(body, &signed) != nil || signed.URL == "" {
			return unexpected("unexpected_response: GET %s: the answer has no URL", path)
		}
		return nil
	})
	if statusOf(err) == http.StatusNotFound {
		return "", false, nil
	}
	return signed.URL, err == nil, err
}
