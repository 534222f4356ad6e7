package exchange

// Status is what became of a record.
type Status string

// The statuses of an Ack.
const (
	Created   Status = "created"   // what it asks for was made
	Updated   Status = "updated"   // what was there was changed, or stopped
	Unchanged Status = "unchanged" // it was as the record wants it
	Exists    Status = "exists"    // it is there and differs, and Update is not set
	Planned   Status = "planned"   // DryRun: the Message says what would be done
	Invalid   Status = "invalid"   // the record breaks a rule, and nothing was asked
	Failed    Status = "failed"    // the API said no
	Uncertain Status = "uncertain" // it may have been done: no answer came, and it cannot be looked up
)

// Ack is the outcome of one record.
type Ack struct {
	Line    int    `json:"line"` // of the record, from 1: its place among the records, or in the file that they came from
	Column  int    `json:"column,omitempty"`
	Status  Status `json:"status"`
	ID      string `json:"id,omitempty"`      // of what was made, changed or found
	Code    string `json:"code,omitempty"`    // why, of Invalid, Failed and Uncertain: a connector.Code or one of WriteCodes
	Message string `json:"message,omitempty"` // for people; without a secret of the record
}

// Done says whether the record needs nobody: it is as it was asked for, or was only looked at.
func (a Ack) Done() bool {
	return a.Status != Invalid && a.Status != Failed && a.Status != Uncertain
}
