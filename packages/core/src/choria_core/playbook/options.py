"""Values that options of playbooks have in common.  Pure."""

from typing import Final

from choria_core.config.schema import Grammar
from choria_core.durations import format_duration, parse_choria_duration


def read_seconds(text: str) -> float:
    """Seconds, written as a number of them (``10``, ``0.5``) or as a duration (``1m30s``).

    Raises:
        ConfigError: it is neither.
    """
    try:
        return float(int(text)) if text.isdecimal() else float(text)
    except ValueError:
        return parse_choria_duration(text)


SECONDS: Final = Grammar("seconds or a duration (10, 0.5, 1m30s)", read_seconds, format_duration)
