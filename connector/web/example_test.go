package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/web"
)

// A program with users of its own mounts the form under a path, and says who is
// signed in.
func ExampleNew() {
	form, err := web.New(web.Options{
		Store:    thousand(3), // a *store.Store
		Tester:   &connector.Tester{Retries: 1},
		Prefix:   "/credentials/100ms",
		Hosts:    []string{"data.example"},
		SignedIn: func(r *http.Request) string { return r.Header.Get("X-User") },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer form.Close()
	mux := http.NewServeMux()
	mux.Handle("/credentials/100ms/", form)

	r := httptest.NewRequest(http.MethodGet, "https://data.example/credentials/100ms/", nil)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	fmt.Println("a stranger:", w.Code)
	r.Header.Set("X-User", "ada")
	w = httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	fmt.Println("a user:", w.Code)
	// Output:
	// a stranger: 401
	// a user: 200
}
