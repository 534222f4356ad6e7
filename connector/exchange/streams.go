package exchange

import "time"

// streams is the table: what can be read, and how. Paths, parameters and fields are
// the 100ms docs'; that lists are newest first is documented for sessions alone, so
// nothing is left out because of it without looking.
var streams = []Stream{
	{
		Name: "rooms", Path: "/rooms", Key: []string{"id"}, Cursor: "created_at", lookBack: time.Hour,
		paging: byLast, walks: []string{"enabled=true", "enabled=false"},
		after: "after", oneRoom: "/rooms/{room_id}", account: "customer_id",
		Calls: "one for 100 rooms",
	},
	{
		Name: "sessions", Path: "/sessions", Key: []string{"id"}, Cursor: "created_at", lookBack: day,
		paging: byLast, walks: []string{"active=true", "active=false"}, // in this order: one that ends meanwhile is met again
		after: "after", room: "room_id", account: "customer_id",
		Calls: "one for 100 sessions",
	},
	{
		Name: "session_peers", Path: "/sessions", Key: []string{"session_id", "id"}, Cursor: "created_at", lookBack: day,
		paging: byLast, walks: []string{"active=true", "active=false"},
		after: "after", room: "room_id", account: "customer_id",
		of: []parents{{stream: "sessions", field: "id"}}, part: "peers", levels: []string{"id"}, as: "session_id",
		Calls: "one for 100 sessions",
	},
	{
		Name: "active_rooms", Path: "/active-rooms/{room_id}", Key: []string{"room_id"},
		of: activeRooms, as: "room_id", nothing: true,
		Calls: "one for 100 active sessions, and one for each room of theirs",
	},
	{
		Name: "active_room_peers", Path: "/active-rooms/{room_id}/peers", Key: []string{"room_id", "id"},
		paging: paging{rows: "peers"}, of: activeRooms, levels: []string{"id"}, as: "room_id", nothing: true,
		Calls: "one for 100 active sessions, and one for each room of theirs",
	},
	{
		Name: "recordings", Path: "/recordings", Key: []string{"id"}, Cursor: "created_at", lookBack: day,
		paging: byLast, newest: true, room: "room_id", status: "status", finished: ended,
		Calls: "one for 100 recordings",
	},
	{
		Name: "recording_assets", Path: "/recording-assets", Key: []string{"id"}, Cursor: "created_at", lookBack: day,
		paging: byLast, newest: true, room: "room_id", status: "status", finished: ended,
		Calls: "one for 100 assets",
	},
	{
		Name: "live_streams", Path: "/live-streams", Key: []string{"id"}, Cursor: "created_at", lookBack: day,
		paging: byLast, newest: true, room: "room_id", status: "status", finished: ended,
		Calls: "one for 100 streams",
	},
	{
		Name: "external_streams", Path: "/external-streams", Key: []string{"id"}, Cursor: "created_at", lookBack: day,
		paging: byLast, newest: true, room: "room_id", status: "status", finished: ended,
		Calls: "one for 100 streams",
	},
	{
		Name: "templates", Path: "/templates", Key: []string{"id"}, time: "createdAt",
		paging: byLast, newest: true, account: "customerId",
		Calls: "one for 100 templates",
	},
	{
		Name: "template_settings", Path: "/templates", Key: []string{"template_id"}, time: "createdAt",
		paging: byLast, newest: true, account: "customerId",
		of: templates, part: "settings", as: "template_id",
		Calls: "one for 100 templates",
	},
	{
		Name: "template_destinations", Path: "/templates", Key: []string{"template_id", "kind", "name"}, time: "createdAt",
		paging: byLast, newest: true, account: "customerId",
		of: templates, part: "destinations", levels: []string{"kind", "name"}, as: "template_id",
		Calls: "one for 100 templates",
	},
	{
		Name: "template_roles", Path: "/templates", Key: []string{"template_id", "name"}, time: "createdAt",
		paging: byLast, newest: true, account: "customerId",
		of: templates, part: "roles", levels: []string{"name"}, as: "template_id",
		Calls: "one for 100 templates",
	},
	{
		Name: "room_codes", Path: "/room-codes/room/{room_id}", Key: []string{"room_id", "role", "created_at"}, time: "created_at",
		paging: byLast, of: rooms, as: "room_id",
		Calls: "one for 100 rooms, and one for each room",
	},
	{
		Name: "stream_keys", Path: "/stream-keys/room/{room_id}", Key: []string{"id"}, time: "created_at",
		paging: byLast, of: rooms, as: "room_id",
		Calls: "one for 100 rooms, and one for each room",
	},
	{
		Name: "analytics_events", Path: "/analytics/events", Key: []string{"id"}, Cursor: "timestamp", lookBack: day,
		paging: events, room: "room_id",
		of:    []parents{{stream: "rooms", field: "id", all: true}, {stream: "sessions", field: "room_id", within: history + longest}},
		Calls: "one for 100 sessions of the last 30 days, and one for each 100 events of a room",
	},
	{
		Name: "feedback", Path: "/analytics/feedback", Key: []string{"session_id", "peer_id", "timestamp"}, Cursor: "timestamp", lookBack: day,
		paging: byNext, room: "room_id",
		Calls: "one for 100 entries",
	},
	{
		Name: "webhook_deliveries", Path: "/analytics/webhooks", Key: []string{"event_id"}, Cursor: "event_timestamp", lookBack: day,
		paging: deliveries, after: "start_time", room: "room_id",
		Calls: "one for 100 deliveries, three at least",
	},
}

var (
	rooms       = []parents{{stream: "rooms", field: "id"}}
	activeRooms = []parents{{stream: "sessions", field: "room_id", only: "active=true"}}
	templates   = []parents{{stream: "templates", field: "id"}}
	ended       = []string{"completed", "failed"}
)
