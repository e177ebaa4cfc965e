"""Who was asked, who answered, and how.  Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from choria_core.client.records import CallStats, NodeReply

MAX_UNEXPECTED: Final = 10_000
"""Names of nodes that were not asked, or answer again, are remembered up to so many."""


@dataclass(slots=True)
class Tally:
    """Counts of one call, while it lasts.

    Attributes:
        agent, action: what is called.
        is_service: any node may answer, and one answer is all.
        request_id: empty before there is one.
        nodes: who is asked, nobody twice.
        ok: replies that say so.
        asked: how many of them were asked up to now.
        is_over: nobody is waited for any more.
        start_ns: unix nanoseconds.
        discover_ns, publish_ns, request_ns: what the parts took.
    """

    agent: str
    action: str
    is_service: bool = False
    request_id: str = ""
    nodes: tuple[str, ...] = ()
    ok: int = 0
    asked: int = 0
    is_over: bool = False
    start_ns: int = 0
    discover_ns: int = 0
    publish_ns: int = 0
    request_ns: int = 0
    _failed: int = 0
    _doubtful: int = 0
    _missing: set[str] = field(default_factory=set)
    _awaited: set[str] = field(default_factory=set)
    _unexpected: dict[str, None] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Whether all that are waited for answered."""
        return bool(self.ok + self._failed) if self.is_service else not self._awaited

    @property
    def failed(self) -> int:
        """Replies that say so, or could not be read.

        A reply that names no sender is taken for one of a node that has not answered yet, so
        that there are never more replies than nodes.
        """
        silent = int(not self.is_complete) if self.is_service else len(self._missing)
        return self._failed + min(self._doubtful, silent)

    def ask(self, nodes: Sequence[str]) -> None:
        """The call is for these."""
        self.nodes = tuple(dict.fromkeys(nodes))
        self._missing = set(self.nodes)

    def wait_for(self, batch: Sequence[str]) -> None:
        """These are asked now; earlier ones that did not answer are not waited for any more."""
        self._awaited = set(batch)
        self.asked += len(batch)

    def give_up(self) -> None:
        """Nobody of those asked is waited for any more."""
        self._awaited = set()

    def take(self, replies: list[NodeReply]) -> list[NodeReply]:
        """Count replies; gives the first of each node that was asked."""
        senders = {reply.sender for reply in replies}
        if len(senders) < len(replies) or not self._missing.issuperset(senders):
            replies = [reply for reply in replies if self._expects(reply.sender)]
        else:
            self._missing -= senders
            self._awaited -= senders
        failed = sum(reply.statuscode != 0 for reply in replies)
        self._failed += failed
        self.ok += len(replies) - failed
        return replies

    def take_unreadable(self, sender: str) -> None:
        """Count a reply that cannot be read; ``sender`` is empty where that is not sure."""
        if not sender:
            self._doubtful += 1
        elif self._expects(sender):
            self._failed += 1

    def _expects(self, sender: str) -> bool:
        """Whether a node was asked and did not answer before; another one is remembered."""
        if sender in self._missing:
            self._missing.discard(sender)
            self._awaited.discard(sender)
            return True
        if self.is_service and sender not in self.nodes:
            self.nodes = (*self.nodes, sender)
            return True
        if len(self._unexpected) < MAX_UNEXPECTED:
            self._unexpected[sender] = None
        return False

    def stats(self) -> CallStats:
        """What there is to be told; who did not answer only in the end."""
        silent = (name for name in self.nodes if name in self._missing)
        return CallStats(
            request_id=self.request_id,
            agent=self.agent,
            action=self.action,
            discovered=self.nodes,
            ok=self.ok,
            failed=self.failed,
            no_responses=tuple(silent) if self.is_over else (),
            unexpected_responses=tuple(self._unexpected),
            discover_ns=self.discover_ns,
            publish_ns=self.publish_ns,
            request_ns=self.request_ns,
            start_ns=self.start_ns,
        )
