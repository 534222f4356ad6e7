package jsontext

import (
	"bytes"
	"unicode/utf8"
)

// Position turns an offset into a line and a column, both from 1 and the column
// in characters.
func Position(data []byte, offset int) (line, column int) {
	before := data[:min(offset, len(data))]
	line = 1 + bytes.Count(before, []byte{'\n'})
	return line, 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
}

// LoneSurrogate says whether a JSON string has half of a surrogate pair, which
// encoding/json silently replaces.
func LoneSurrogate(raw []byte) bool {
	high := false // the last escape was a high half
	for i := 1; i < len(raw)-1; i++ {
		half := byte(0)
		if raw[i] == '\\' {
			i++
			if raw[i] == 'u' {
				if d := raw[i+1] | 0x20; d == 'd' {
					half = raw[i+2] | 0x20 // 8 9 a b are high, c d e f are low
				}
				i += 4
			}
		}
		low := half >= 'c' && half <= 'f'
		if high != low {
			return true
		}
		high = half == '8' || half == '9' || half == 'a' || half == 'b'
	}
	return high
}
