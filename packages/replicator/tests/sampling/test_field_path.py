"""The sampling field of a JSON body."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.errors import ConfigError
from choria_replicator.sampling.field_path import DEEPEST, FieldPath

KEYS = st.text(max_size=3) | st.sampled_from(["class", "f0", "0", "1", "a.b", "host", "@x"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False)
)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def reference(document: object, segments: tuple[str, ...]) -> object:
    """The plain way down, for comparison."""
    for segment in segments:
        if isinstance(document, dict):
            document = document.get(segment)
        elif isinstance(document, list) and segment.isascii() and segment.isdigit():
            document = document[int(segment)] if int(segment) < len(document) else None
        else:
            return None
    return document


def is_name(key: str) -> bool:
    return bool(key) and not any(one in '"\\' or one < " " for one in key)


def escape(segment: str) -> str:
    return "".join("\\" + one if one in ".\\*?|#@!{[" else one for one in segment)


@pytest.mark.parametrize(
    ("path", "body", "value"),
    [
        ("host", '{"host": "n1", "v": 1}', "n1"),
        ("host", '{"v": 1}', ""),
        ("host", '{"host": null}', ""),
        ("host", '{"host": ""}', ""),
        ("host", "not json", ""),
        ("host", "", ""),
        ("host", '"host"', ""),
        ("host", '["host"]', ""),
        ("host", '{"host": "n1"', ""),
        ("host", '{"host": "n1"} x', ""),
        ("host", '{"host": 1', ""),
        ("host", ' {"host": "n1"}\n', "n1"),
        ("host", '{"host": "a\\u00e4\\n\\"b"}', 'aä\n"b'),
        ("host", '{"ho\\u0073t": "n1"}', "n1"),
        ("host", '{"host": 5}', "5"),
        ("host", '{"host": 0}', "0"),
        ("host", '{"host": -0}', "-0"),
        ("host", '{"host": 123456789012345678901234567890}', "123456789012345678901234567890"),
        ("host", '{"host": 1.50}', "1.5"),
        ("host", '{"host": 2.0}', "2"),
        ("host", '{"host": 1e3}', "1000"),
        ("host", '{"host": 1E-7}', "0.0000001"),
        ("host", '{"host": 1e400}', "1e400"),
        ("host", '{"host": true}', "true"),
        ("host", '{"host": false}', "false"),
        ("host", '{"host": {"a": 1}}', '{"a": 1}'),
        ("host", '{"host": [1, 2]}', "[1, 2]"),
        ("host", '{"host": "a", "host": "b"}', "b"),
        ("a.b", '{"a": {"b": "x"}, "a": {}}', ""),
        ("a.b", '{"a": 1, "a": {"b": "x"}}', "x"),
        ("a.b", '{"a": {"b": "x"}, "a": 1}', ""),
        ("a.b", '{"a": null}', ""),
        ("a.b", '{"a": [1]}', ""),
        ("a.b.c", '{"a": {"b": {"c": 7}}}', "7"),
        ("a.0.b", '{"a": [{"b": "x"}]}', "x"),
        ("a.1.b", '{"a": [{"b": "x"}]}', ""),
        ("a.0.b", '{"a": {"0": {"b": "x"}}}', "x"),
        ("0", '["x", "y"]', "x"),
        ("1.0", '["x", ["y"]]', "y"),
        ("a\\.b", '{"a.b": "x", "a": {"b": "y"}}', "x"),
        ("\\@timestamp", '{"@timestamp": "now"}', "now"),
        ("user@host", '{"user@host": "x"}', "x"),
        ("a#b", '{"a#b": "x"}', "x"),
        ("class", '{"class": "x"}', "x"),
        ("f0.import", '{"f0": {"import": "x"}}', "x"),
        ("größe", '{"größe": "x"}', "x"),
    ],
)
def test_the_value_as_the_originals_print_it(path: str, body: str, value: str) -> None:
    assert FieldPath.parse(path).value_of(body.encode()) == value


@pytest.mark.parametrize(
    "body",
    [b'{"host": "\xff"}', b'{"host": "\\ud800"}', b'{"host":' + b"[" * 99000 + b"]" * 99000 + b"}"],
)
def test_bodies_beyond_json_have_no_value(body: bytes) -> None:
    assert FieldPath.parse("host").value_of(body) == ""


@pytest.mark.parametrize("path", ["host", "list.0", "facts.fqdn"])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_a_body_has_a_value_down_to_the_deepest_level(
    path: str, opening: bytes, closing: bytes
) -> None:
    def body(levels: int) -> bytes:
        inner = opening * levels + b"1" + closing * levels
        return b'{"host": "x", "list": ["x"], "facts": {"fqdn": "x"}, "deep": %b}' % inner

    assert FieldPath.parse(path).value_of(body(DEEPEST - 1)) == "x"
    assert FieldPath.parse(path).value_of(body(DEEPEST)) == ""


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("", "empty segment"),
        ("a..b", "empty segment"),
        (".a", "empty segment"),
        ("a.", "empty segment"),
        ("a.#.b", "'#' is query syntax"),
        ("@this", "'@' is query syntax"),
        ("a.@reverse", "'@' is query syntax"),
        ("a*", r"'\*' is query syntax"),
        ("a?", r"'\?' is query syntax"),
        ("a|b", r"'\|' is query syntax"),
        ("!true", "'!' is query syntax"),
        ("{a,b}", "'{' is query syntax"),
        ("a.[b]", r"'\[' is query syntax"),
        ('a"b', "cannot be looked up"),
        ("a\\\\b", "cannot be looked up"),
        ("a\\", "ends in a backslash"),
    ],
)
def test_a_path_beyond_our_syntax_says_what_to_write(path: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        FieldPath.parse(path)


@given(st.text())
def test_arbitrary_text_is_a_path_or_a_configuration_error(text: str) -> None:
    try:
        path = FieldPath.parse(text)
    except ConfigError:
        return
    assert all(path.segments)
    assert path.value_of(b"{}") == ""


@given(DOCUMENTS, st.lists(KEYS.filter(is_name), min_size=1, max_size=3))
def test_any_document_gives_what_the_plain_way_down_gives(
    document: object, segments: list[str]
) -> None:
    path = FieldPath.parse(".".join(escape(one) for one in segments))
    value = path.value_of(json.dumps(document).encode())

    expected = reference(document, tuple(segments))
    if expected is None:
        assert value == ""
    elif isinstance(expected, str):
        assert value == expected
    elif isinstance(expected, bool) or not isinstance(expected, float):
        assert value == json.dumps(expected)
    else:
        assert float(value) == expected
        assert "e" not in value.lower()
        assert Decimal(value) == Decimal(repr(expected))


def test_it_is_shown_as_it_was_written() -> None:
    assert str(FieldPath.parse(r"facts.a\.b")) == r"facts.a\.b"


@given(st.binary())
def test_arbitrary_bytes_never_fail(body: bytes) -> None:
    for text in ("host", "a.b", "a.0"):
        assert isinstance(FieldPath.parse(text).value_of(body), str)
