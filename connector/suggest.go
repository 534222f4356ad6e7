package connector

import "github.com/100ms-connector/connector-go/connector/internal/words"

// nearest is the field that a wrong key was probably meant to be, or empty.
func nearest(key string) string {
	if presentableName(key) != key {
		return ""
	}
	var fields []string
	for _, f := range form() {
		fields = append(fields, f.Name)
	}
	return words.Nearest(key, fields)
}
