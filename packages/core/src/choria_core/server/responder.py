"""Answers the requests that reach one node, whoever has the connection."""

from collections.abc import Callable
from typing import Final, Protocol

from choria_core.agents.host import AgentHost
from choria_core.errors import (
    LocalProtocolError,
    Refusal,
    RefusedError,
    RemoteProtocolError,
    TransportError,
)
from choria_core.filters.node_view import NodeView
from choria_core.nats.transport import ServerInfo
from choria_core.node.gate import Gate, Verdict
from choria_core.node.opening import OpenedRequest, RequestOpener
from choria_core.protocol.messages import NANOSECONDS
from choria_core.server.figures import Figures
from choria_core.server.replies import ReplySealer, too_large
from choria_core.server.sparing_log import SparingLog
from choria_core.server.workload import Workload
from choria_core.telemetry.logs import get_logger

_log: Final = get_logger("choria.server")


class Wire(Protocol):
    """The part of a connection that replies leave by."""

    @property
    def server(self) -> ServerInfo:
        """The broker."""

    async def publish(self, subject: str, data: bytes = b"", /) -> None:
        """Send one message; raises TransportError."""


class Responder:
    """Takes requests for one node and sends its replies.

    Opening, agents and work can be shared by many of them; the gate is the node's own.

    Args:
        opener: opens and verifies.
        gate: decides what the node acts on, and counts.
        view: the node as filters see it just now.
        host: runs its agents.
        sealer: writes its replies.
        wire: carries them.
        workload: runs what is in work.
        figures: counts the rest.
        log: where warnings go.
        clock_ns: unix time.
    """

    __slots__ = (
        "_clock_ns",
        "_figures",
        "_gate",
        "_host",
        "_log",
        "_opener",
        "_sealer",
        "_view",
        "_wire",
        "_workload",
    )

    def __init__(  # noqa: PLR0913 - it joins that many
        self,
        *,
        opener: RequestOpener,
        gate: Gate,
        view: Callable[[], NodeView],
        host: AgentHost,
        sealer: ReplySealer,
        wire: Wire,
        workload: Workload,
        figures: Figures,
        log: SparingLog,
        clock_ns: Callable[[], int],
    ) -> None:
        self._opener = opener
        self._gate = gate
        self._view = view
        self._host = host
        self._sealer = sealer
        self._wire = wire
        self._workload = workload
        self._figures = figures
        self._log = log
        self._clock_ns = clock_ns

    def take(self, body: bytes) -> None:
        """Take what came from the network; never raises."""
        now_ns, figures = self._clock_ns(), self._figures
        figures.in_messages += 1
        figures.in_bytes += len(body)
        figures.last_message = now_ns // NANOSECONDS
        try:
            opened = self._opener.open(body, now_ns=now_ns)
            self.take_opened(opened, now_ns=now_ns)
        except RefusedError as error:
            self._refuse(error.reason, error)
        except RemoteProtocolError as error:
            self._refuse(Refusal.MALFORMED, error)
        except (Exception, SystemExit):  # noqa: BLE001 - one request is not the others' end
            figures.failures += 1
            _log.exception("a request could not be handled")

    def take_opened(self, opened: OpenedRequest, *, now_ns: int) -> None:
        """Take a request that was opened already, maybe for many nodes."""
        room = self._workload.has_room
        verdict = self._gate.admit(opened, self._view(), now_ns=now_ns, has_room=room)
        if verdict is Verdict.TAKEN:
            self._workload.start(self._work(opened))
        elif verdict is not Verdict.FILTERED:
            self._log.warning("a request is not taken", cause=verdict.value, **_about(opened))

    def _refuse(self, reason: Refusal, error: RemoteProtocolError) -> None:
        self._gate.refuse()
        self._figures.refusals[reason] += 1
        self._log.warning("a request is refused", reason=reason.value, cause=str(error))

    async def _work(self, opened: OpenedRequest) -> None:
        payload = await self._host.answer(opened)
        if payload is None:
            return
        try:
            body = self._reply(opened, payload)
            if body is not None:
                await self._send(opened.transport.headers.reply_to, body)
        except TransportError as error:
            self._figures.lost_replies += 1
            self._log.warning("a reply is lost", cause=str(error), **_about(opened))
        except LocalProtocolError as error:
            self._figures.failures += 1
            _log.error("a reply cannot be written", cause=str(error), **_about(opened))

    def _reply(self, opened: OpenedRequest, payload: bytes) -> bytes | None:
        """The message to send; None where it is too large and nothing stands in for it."""
        broker, now_ns = self._wire.server, self._clock_ns()
        limit = broker.max_payload_bytes
        body = self._sealer.seal(opened, payload, broker=broker.url, now_ns=now_ns)
        if len(body) <= limit:
            return body
        self._figures.large_replies += 1
        self._log.warning("a reply is too large", bytes=len(body), limit=limit, **_about(opened))
        instead = too_large(payload, size_bytes=len(body), limit_bytes=limit)
        if instead is None:
            return None
        return self._sealer.seal(opened, instead, broker=broker.url, now_ns=now_ns)

    async def _send(self, subject: str, body: bytes) -> None:
        await self._wire.publish(subject, body)
        self._gate.counts.replies += 1
        self._figures.out_messages += 1
        self._figures.out_bytes += len(body)


def _about(opened: OpenedRequest) -> dict[str, str]:
    request = opened.request
    return {"agent": request.agent, "caller": request.caller, "request": request.request_id}
