"""Where programs with a server's configuration write their log."""

import os
import sys

from choria_core.network_config.records import Log


def shows_warnings(log: Log) -> bool:
    """Whether somebody who starts it by hand sees its warnings."""
    return log.file in ("stdout", "stderr") and log.level not in ("error", "fatal")


def log_to(log: Log) -> None:
    """Send the log of this process where the configuration says.

    Raises:
        ConfigError: the file cannot be written.
    """
    from choria_core.telemetry.logs import configure

    level = "error" if log.level == "fatal" else log.level
    match log.file:
        case "stdout":
            configure(level, stream=sys.stdout)
        case "stderr":
            configure(level)
        case "discard":
            configure(level, log_file=os.devnull)
        case file:
            configure(level, log_file=file)
