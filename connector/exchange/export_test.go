package exchange

// SetMaxAnswer lowers what is held of an answer; the function that it returns undoes it.
func SetMaxAnswer(n int) (undo func()) {
	before := maxAnswer
	maxAnswer = n
	return func() { maxAnswer = before }
}
