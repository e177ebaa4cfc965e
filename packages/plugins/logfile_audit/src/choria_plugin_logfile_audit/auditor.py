"""The auditor ``logfile``: a line of text for each request."""

from pathlib import Path
from typing import Final

from choria_core.audit.appending import configured_file
from choria_core.audit.entry import AuditEntry
from choria_core.audit.text_lines import text_line
from choria_core.network_config.server_config import ServerConfig

DEFAULT: Final = Path("/var/log/puppetlabs/mcollective/mcollective-audit.log")
"""Where MCollective kept it."""


class TextAuditor:
    """Appends to the file that the configuration names, or to :data:`DEFAULT`.

    Args:
        config: of the server.

    Raises:
        ConfigError: the file's group does not exist.
    """

    def __init__(self, config: ServerConfig) -> None:
        self._file = configured_file(config, config.audit.file or DEFAULT)

    def record(self, entry: AuditEntry) -> None:
        """Append an entry; raises WorkError."""
        self._file.append(text_line(entry))
