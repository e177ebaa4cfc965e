"""Stars in place of secrets."""

import base64
import json
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from choria_core.playbook.outcome import HostResult
from choria_core.telemetry.redaction import HIDDEN
from choria_playbooks.engine.masking import Masking

secrets = st.text(min_size=4, max_size=40).filter(lambda text: text.strip() == text)
texts = st.text(max_size=20)


def knowing(*values: object) -> Masking:
    masking = Masking()
    masking.learn(values)
    return masking


@given(secrets, texts, texts)
def test_a_secret_is_hidden_wherever_it_stands(secret: str, before: str, after: str) -> None:
    shapes = (
        secret,
        json.dumps(secret)[1:-1],
        quote(secret, safe=""),
        quote_plus(secret),
        base64.b64encode(secret.encode()).decode(),
    )
    masking = knowing(secret)
    for shape in shapes:
        assert masking.text(shape) == HIDDEN
        assert masking.hides({"a": [shape]})
        assert HIDDEN in masking.text(f"{before}{shape}{after}")


@given(st.text(min_size=8, max_size=40), st.binary(max_size=20), st.binary(max_size=20))
def test_a_secret_is_hidden_within_what_was_encoded(
    secret: str, before: bytes, after: bytes
) -> None:
    masking = knowing(secret)
    whole = before + secret.encode() + after

    assert HIDDEN in masking.text(base64.b64encode(whole).decode())
    assert HIDDEN in masking.text(base64.urlsafe_b64encode(whole).decode())


@pytest.mark.parametrize("secret", ["a\udcffbcdefgh", "\ud800", "\x00\x01\x02\x03"])
def test_secrets_that_are_no_proper_text(secret: str) -> None:
    masking = knowing(secret)

    assert masking.text(secret) == HIDDEN


@given(st.lists(secrets, min_size=1, max_size=4), st.data())
def test_the_longest_secret_is_hidden_whole(found: list[str], data: Any) -> None:
    inner = found[0]
    outer = data.draw(texts) + inner + data.draw(texts)
    assume(outer.strip() == outer)
    masking = knowing(*found, outer)

    assert masking.text(f"<{outer}>") in {f"<{HIDDEN}>", HIDDEN, f"{HIDDEN}>", f"<{HIDDEN}"}


@pytest.mark.parametrize(
    "value",
    [
        "deep secret1 in it",
        ["secret1"],
        {"secret1": 1},
        {"a": [{"b": ("x", "secret1")}]},
        4711000,
        {"n": 3.25},
    ],
)
def test_values_of_all_shapes(value: object) -> None:
    masking = knowing({"a": ["secret1"], "b": 4711000}, 3.25)

    assert masking.hides(value)
    masked = repr(masking.value(value))
    assert not any(secret in masked for secret in ("secret1", "4711000", "3.25"))


def test_without_secrets_values_are_left_alone() -> None:
    masking, value, results = Masking(), {"a": [1]}, {"n": HostResult(is_ok=True)}

    assert masking.value(value) is value
    assert masking.results(results) is results
    assert not masking.hides(value)


def test_truth_and_nothing_are_no_secrets() -> None:
    masking = knowing(True, None, "", [])

    assert masking.text("True None") == "True None"
    assert masking.value({"a": True, "b": None, "c": 1}) == {"a": True, "b": None, "c": 1}


def test_lines_of_a_secret() -> None:
    masking = knowing("-----BEGIN-----\n  abcdefgh\nxy\n-----END-----\n")

    assert masking.text("it says abcdefgh and xy") == f"it says {HIDDEN} and xy"


def test_results_of_nodes() -> None:
    masking = knowing("secret1")
    shown = masking.results(
        {
            "secret1.example": HostResult(
                is_ok=False, value={"a": "secret1"}, error="no secret1", details={"b": "secret1"}
            )
        }
    )

    assert "secret1" not in repr(shown)
    assert list(shown) == [f"{HIDDEN}.example"]
