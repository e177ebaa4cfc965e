"""Values that options of playbooks have in common.  Pure."""

import math
from typing import Final

from choria_core.config.schema import Grammar
from choria_core.durations import format_duration, parse_choria_duration
from choria_core.errors import ConfigError


def read_seconds(text: str) -> float:
    """Seconds, written as a number of them (``10``, ``0.5``) or as a duration (``1m30s``).

    Raises:
        ConfigError: it is neither.
    """
    try:
        seconds = float(text)
    except ValueError:
        return parse_choria_duration(text)
    if not math.isfinite(seconds):
        raise ConfigError(f"must be a time, not {text}")
    return seconds


SECONDS: Final = Grammar("seconds or a duration (10, 0.5, 1m30s)", read_seconds, format_duration)
