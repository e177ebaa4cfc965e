"""Logs: their shapes, their one road, and no secret on it."""

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from choria_core.commands.call_progress import CallProgress
from choria_core.errors import ConfigError
from choria_core.telemetry.logs import configure, get_logger


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    level = root.level
    yield
    for handler in [handler for handler in root.handlers if handler.get_name() == "choria"]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)
    structlog.reset_defaults()


def _lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_terminal_gets_coloured_lines_of_keys_and_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    stream = Terminal()
    configure(stream=stream)

    get_logger("choria.test").info("resumed", stream="NODES", sequence=12)

    assert "resumed" in stream.getvalue()
    assert "\x1b[" in stream.getvalue()
    assert stream.getvalue().count("\n") == 1


def test_a_terminal_that_wants_no_colour_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    configure(stream=stream)

    get_logger("choria.test").info("resumed", stream="NODES", sequence=12)

    assert "stream=NODES" in stream.getvalue()
    assert "sequence=12" in stream.getvalue()
    assert "\x1b[" not in stream.getvalue()


def test_what_is_no_terminal_gets_json_lines() -> None:
    stream = io.StringIO()
    configure(stream=stream)

    get_logger("choria.test").bind(stream="NODES").warning("behind by %d", 3, seconds=1.5)

    [line] = _lines(stream.getvalue())
    assert list(line)[:4] == ["time", "level", "logger", "msg"]
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "warning",
        "logger": "choria.test",
        "msg": "behind by 3",
        "stream": "NODES",
        "seconds": 1.5,
    }


def test_json_can_be_had_on_a_terminal_and_text_elsewhere() -> None:
    terminal, pipe = Terminal(), io.StringIO()

    configure(stream=terminal, force_json=True)
    get_logger("a").info("one")
    configure(stream=pipe, force_json=False)
    get_logger("a").info("two")

    assert [line["msg"] for line in _lines(terminal.getvalue())] == ["one"]
    assert "two" in pipe.getvalue()
    assert "\x1b[" not in pipe.getvalue()


def test_the_standard_library_takes_the_same_road() -> None:
    stream = io.StringIO()
    configure(stream=stream)

    logging.getLogger("nats").error("lost %s", "nats://u:hunter2@h", extra={"token": "hunter2"})

    [line] = _lines(stream.getvalue())
    del line["time"]
    assert line == {
        "level": "error",
        "logger": "nats",
        "msg": "lost nats://***@h",
        "token": "***",
    }


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        ("debug", ["d", "i", "w", "e", "f"]),
        ("info", ["i", "w", "e", "f"]),
        ("WARN", ["w", "e", "f"]),
        ("warning", ["w", "e", "f"]),
        ("error", ["e"]),
    ],
)
def test_what_is_below_the_level_is_dropped(level: str, shown: list[str]) -> None:
    stream = io.StringIO()
    configure(level, stream=stream)

    log = get_logger("choria.test")
    log.debug("d")
    log.info("i")
    log.warning("w")
    log.error("e")
    logging.getLogger("foreign").warning("f")

    assert [line["msg"] for line in _lines(stream.getvalue())] == shown


def test_requests_to_the_monitor_are_not_logged_unless_debugging() -> None:
    stream = io.StringIO()

    configure("info", stream=stream)
    logging.getLogger("aiohttp.access").info("GET /metrics")
    assert stream.getvalue() == ""

    configure("debug", stream=stream)
    logging.getLogger("aiohttp.access").info("GET /metrics")
    assert [line["msg"] for line in _lines(stream.getvalue())] == ["GET /metrics"]


def test_an_unknown_level_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match='no log level "loud": use debug, info'):
        configure("loud")


