"""What is written is read as it was."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from choria_plugin_file.texts import DataText, JsonText, YamlText, dumped, own_copy

TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
NUMBERS = st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
WORDS = st.text("ynNoOfFlLue01E_./- :#", max_size=8) | st.text("word ", max_size=130)
"""Looks like plain words, mostly, and like numbers and truths."""

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("kind", [JsonText, YamlText])
@given(st.dictionaries(TEXTS, VALUES, max_size=5))
def test_all_values_come_back(kind: type[DataText], values: dict[str, object]) -> None:
    text = kind().write(values, "")

    assert repr(kind().read(text, file="x")) == repr(values)


@pytest.mark.parametrize("kind", [JsonText, YamlText])
@given(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=5), VALUES, st.data())
def test_a_changed_value_is_written_and_no_other(
    kind: type[DataText], values: dict[str, object], value: object, data: st.DataObject
) -> None:
    text = kind()
    text.write(values, "")
    changed = data.draw(st.sampled_from(sorted(values)))
    values = {**values, changed: value}

    assert text.write(values, changed) == kind().write(values, changed)


@pytest.mark.parametrize("kind", [JsonText, YamlText])
@given(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=5), st.data())
def test_a_value_that_is_gone_is_not_written(
    kind: type[DataText], values: dict[str, object], data: st.DataObject
) -> None:
    text = kind()
    text.read(kind().write(values, ""), file="x")
    while values:
        gone = data.draw(st.sampled_from(sorted(values)))
        values = {key: value for key, value in values.items() if key != gone}

        assert text.write(values, gone) == kind().write(values, "")


@given(WORDS, WORDS | VALUES)
@example("key", "yes")
@example("k" * 200, "value")
@example("key", "Null")
@example("key", "e1")
def test_short_cuts_write_what_the_library_writes(key: str, value: object) -> None:
    assert YamlText().write({key: value}, key) == dumped(key, value)


@given(VALUES)
def test_a_copy_is_equal_and_shares_nothing(value: object) -> None:
    copied = own_copy(value)

    assert repr(copied) == repr(value)
    assert copied is not value or not isinstance(value, dict | list)
