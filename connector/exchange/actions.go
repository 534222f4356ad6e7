package exchange

// actions is the table: what can be written, and how. Paths and fields are the 100ms
// docs'; what follows from a repetition is theirs for rooms, recordings and streams.
var actions = []Action{
	{
		Name: "rooms", Path: "/rooms", Repeatable: true, write: (*writing).room,
		Does: "makes a room, or with --update changes the one of that name",
	},
	{
		Name: "room_status", Path: "/rooms/{id}", Repeatable: true, write: (*writing).roomStatus,
		Does: "enables or disables a room",
	},
	{
		Name: "room_codes", Path: "/room-codes/room/{room_id}", Repeatable: true, write: (*writing).roomCodes,
		Does: "makes the codes by which people join a room",
	},
	{
		Name: "messages", Path: "/active-rooms/{room_id}/send-message", write: (*writing).act,
		Does: "sends a message to people in an active room", Danger: "people in a call see the message",
	},
	{
		Name: "end_room", Path: "/active-rooms/{room_id}/end-room", write: (*writing).act,
		Does: "ends an active room", Danger: "everybody in the room is thrown out",
	},
	{
		Name: "remove_peers", Path: "/active-rooms/{room_id}/remove-peers", write: (*writing).act,
		Does: "throws people out of an active room", Danger: "the people are thrown out of their call",
	},
	{
		Name: "recordings", Path: "/recordings/room/{room_id}", write: (*writing).startOrStop,
		Does: "starts or stops the recording of a room", Danger: "people in a call are recorded, or their recording ends",
	},
	{
		Name: "live_streams", Path: "/live-streams/room/{room_id}", write: (*writing).startOrStop,
		Does: "starts or stops the HLS stream of a room", Danger: "people in a call are shown to an audience, or their stream ends",
	},
	{
		Name: "external_streams", Path: "/external-streams/room/{room_id}", write: (*writing).startOrStop,
		Does: "starts or stops the RTMP stream of a room", Danger: "people in a call are shown to an audience, or their stream ends",
	},
	{
		Name: "webhook_replays", Path: "/analytics/webhooks/replay", Repeatable: true, write: (*writing).replay,
		Does: "has the webhooks of a window of time sent again, and waits until they were",
	},
}
