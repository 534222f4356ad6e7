package document

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"go.yaml.in/yaml/v4"
)

const (
	maxNodes = 10_000 // of one YAML document; a credential has three fields
	maxDepth = 100
)

// fromYAML translates a YAML document. It reads no more than a credential needs:
// one document, and no alias but of a text.
func fromYAML(data []byte) (*translation, error) {
	loader, err := yaml.NewLoader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	var document, second yaml.Node
	switch err := loader.Load(&document); {
	case errors.Is(err, io.EOF), err == nil && len(document.Content) == 0:
		return &translation{json: []byte{}, places: []place{{1, 1}}}, nil // comments alone: an empty document
	case err != nil:
		return nil, notYAML(data, err)
	}
	switch err := loader.Load(&second); {
	case err == nil:
		return nil, &fault{place{second.Line, second.Column}, "the file holds more than one YAML document; a credential is one, in a file of its own"}
	case !errors.Is(err, io.EOF):
		return nil, notYAML(data, err)
	}
	root := document.Content[0]
	if root.Kind == yaml.ScalarNode {
		return &translation{json: data}, nil // a value and no document
	}
	t := new(yamlTranslation)
	if err := t.value(root, 0); err != nil {
		return nil, err
	}
	return &t.translation, nil
}

// notYAML is the fault that the parser found, in words that quote nothing.
func notYAML(data []byte, err error) error {
	f := &fault{place{1, 1}, "the document is not YAML"}
	if e, ok := errors.AsType[*yaml.LoadError](err); ok && e.Mark.Line > 0 {
		f.place = place{e.Mark.Line, max(1, e.Mark.Column)}
		lines := bytes.Split(data, []byte("\n"))
		if n := e.Mark.Line - 1; n < len(lines) && bytes.ContainsRune(indentation(lines[n]), '\t') {
			f.message += ": a tab cannot indent a line, only blanks can"
		}
	}
	return f
}

func indentation(line []byte) []byte {
	return line[:len(line)-len(bytes.TrimLeft(line, " \t"))]
}

// yamlTranslation is a translation with the count of what it has translated.
type yamlTranslation struct {
	translation
	nodes int
}

// value adds a node of the YAML, and all below it.
func (t *yamlTranslation) value(n *yaml.Node, depth int) error {
	at := place{n.Line, n.Column}
	if n.Kind == yaml.AliasNode {
		if n = n.Alias; n == nil || n.Kind != yaml.ScalarNode {
			return &fault{at, "an alias of a mapping or a list is not read in a credential; write it out"}
		}
	}
	if t.nodes++; t.nodes > maxNodes || depth > maxDepth {
		return &fault{at, "the document holds more than a credential can: over 10,000 values, or over 100 levels of them"}
	}
	switch n.Kind {
	case yaml.ScalarNode:
		t.write(scalar(n), at)
		return nil
	case yaml.SequenceNode:
		t.write("[", at)
		for i, item := range n.Content {
			if i > 0 {
				t.add(",")
			}
			if err := t.value(item, depth+1); err != nil {
				return err
			}
		}
		t.add("]")
		return nil
	}
	t.write("{", at)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case key.Tag == "!!merge":
			return &fault{place{key.Line, key.Column}, "a merge key (<<) is not read in a credential; write the fields out"}
		case key.Kind != yaml.ScalarNode:
			return &fault{place{key.Line, key.Column}, "a key that is no text is not read in a credential"}
		}
		if i > 0 {
			t.add(",")
		}
		t.write(quoted(key.Value)+":", place{key.Line, key.Column})
		if err := t.value(n.Content[i+1], depth+1); err != nil {
			return err
		}
	}
	t.add("}")
	return nil
}

// scalar is a value of the JSON type that it has in YAML. Of what is no text only
// the type counts.
func scalar(n *yaml.Node) string {
	switch n.Tag {
	case "!!int", "!!float":
		return "0"
	case "!!bool":
		return strings.ToLower(n.Value) // true or false
	case "!!null":
		return "null"
	}
	return quoted(n.Value)
}
