"""Registrations as nodes send them: one that was recorded, with other names and ids.

    frames = registrations(20_000)      # each a whole PUB

Each is as large as the recorded one, certificate and signature included, which nobody
verifies here.
"""

import base64
import json
from typing import Any, Final

from bench.adapting.names import INGEST
from choria_core.nats import wire
from choria_testing import vectors

NODES: Final = 1_000


def registrations(count: int) -> list[bytes]:
    """So many frames, no two alike."""
    recorded = vectors.messages("adapter.jsonl")[0]["data"]
    transport: dict[str, Any] = json.loads(recorded)
    secure = base64.b64decode(transport["data"]).decode()
    envelope = json.loads(json.loads(secure)["message"])["envelope"]
    sender, request_id = envelope["senderid"], envelope["requestid"]
    subject = INGEST.encode()
    frames = []
    for number in range(count):
        name = f"node{number % NODES}.example"
        inside = secure.replace(request_id, f"{number:032x}").replace(sender, name)
        transport["data"] = base64.b64encode(inside.encode()).decode()
        transport["headers"]["mc_sender"] = name
        body = json.dumps(transport, separators=(",", ":")).encode()
        frames.append(wire.publish(subject, b"", b"", body))
    return frames
