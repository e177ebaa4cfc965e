"""Secrets in text and values: hidden; and what is none: left alone."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.telemetry.redaction import (
    HIDDEN,
    is_secret_name,
    redact_arguments,
    redact_text,
    redact_value,
)

SEED = "SUAM" + "A2B3C4D5E6F7" * 4 + "ABCDEF"
JWT = "eyJ0eXAiOiJKV1QifQ.eyJqdGkiOiJYIn0.c2lnbmF0dXJl"
KEY = "-----BEGIN PRIVATE KEY-----\nMIIhunter2\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("password", True),
        ("PASSWORD", True),
        ("db_password", True),
        ("userPassword", True),
        ("token", True),
        ("auth-token", True),
        ("authToken", True),
        ("nkey_seed", True),
        ("jwt", True),
        ("Authorization", True),
        ("credentials", True),
        ("client_secret", True),
        ("apiKey", True),
        ("tls.key_passphrase", True),
        ("credentials_file", False),
        ("seed_file", False),
        ("inspect_subject_token", False),
        ("key", False),
        ("monkey", False),
        ("stream", False),
        ("passed", False),
        ("", False),
    ],
)
def test_secrets_are_known_by_name(name: str, *, secret: bool) -> None:
    assert is_secret_name(name) is secret


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nats://user:pw@host:4222", "nats://***@host:4222"),
        ("nats://tok3n@host", "nats://***@host"),
        ("nats://u:p@ss@h,nats://h2,tls://u:q@h3", "nats://***@h,nats://h2,tls://***@h3"),
        ("u:p,w/d", "u:p,w/d"),
        ("nats://u:p,w@h", "nats://***@h"),
        ("cannot reach user:pw@host:4222", "cannot reach ***@host:4222"),
        (
            "nats://h?credentials=/etc/x.creds&jwt=abc&nkey=def&insecure=true",
            "nats://h?credentials=***&jwt=***&nkey=***&insecure=true",
        ),
        ('{"user": "bob", "password": "hunter 2"}', '{"user": "bob", "password": "***"}'),
        ("{'token': 'x\\'y', 'n': 1}", "{'token': '***', 'n': 1}"),
        (r"{\"password\": \"hunter2\"}", r"{\"password\": ***}"),
        ("Authorization: Bearer abc.def", "Authorization: ***"),
        ("sent Bearer abc.def", "sent Bearer ***"),
        ("password=hunter2; next", "password=***; next"),
        ("password: hunter2\nname: x", "password: ***\nname: x"),
        (f"seed {SEED}!", "seed ***!"),
        (f"got {JWT} back", "got *** back"),
        (f"key {KEY} end", "key *** end"),
        (
            "copied 12 messages of NODES in 1.5s at 10:30",
            "copied 12 messages of NODES in 1.5s at 10:30",
        ),
        ("http://h/metrics?name=x", "http://h/metrics?name=x"),
        ("file:12:3: streams[0].name: is missing", "file:12:3: streams[0].name: is missing"),
    ],
)
def test_secrets_in_text_are_hidden(text: str, expected: str) -> None:
    assert redact_text(text) == expected


def test_secrets_are_hidden_however_deep_they_are() -> None:
    value = {
        "endpoint": {"url": "nats://u:hunter2@h", "password": "hunter2", "port": 4222},
        "list": [{"token": ["hunter2"]}, ("nats://hunter2@h", 1.5, None, True)],
        "error": ValueError("password=hunter2"),
        "bytes": b"jwt=hunter2",
        "password": "",
        "secret": None,
        "pin_token": 1234,
    }

    shown = redact_value(value)

    assert "hunter2" not in json.dumps(shown)
    assert shown == {
        "endpoint": {"url": "nats://***@h", "password": HIDDEN, "port": 4222},
        "list": [{"token": HIDDEN}, ["nats://***@h", 1.5, None, True]],
        "error": "ValueError: password=***",
        "bytes": "jwt=***",
        "password": "",
        "secret": None,
        "pin_token": HIDDEN,
    }


def test_a_command_line_is_shown_without_its_secrets() -> None:
    line = [
        "choria",
        "--source",
        "nats://u:pw@h",
        "--password",
        "pw",
        "--token=pw",
        "--seed-file",
        "f",
    ]

    assert redact_arguments(line) == [
        *("choria", "--source", "nats://***@h", "--password", "***", "--token=***"),
        *("--seed-file", "f"),
    ]


def test_a_structure_that_holds_itself_ends_somewhere() -> None:
    value: dict[str, object] = {}
    value["self"] = value

    assert HIDDEN in str(redact_value(value))


@given(st.text(), st.text(alphabet=st.characters(exclude_characters=" \t\n"), min_size=1))
def test_the_user_part_of_a_url_never_comes_out(before: str, secret: str) -> None:
    marked = f"hunter2{secret}".split("://")[0].split()[0]

    assert "hunter2" not in redact_text(f"{before} nats://user:{marked}@host:4222/x")


@given(st.text())
def test_any_text_can_be_redacted_and_again_without_change(text: str) -> None:
    once = redact_text(text)

    assert redact_text(once) == once


def test_long_text_is_redacted_in_linear_time() -> None:
    for piece in (
        "a:",
        "://",
        "x@",
        "password",
        "password: ",
        "-----BEGIN PRIVATE KEY-----",
        "eyJ.",
    ):
        assert "hunter2" not in redact_text(piece * 20_000 + " password=hunter2")