@pytest.mark.parametrize("is_json", [True, False])
def test_secrets_come_out_nowhere(*, is_json: bool) -> None:
    stream = io.StringIO()
    configure("debug", stream=stream, force_json=is_json)
    log = get_logger("choria.test").bind(password="hunter2")

    log.info("connecting to nats://user:hunter2@host?jwt=hunter2")
    log.info("with %s", "token=hunter2")
    log.info("nested", settings={"tls": [{"seed": "hunter2", "urls": ("nats://hunter2@h",)}]})
    log.info("bytes", body=b"credentials=hunter2", Authorization="Bearer hunter2")
    try:
        _fail()
    except ValueError:
        log.exception("failed")
        logging.getLogger("foreign").exception("failed too")
    log.error("given", error=ValueError("nkey=hunter2"))
    structlog.contextvars.bind_contextvars(secret="hunter2")
    log.info("context")
    structlog.contextvars.clear_contextvars()

    assert "hunter2" not in stream.getvalue()
    assert stream.getvalue().count("ValueError: cannot connect to nats://***@host") == 2
    assert stream.getvalue().count("***") >= 10


def _fail() -> None:
    url = "nats://user:" + "hunter" + "2@host"
    try:
        int("password: " + "hunter" + "2")
    except ValueError as error:
        raise ValueError(f"cannot connect to {url}") from error


def test_a_message_cannot_forge_lines_or_steer_the_terminal() -> None:
    stream = Terminal()
    configure(stream=stream)

    get_logger("choria.test").info("one\nERROR two\x1b[2J", value="x\n\x1b[2J")

    assert stream.getvalue().count("\n") == 1
    assert "\x1b[2J" not in stream.getvalue()


def test_a_file_is_appended_to_and_reopened_when_it_was_moved(tmp_path: Path) -> None:
    path = tmp_path / "sr.log"
    path.write_text("before\n")
    configure(log_file=path)
    log = get_logger("choria.test")

    log.info("one")
    path.rename(tmp_path / "sr.log.1")
    log.info("two")

    assert [json.loads(line)["msg"] for line in path.read_text().splitlines()] == ["two"]
    before, first = (tmp_path / "sr.log.1").read_text().splitlines()
    assert before == "before"
    assert json.loads(first)["msg"] == "one"


def test_a_file_gets_the_mode_that_the_umask_leaves(tmp_path: Path) -> None:
    """No secret is in it, and log shippers read it as another user."""
    before = os.umask(0o027)
    try:
        configure(log_file=tmp_path / "log")
    finally:
        os.umask(before)

    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o640


def test_a_file_that_was_copied_and_truncated_goes_on_at_its_start(tmp_path: Path) -> None:
    path = tmp_path / "sr.log"
    configure(log_file=path)
    log = get_logger("choria.test")

    log.info("one")
    os.truncate(path, 0)
    log.info("two")

    assert [json.loads(line)["msg"] for line in path.read_text().splitlines()] == ["two"]


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    path = tmp_path / "absent" / "sr.log"

    with pytest.raises(ConfigError) as caught:
        configure(log_file=path)

    assert str(path) in str(caught.value)
    assert "create its folder" in str(caught.value)


def test_configuring_again_leaves_one_handler_and_closes_the_old_file(tmp_path: Path) -> None:
    configure(log_file=tmp_path / "a.log")
    configure(log_file=tmp_path / "b.log")

    get_logger("x").info("once")

    assert (tmp_path / "a.log").read_text() == ""
    assert (tmp_path / "b.log").read_text().count("\n") == 1


def test_the_command_starts_without_the_heavy_libraries() -> None:
    script = (
        "import sys, choria_core.cli\n"
        "print([m for m in ('structlog', 'aiohttp', 'prometheus_client') if m in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout == "[]\n"


def test_a_line_goes_to_what_is_standard_error_just_then(monkeypatch: pytest.MonkeyPatch) -> None:
    before, now = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", before)
    configure("info")
    monkeypatch.setattr(sys, "stderr", now)

    get_logger("choria.test").info("resumed")

    assert before.getvalue() == ""
    assert "resumed" in now.getvalue()


def test_a_line_of_progress_is_taken_away_before_a_line_of_the_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys, "stderr", terminal)
    configure("warning", force_json=False)

    with CallProgress("rpcutil#ping") as progress:
        progress.found(2)
        get_logger("choria.test").warning("odd")

    (line,) = (line for line in terminal.getvalue().splitlines() if "odd" in line)
    assert "rpcutil#ping" not in line.rpartition("\x1b[2K")[2]
