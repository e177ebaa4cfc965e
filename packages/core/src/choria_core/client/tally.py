"""Who was asked, who answered, and how.  Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from choria_core.client.records import CallStats, NodeReply

MAX_UNEXPECTED: Final = 10_000
"""Names of nodes that were not asked are remembered up to so many."""


@dataclass(slots=True)
class Tally:
    """Counts of one call, while it lasts.

    Attributes:
        agent, action: what is called.
        is_service: any node may answer, and one answer is all.
        request_id: empty before there is one.
        nodes: who is asked, nobody twice.
        ok, failed: replies.
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
    failed: int = 0
    is_over: bool = False
    start_ns: int = 0
    discover_ns: int = 0
    publish_ns: int = 0
    request_ns: int = 0
    _known: frozenset[str] = frozenset()
    _missing: set[str] = field(default_factory=set)
    _awaited: set[str] = field(default_factory=set)
    _unexpected: dict[str, None] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Whether all that are waited for answered."""
        return bool(self.ok + self.failed) if self.is_service else not self._awaited

    def ask(self, nodes: Sequence[str]) -> None:
        """The call is for these."""
        self.nodes = tuple(dict.fromkeys(nodes))
        self._known = frozenset(self.nodes)
        self._missing = set(self.nodes)

    def wait_for(self, batch: Sequence[str]) -> None:
        """These are asked now; earlier ones that did not answer are not waited for any more."""
        self._awaited = set(batch)

    def take(self, replies: list[NodeReply]) -> list[NodeReply]:
        """Count replies; gives those whose sender was asked."""
        senders = [reply.sender for reply in replies]
        if not self._known.issuperset(senders):
            replies = [reply for reply in replies if self._expects(reply.sender)]
        self._missing.difference_update(senders)
        self._awaited.difference_update(senders)
        failed = sum(reply.statuscode != 0 for reply in replies)
        self.failed += failed
        self.ok += len(replies) - failed
        return replies

    def _expects(self, sender: str) -> bool:
        """Whether a node was asked; one that was not is remembered."""
        if sender in self._known:
            return True
        if self.is_service:
            self.nodes = (*self.nodes, sender)
            self._known = frozenset(self.nodes)
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
