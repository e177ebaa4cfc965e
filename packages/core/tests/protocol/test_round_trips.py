"""What we write is read back the same, and keeps to the published schemas."""

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from choria_core.protocol import v1, v2
from choria_core.protocol.adapter_output import (
    adapter_output,
    decode_adapter_output,
    encode_adapter_output,
)
from choria_core.protocol.codec import (
    Codec,
    decode_transport,
    is_insecure,
    reply_headers,
    seal_reply,
    seal_request,
)
from choria_core.protocol.lifecycle import (
    MAX_TIMESTAMP,
    Event,
    decode_event,
    encode_bare_event,
    encode_event,
)
from choria_core.protocol.messages import (
    NANOSECONDS,
    FactFilter,
    Federation,
    Filter,
    Headers,
    Reply,
    Request,
    SecureReply,
    SecureRequest,
)
from choria_core.protocol.record_rules import MAX_TIME_SECONDS
from choria_core.protocol.registration_body import (
    FileContent,
    InventoryContent,
    decode_registration,
    encode_registration,
)
from choria_core.protocol.rpc_body import (
    RpcReply,
    RpcRequest,
    decode_rpc_reply,
    decode_rpc_request,
    encode_rpc_reply,
    encode_rpc_request,
    pack_fields,
    unpack_fields,
)
from choria_core.protocol.schemas import schema, schema_names

VALIDATORS = {name: Draft4Validator(schema(name)) for name in schema_names()}

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
filled_texts = texts.filter(bool)
WORD = "abzABZ019_-"
VISIBLE = "".join(map(chr, range(0x21, 0x7F)))
words = st.text(WORD, min_size=1, max_size=8)
identities = st.lists(words, min_size=1, max_size=4).map(".".join)
agents = words
subjects = (
    st.lists(st.text(set(VISIBLE) - set("*.>"), min_size=1, max_size=8), min_size=1, max_size=4)
    .map(".".join)
    .filter(lambda subject: not subject.startswith("$"))
)
request_ids = {
    "v1": st.text(WORD, min_size=32, max_size=32),
    "v2": st.text(WORD, min_size=1, max_size=64),
}
callers = {
    "v1": st.tuples(st.text("abz", min_size=1), st.text(WORD + ".", min_size=1)).map("=".join),
    "v2": st.text(VISIBLE, min_size=1),
}
tokens = st.text("abcABC123._-", max_size=60).map(str.encode)
seconds = st.integers(0, MAX_TIME_SECONDS)
objects = st.dictionaries(
    texts,
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | texts,
        lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
        max_leaves=8,
    ),
    max_size=4,
)
facts = st.builds(
    FactFilter,
    filled_texts,
    st.sampled_from([">=", "<=", "<", ">", "!=", "==", "=~"]),
    filled_texts,
)
filters = st.builds(
    Filter,
    fact=st.lists(facts, max_size=3).map(tuple),
    cf_class=st.lists(texts, max_size=3).map(tuple),
    agent=st.lists(texts, max_size=3).map(tuple),
    identity=st.lists(texts, max_size=3).map(tuple),
    compound=st.lists(texts, max_size=2).map(tuple),
)
headers = st.builds(
    Headers,
    sender=identities,
    reply_to=st.just("") | subjects,
    seen_by=st.lists(st.tuples(texts, texts, texts), max_size=3).map(tuple),
    federation=st.none()
    | st.builds(
        Federation,
        request_id=texts,
        reply_to=st.just("") | subjects,
        targets=st.lists(subjects, max_size=3).map(tuple),
    ),
)
codecs: list[tuple[str, Codec]] = [("v1", v1), ("v2", v2)]
versions = st.sampled_from(codecs)


@st.composite
def requests(draw: st.DrawFn, version: str) -> Request:
    """Any request that the version can carry."""
    payloads = filled_texts.map(str.encode) if version == "v1" else st.binary(min_size=1)
    return Request(
        request_id=draw(request_ids[version]),
        sender=draw(identities),
        caller=draw(callers[version]),
        collective=draw(identities),
        agent=draw(agents),
        ttl_seconds=draw(st.integers(30, 18_000)),
        time_ns=draw(times(version)),
        payload=draw(payloads),
        filter=draw(filters),
    )


@st.composite
def replies(draw: st.DrawFn, version: str) -> Reply:
    """Any reply that the version can carry."""
    payloads = texts.map(str.encode) if version == "v1" else st.binary()
    return Reply(
        request_id=draw(request_ids[version]),
        sender=draw(identities),
        agent=draw(agents),
        time_ns=draw(times(version)),
        payload=draw(payloads),
    )


def times(version: str) -> st.SearchStrategy[int]:
    if version == "v1":
        return seconds.map(lambda time: time * NANOSECONDS)
    return st.integers(0, MAX_TIME_SECONDS * NANOSECONDS)


def accepted(kind: str, document: bytes) -> bytes:
    """``document``, which the schema ``kind`` accepts."""
    VALIDATORS[kind].validate(json.loads(document))
    return document


@given(st.data(), versions, headers, st.binary(min_size=1, max_size=100))
def test_transports(
    data: st.DataObject, version: tuple[str, Codec], outside: Headers, inside: bytes
) -> None:
    name, codec = version

    body = accepted(f"{name}/transport", codec.encode_transport(inside, outside))
    transport = decode_transport(body, only=codec.VERSION)

    assert (transport.headers, transport.document()) == (outside, inside)
    assert transport.version is codec.VERSION


