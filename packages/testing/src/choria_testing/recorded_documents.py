"""Every document inside the recordings, taken apart without the code under test."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from choria_testing import vectors

RECORDINGS = ("plain.jsonl", "tls.jsonl", "v2.jsonl", "adapter.jsonl", "lifecycle.jsonl")

_KINDS = {
    "choria:transport:1": "v1/transport",
    "choria:secure:request:1": "v1/secure_request",
    "choria:secure:reply:1": "v1/secure_reply",
    "choria:request:1": "v1/request",
    "choria:reply:1": "v1/reply",
    "io.choria.protocol.v2.transport": "v2/transport",
    "io.choria.protocol.v2.secure_request": "v2/secure_request",
    "io.choria.protocol.v2.secure_reply": "v2/secure_reply",
    "io.choria.protocol.v2.request": "v2/request",
    "io.choria.protocol.v2.reply": "v2/reply",
    "choria:registration:filecontent:1": "payloads/file_content",
    "choria:adapters:choria_streams:output:1": "payloads/adapter_output",
}


@dataclass(frozen=True, slots=True)
class RecordedDocument:
    """One layer of a recorded message.

    Attributes:
        kind: name of its schema, as ``v1/request``.
        text: as recorded.
    """

    kind: str
    text: bytes


def recorded_documents(*names: str) -> Iterator[RecordedDocument]:
    """The documents of the recordings ``names``, or of all, each layer for itself."""
    for name in names or RECORDINGS:
        for message in vectors.messages(name):
            yield from documents_in(message["data"].encode())


def documents_in(text: bytes) -> Iterator[RecordedDocument]:
    """The document ``text`` and all that is nested in it; none where it is no JSON."""
    if not text.startswith(b"{"):
        return
    document = json.loads(text)
    yield RecordedDocument(_kind(document), text)
    nested = _nested(document)
    if nested is not None:
        yield from documents_in(nested)


def _kind(document: dict[str, Any]) -> str:
    if "specversion" in document:
        return "lifecycle/event"
    if "protocol" in document:
        return _KINDS[document["protocol"]]
    return "payloads/rpc_reply" if "statuscode" in document else "payloads/rpc_request"


def _nested(document: dict[str, Any]) -> bytes | None:
    match _kind(document).split("/"):
        case _, "transport":
            return base64.b64decode(document["data"])
        case "v1", _:
            return str(document["message"]).encode()
        case "v2", "secure_request":
            return base64.b64decode(document["request"])
        case "v2", "secure_reply":
            return base64.b64decode(document["reply"])
        case "v2", _:
            return base64.b64decode(document["message"])
    return None
