"""The nodes of one group in one process."""

from collections.abc import Iterator, Sequence

from choria_emulator.fleet.plan import Group
from choria_emulator.node.broker import Broker
from choria_emulator.node.desk import Desk
from choria_emulator.node.emulated_node import EmulatedNode


class Crew:
    """All nodes of ``group`` that this process has.

    Args:
        group: of the plan.
        desk: that they share.
        brokers: that they connect to, node by node in turns.
        share: number of this process, and how many there are.

    Attributes:
        nodes: by place.
    """

    def __init__(
        self, group: Group, desk: Desk, brokers: Sequence[Broker], share: tuple[int, int]
    ) -> None:
        self.group = group
        self.desk = desk
        self.brokers = brokers
        self.nodes: list[EmulatedNode] = []
        self._share = share

    def resize(self, count: int) -> tuple[list[EmulatedNode], list[EmulatedNode]]:
        """Have the nodes of this process out of ``count``; which are new, and which too many."""
        worker, workers = self._share
        wanted = range(worker + 1, count + 1, workers)
        had = len(self.nodes)
        gone = self.nodes[len(wanted) :]
        del self.nodes[len(wanted) :]
        for number in wanted[had:]:
            turn = (number - 1) // workers + worker  # each process begins with another one
            broker = self.brokers[turn % len(self.brokers)]
            self.nodes.append(EmulatedNode(self.desk, number, len(self.nodes), broker))
        return self.nodes[had:], gone

    def __iter__(self) -> Iterator[EmulatedNode]:
        return iter(self.nodes)
