package connector

// Problems judges values that came from a form.
func (c *Credential) Problems() []Problem { return new(Validator).Problems(c.Document()) }
