"""A source of Airbyte's with one stream, new_rooms, of 120 rooms to be made. It gives null
for what a room does not have, as sources of tables do."""

import json
import sys
import time


def say(message):
    print(json.dumps(message), flush=True)


def status(name):
    say({"type": "TRACE", "trace": {"type": "STREAM_STATUS", "emitted_at": time.time() * 1000, "stream_status": {"stream_descriptor": {"name": "new_rooms"}, "status": name}}})


schema = {"type": "object", "properties": {"name": {"type": "string"}, "size": {"type": ["integer", "null"]}, "description": {"type": ["string", "null"]}}}
verb = sys.argv[1]
if verb == "spec":
    say({"type": "SPEC", "spec": {"connectionSpecification": {"type": "object", "properties": {}}}})
elif verb == "check":
    say({"type": "CONNECTION_STATUS", "connectionStatus": {"status": "SUCCEEDED"}})
elif verb == "discover":
    say({"type": "CATALOG", "catalog": {"streams": [{"name": "new_rooms", "json_schema": schema, "supported_sync_modes": ["full_refresh"], "source_defined_primary_key": [["name"]]}]}})
elif verb == "read":
    status("STARTED")
    for n in range(120):
        room = {"name": f"py-room-{n}", "size": n if n % 2 else None, "description": None}
        say({"type": "RECORD", "record": {"stream": "new_rooms", "data": room, "emitted_at": int(time.time() * 1000)}})
        if n % 50 == 49 or n == 119:
            say({"type": "STATE", "state": {"type": "STREAM", "stream": {"stream_descriptor": {"name": "new_rooms"}, "stream_state": {"rooms": n + 1}}, "sourceStats": {"recordCount": 50}}})
    status("COMPLETE")
