"""How single values of the replicator's settings are written.  Pure."""

import re
from collections.abc import Callable

from choria_core.config.schema import Grammar
from choria_core.durations import format_duration, parse_choria_duration_ns, parse_go_duration_ns
from choria_core.errors import ConfigError, RemoteProtocolError
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.timestamps import format_rfc3339_ms, parse_rfc3339_ms
from choria_replicator.sampling.field_path import FieldPath

_NS_PER_MS = 1_000_000
_UNFIT_IN_NAME = re.compile(r"[\s/\\\x00-\x1f\x7f\ud800-\udfff]")
_UNFIT_IN_STREAM = re.compile(r"[\s.*>/\\\x00-\x1f\x7f\ud800-\udfff]")
_UNFIT_IN_SUBJECT = re.compile(r"[\s\x00-\x1f\x7f\ud800-\udfff]")


def is_name(text: str) -> bool:
    """Whether ``text`` can be the name of a replicator or worker."""
    return bool(text) and not _UNFIT_IN_NAME.search(text) and not text.startswith(".")


def _name(text: str) -> str:
    """Names stand in a header whose parts are separated by spaces, and name state files."""
    if text and not is_name(text):
        raise ConfigError(
            f"{text!r} cannot stand between spaces in a header and name a file: "
            "use letters, digits, - and _"
        )
    return text


def _stream(text: str) -> str:
    found = _UNFIT_IN_STREAM.search(text)
    if found:
        raise ConfigError(f"{text!r} is no stream name: remove {found[0]!r}")
    return text


def _subject(text: str) -> str:
    """A subject with or without wildcards; empty where none is given."""
    tokens = text.split(".") if text else []
    if not all(tokens) or ">" in tokens[:-1] or _UNFIT_IN_SUBJECT.search(text):
        raise ConfigError(
            f"{text!r} is no subject: write tokens parted by single dots, > only at the end"
        )
    return text


def _prefix(text: str) -> str:
    """A prefix may end in a dot, as the original lets it."""
    if _subject(text.rstrip(".")) and re.search(r"(^|\.)[*>](\.|$)", text):
        raise ConfigError(f"{text!r} holds a wildcard, and copies need one exact subject")
    return text


def _field(text: str) -> FieldPath | None:
    return FieldPath.parse(text) if text else None


def _urls(text: str) -> str:
    """Only looked at here: with the TLS block that goes with it, it becomes an endpoint."""
    parse_endpoint(text)
    return text


def _moment(text: str) -> int | None:
    if not text:
        return None
    try:
        return parse_rfc3339_ms(text)
    except RemoteProtocolError as error:
        raise ConfigError(f"{error}; write it like 2026-11-23T09:27:05Z") from error


def _interval(read: Callable[[str], int]) -> Callable[[str], int]:
    """Whole milliseconds of a duration; a shorter one counts as one, none as 0."""

    def milliseconds(text: str) -> int:
        nanoseconds = read(text) if text.strip() else 0
        whole = nanoseconds // _NS_PER_MS
        return 1 if nanoseconds > 0 and whole == 0 else whole

    return milliseconds


def _show_interval(milliseconds: float) -> str:
    return format_duration(milliseconds / 1000) if milliseconds else "0"


def _show_moment(unix_ms: int) -> str:
    return format_rfc3339_ms(unix_ms)


NAME = Grammar("name", _name)
STREAM = Grammar("stream name", _stream)
SUBJECT = Grammar("subject", _subject)
PREFIX = Grammar("subject without wildcards", _prefix)
URLS = Grammar("NATS URLs, comma separated", _urls)
FIELD = Grammar("field path (host, facts.fqdn, disks.0.name)", _field)
MOMENT = Grammar("time (2026-11-23T09:27:05Z)", _moment, _show_moment)
GO_INTERVAL = Grammar("duration (1h30m, 500ms)", _interval(parse_go_duration_ns), _show_interval)
CHORIA_INTERVAL = Grammar(
    "duration (1h30m, 7d, 1M)", _interval(parse_choria_duration_ns), _show_interval
)
