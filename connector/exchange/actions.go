package exchange

// actions is the table: what can be written, and how.
var actions = []Action{}
