"""Durations of options.  Pure."""

import re
from typing import Final

from choria_core.durations import parse_choria_duration
from choria_core.errors import ConfigError, UsageError

_SECONDS: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")


def option_seconds(text: str, option: str, *, least: float = 0.0) -> float:
    """Seconds of ``10s``, ``500ms`` or, as other commands take them, of ``10``.

    Raises:
        UsageError: it is no duration, or less than ``least``.
    """
    try:
        seconds = float(text) if _SECONDS.fullmatch(text) else parse_choria_duration(text)
    except ConfigError as error:
        raise UsageError(f"{option}: {error}") from error
    if not text or seconds < least:
        raise UsageError(f"{option}: {text or 'nothing'!a} is too short; give at least {least:g}s")
    return seconds
