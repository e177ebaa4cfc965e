"""Publishes what one node registers."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from choria_core.errors import DisconnectedError
from choria_core.registration.registration import RegistrationItem
from choria_core.registration.sealing import Sealer, subject_of

if TYPE_CHECKING:  # the server hosts registrations, and not the other way round
    from choria_core.server.figures import Figures
    from choria_core.server.responder import Wire


class Line(Protocol):
    """The connection of a server, which may not be there yet."""

    @property
    def transport(self) -> "Wire | None":
        """None until it is there."""

    @property
    def is_up(self) -> bool:
        """Whether a broker is reachable right now."""


class RegistrationPublisher:
    """The way out for the registrations of one node.

    Args:
        identity: its name.
        collective: that it registers in.
        sealer: signs, where its network does.
        line: its connection.
        figures: count what is published, and what is lost.
        clock_ns: unix time.
    """

    def __init__(
        self,
        identity: str,
        collective: str,
        *,
        sealer: Sealer,
        line: Line,
        figures: "Figures",
        clock_ns: Callable[[], int],
    ) -> None:
        self._identity = identity
        self._collective = collective
        self._sealer = sealer
        self._line = line
        self._figures = figures
        self._clock_ns = clock_ns

    @property
    def is_up(self) -> bool:
        """Whether a broker is reachable right now."""
        return self._line.is_up

    async def publish(self, item: RegistrationItem) -> None:
        """Send ``item``.

        Raises:
            TransportError: there is no connection, or the item is too large for the broker.
            LocalProtocolError: the item cannot be part of a request.
        """
        wire = self._line.transport
        if wire is None:
            raise DisconnectedError("there is no connection yet")
        subject = subject_of(item, self._collective)
        body = self._sealer.seal(
            item,
            identity=self._identity,
            collective=self._collective,
            server=wire.server.url,
            now_ns=self._clock_ns(),
        )
        await wire.publish(subject, body)
        self._figures.registrations += 1
        self._figures.out_messages += 1
        self._figures.out_bytes += len(body)

    def lost(self) -> None:
        """Count one for which there was no connection, or which was too large."""
        self._figures.lost_registrations += 1
