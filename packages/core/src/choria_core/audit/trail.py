"""A server's audit: every allowed request is told to its auditor, and never stopped by it."""

import time
from collections.abc import Callable
from typing import Final

from choria_core.audit.auditor import Auditor
from choria_core.audit.entry import entry_of
from choria_core.ddl.document import ActionDdl
from choria_core.protocol.messages import Request
from choria_core.protocol.rpc_body import RpcRequest
from choria_core.telemetry.logs import get_logger

_log: Final = get_logger("choria.audit")


class AuditTrail:
    """Tells an auditor of requests, and counts what it loses.

    Args:
        auditor: of the server.
        on_lost: called for each entry that is lost.
        clock_ns: unix time.

    Attributes:
        lost: entries since the start that could not be kept.
    """

    __slots__ = ("_auditor", "_clock_ns", "_is_failing", "_on_lost", "lost")

    def __init__(
        self,
        auditor: Auditor,
        *,
        on_lost: Callable[[], None] | None = None,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.lost = 0
        self._auditor = auditor
        self._on_lost = on_lost
        self._clock_ns = clock_ns
        self._is_failing = False

    def record(self, request: Request, call: RpcRequest, action: ActionDdl) -> None:
        """Tell of a request whose action is about to run; raises nothing.

        Args:
            request: the document.
            call: its payload.
            action: names the inputs that are masked.
        """
        entry = entry_of(request, call, sensitive=action.sensitive, time_ns=self._clock_ns())
        try:
            self._auditor.record(entry)
        except (Exception, SystemExit) as error:  # noqa: BLE001 -- whatever a plugin raises
            self._lose(error)
            return
        if self._is_failing:
            self._is_failing = False
            _log.warning("requests are audited again", lost=self.lost)

    def _lose(self, error: BaseException) -> None:
        self.lost += 1
        if self._on_lost is not None:
            self._on_lost()
        if not self._is_failing:
            self._is_failing = True
            cause = str(error) or type(error).__name__
            _log.error("requests are not audited", cause=cause)
