"""Requests opened once for all nodes of a process, however many they reach."""

from typing import Final

from choria_core.errors import Refusal, RefusedError, RemoteProtocolError
from choria_core.node.opening import OpenedRequest, RequestOpener
from choria_core.protocol.messages import NANOSECONDS
from choria_core.protocol.ttl import Freshness, freshness
from choria_core.telemetry.logs import get_logger
from choria_emulator.node.recent import Recent

_COPIES: Final = 3  # of a message that an opened one has: as it came, its document, its payload

_log: Final = get_logger("choria.emulator")


class Opening:
    """A request, or why it is none.

    Attributes:
        opened: None where it is refused.
        refusal: why; None where it is not.
        until_ns: unix time from which it is too old.
        arrived_ns: unix time at which it first reached this process.
    """

    __slots__ = ("arrived_ns", "opened", "refusal", "until_ns")

    def __init__(
        self,
        opened: OpenedRequest | None,
        refusal: Refusal | None,
        *,
        until_ns: int,
        arrived_ns: int,
    ) -> None:
        self.opened = opened
        self.refusal = refusal
        self.until_ns = until_ns
        self.arrived_ns = arrived_ns


class Openings:
    """Opens requests, and remembers those that came lately by their bytes.

    Args:
        opener: of the network.
        started_ns: unix time of the start; what is older is too old.
    """

    def __init__(self, opener: RequestOpener, *, started_ns: int) -> None:
        self._opener = opener
        self._started_ns = started_ns
        self._recent: Recent[Opening] = Recent()

    def open(self, body: bytes, *, now_ns: int) -> Opening:
        """The request in ``body``; never raises."""
        opening = self._recent.get(body)
        if opening is None:
            opening = self._open(body, now_ns)
            self._recent.put(body, opening, size_bytes=_COPIES * len(body))
        return opening

    def _open(self, body: bytes, now_ns: int) -> Opening:
        try:
            opened = self._opener.open(body, now_ns=now_ns)
        except RefusedError as error:
            return _refused(error.reason, error, now_ns)
        except RemoteProtocolError as error:
            return _refused(Refusal.MALFORMED, error, now_ns)
        request = opened.request
        until_ns = request.time_ns + request.ttl_seconds * NANOSECONDS
        fresh = freshness(request, now_ns=now_ns, started_ns=self._started_ns)
        if fresh is not Freshness.FRESH:
            until_ns = 0
        return Opening(opened, None, until_ns=until_ns, arrived_ns=now_ns)


def _refused(reason: Refusal, error: RemoteProtocolError, now_ns: int) -> Opening:
    _log.warning("a request is refused", reason=reason.value, cause=str(error))
    return Opening(None, reason, until_ns=0, arrived_ns=now_ns)
