package main

import (
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/100ms-connector/connector-go/connector/web"
)

// dataFlags say what people may do in the form beside looking after credentials.
type dataFlags struct{ read, write bool }

func (f *dataFlags) flags(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.BoolVar(&f.read, "allow-data", false, "let people see and download the data of credentials; secrets stay out")
	fl.BoolVar(&f.write, "allow-write", false, "let people write into the workspaces of credentials, but nothing that acts on people in a call")
}

func (f *dataFlags) into(o *web.Options, c *command) {
	o.AllowData, o.AllowWrite = f.read, f.write
	o.Log = slog.New(slog.NewTextHandler(c.err, nil))
}
