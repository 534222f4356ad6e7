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
	why := err
	if op, ok := errors.AsType[*net.OpError](err); ok {
		why = op.Err
	}
	if call, ok := errors.AsType[*os.SyscallError](err); ok {
		why = call.Err
	}
	return nil, &failure{exitUntested, fmt.Errorf("cannot serve on %s: %w", address, why), "another program may be using it: --listen 127.0.0.1:0 takes a free port"}
}
