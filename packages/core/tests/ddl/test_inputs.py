"""Arguments are typed and checked as their description says."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from choria_core.ddl.document import INPUT_TYPES, ActionDdl, InputDdl
from choria_core.ddl.inputs import RefusedInputError, check_arguments, is_rule, typed_arguments
from choria_core.errors import UsageError
from choria_core.protocol.rpc_body import StatusCode


def action(**inputs: Any) -> ActionDdl:
    """An action that takes one input ``x``, unless told otherwise."""
    fields = {"type": "string", "prompt": "X", "description": "An X"} | inputs
    return ActionDdl(action="act", input={"x": InputDdl(**fields)})


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("string", "12", "12"),
        ("integer", "-12", -12),
        ("float", "1.5", 1.5),
        ("float", "2", 2.0),
        ("number", "2", 2),
        ("number", "2.5", 2.5),
        ("boolean", "true", True),
        ("boolean", "No", False),
        ("hash", '{"a": [1]}', {"a": [1]}),
        ("Hash", "{}", {}),
        ("array", "[1, null]", [1, None]),
        ("Array", "[]", []),
    ],
)
def test_texts_become_values(kind: str, text: str, value: object) -> None:
    typed = typed_arguments(action(type=kind), {"x": text})["x"]

    assert typed == value
    assert type(typed) is type(value)


@pytest.mark.parametrize(
    ("item", "text", "said"),
    [
        ({"type": "integer"}, "12.5", "input x: '12.5' is not an integer; give digits"),
        ({"type": "integer"}, str(2**70), "is not an integer"),
        ({"type": "float"}, "nan", "is not a number"),
        ({"type": "boolean"}, "maybe", "give true or false"),
        ({"type": "hash"}, "[1]", "is not a hash"),
        ({"type": "hash"}, "{", "give a JSON object"),
        ({"type": "array"}, "{}", "is not an array"),
        ({"type": "array"}, "[" * 100_000, "is not an array"),
        ({"type": "list", "list": ("on", "off")}, "of", "is none of: on, off"),
        ({"maxlength": 3}, "four", "is longer than 3 characters"),
        ({"validation": "^a+$"}, "b", "does not match"),
        ({"validation": "shellsafe"}, "a;b", "must not contain ;"),
        ({"validation": "ipv4address"}, "::1", "is not an IPv4 address"),
        ({"validation": "ipv6address"}, "127.0.0.1", "is not an IPv6 address"),
        ({"validation": "ipaddress"}, "bob", "is not an IP address"),
        ({"validation": "ipaddress", "sensitive": True}, "secret", "what was given is not"),
    ],
)
def test_what_is_not_allowed_is_explained(item: dict[str, Any], text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        typed_arguments(action(**item), {"x": text})

    assert said in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("validation", "text"),
    [
        ("", "anything"),
        ("^a+$", "aaa"),
        ("unheard_of", "anything"),
        ("shellsafe", "a & b"),
        ("ipaddress", "::1"),
        ("ipv4address", "127.0.0.1"),
    ],
)
def test_what_is_allowed_passes(validation: str, text: str) -> None:
    assert typed_arguments(action(validation=validation), {"x": text}) == {"x": text}


@given(st.sampled_from(sorted(INPUT_TYPES)), st.text() | st.from_regex("-?[0-9.e]+"), st.text())
def test_what_a_client_sends_is_what_a_node_takes(kind: str, text: str, other: str) -> None:
    asked = action(type=kind, list=(text, other))
    try:
        typed = typed_arguments(asked, {"x": text})
    except UsageError:
        return

    received = json.decode(json.encode(typed))

    if received["x"] is not None:
        assert check_arguments(asked, received) == typed


def test_defaults_are_filled_in_and_what_is_missing_is_named() -> None:
    assert typed_arguments(action(default="d"), {}) == {"x": "d"}
    assert typed_arguments(action(optional=True), {}) == {}
    with pytest.raises(UsageError, match=r"needs the input x: give x=VALUE \(An X\)"):
        typed_arguments(action(), {})
    with pytest.raises(UsageError, match="has no input 'y'; its inputs are: x"):
        typed_arguments(action(), {"y": ""})


@pytest.mark.parametrize(
    ("item", "value"),
    [
        ({"type": "integer"}, 3.0),
        ({"type": "float"}, 3),
        ({"type": "number"}, 2.5),
        ({"type": "boolean"}, False),
        ({"type": "hash"}, {}),
        ({"type": "list", "list": ("on",)}, "on"),
    ],
)
def test_a_node_takes_what_is_right(item: dict[str, Any], value: object) -> None:
    assert check_arguments(action(**item), {"x": value, "process_results": True}) == {"x": value}


@pytest.mark.parametrize(
    ("item", "value", "status"),
    [
        ({}, None, StatusCode.MISSING_DATA),
        ({}, 12, StatusCode.INVALID_DATA),
        ({"type": "integer"}, True, StatusCode.INVALID_DATA),
        ({"type": "integer"}, 1.5, StatusCode.INVALID_DATA),
        ({"type": "integer"}, "1", StatusCode.INVALID_DATA),
        ({"type": "boolean"}, 1, StatusCode.INVALID_DATA),
        ({"type": "hash"}, [], StatusCode.INVALID_DATA),
        ({"type": "list", "list": ("on",)}, ["on"], StatusCode.INVALID_DATA),
    ],
)
def test_a_node_refuses_what_is_wrong(
    item: dict[str, Any], value: object, status: StatusCode
) -> None:
    with pytest.raises(RefusedInputError, match="input x") as caught:
        check_arguments(action(**item), {"x": value})

    assert caught.value.status == status


def test_a_hostile_pattern_of_a_description_costs_little() -> None:
    with pytest.raises(UsageError, match="cannot be checked"):
        typed_arguments(action(validation=r"\pL{1,300}" * 10), {"x": "x" * 1000})


def test_rules_are_known_names_or_regular_expressions() -> None:
    assert is_rule("shellsafe")
    assert is_rule("^a$")
    assert not is_rule("shelsafe")
    assert not is_rule("(")
