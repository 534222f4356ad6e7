package main

import (
	"errors"
	"fmt"
	"net"
	"os"
)

// listen is net.Listen with the next step where an address cannot be had.
func listen(address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if err == nil {
		return listener, nil
	}
	why, code, hint := err, exitUntested, "another program may be using it: --listen 127.0.0.1:0 takes a free port"
	if op, ok := errors.AsType[*net.OpError](err); ok {
		why = op.Err
	}
	if call, ok := errors.AsType[*os.SyscallError](err); ok {
		why = call.Err
	}
	if _, ok := errors.AsType[*net.AddrError](err); ok {
		code, hint = exitUsage, "a port is a number up to 65535: --listen 127.0.0.1:0 takes a free one"
	}
	return nil, &failure{code, fmt.Errorf("cannot serve on %s: %w", address, why), hint}
}
