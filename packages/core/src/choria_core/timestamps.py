"""RFC 3339 times as JetStream and JSON documents write them, in milliseconds.  Pure."""

import re
from datetime import UTC, datetime
from typing import Final

from choria_core.errors import RemoteProtocolError

_FORM: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,12}))?(Z|z|[+-]\d\d:\d\d)"
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def parse_rfc3339_ms(text: str) -> int:
    """Unix milliseconds of an RFC 3339 time; finer digits are cut off.

    Raises:
        RemoteProtocolError: it is no such time.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise RemoteProtocolError(f"not an RFC 3339 time: {text!r}")
    day, clock, fraction, zone = match.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{'+00:00' if zone in 'Zz' else zone}")
    except ValueError:
        raise RemoteProtocolError(f"not an RFC 3339 time: {text!r}") from None
    whole = moment - _EPOCH
    return (whole.days * 86_400 + whole.seconds) * 1000 + int((fraction or "")[:3].ljust(3, "0"))


def format_rfc3339_ms(milliseconds: int) -> str:
    """UTC time with three digits behind the second: ``2026-11-23T09:27:05.310Z``."""
    moment = datetime.fromtimestamp(milliseconds // 1000, tz=UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"
