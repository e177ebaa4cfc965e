"""What strangers send ends in one error of ours, whatever they thought of."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.errors import LocalProtocolError, RemoteProtocolError
from choria_core.protocol import v1, v2
from choria_core.protocol.adapter_output import decode_adapter_output
from choria_core.protocol.codec import Codec, decode_transport, seal_reply
from choria_core.protocol.lifecycle import decode_event
from choria_core.protocol.messages import Headers, Reply, SecureReply, SecureRequest, Version
from choria_core.protocol.registration_body import decode_registration
from choria_core.protocol.rpc_body import decode_rpc_reply, decode_rpc_request
from choria_testing.recorded_documents import recorded_documents

Reader = Callable[[bytes], object]

READERS: dict[str, Reader] = {
    "transport": lambda body: decode_transport(body).document(),
    "v1/secure_request": v1.decode_secure_request,
    "v1/secure_reply": v1.decode_secure_reply,
    "v1/request": v1.decode_request,
    "v1/reply": v1.decode_reply,
    "v2/secure_request": v2.decode_secure_request,
    "v2/secure_reply": v2.decode_secure_reply,
    "v2/request": v2.decode_request,
    "v2/reply": v2.decode_reply,
    "rpc_request": decode_rpc_request,
    "rpc_reply": decode_rpc_reply,
    "registration": decode_registration,
    "adapter_output": decode_adapter_output,
    "lifecycle": decode_event,
}
EXAMPLES = {recorded.kind: json.loads(recorded.text) for recorded in recorded_documents()}
MILLION = 1_000_000

HOSTILE: dict[str, bytes] = {
    "nothing": b"",
    "blank": b" ",
    "nul": b"\0",
    "null": b"null",
    "number": b"1",
    "huge number": b"9" * MILLION,
    "text": b'"x"',
    "list": b"[]",
    "empty object": b"{}",
    "unknown protocol": b'{"protocol":"choria:transport:9"}',
    "protocol of a megabyte": b'{"protocol":"' + b"x" * MILLION + b'"}',
    "protocol of another type": b'{"protocol":1}',
    "deep lists": b"[" * MILLION,
    "deep lists in a key": b'{"protocol":' + b"[" * MILLION,
    "deep objects": b'{"a":' * MILLION,
    "bad utf-8": b'{"protocol":"\xff"}',
    "bad utf-8 as a key": b'{"\xff":"choria:transport:1"}',
    "half a surrogate": b'{"protocol":"\\ud800"}',
    "surrogates in utf-8": b'{"protocol":"\xed\xa0\x80"}',
    "two documents": b"{}{}",
    "byte order mark": b"\xef\xbb\xbf{}",
    "utf-16": '{"protocol":"choria:transport:1"}'.encode("utf-16"),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("attack", HOSTILE)
def test_what_is_no_document_is_refused(reader: str, attack: str) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        READERS[reader](HOSTILE[attack])

    assert len(str(caught.value)) < 300
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("value", ["[" * MILLION, '{"a":' * 5000, "9" * 5000, "1e999", "-", "nan"])
@pytest.mark.parametrize("reader", READERS)
def test_what_hides_in_an_unknown_key_is_refused(reader: str, value: str) -> None:
    with pytest.raises(RemoteProtocolError):
        READERS[reader](b'{"unknown":' + value.encode() + b"}")


@given(st.sampled_from(sorted(READERS)), st.binary(max_size=60))
def test_noise_is_refused(reader: str, noise: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        READERS[reader](noise)


def changed(kind: str, path: str, value: Any) -> bytes:
    """A recorded document with one part exchanged."""
    document = json.loads(json.dumps(EXAMPLES[kind]))
    holder = document
    *outer, last = path.split(".")
    for key in outer:
        holder = holder[key]
    holder[last] = value
    return json.dumps(document).encode()


BAD_SUBJECTS = [
    "a b",
    "a\r\nPUB x 0\r\n",
    "a\n",
    "a\0",
    "a.*",
    "a.>",
    ">",
    ".",
    "a.",
    ".a",
    "a..b",
    "$JS.API.STREAM.PURGE.REG",
    "$SYS.x",
    "é",
    "a\x7f",
    "x" * 256,
]
BAD_IDENTITIES = ["", "x.>", "*", "a b", "a\n", "a/b", "é", "a..b", ".a", "a.", "[x]", "x" * 256]


@pytest.mark.parametrize("subject", BAD_SUBJECTS)
@pytest.mark.parametrize("path", ["headers.reply-to", "headers.federation"])
def test_subjects_that_reach_further_are_refused(path: str, subject: str) -> None:
    value = subject if path == "headers.reply-to" else {"reply-to": subject}
    body = changed("v1/transport", path, value)

    with pytest.raises(RemoteProtocolError, match="subject"):
        decode_transport(body)


@pytest.mark.parametrize("subject", BAD_SUBJECTS)
def test_we_do_not_write_such_subjects_either(subject: str) -> None:
    for codec in (v1, v2):
        with pytest.raises(LocalProtocolError):
            codec.encode_transport(b"x", Headers(sender="n1", reply_to=subject))


@pytest.mark.parametrize("identity", BAD_IDENTITIES)
@pytest.mark.parametrize(
    ("kind", "path", "reader"),
    [
        ("v1/transport", "headers.mc_sender", "transport"),
        ("v2/transport", "headers.sender", "transport"),
        ("v1/request", "envelope.senderid", "v1/request"),
        ("v2/request", "sender", "v2/request"),
        ("v1/request", "envelope.collective", "v1/request"),
        ("v1/request", "envelope.agent", "v1/request"),
        ("v1/reply", "envelope.senderid", "v1/reply"),
        ("v2/reply", "sender", "v2/reply"),
        ("lifecycle/event", "data.identity", "lifecycle"),
    ],
)
def test_identities_that_are_none_are_refused(
    kind: str, path: str, reader: str, identity: str
) -> None:
    with pytest.raises(RemoteProtocolError):
        READERS[reader](changed(kind, path, identity))


@pytest.mark.parametrize(
    "caller",
    [
        "",
        "alice",
        "choria=",
        "=alice",
        "Choria=alice",
        "choria=bob.mcollective alice.mcollective",
        "choria=alice\n",
        "choria=al=ice",
        "choria=alicé",
    ],
)
def test_callers_that_could_be_two_are_refused(caller: str) -> None:
    with pytest.raises(RemoteProtocolError, match="caller"):
        v1.decode_request(changed("v1/request", "envelope.callerid", caller))


@pytest.mark.parametrize("caller", ["", "alice bob", "alice\n", "alicé", "a\tb"])
def test_callers_of_version_2_are_free_but_for_blanks(caller: str) -> None:
    with pytest.raises(RemoteProtocolError, match="caller"):
        v2.decode_request(changed("v2/request", "caller", caller))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("envelope.requestid", "a" * 31),
        ("envelope.requestid", "a" * 33),
        ("envelope.requestid", "a" * 31 + "\n"),
        ("envelope.requestid", "a" * 31 + ">"),
        ("envelope.ttl", 29),
        ("envelope.ttl", 18_001),
        ("envelope.ttl", 60.0),
        ("envelope.ttl", "60"),
        ("envelope.ttl", True),
        ("envelope.ttl", 10**400),
        ("envelope.time", -1),
        ("envelope.time", 2**63),
        ("envelope.time", 10**400),
        ("envelope.filter.fact", None),
        ("envelope.filter.fact", [{"fact": "a", "operator": "~", "value": "b"}]),
        ("envelope.filter.fact", [{"fact": "a", "operator": "==", "value": ""}]),
        ("envelope.filter.fact", [{"fact": "", "operator": "==", "value": "b"}]),
        ("envelope.filter.identity", [1]),
        ("envelope.filter.compound", [{"expr": "true"}]),
        ("envelope.filter.compound", [[]]),
        ("envelope.filter.compound", [[{"expr": 1}]]),
        ("envelope.filter.compound", [[{"expr": "true"}, {"expr": "true"}]]),
        ("envelope.filter.compound", [[{"statement": "a"}, {"and": "and"}, {"statement": "b"}]]),
        ("message", ""),
    ],
)
def test_requests_that_break_a_rule_are_refused(path: str, value: Any) -> None:
    with pytest.raises(RemoteProtocolError):
        v1.decode_request(changed("v1/request", path, value))


def test_of_a_repeated_key_the_last_counts_everywhere() -> None:
    text = json.dumps(EXAMPLES["v1/reply"])[:-1] + ',"message":"last"}'

    assert v1.decode_reply(text.encode()).payload == b"last"


def test_a_repeated_protocol_must_agree() -> None:
    text = json.dumps(EXAMPLES["v1/reply"])[:-1] + ',"protocol":"choria:request:1"}'

    with pytest.raises(RemoteProtocolError):
        v1.decode_reply(text.encode())


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_reply_with_the_hash_of_another_is_refused(version: str) -> None:
    codec: Codec = v1 if version == "v1" else v2
    other = base64.b64encode(bytes(32)).decode()

    with pytest.raises(RemoteProtocolError, match="hash"):
        codec.decode_secure_reply(changed(f"{version}/secure_reply", "hash", other))


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_every_recorded_hash_fails_when_a_byte_of_the_reply_is_changed(version: str) -> None:
    codec: Codec = v1 if version == "v1" else v2
    inner = "message" if version == "v1" else "reply"
    tried = 0

    for recorded in recorded_documents():
        if recorded.kind == f"{version}/secure_reply":
            document = json.loads(recorded.text)
            text = document[inner]
            document[inner] = text[:40] + ("A" if text[40] != "A" else "B") + text[41:]
            with pytest.raises(RemoteProtocolError, match="hash"):
                codec.decode_secure_reply(json.dumps(document).encode())
            tried += 1

    assert tried


def test_requests_and_replies_are_not_taken_for_each_other() -> None:
    for codec, version in ((v1, "v1"), (v2, "v2")):
        texts = {
            kind: json.dumps(EXAMPLES[f"{version}/{kind}"]).encode()
            for kind in ("secure_request", "secure_reply", "request", "reply")
        }
        for read, text in (
            (codec.decode_secure_request, texts["secure_reply"]),
            (codec.decode_secure_reply, texts["secure_request"]),
            (codec.decode_request, texts["reply"]),
            (codec.decode_reply, texts["request"]),
        ):
            with pytest.raises(RemoteProtocolError, match="where a"):
                read(text)


def test_versions_do_not_mix() -> None:
    """Neither at the outside, nor a document of the one in a document of the other."""
    body = json.dumps(EXAMPLES["v1/transport"]).encode()

    assert decode_transport(body, only=Version.V1).version is Version.V1
    with pytest.raises(RemoteProtocolError, match="version 1 where 2"):
        decode_transport(body, only=Version.V2)
    with pytest.raises(RemoteProtocolError):
        v2.decode_request(json.dumps(EXAMPLES["v1/request"]).encode())
    with pytest.raises(RemoteProtocolError):
        v1.decode_secure_request(json.dumps(EXAMPLES["v2/secure_request"]).encode())


def test_what_a_version_cannot_carry_is_our_own_fault() -> None:
    reply = Reply(request_id="a" * 32, sender="n1", agent="x", time_ns=0, payload=b"\xff")

    assert v2.decode_reply(v2.encode_reply(reply)) == reply
    with pytest.raises(LocalProtocolError, match="UTF-8"):
        v1.encode_reply(reply)
    with pytest.raises(LocalProtocolError, match="signed replies"):
        v1.encode_secure_reply(SecureReply(b"x", b"signature"))
    with pytest.raises(LocalProtocolError, match="signers"):
        v1.encode_secure_request(SecureRequest(b"a", b"b", b"c", b"d"))
    with pytest.raises(LocalProtocolError, match="ASCII"):
        seal_reply(v2, reply, credential=b"\xff")
    with pytest.raises(LocalProtocolError):
        v2.encode_secure_request(SecureRequest(b"", b"b", b"c"))


def test_a_document_that_does_not_hold_what_utf_8_can_is_our_own_fault() -> None:
    with pytest.raises(LocalProtocolError):
        v1.encode_transport(b"x", Headers(sender="n1", seen_by=(("\ud800", "n1", ""),)))