@given(st.data(), versions)
def test_requests(data: st.DataObject, version: tuple[str, Codec]) -> None:
    name, codec = version
    request = data.draw(requests(name))

    document = accepted(f"{name}/request", codec.encode_request(request))

    assert codec.decode_request(document) == request


@given(st.data(), versions)
def test_replies(data: st.DataObject, version: tuple[str, Codec]) -> None:
    name, codec = version
    reply = data.draw(replies(name))

    document = accepted(f"{name}/reply", codec.encode_reply(reply))

    assert codec.decode_reply(document) == reply


@given(st.data(), versions, st.binary(min_size=1, max_size=80), tokens.filter(bool))
def test_signed_requests(
    data: st.DataObject, version: tuple[str, Codec], signature: bytes, credential: bytes
) -> None:
    name, codec = version
    request = data.draw(requests(name))

    sealed = seal_request(codec, request, sign=lambda _: signature, credential=credential)
    secure = codec.decode_secure_request(accepted(f"{name}/secure_request", sealed))

    assert secure == SecureRequest(codec.encode_request(request), signature, credential)
    assert codec.encode_secure_request(secure) == sealed


@given(st.data(), versions)
def test_unsigned_requests_say_so(data: st.DataObject, version: tuple[str, Codec]) -> None:
    name, codec = version

    sealed = seal_request(codec, data.draw(requests(name)), sign=None)

    assert is_insecure(
        codec, codec.decode_secure_request(accepted(f"{name}/secure_request", sealed))
    )


@given(st.data(), versions, headers, identities)
def test_replies_by_way_of_their_request(
    data: st.DataObject, version: tuple[str, Codec], asked: Headers, sender: str
) -> None:
    """A reply tells its own hop alone, and carries the federation headers back."""
    name, codec = version
    reply = data.draw(replies(name))
    request = decode_transport(codec.encode_transport(b"x", asked))
    hop = ("in", sender, "out")

    document = accepted(f"{name}/secure_reply", seal_reply(codec, reply))
    body = codec.encode_transport(document, reply_headers(request, sender=sender, hop=hop))
    back = decode_transport(body)

    assert back.headers == Headers(sender=sender, seen_by=(hop,), federation=asked.federation)
    assert codec.decode_reply(codec.decode_secure_reply(back.document()).signed) == reply


@given(replies("v2"), st.binary(min_size=1, max_size=80), tokens)
def test_signed_replies_of_version_2(reply: Reply, signature: bytes, credential: bytes) -> None:
    sealed = seal_reply(v2, reply, sign=lambda _: signature, credential=credential)

    secure = v2.decode_secure_reply(accepted("v2/secure_reply", sealed))

    assert secure == SecureReply(v2.encode_reply(reply), signature, credential)


@given(texts, texts, objects)
def test_rpc_requests(agent: str, action: str, data: dict[str, object]) -> None:
    request = RpcRequest(agent, action, pack_fields(data))

    payload = accepted("payloads/rpc_request", encode_rpc_request(request))

    assert decode_rpc_request(payload) == request
    assert unpack_fields(decode_rpc_request(payload).data) == data


@given(texts, st.integers(0, 5), texts, objects)
def test_rpc_replies(action: str, code: int, text: str, data: dict[str, object]) -> None:
    reply = RpcReply(action=action, statuscode=code, statusmsg=text, data=pack_fields(data))

    payload = accepted("payloads/rpc_reply", encode_rpc_reply(reply))

    assert decode_rpc_reply(payload) == reply
    assert unpack_fields(decode_rpc_reply(payload).data) == data


@given(
    st.builds(
        Event,
        kind=agents,
        event_id=filled_texts,
        identity=identities,
        component=agents,
        timestamp=st.integers(0, MAX_TIMESTAMP),
        version=texts,
    )
)
def test_lifecycle_events(event: Event) -> None:
    document = accepted("lifecycle/event", encode_event(event))
    bare = accepted("lifecycle/bare_event", encode_bare_event(event))

    assert decode_event(document) == decode_event(bare) == event
    told = datetime.fromisoformat(json.loads(document)["time"])
    assert told == datetime.fromtimestamp(event.timestamp, tz=UTC)


@given(st.integers(-(2**63), 2**63), texts, st.booleans(), st.binary())
def test_file_registrations(mtime: int, file: str, updated: bool, content: bytes) -> None:  # noqa: FBT001
    registration = FileContent(mtime=mtime, file=file, updated=updated, content=content)

    payload = accepted("payloads/file_content", encode_registration(registration))

    assert decode_registration(payload) == registration


@given(st.binary(min_size=1), objects)
def test_inventory_registrations(packed: bytes, inventory: dict[str, object]) -> None:
    for registration in (
        InventoryContent(zcontent=packed),
        InventoryContent(content=pack_fields(inventory)),
    ):
        payload = accepted("payloads/inventory_content", encode_registration(registration))

        assert decode_registration(payload) == registration


@given(replies("v1"))
def test_adapter_outputs(reply: Reply) -> None:
    output = adapter_output(reply)

    document = accepted("payloads/adapter_output", encode_adapter_output(output))

    assert decode_adapter_output(document) == output
