package main

import (
	"io"

	"github.com/schollz/progressbar/v3"
)

// progress is a bar on a terminal, and nothing elsewhere.
type progress struct{ bar *progressbar.ProgressBar }

func newProgress(w io.Writer, n int, doing string) progress {
	if !isTerminal(w) || n < 2 {
		return progress{}
	}
	bar := progressbar.NewOptions(n, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(doing),
		progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(false))
	_ = bar.RenderBlank() // before the first result, which may take a while
	return progress{bar}
}

func (p progress) hide() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}

func (p progress) step() {
	if p.bar != nil {
		_ = p.bar.Add(1)
	}
}
