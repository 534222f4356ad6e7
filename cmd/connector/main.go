// Command connector asks for, checks, tests and keeps credentials of the 100ms
// server-side API. See `connector help`.
package main

import "os"

func main() {
	os.Exit(run(interruptible(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
