"""Holds every line of standard input against the model of Airbyte's protocol: it is a
message, its members are those of the model, and no member is of another type."""

import json
import sys

from airbyte_protocol.models import AirbyteMessage


def known(model, value, path):
    """Fails for a member that the model, which takes any, does not have."""
    extra = getattr(model, "model_extra", None)
    if extra:
        sys.exit(f"{path}: the model does not have {sorted(extra)}")
    for name in getattr(type(model), "model_fields", {}):
        inner = getattr(model, name)
        if path.endswith(".stream_state") or name in ("stream_state", "shared_state"):
            continue  # any object
        for one in inner if isinstance(inner, list) else [inner]:
            if hasattr(type(one), "model_fields"):
                known(one, value, f"{path}.{name}")


count = {}
for line in sys.stdin:
    message = AirbyteMessage.model_validate(json.loads(line))
    known(message, line, "message")
    count[message.type.value] = count.get(message.type.value, 0) + 1
print(json.dumps(count))
