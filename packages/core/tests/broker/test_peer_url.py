"""URLs of other brokers."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.broker.peer_url import LEAFNODE_SCHEMES, ROUTE_SCHEMES, check_peer_url
from choria_core.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "schemes"),
    [
        ("nats-leaf://127.0.0.1:7422", LEAFNODE_SCHEMES),
        ("nats-leaf://ann:pw@hub.example", LEAFNODE_SCHEMES),
        ("tls://[::1]:7422/", LEAFNODE_SCHEMES),
        ("wss://hub.example:443", LEAFNODE_SCHEMES),
        ("nats-route://127.0.0.1:6222", ROUTE_SCHEMES),
        ("nats://one.example:6222", ROUTE_SCHEMES),
    ],
)
def test_a_url_of_a_broker_is_taken_as_it_stands(text: str, schemes: tuple[str, ...]) -> None:
    assert check_peer_url(text, schemes) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "http://x",
        "127.0.0.1:7422",
        "hub.example",
        "nats-route://h:1",
        "nats-leaf://",
        "nats-leaf://:7422",
        "nats-leaf://h:0",
        "nats-leaf://h:99999",
        "nats-leaf://h:port",
        "nats-leaf://[::1",
        "nats-leaf://h:1/path",
        "nats-leaf://h:1,nats-leaf://i:1",
        "nats-leaf://h h:1",
        "nats-leaf://h\n:1",
    ],
)
def test_anything_else_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ConfigError, match="write it as nats-leaf://HOST:PORT"):
        check_peer_url(text, LEAFNODE_SCHEMES)


def test_a_refusal_shows_no_password() -> None:
    with pytest.raises(ConfigError) as caught:
        check_peer_url("http://ann:hunter2@h", LEAFNODE_SCHEMES)

    assert "hunter2" not in str(caught.value)


@given(st.text())
def test_any_text_is_taken_or_refused(text: str) -> None:
    with contextlib.suppress(ConfigError):
        assert check_peer_url(text, ROUTE_SCHEMES) == text
