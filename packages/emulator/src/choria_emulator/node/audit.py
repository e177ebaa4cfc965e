"""Audit files of nodes: a line of JSON for each action that a caller was allowed.

Source: the recorded audit log of the Go server.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from msgspec import Raw, Struct

from choria_core.errors import ConfigError
from choria_core.node.opening import OpenedRequest
from choria_core.protocol.json_documents import encode_document
from choria_core.protocol.messages import NANOSECONDS
from choria_core.protocol.rpc_body import RpcRequest
from choria_core.telemetry.logs import get_logger

PLACE: Final = "%s"


class _Entry(Struct, frozen=True, gc=False):
    timestamp: str
    request_id: str
    request_time: int
    caller: str
    sender: str
    agent: str
    action: str
    data: Raw


class AuditLog:
    """Writes one file for each node; what cannot be written is counted and warned of.

    Args:
        pattern: path with ``%s`` for the name of the node.
        clock_ns: unix time.

    Attributes:
        lost: lines that could not be written.

    Raises:
        ConfigError: the pattern has not exactly one ``%s``.
    """

    def __init__(self, pattern: str, *, clock_ns: Callable[[], int]) -> None:
        check_pattern(pattern)
        self._pattern = pattern
        self._clock_ns = clock_ns
        self.lost = 0

    def record(self, identity: str, opened: OpenedRequest, call: RpcRequest) -> None:
        """Write that ``identity`` did what was asked."""
        request = opened.request
        moment = datetime.fromtimestamp(self._clock_ns() / NANOSECONDS, UTC)
        entry = _Entry(
            timestamp=moment.strftime("%Y-%m-%dT%H:%M:%S.%f%z"),
            request_id=request.request_id,
            request_time=request.time_ns // NANOSECONDS,
            caller=request.caller,
            sender=request.sender,
            agent=call.agent,
            action=call.action,
            data=call.data,
        )
        try:
            with Path(self._pattern.replace(PLACE, identity)).open("ab") as file:
                file.write(encode_document(entry) + b"\n")
        except OSError as error:
            if self.lost == 0:
                get_logger("choria.emulator").error("audit is lost", cause=str(error))
            self.lost += 1


def check_pattern(pattern: str) -> None:
    """Raise ConfigError unless ``pattern`` has exactly one ``%s``, and its folder is there."""
    if pattern.count(PLACE) != 1:
        raise ConfigError(
            f"--audit {pattern}: write %s once, where the name of the node shall stand, "
            "as /var/log/choria-audit-%s.log"
        )
    folder = Path(pattern).parent
    if PLACE not in str(folder) and not folder.is_dir():
        raise ConfigError(f"--audit {pattern}: {folder} is no folder: make it first")
