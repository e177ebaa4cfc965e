"""Slips of the hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.network_config.table import BY_NAME
from choria_core.network_config.typos import one_typo_away

WORDS = st.text("abc", min_size=1, max_size=6)


@pytest.mark.parametrize(
    "typo", ["identty", "idnetity", "identitty", "idemtity", "Identity", "dentity", "identit"]
)
def test_one_slip_is_recognised(typo: str) -> None:
    assert one_typo_away(typo, BY_NAME) == "identity"


@pytest.mark.parametrize(
    "other", ["identity", "rpcauditprovider", "plugin.mine.color", "idntty", "", "xyz"]
)
def test_other_words_are_left_alone(other: str) -> None:
    assert one_typo_away(other, BY_NAME) == ""


@given(WORDS, WORDS)
def test_slips_are_those_of_a_full_search(one: str, other: str) -> None:
    found = one_typo_away(one, [other])

    assert (found == other or one == other) == (one in _slips(other))


def _slips(word: str) -> set[str]:
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    return (
        {word}
        | {left + right[1:] for left, right in cuts if right}
        | {left + char + right for left, right in cuts for char in "abc"}
        | {left + char + right[1:] for left, right in cuts if right for char in "abc"}
        | {left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1}
    )


@given(st.sampled_from(sorted(BY_NAME)))
def test_no_key_is_a_slip_of_itself(key: str) -> None:
    assert one_typo_away(key, [key]) == ""
