package main

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/rivo/uniseg"
)

// printTable prints rows in columns. Where they are wider than the terminal, the
// first column is cut, for names can be long, and then the last; width 0 is no
// terminal, and nothing is cut.
//
// It goes through the rows twice, for the widths and then to print them, so that not all of
// them are in memory. What is wider the second time is cut.
func printTable(w io.Writer, width int, rows iter.Seq[[]string]) {
	var widths []int
	for row := range rows {
		if widths == nil {
			widths = make([]int, len(row))
		}
		for i, cell := range row {
			widths[i] = max(widths[i], uniseg.StringWidth(cell))
		}
	}
	all := 2 * (len(widths) - 1)
	for _, w := range widths {
		all += w
	}
	for _, i := range []int{0, len(widths) - 1} {
		if width > 0 && all > width {
			cut := min(all-width, max(0, widths[i]-12)) // less than 12 columns say nothing
			widths[i], all = widths[i]-cut, all-cut
		}
	}
	out := bufio.NewWriter(w)
	defer out.Flush()
	for row := range rows {
		var line strings.Builder
		for i, cell := range row {
			cell = cutTo(cell, widths[i])
			line.WriteString(cell)
			line.WriteString(strings.Repeat(" ", widths[i]-uniseg.StringWidth(cell)+2))
		}
		fmt.Fprintln(out, strings.TrimRight(line.String(), " "))
	}
}

// cutTo keeps what fits into a number of a terminal's columns, of which an emoji
// or a Chinese character takes two.
func cutTo(s string, width int) string {
	if uniseg.StringWidth(s) <= width {
		return s
	}
	var kept strings.Builder
	left := width - 1 // for the ellipsis
	for state := -1; s != ""; {
		var cluster string
		var wide int
		cluster, s, wide, state = uniseg.FirstGraphemeClusterInString(s, state)
		if left -= wide; left < 0 {
			break
		}
		kept.WriteString(cluster)
	}
	return kept.String() + "…"
}
