"""Texts into values."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.config.value import Refusal
from choria_core.network_config import kinds
from choria_core.network_config.keys import Key
from choria_core.network_config.kinds import Kind
from choria_core.network_config.table import KEYS

HOME = "/srv/ada"


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (kinds.BOOLEAN, "Yes", True),
        (kinds.BOOLEAN, "1", True),
        (kinds.BOOLEAN, "N", False),
        (kinds.INTEGER, "-5", -5),
        (kinds.INTEGER, "+5", 5),
        (kinds.DURATION, "90", 90.0),
        (kinds.DURATION, "1h30m", 5400.0),
        (kinds.DURATION, "2w", 1_209_600.0),
        (kinds.DURATION, "1M", 2_592_000.0),
        (kinds.DURATION, "1y", 31_536_000.0),
        (kinds.WORDS, "a, b ,,c", ("a", "b", "c")),
        (kinds.PATH, "~/a", Path("/srv/ada/a")),
        (kinds.PATH, "~", Path("/srv/ada")),
        (kinds.PATH, "/a~b", Path("/a~b")),
        (kinds.FOLDERS, "/a:~/b", (Path("/a"), Path("/srv/ada/b"))),
        (kinds.FACT_FILES, "/a.yaml:/b.json", (Path("/a.yaml"), Path("/b.json"))),
        (kinds.LOG_FILE, "stdout", "stdout"),
        (kinds.LOG_FILE, "~/log", "/srv/ada/log"),
        (kinds.MODE, "0640", 0o640),
        (kinds.PUBLIC_KEYS, "AB" * 32, ("ab" * 32,)),
        (kinds.choice("first", "random"), "random", "random"),
        (kinds.title_choice("action_policy"), "ACTION_policy", "ACTION_policy"),
        (kinds.title_choice("action_policy"), "action_policy", "Action_policy"),
    ],
)
def test_a_text_becomes_a_value(kind: Kind, text: str, value: object) -> None:
    assert kind.read(text, HOME) == value


@pytest.mark.parametrize(
    ("kind", "text", "problem"),
    [
        (kinds.BOOLEAN, "on", 'must be true or false, not "on"'),
        (kinds.INTEGER, "1_0", 'must be a whole number, not "1_0"'),
        (kinds.INTEGER, "\u0661", 'must be a whole number, not "\u0661"'),
        (kinds.INTEGER, "9223372036854775808", "must be a whole number"),
        (kinds.DURATION, "soon", '"soon" is not a duration'),
        (kinds.PATH, "~bob/a", "another user's home"),
        (kinds.MODE, "rw", 'must be an octal mode, not "rw"'),
        (kinds.PUBLIC_KEYS, "abc", '"abc" is no ed25519 public key'),
        (kinds.choice("a", "b", c="too far"), "c", "c is not supported: too far"),
        (kinds.choice("first", "random"), "randm", 'must be first or random, not "randm"'),
        (kinds.ADDRESSES, "broker", "broker has no port"),
        (kinds.ADDRESSES, "a:1, b", "b has no port"),
        (kinds.ADDRESSES, "a:70000", "70000 is no port"),
        (kinds.ADDRESSES, "a:b", "is no host:port"),
        (kinds.ADDRESSES, "http://a:1", "http:// is no scheme of a broker"),
        (kinds.ADDRESSES, "nats://u:geheim@a:1", "takes no user and password"),
    ],
)
def test_what_is_no_value_is_refused_with_its_reason(kind: Kind, text: str, problem: str) -> None:
    refusal = kind.read(text, HOME)

    assert isinstance(refusal, Refusal)
    assert problem in refusal.text
    assert "geheim" not in refusal.text + refusal.fix


def test_a_path_from_home_needs_a_home() -> None:
    assert isinstance(kinds.PATH.read("~/a", ""), Refusal)


@pytest.mark.parametrize("text", ["a:1", "nats://a.b:4222", "[::1]:4222", "tls://a_b-c:1"])
def test_addresses_are_shown_as_they_are_read(text: str) -> None:
    read = kinds.ADDRESSES.read(text, HOME)

    assert isinstance(read, tuple)
    assert kinds.ADDRESSES.read(kinds.ADDRESSES.show(read), HOME) == read


@given(st.sampled_from(KEYS), st.text())
def test_any_text_is_read_or_refused(key: Key, text: str) -> None:
    stripped = text.strip()
    value = key.kind.read(stripped, HOME) if stripped else None

    if stripped and not isinstance(value, Refusal):
        assert isinstance(key.kind.show(value), str)


@pytest.mark.parametrize("key", [key for key in KEYS if key.default], ids=lambda key: key.name)
def test_every_default_is_read_and_shown(key: Key) -> None:
    value = key.default_value()

    assert not isinstance(value, Refusal)
    assert key.kind.read(key.kind.show(value), "") == value
