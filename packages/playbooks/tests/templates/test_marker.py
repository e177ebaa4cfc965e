"""Markers in texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_playbooks.templates.dialect import LEGACY, STRICT
from choria_playbooks.templates.marker import (
    Form,
    Marker,
    has_markers,
    parse_text,
    unknown_markers,
)

OLD = (
    ("input.x", Form.INPUTS, ("x",)),
    ("inputs.a_b-9", Form.INPUTS, ("a_b-9",)),
    ("nodes.web", Form.NODES, ("web",)),
    ("metadata.name", Form.METADATA, ("name",)),
    *((f"previous_task.{key}", Form.PREVIOUS_TASK, (key,)) for key in ("success", "description")),
    *((f"previous_task.{key}", Form.PREVIOUS_TASK, (key,)) for key in ("msg", "message")),
    *((f"previous_task.{key}", Form.PREVIOUS_TASK, (key,)) for key in ("data", "runtime")),
    ("elapsed_time", Form.ELAPSED_TIME, ()),
    ("uuid", Form.UUID, ()),
)
NEW = (
    ("registered.step.data.0.sender", Form.REGISTERED, ("step", "data", "0", "sender")),
    ("item", Form.ITEM, ()),
    ("item.name.0", Form.ITEM, ("name", "0")),
    ("arguments.size", Form.ARGUMENTS, ("size",)),
    ("lock.token", Form.LOCK, ("token",)),
    ("batch", Form.BATCH, ()),
    ("inputs.hash.key", Form.INPUTS, ("hash", "key")),
    ("previous_task.data.0", Form.PREVIOUS_TASK, ("data", "0")),
)
NONE = (
    "foo",
    ".Foo",
    "inputs",
    "inputs.",
    "inputs.a b",
    "previous_task.other",
    "date()",
    "INPUTS.x",
)
NONE_AT_ALL = (*NONE, "lock", "lock.holder", "batch.x", "registered", "uuid.x", "nodes.a.b")


@pytest.mark.parametrize(("words", "form", "path"), OLD)
@pytest.mark.parametrize("dialect", [LEGACY, STRICT])
@pytest.mark.parametrize(
    ("before", "after"), [("{{", "}}"), ("{{{", "}}}"), ("{{", "}}}"), ("{{{", "}}")]
)
@pytest.mark.parametrize("space", ["", " ", "\n  "])
def test_old_forms_have_two_or_three_braces_and_any_space(
    words: str, form: Form, path: tuple[str, ...], dialect: int, before: str, after: str, space: str
) -> None:
    text = f"{before}{space}{words}{space}{after}"

    assert parse_text(text, dialect) == (Marker(form, path, "", text),)


@pytest.mark.parametrize(("words", "form", "path"), NEW)
def test_new_forms_are_text_in_old_books(words: str, form: Form, path: tuple[str, ...]) -> None:
    text = f"{{{{ {words} }}}}"

    assert parse_text(text, LEGACY) == (text,)
    assert unknown_markers(text, LEGACY) == (text,)
    assert parse_text(text, STRICT) == (Marker(form, path, "", text),)


@pytest.mark.parametrize("words", NONE_AT_ALL)
def test_what_has_no_known_form_stays_text_and_is_told(words: str) -> None:
    text = f"{{{{ {words} }}}}"

    assert parse_text(f"a {text} b", STRICT) == (f"a {text} b",)
    assert unknown_markers(f"a {text} {{{{ uuid }}}} b", STRICT) == (text,)


@pytest.mark.parametrize(
    "text", ["{ uuid }", "{uuid}}", "{{uuid}", "{ { uuid } }", "", "}} uuid {{"]
)
def test_one_brace_is_text(text: str) -> None:
    assert "".join(map(str, parse_text(text, STRICT))) == text
    assert not has_markers(text, STRICT)


@pytest.mark.parametrize("quote", ['"', "'", ""])
@pytest.mark.parametrize("form", ["%Y-%m-%d", "%H:%M (%Z)", "%s", "at {%d}", "it's %Y"])
def test_dates_have_a_format_with_or_without_quotes(quote: str, form: str) -> None:
    text = f"{{{{ utc_date( {quote}{form}{quote} ) }}}}"

    (marker,) = parse_text(text, LEGACY)

    assert isinstance(marker, Marker)
    assert (marker.form, marker.argument) == (Form.UTC_DATE, form)
    assert marker.words == f"utc_date({form})"


def test_two_dates_are_two_markers() -> None:
    first, between, second = parse_text("{{ date('%Y') }} to {{ date('%m') }}", LEGACY)

    assert isinstance(first, Marker)
    assert isinstance(second, Marker)
    assert (first.argument, between, second.argument) == ("%Y", " to ", "%m")


def test_a_line_that_is_a_marker_does_not_take_the_other_lines_along() -> None:
    first, marker, last = parse_text("first\n{{ inputs.x }}\nlast", LEGACY)

    assert (first, last) == ("first\n", "\nlast")
    assert isinstance(marker, Marker)


def test_more_braces_are_text_around_a_marker() -> None:
    before, marker, after = parse_text("{{{{ inputs.x }}}}", LEGACY)

    assert isinstance(marker, Marker)
    assert (before, marker.text, after) == ("{", "{{{ inputs.x }}}", "}")


PIECES = st.sampled_from(
    [
        "{",
        "{{",
        "{{{",
        "}",
        "}}",
        "}}}",
        " ",
        "\n",
        "inputs.a",
        "uuid",
        "date(",
        ")",
        "'%Y'",
        "x",
        ".",
    ]
)


@given(st.lists(PIECES, max_size=30).map("".join) | st.text(), st.sampled_from([LEGACY, STRICT]))
def test_parts_make_the_whole_text_and_markers_hold_no_others(text: str, dialect: int) -> None:
    parts = parse_text(text, dialect)

    assert "".join(part.text if isinstance(part, Marker) else part for part in parts) == text
    assert "" not in parts
    for part in parts:
        if isinstance(part, Marker):
            assert parse_text(part.text, dialect) == (part,)
            assert "{{" not in part.text.lstrip("{")
            assert "}}" not in part.text.rstrip("}")
        else:
            assert not has_markers(part, dialect)


@pytest.mark.parametrize(
    "text",
    [
        "{{" * 50_000,
        "{{date(" + " " * 50_000,
        "{{" + " " * 100_000,
        "{{a" * 50_000,
        "{{date(x" * 20_000,
    ],
)
def test_long_texts_without_markers_cost_no_more_than_their_length(text: str) -> None:
    assert parse_text(text, STRICT) == (text,)
    assert unknown_markers(text, STRICT) == ()
