"""Any key of a book is one of a bucket."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.errors import WorkError
from choria_plugin_nats_kv.keys import bucket_key

VALID = re.compile(r"[-/_=.a-zA-Z0-9]+")


def unescaped(text: str) -> str:
    data = re.sub(rb"=([0-9A-F]{2})", lambda found: bytes.fromhex(found[1].decode()), text.encode())
    return data.decode()


@pytest.mark.parametrize(
    "key", ["a", "plain_key-1", "choria/locks/playbook/deploy", "a.b.c", "/", "kv", "a_kv", "A9"]
)
def test_plain_keys_stay_as_they_are(key: str) -> None:
    assert bucket_key(key) == key


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("größe", "gr=C3=B6=C3=9Fe"),
        ("a b", "a=20b"),
        ("a=b", "a=3Db"),
        (".", "=2E"),
        ("...", "=2E=2E=2E"),
        (".a.", "=2Ea=2E"),
        ("a..b", "a.=2Eb"),
        ("a...b", "a.=2E=2Eb"),
        ("_kv_x", "=5Fkv_x"),
        ("a*b>", "a=2Ab=3E"),
        ("two\nlines", "two=0Alines"),
    ],
)
def test_others_are_escaped(key: str, text: str) -> None:
    assert bucket_key(key) == text


@given(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=40) | st.text("._kv=/", min_size=1)
)
def test_every_key_is_valid_and_can_be_told_from_all_others(key: str) -> None:
    text = bucket_key(key)

    assert VALID.fullmatch(text)
    assert not text.startswith((".", "_kv"))
    assert not text.endswith(".")
    assert ".." not in text
    assert unescaped(text) == key


@pytest.mark.parametrize("key", ["", "\ud800", "x" * 1025, "ü" * 200])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(WorkError):
        bucket_key(key)
