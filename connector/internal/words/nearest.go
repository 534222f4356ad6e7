package words

import "strings"

// Nearest is the field that a wrong one was probably meant to be; empty if none is near.
// Capitals, blanks and what joins words do not count.
func Nearest(given string, fields []string) string {
	given = Squeeze(given)
	best, fewest := "", 3
	for _, field := range fields {
		want := Squeeze(field)
		d := distance(given, want)
		if len(given) >= 4 && strings.HasPrefix(want, given) {
			d = 1 // api_key, desc
		}
		if d < fewest && d < len(want)/2 {
			best, fewest = field, d
		}
	}
	return best
}

// Squeeze is a name without what spellings of it differ in.
func Squeeze(s string) string {
	return strings.Map(func(c rune) rune {
		if c == '_' || c == '-' || c == ' ' || c == '.' {
			return -1
		}
		return c
	}, strings.ToLower(s))
}

// distance counts, by bytes, the letters to insert, drop, change or swap with
// their neighbour (optimal string alignment).
func distance(a, b string) int {
	var before, last []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
