"""The published schemas accept what the Go programs send, and refuse what is broken."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from jsonschema import Draft4Validator

from choria_core.errors import RemoteProtocolError
from choria_core.protocol import names, v1, v2
from choria_core.protocol.codec import Codec, decode_transport
from choria_core.protocol.lifecycle import Event, encode_bare_event
from choria_core.protocol.registration_body import InventoryContent, encode_registration
from choria_core.protocol.schemas import schema, schema_names
from choria_testing.recorded_documents import RECORDINGS, recorded_documents

Path = tuple[str | int, ...]

OPTIONAL: dict[str, list[Path]] = {
    "v1/transport": [("headers", "reply-to"), ("headers", "seen-by"), ("headers", "federation")],
    "v2/transport": [("headers", "reply"), ("headers", "trace"), ("headers", "federation")],
    "v1/request": [("envelope", "filter", "agent")],
    "v2/request": [("filter",), ("filter", "agent")],
    "v2/secure_reply": [("signature",), ("sender",)],
    "payloads/file_content": [("zcontent",)],
    "payloads/inventory_content": [("zcontent",)],
    "payloads/rpc_request": [("data",)],
    "payloads/rpc_reply": [("action",)],
    "lifecycle/event": [("data", "version")],
}
STRANGE: list[Any] = [None, True, 1.5, "\u0000 a\n", [None], {"a": {}}]
FEDERATION: dict[str, Any] = {
    "v1/transport": {"req": "a" * 32, "reply-to": "a.b", "target": ["c.node.n1"]},
    "v2/transport": {"request": "a", "reply": "a.b", "targets": ["c.node.n1"]},
}


def readers_of(version: str, codec: Codec) -> dict[str, Callable[[bytes], object]]:
    return {
        f"{version}/transport": lambda text: decode_transport(text).document(),
        f"{version}/secure_request": codec.decode_secure_request,
        f"{version}/secure_reply": codec.decode_secure_reply,
        f"{version}/request": codec.decode_request,
        f"{version}/reply": codec.decode_reply,
    }


NOT_RECORDED: dict[str, bytes] = {
    "lifecycle/bare_event": encode_bare_event(
        Event(kind="startup", event_id="a", identity="n1", component="server", timestamp=1)
    ),
    "payloads/inventory_content": encode_registration(InventoryContent(zcontent=b"packed")),
}
READERS = {**readers_of("v1", v1), **readers_of("v2", v2)}


@pytest.mark.parametrize("name", schema_names())
def test_every_schema_is_a_schema_of_draft_4(name: str) -> None:
    found = schema(name)

    Draft4Validator.check_schema(found)
    assert found["$schema"] == "http://json-schema.org/draft-04/schema#"
    assert found["title"]


def test_an_unknown_schema_is_refused() -> None:
    with pytest.raises(KeyError):
        schema("../v1/request")


@pytest.mark.parametrize("recording", RECORDINGS)
def test_every_recorded_document_is_accepted(recording: str) -> None:
    validators = {name: Draft4Validator(schema(name)) for name in schema_names()}

    for recorded in recorded_documents(recording):
        validators[recorded.kind].validate(json.loads(recorded.text))


def test_every_schema_has_an_example_to_change() -> None:
    recorded = {recorded.kind for recorded in recorded_documents()}

    assert recorded | NOT_RECORDED.keys() == set(schema_names())


@pytest.mark.parametrize("kind", schema_names())
def test_what_lacks_a_part_or_has_one_of_another_type_is_refused(kind: str) -> None:
    validator = Draft4Validator(schema(kind))

    for path, mutant in mutants(example(kind)):
        may_lack = path in OPTIONAL.get(kind, []) or "federation" in path[:-1]

        assert not validator.is_valid(mutant) or (may_lack and not _has(mutant, path)), path


@pytest.mark.parametrize("kind", sorted(READERS))
def test_what_is_read_is_what_the_schema_accepts(kind: str) -> None:
    """A reader may refuse more, as a wrong hash, but nothing that is read breaks the schema."""
    validator = Draft4Validator(schema(kind))
    refused = 0

    for path, mutant in mutants(example(kind), same_type=True):
        try:
            READERS[kind](json.dumps(mutant).encode())
        except RemoteProtocolError:
            refused += 1
        else:
            assert validator.is_valid(mutant), (path, mutant)

    assert refused


def test_names_have_one_pattern_in_code_and_schemas() -> None:
    envelope = schema("v1/request")["properties"]["envelope"]["properties"]
    request = schema("v2/request")["properties"]
    headers = schema("v1/transport")["properties"]["headers"]["properties"]

    assert envelope["senderid"]["pattern"] == f"^{names.IDENTITY}$"
    assert envelope["callerid"]["pattern"] == f"^{names.CALLER_V1}$"
    assert envelope["requestid"]["pattern"] == f"^{names.REQUEST_ID_V1}$"
    assert envelope["agent"]["pattern"] == f"^{names.AGENT}$"
    assert request["caller"]["pattern"] == f"^{names.CALLER_V2}$"
    assert request["id"]["pattern"] == f"^{names.REQUEST_ID_V2}$"
    assert headers["reply-to"]["anyOf"][1]["pattern"] == f"^{names.SUBJECT}$"


def example(kind: str) -> dict[str, Any]:
    """The recorded document of a kind that has the most in it, or one of ours."""
    if kind in NOT_RECORDED:
        made: dict[str, Any] = json.loads(NOT_RECORDED[kind])
        return made
    texts = [recorded.text for recorded in recorded_documents() if recorded.kind == kind]
    document: dict[str, Any] = json.loads(max(texts, key=_rank))
    if kind in FEDERATION:
        document["headers"]["federation"] = FEDERATION[kind]
    return document


def _rank(text: bytes) -> tuple[bool, bool, int]:
    return b'"operator"' in text, b"reply" in text[-400:], len(text)


def mutants(
    document: dict[str, Any], *, same_type: bool = False
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Copies of ``document``, each with one part removed or exchanged for a strange one."""
    for path in _paths(document):
        for strange in STRANGE:
            mutant = copy.deepcopy(document)
            holder = _at(mutant, path[:-1])
            if same_type or type(holder[path[-1]]) is not type(strange):
                holder[path[-1]] = strange
                yield path, mutant
        mutant = copy.deepcopy(document)
        del _at(mutant, path[:-1])[path[-1]]
        yield path, mutant


def _paths(part: Any, path: Path = ()) -> Iterator[Path]:
    """Where ``part`` has parts that are not free: the data of RPC is, and how long a list is."""
    if isinstance(part, dict):
        for key, value in part.items():
            yield (*path, key)
            if key != "data" or "timestamp" in value:
                yield from _paths(value, (*path, key))
    elif isinstance(part, list):
        for index, value in enumerate(part):
            if len(path) > 1 and path[-2] in {"seen-by", "trace"}:
                yield (*path, index)
            yield from _paths(value, (*path, index))


def _has(part: Any, path: Path) -> bool:
    return path[-1] in _at(part, path[:-1])


def _at(part: Any, path: Path) -> Any:
    for step in path:
        part = part[step]
    return part
