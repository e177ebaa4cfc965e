"""What was signed in the recordings, taken out of its wrapping."""

import json
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from choria_testing import vectors


@dataclass(frozen=True, slots=True)
class SignedDocument:
    """A request or reply with its signature.

    Attributes:
        name: the caller of a request, the sender of a reply.
        agent: whom a request is for, or a reply is from.
        is_reply: whether a node answered.
        time: when it was recorded, unix seconds.
    """

    name: str
    agent: str
    is_reply: bool
    signed: bytes
    signature: bytes
    credential: bytes
    time: float


def recorded_v1() -> list[SignedDocument]:
    """Every signed request of version 1; replies of that version are not signed."""
    return [
        _v1(document, time)
        for document, time in _documents("tls.jsonl", "v2.jsonl")
        if document["protocol"] == "choria:secure:request:1"
    ]


def recorded_v2() -> list[SignedDocument]:
    """Every signed request and reply of version 2."""
    return [
        _v2(document, time)
        for document, time in _documents("v2.jsonl")
        if document["protocol"].startswith("io.choria.protocol.v2.")
    ]


def _documents(*names: str) -> Iterator[tuple[dict[str, Any], float]]:
    for name in names:
        for record in vectors.load(name):
            for message in record["messages"]:
                transport = json.loads(message["data"])
                yield json.loads(b64decode(transport["data"])), record["time"]


def _v1(document: dict[str, Any], time: float) -> SignedDocument:
    envelope = json.loads(document["message"])["envelope"]
    return SignedDocument(
        name=envelope["callerid"],
        agent=envelope["agent"],
        is_reply=False,
        signed=document["message"].encode(),
        signature=b64decode(document["signature"]),
        credential=document["pubcert"].encode(),
        time=time,
    )


def _v2(document: dict[str, Any], time: float) -> SignedDocument:
    is_reply = "reply" in document
    signed = b64decode(document["reply" if is_reply else "request"])
    inner = json.loads(signed)
    return SignedDocument(
        name=inner["sender" if is_reply else "caller"],
        agent=inner["agent"],
        is_reply=is_reply,
        signed=signed,
        signature=b64decode(document["signature"]),
        credential=document["sender" if is_reply else "caller"].encode(),
        time=time,
    )
