//go:build race

package main

// slowed says that processes take several times as long as they do.
const slowed = true
