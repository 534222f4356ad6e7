package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

//go:embed templates/*.html static/*
var files embed.FS

// page is what every page has in common.
type page struct {
	Title  string
	Nav    string // the entry of the navigation that it belongs to; empty for a page outside of it
	Onward string // where the browser goes on to by itself
	Next   *next  // the way on from a page that says what is wrong
	Reload int    // seconds after which a browser without scripts loads it again
	Data   any

	Base    string // of all addresses
	Home    string // the list as it was last looked at
	CSRF    string // empty without a session
	SignOut bool
	Views   bool // the person may look, and change nothing
	Note    *note
}

// views are the templates of the pages, each with the layout around it.
var views = sync.OnceValue(func() map[string]*template.Template {
	shared := template.Must(template.New("").Funcs(template.FuncMap{"icon": icon, "moments": moments}).ParseFS(files, "templates/layout.html", "templates/part-*.html"))
	all := map[string]*template.Template{}
	pages, err := fs.Glob(files, "templates/page-*.html")
	if err != nil {
		panic("web: " + err.Error())
	}
	for _, name := range pages {
		short := strings.TrimSuffix(strings.TrimPrefix(name, "templates/page-"), ".html")
		all[short] = template.Must(template.Must(shared.Clone()).ParseFS(files, name))
	}
	return all
})

// part writes a piece of a page, as it stands in the page.
func part(name string, data any) (string, error) {
	var b strings.Builder
	err := views()["tiles"].ExecuteTemplate(&b, name, data)
	return b.String(), err
}

// icon is a symbol that the style sheet draws: one element, for a page can have
// thousands. Whoever does not see it has the word beside it.
func icon(name string) template.HTML {
	return template.HTML(`<i class="i-` + template.HTMLEscapeString(name) + `" aria-hidden="true"></i>`)
}

// show renders a page for a session.
func (h *Handler) show(w http.ResponseWriter, r *http.Request, s *session, view string, p *page) {
	p.CSRF, p.SignOut, p.Home, p.Views = s.csrf, h.signedIn == nil, h.at("/")+s.lastList(), !s.role.Manages()
	if !wantsFragment(r) {
		p.Note = s.takeNote()
	}
	h.render(w, r, http.StatusOK, view, p)
}

// render writes a page, or its content alone where a script asks for that. It is
// written once it is complete: an error must not leave half a page.
func (h *Handler) render(w http.ResponseWriter, r *http.Request, status int, view string, p *page) {
	what := "layout"
	if wantsFragment(r) || wantsStream(r) {
		what = "content"
	}
	body := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(body)
	body.Reset()
	if err := h.execute(body, view, what, p); err != nil {
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Vary", "Accept, Accept-Encoding, X-Fragment")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") && body.Len() > 1400 {
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(status)
		z := gzips.Get().(*gzip.Writer)
		defer gzips.Put(z)
		z.Reset(w)
		_, _ = z.Write(body.Bytes())
		_ = z.Close()
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes())
}

// execute writes a page, or its content alone.
func (h *Handler) execute(w io.Writer, view, what string, p *page) error {
	p.Base = h.prefix
	if p.Home == "" {
		p.Home = h.at("/")
	}
	return views()[view].ExecuteTemplate(w, what, p)
}

var (
	buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}
	gzips   = sync.Pool{New: func() any {
		z, err := gzip.NewWriterLevel(nil, 3) // tiles are alike: more effort saves a tenth and costs twice the time
		if err != nil {
			panic(err)
		}
		return z
	}}
)

// fail answers with a page that says what is wrong and what to do.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, status int, title, what string) {
	h.render(w, r, status, "message", h.messagePage(status, title, what))
}

// next is a link to where a person can go on.
type next struct{ Label, Href string }

func (h *Handler) messagePage(status int, title, what string) *page {
	p := &page{Title: title, Data: what}
	password := h.password != "" && h.signedIn == nil
	switch status {
	case http.StatusMisdirectedRequest: // at another name there is nothing to go to
	case http.StatusUnauthorized, http.StatusGone, http.StatusOK:
		if password {
			p.Next = &next{"Sign in", h.at("/signin")}
		}
	default:
		p.Next = &next{"Go to the credentials", h.at("/")}
	}
	return p
}

// wantsFragment says whether a script asks for the content of a page alone.
func wantsFragment(r *http.Request) bool { return r.Header.Get("X-Fragment") != "" }

// asset is a static file, under a name that has its content's hash in it.
type asset struct {
	kind         string
	data, packed []byte
}

type assetSet struct {
	served map[string]asset  // by the name in its address
	names  map[string]string // from the name in the folder
}

var assets = sync.OnceValue(func() assetSet {
	set := assetSet{map[string]asset{}, map[string]string{}}
	kinds := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
	entries, err := files.ReadDir("static")
	if err != nil {
		panic("web: " + err.Error())
	}
	for _, e := range entries {
		data, err := files.ReadFile("static/" + e.Name())
		if err != nil {
			panic("web: " + err.Error())
		}
		sum := sha256.Sum256(data)
		stem, kind, _ := strings.Cut(e.Name(), ".")
		name := stem + "." + hex.EncodeToString(sum[:6]) + "." + kind
		var packed bytes.Buffer
		z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
		if err == nil {
			_, err = z.Write(data)
		}
		if err != nil || z.Close() != nil {
			panic("web: " + e.Name() + " cannot be compressed")
		}
		set.names[e.Name()], set.served[name] = name, asset{kinds["."+kind], data, packed.Bytes()}
	}
	return set
})

// Asset is the address of a static file.
func (p *page) Asset(name string) string { return p.Base + "/static/" + assets().names[name] }

// static serves a file that every page uses. Its name changes with its content, so
// a browser need not ask twice.
func (h *Handler) static(w http.ResponseWriter, r *http.Request) {
	file, ok := assets().served[r.PathValue("file")]
	if !ok {
		h.fail(w, r, http.StatusNotFound, "Not found", "There is no such file.")
		return
	}
	head := w.Header()
	head.Set("Content-Type", file.kind)
	head.Set("Cache-Control", "public, max-age=31536000, immutable")
	head.Set("Vary", "Accept-Encoding")
	data := file.data
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		head.Set("Content-Encoding", "gzip")
		data = file.packed
	}
	head.Set("Content-Length", strconv.Itoa(len(data)))
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(data)
}
