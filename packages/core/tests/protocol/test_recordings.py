"""Everything that the Go programs were seen to send is read, and written again the same."""

import json
from collections import Counter
from collections.abc import Callable

import pytest

from choria_core.protocol import v1, v2
from choria_core.protocol.adapter_output import (
    adapter_output,
    decode_adapter_output,
    encode_adapter_output,
)
from choria_core.protocol.codec import Codec, codec_of, decode_transport, is_insecure
from choria_core.protocol.lifecycle import decode_event, encode_event
from choria_core.protocol.messages import Request, Version
from choria_core.protocol.registration_body import decode_registration, encode_registration
from choria_core.protocol.rpc_body import (
    decode_rpc_reply,
    decode_rpc_request,
    encode_rpc_reply,
    encode_rpc_request,
)
from choria_testing import vectors
from choria_testing.recorded_documents import RECORDINGS, recorded_documents

Rewrite = Callable[[bytes], bytes]


def rewrite_transport(document: bytes) -> bytes:
    transport = decode_transport(document)
    codec = codec_of(transport.version)
    return codec.encode_transport(transport.document(), transport.headers)


def rewrites_of(version: str, codec: Codec) -> dict[str, Rewrite]:
    return {
        f"{version}/transport": rewrite_transport,
        f"{version}/secure_request": lambda text: codec.encode_secure_request(
            codec.decode_secure_request(text)
        ),
        f"{version}/secure_reply": lambda text: codec.encode_secure_reply(
            codec.decode_secure_reply(text)
        ),
        f"{version}/request": lambda text: codec.encode_request(codec.decode_request(text)),
        f"{version}/reply": lambda text: codec.encode_reply(codec.decode_reply(text)),
    }


REWRITES: dict[str, Rewrite] = {
    **rewrites_of("v1", v1),
    **rewrites_of("v2", v2),
    "payloads/rpc_request": lambda text: encode_rpc_request(decode_rpc_request(text)),
    "payloads/rpc_reply": lambda text: encode_rpc_reply(decode_rpc_reply(text)),
    "payloads/file_content": lambda text: encode_registration(decode_registration(text)),
    "payloads/adapter_output": lambda text: encode_adapter_output(decode_adapter_output(text)),
    "lifecycle/event": lambda text: encode_event(decode_event(text)),
}


@pytest.mark.parametrize("recording", RECORDINGS)
def test_every_recorded_document_is_written_again_as_it_was_read(recording: str) -> None:
    """Equal as JSON: Go orders some keys otherwise, and escapes more than it must."""
    seen = Counter[str]()

    for recorded in recorded_documents(recording):
        written = REWRITES[recorded.kind](recorded.text)

        assert json.loads(written) == json.loads(recorded.text)
        seen[recorded.kind] += 1

    assert seen.total() >= len(vectors.messages(recording)) > 0


def test_the_recordings_hold_every_kind_of_document() -> None:
    assert {recorded.kind for recorded in recorded_documents()} == set(REWRITES)


@pytest.mark.parametrize("recording", RECORDINGS)
def test_the_documents_fit_into_each_other(recording: str) -> None:
    """Each recorded transport opens down to its request or reply by its own version."""
    for message in vectors.messages(recording):
        body = message["data"].encode()
        if b"transport" not in body[:60]:
            continue
        transport = decode_transport(body)
        codec = codec_of(transport.version)
        is_request = transport.headers.reply_to != ""

        inside = (
            codec.decode_request(codec.decode_secure_request(transport.document()).signed)
            if is_request
            else codec.decode_reply(codec.decode_secure_reply(transport.document()).signed)
        )

        assert inside.sender == transport.headers.sender
        assert isinstance(inside, Request) == is_request
        assert len(transport.headers.seen_by) == 1


@pytest.mark.parametrize(
    ("recording", "insecure"), [("plain.jsonl", True), ("tls.jsonl", False), ("v2.jsonl", False)]
)
def test_requests_say_whether_anybody_signed(recording: str, *, insecure: bool) -> None:
    requests = [
        (v1 if recorded.kind.startswith("v1") else v2, recorded.text)
        for recorded in recorded_documents(recording)
        if recorded.kind.endswith("secure_request")
    ]

    said = {is_insecure(codec, codec.decode_secure_request(text)) for codec, text in requests}

    assert said == {insecure}


def test_the_adapter_wrote_what_ours_would_write() -> None:
    messages = vectors.messages("adapter.jsonl")
    requests, outputs = messages[::2], messages[1::2]

    assert len(requests) == len(outputs) == 3
    for request, output in zip(requests, outputs, strict=True):
        transport = decode_transport(request["data"].encode(), only=Version.V1)
        opened = v1.decode_request(v1.decode_secure_request(transport.document()).signed)

        assert adapter_output(opened) == decode_adapter_output(output["data"].encode())
