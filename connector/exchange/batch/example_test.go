package batch_test

import (
	"fmt"
	"strings"

	"github.com/100ms-connector/connector-go/connector/exchange"
	"github.com/100ms-connector/connector-go/connector/exchange/batch"
)

// A file is judged as a whole, before anything is asked of the API.
func ExampleRead() {
	action, _ := exchange.FindAction("rooms")
	file, err := batch.Read(strings.NewReader("name,size\ndaily,12\nweekly meeting,many\n"), action)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, record := range file.Records {
		fmt.Printf("%d: %s\n", record.Line, record.Data)
	}
	for _, ack := range file.Invalid {
		fmt.Printf("%d:%d: %s\n", ack.Line, ack.Column, ack.Message)
	}
	// Output:
	// 2: {"name":"daily","size":12}
	// 3:1: the field "name" does not have its form: Name, unique in the workspace without regard to case: letters, digits and . - : _
	// 3:16: the field "size" must be a whole number, not a text
}
