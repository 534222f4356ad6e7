package web

import (
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"

	"github.com/100ms-connector/connector-go/connector"
	"github.com/100ms-connector/connector-go/connector/store"
)

const maxImported = 100 // files at once

// importView says what became of files, or asks for some.
type importView struct {
	Saved   int
	IDs     []string // of what was saved
	Results []resultView
	Failure string
}

func (h *Handler) showImport(w http.ResponseWriter, r *http.Request, s *session) {
	h.show(w, r, s, "import", &page{Title: "Import", Nav: "credentials", Data: importView{}})
}

// importFiles saves the credentials of files. What is there already stays as it is, and
// one file that is refused keeps no other from being saved.
func (h *Handler) importFiles(w http.ResponseWriter, r *http.Request, s *session) {
	var v importView
	var files []*multipart.FileHeader
	if r.MultipartForm != nil {
		files = r.MultipartForm.File["files"]
	}
	switch {
	case len(files) == 0 || len(files) == 1 && files[0].Size == 0 && files[0].Filename == "":
		v.Failure = "Choose files first: credential documents, as connector credential export writes them."
	case len(files) > maxImported:
		v.Failure = fmt.Sprintf("These are %d files; %d are taken at once. The command takes folders: connector credential import.", len(files), maxImported)
	default:
		for _, file := range files {
			result := h.importFile(r, file)
			if result.ID != "" && result.Tone == good {
				v.Saved++
				v.IDs = append(v.IDs, result.ID)
			}
			v.Results = append(v.Results, result)
		}
	}
	p := &page{Title: "Import", Nav: "credentials", Data: v}
	if len(v.Results) > 0 {
		p.Title = thousands(v.Saved) + " of " + counted(len(files), "file") + " imported"
	}
	h.show(w, r, s, "import", p)
}

// importFile saves the credential of one file. Nothing of a file that is refused is shown.
func (h *Handler) importFile(r *http.Request, file *multipart.FileHeader) resultView {
	result := resultView{Tone: bad, Name: shown(file.Filename)}
	data, err := content(file)
	if err != nil {
		result.Said = sentence(err.Error())
		return result
	}
	cred, err := connector.ParseCredential(data)
	if invalid, ok := errors.AsType[*connector.ValidationError](err); ok {
		for i, p := range invalid.Problems {
			if i == 3 {
				result.Said += fmt.Sprintf(" And %d more.", len(invalid.Problems)-i)
				break
			}
			result.Said += " " + sentence(shown(p.Message))
		}
		return result
	}
	if err != nil {
		result.Said = sentence(shown(err.Error()))
		return result
	}
	err = h.store.Save(r.Context(), cred)
	switch {
	case errors.Is(err, store.ErrExists):
		result.Tone, result.ID, result.Said = idle, idOf(cred.Name), quoted(cred.Name)+" is saved already, and stays as it is."
	case err != nil:
		result.Said = explain(err)
	default:
		result.Tone, result.ID, result.Said = good, idOf(cred.Name), quoted(cred.Name)+" was saved."
	}
	return result
}

// content is that of a file which may hold a credential.
func content(file *multipart.FileHeader) ([]byte, error) {
	if file.Size > connector.MaxDocument {
		return nil, fmt.Errorf("the file is larger than %d KiB, which no credential is", connector.MaxDocument>>10)
	}
	f, err := file.Open()
	if err != nil {
		return nil, errors.New("the file cannot be read")
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		return nil, errors.New("the file cannot be read")
	}
	return data, nil
}
