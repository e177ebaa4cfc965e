"""One emulated node as its registrations see it."""

import dataclasses
import time

from choria_core.agents.node import ConnectionFacts
from choria_core.network_config.server_config import ServerConfig
from choria_core.server.status import Status, StatusCounts
from choria_emulator.node.emulated_node import EmulatedNode, State
from choria_emulator.node.face import Face
from choria_emulator.node.traits import Traits


class RegisteringFace(Face):
    """One node, as :class:`choria_core.registration.registration.RegisteringNode` wants it.

    Args:
        node: it.
        traits: that it shares with its group.
        config: that it shares with all nodes.
    """

    __slots__ = ("_config",)

    def __init__(self, node: EmulatedNode, traits: Traits, config: ServerConfig) -> None:
        super().__init__(node, traits)
        self._config = config

    @property
    def config(self) -> ServerConfig:
        """That of all nodes; the identity in it is none of theirs."""
        return self._config

    @property
    def shares_config(self) -> bool:
        """All nodes have the same."""
        return True

    def connection(self) -> ConnectionFacts:
        """Its connection; there is no broker until all of its subscriptions are there."""
        found = super().connection()
        return found if self._is_up else dataclasses.replace(found, connected_server="")

    @property
    def _is_up(self) -> bool:
        return self._node.state is State.READY

    def status(self) -> Status:
        """What its status file would say."""
        node, counts = self._node, self._node.counts()
        return Status(
            identity=node.identity,
            uptime=max(0, int(time.time() - node.started)) if node.started else 0,
            connected_server=node.broker.url if self._is_up else "",
            stats=StatusCounts(
                total=counts.total,
                valid=counts.valid,
                invalid=counts.invalid,
                passed=counts.passed,
                filtered=counts.filtered,
                replies=counts.replies,
                ttlexpired=counts.ttl_expired,
                events=node.events,
            ),
        )
