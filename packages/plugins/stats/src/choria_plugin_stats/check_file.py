"""Looks at a file of statistics, for ``choria stats check``."""

from pathlib import Path

from choria_core.errors import RemoteProtocolError
from choria_plugin_stats.check import Finding, Limits, Verdict, check
from choria_plugin_stats.document import decode_statistics


def check_file(file: Path, limits: Limits, *, now: float) -> Finding:
    """The verdict on ``file``; one that cannot be read or is something else tells nothing.

    Args:
        file: of statistics.
        limits: what is well.
        now: unix time.
    """
    try:
        return check(decode_statistics(file.read_bytes()), limits, now=now)
    except OSError as error:
        return Finding(Verdict.UNKNOWN, f"{file} cannot be read: {error.strerror or error}")
    except RemoteProtocolError as error:
        return Finding(Verdict.UNKNOWN, f"{file}: {error}")
