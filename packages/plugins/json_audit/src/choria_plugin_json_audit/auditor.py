"""The auditor ``choria``: a line of JSON for each request."""

from choria_core.audit.appending import configured_file
from choria_core.audit.entry import AuditEntry
from choria_core.audit.json_lines import json_line
from choria_core.network_config.server_config import ServerConfig


class JsonAuditor:
    """Appends to the file that the configuration names; without one it keeps nothing.

    Args:
        config: of the server.

    Raises:
        ConfigError: the file's group does not exist.
    """

    def __init__(self, config: ServerConfig) -> None:
        path = config.audit.file
        self._file = None if path is None else configured_file(config, path)

    def record(self, entry: AuditEntry) -> None:
        """Append an entry; raises WorkError."""
        if self._file is not None:
            self._file.append(json_line(entry))
