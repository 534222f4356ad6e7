package fleet

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strconv"

	"github.com/100ms-connector/connector-go/connector"
)

// NexlaTarget is a data credential of Nexla's that holds a token: the field
// api.key.auth.value of its credentials, behind "Bearer " (Nexla's public OpenAPI). All
// fields must be set but Transport.
type NexlaTarget struct {
	BaseURL    string // such as https://dataops.nexla.io/nexla-api; https, or http on a loopback address
	ID         int
	ServiceKey connector.Secret
	Transport  http.RoundTripper // one of its own if nil
}

// Push writes a token into the credential: it reads the credential, changes that field
// alone, and writes the whole back, for PUT replaces it. What Nexla does not give cannot be
// written back: a credential that holds another secret, as one of a template does, is left
// as it is. The error is ErrHost, or the context's.
func (n *NexlaTarget) Push(ctx context.Context, token connector.Secret) error {
	h, err := newHost(n.BaseURL, n.Transport, n.ServiceKey, token)
	if err != nil {
		return err
	}
	defer h.close()
	h.header.Set("Accept", "application/vnd.nexla.api.v1+json")
	h.header.Set("Authorization", "Basic "+n.ServiceKey.Reveal())
	if err := h.login(ctx, "/token", nil); err != nil {
		return err
	}
	path := fmt.Sprintf("/data_credentials/%d", n.ID)
	before, err := h.object(ctx, path)
	if err != nil {
		return err
	}
	kept := nexlaFields(before)
	switch {
	case before["vendor"] != nil || before["template_config"] != nil || kept["auth.type"] != "API_KEY" || kept["api.key.auth.key"] == nil:
		return fmt.Errorf("%w: the data credential %d is not one of Nexla's generic REST connector with an API key, or its fields are not given, and writing it would take the others away; put the token there by hand", ErrHost, n.ID)
	case isTrue(kept["jwt.enabled"]) || isTrue(kept["hmac.enabled"]):
		return fmt.Errorf("%w: the data credential %d holds another secret, which writing it would take away; put the token there by hand", ErrHost, n.ID)
	}
	kept[nexlaToken] = "Bearer " + token.Reveal()
	if err := h.call(ctx, http.MethodPut, path, map[string]any{"credentials": kept}, nil); err != nil {
		return err
	}
	after, err := h.object(ctx, path)
	if err != nil {
		return err
	}
	if !sameBut(kept, nexlaFields(after), nexlaToken) || after["name"] != before["name"] {
		return fmt.Errorf("%w: the data credential %d has changed in more than its token; look at it in Nexla", ErrHost, n.ID)
	}
	return nil
}

const nexlaToken = "api.key.auth.value"

// nexlaFields are the fields of a data credential, as far as Nexla gives them: to most
// users those that are no secret, under another name. Nexla adds the type by itself.
func nexlaFields(object map[string]any) map[string]any {
	fields := map[string]any{}
	for _, name := range []string{"credentials_non_secure_data", "credentials"} {
		given, _ := object[name].(map[string]any)
		maps.Copy(fields, given)
	}
	delete(fields, "credentials_type")
	return fields
}

func isTrue(v any) bool { return v == true || v == "true" }

func (n *NexlaTarget) kept() (host, place string, with reached) {
	return hostNexla, strconv.Itoa(n.ID), reached{URL: n.BaseURL, ServiceKey: n.ServiceKey.Reveal()}
}
