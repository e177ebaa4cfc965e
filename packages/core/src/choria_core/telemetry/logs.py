"""Logs: lines for people on a terminal, JSON lines for programs, secrets for nobody.

    configure("info", log_file=settings.logfile or None)
    log = get_logger("choria.replicator")
    log.info("resumed", stream="NODES", sequence=12)

Everything that is logged, by us or through the standard library (nats-py, aiohttp,
asyncio), takes one road: a handler at the root of ``logging`` whose formatter redacts
the message, every value and every traceback before anything is written.

The names in JSON lines (``time``, ``level``, ``msg``) are those of the original programs.
Import this module inside commands: it brings structlog with it.
"""

import json
import logging
import os
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Any, TextIO

import structlog
from structlog.stdlib import BoundLogger, ProcessorFormatter
from structlog.typing import Processor

from choria_core.errors import ConfigError
from choria_core.telemetry.redaction import redact_value

LEVELS: Mapping[str, int] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
_HANDLER_NAME = "choria"
_FIRST_KEYS = ("time", "level", "logger", "msg")
_TALKATIVE = ("aiohttp.access", "asyncio", "nats.aio.client")


def configure(
    level: str = "info",
    *,
    log_file: str | Path | None = None,
    force_json: bool | None = None,
    stream: TextIO | None = None,
) -> None:
    """Send all logs of this process to one place; call once, early, or again to change it.

    Args:
        level: a name in :data:`LEVELS`; what is less important is dropped.
        log_file: append JSON lines to this file.  It is never truncated, and opened
            anew when someone moved it away, so every kind of log rotation works.
        force_json: JSON or not; by default JSON for a file and for what is no terminal.
        stream: where lines go without a ``log_file``; standard error by default, which
            keeps standard output for results.

    Raises:
        ConfigError: an unknown level, or a file that cannot be written.
    """
    number = _level(level)
    handler = _handler(log_file, stream)
    is_terminal = log_file is None and (stream or sys.stderr).isatty()
    is_json = not is_terminal if force_json is None else force_json
    colors = is_terminal and "NO_COLOR" not in os.environ
    handler.setFormatter(_formatter(_json_chain() if is_json else _console_chain(colors=colors)))
    _install(handler, number)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared(),
            structlog.stdlib.PositionalArgumentsFormatter(),
            ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def get_logger(name: str) -> BoundLogger:
    """The logger called ``name``; dotted names form a tree as in the standard library."""
    logger: BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def redact_event(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """The structlog processor that takes secrets out; comes after tracebacks became text."""
    return {key: redact_value(value, name=key) for key, value in event.items()}


def _level(name: str) -> int:
    number = LEVELS.get(name.lower())
    if number is None:
        raise ConfigError(f'there is no log level "{name}": use {", ".join(LEVELS)}')
    return number


class _StandardError(logging.StreamHandler[TextIO]):
    """Writes to what is standard error just then, as a line of progress puts itself before it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        self.stream = sys.stderr
        super().emit(record)


def _handler(log_file: str | Path | None, stream: TextIO | None) -> logging.Handler:
    if log_file is None:
        return _StandardError() if stream is None else logging.StreamHandler(stream)
    try:
        return WatchedFileHandler(log_file, encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"{log_file}: logs cannot be written there: {error.strerror}; "
            "create its folder, or choose another file"
        ) from error


def _install(handler: logging.Handler, level: int) -> None:
    handler.set_name(_HANDLER_NAME)
    root = logging.getLogger()
    for old in [old for old in root.handlers if old.get_name() == _HANDLER_NAME]:
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(level)
    for name in _TALKATIVE:
        quiet = level if level <= logging.DEBUG else max(level, logging.WARNING)
        logging.getLogger(name).setLevel(quiet)


def _shared() -> list[Processor]:
    """What our own and foreign records go through alike, before the formatter."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
    ]


def _formatter(last: Sequence[Processor]) -> ProcessorFormatter:
    return ProcessorFormatter(
        foreign_pre_chain=[*_shared(), structlog.stdlib.ExtraAdder(), _own_extras],
        processors=[
            ProcessorFormatter.remove_processors_meta,
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            redact_event,
            *last,
        ],
    )


def _own_extras(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Leave out what another handler's formatter has written into the record."""
    for name in ("message", "asctime"):
        event.pop(name, None)
    return event


def _json_chain() -> Sequence[Processor]:
    return (
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _original_names,
        structlog.processors.JSONRenderer(serializer=json.dumps),
    )


def _original_names(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    event["time"] = event.pop("timestamp")
    event["msg"] = event.pop("event", "")
    first = {key: event[key] for key in _FIRST_KEYS if key in event}
    return {**first, **{key: value for key, value in event.items() if key not in first}}


def _console_chain(*, colors: bool) -> Sequence[Processor]:
    return (
        structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
        _one_line,
        structlog.dev.ConsoleRenderer(
            colors=colors, exception_formatter=structlog.dev.plain_traceback
        ),
    )


def _one_line(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Keep a message from forging lines of its own, or steering the terminal."""
    text = str(event.get("event", ""))
    event["event"] = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
    return event
