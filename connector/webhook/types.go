package webhook

import "slices"

// replayable are the types of which a replay has what failed: those that the 100ms docs
// list as filters of the deliveries.
var replayable = []string{
	"session.open.success", "session.close.success",
	"peer.join.success", "peer.join.failure", "peer.leave.success", "peer.leave.failure",
	"stream.recording.success", "stream.recording.failure", "recording.success", "recording.failed",
	"beam.started.success", "beam.stopped.success", "beam.recording.success", "hls.recording.success",
	"transcription.success", "transcription.failure",
}

// lost are the documented types of which no replay has what failed.
var lost = []string{
	"room.end.success", "room.end.failure", "role.change.success", "role.change.failure",
	"track.recording.started.success", "track.recording.started.failure", "track.recording.success", "track.recording.failure",
	"beam.failure", "hls.started.success", "hls.stopped.success", "hls.failure",
	"transcription.started.success", "transcription.started.failure",
	"ingest.start.success", "ingest.end.success", "ingest.start.failure", "ingest.failure",
}

// Types are the documented types of events, and whether 100ms sends again those that
// failed if it is asked to.
func Types() (again, never []string) { return slices.Clone(replayable), slices.Clone(lost) }
