"""Sampling where order is given up: who shares one decision, and who waits for it.  Pure.

The workers of one process share one :class:`PoolLimiter`.  It promises:

    A source message is acknowledged only when the target has confirmed a copy
    of it, or a copy of another message of the same value whose source
    timestamp is less than an interval away.

So what is sampled away because of a copy that is still on its way *waits* for
it (see :attr:`Pass.waiting`), unacknowledged.  When the copy is confirmed, all
of them are settled; when it fails, or its process is killed, the source
delivers the copy and those that waited again, and each is decided anew.  To
acknowledge the waiting ones at once would not do: the failed message may on its
next delivery be sampled away by an earlier copy, up to two intervals away from
what relied on it.

The distance counts in both directions, as messages arrive in any order: a late
one far from the newest copy is copied, although something newer is there.
Only the newest confirmed copy of a value is remembered.  So in a pool there can
be more copies than one an interval (of each process, and around messages that
come late), never fewer.

Times are the source's timestamps in milliseconds, as in ``limiter``.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple, Protocol

from choria_core.errors import LocalProtocolError
from choria_replicator.sampling.field_path import FieldPath
from choria_replicator.sampling.limiter import Entry

_NEVER_MS: Final = -(1 << 62)


class Waiter(Protocol):
    """A worker that read a message which waits for another one's copy."""

    def settle_skipped(self, reply: bytes) -> None:
        """The copy is confirmed: acknowledge the message whose reply subject this is."""

    def give_back(self, reply: bytes) -> None:
        """The copy failed: let the source deliver that message again."""


class Pass:
    """A message that was let through and is not confirmed yet.

    Attributes:
        value: of the field sampled by; never empty.
        timestamp_ms: of the message, by the source's clock.
        size: bytes of its body.
        waiting: what is sampled away if this is confirmed.
    """

    __slots__ = ("size", "timestamp_ms", "value", "waiting")

    def __init__(self, value: str, timestamp_ms: int, size: int) -> None:
        self.value = value
        self.timestamp_ms = timestamp_ms
        self.size = size
        self.waiting: list[tuple[Waiter, bytes]] = []


class Verdict(NamedTuple):
    """What to do with one message.

    Attributes:
        is_copied: copy it.
        passing: its own pass if it is copied, to be handed to ``confirm`` or
            ``undo``, None if it holds no value; else the pass it waits for,
            None if it may be acknowledged at once.
    """

    is_copied: bool
    passing: Pass | None


_KEYLESS: Final = Verdict(is_copied=True, passing=None)
_SKIPPED: Final = Verdict(is_copied=False, passing=None)


class PoolLimiter:
    """The sampling of one source stream by the workers of one process.

    Attributes:
        path: the field that tells senders apart.
        interval_ms: how far apart two copies of one sender are meant to be.
    """

    def __init__(self, path: FieldPath, interval_ms: int) -> None:
        if interval_ms <= 0:
            raise LocalProtocolError(f"a sampling interval of {interval_ms} ms limits nothing")
        self.path = path
        self.interval_ms = interval_ms
        self._confirmed: dict[str, Entry] = {}
        self._pending: dict[str, list[Pass]] = {}
        self._newest_ms = _NEVER_MS

    def __len__(self) -> int:
        """How many senders have a confirmed copy."""
        return len(self._confirmed)

    def admit(self, body: bytes, timestamp_ms: int) -> Verdict:
        """Decide on a message of the source, newly delivered or delivered again."""
        value = self.path.value_of(body)
        if not value:
            return _KEYLESS
        copied = self._confirmed.get(value)
        if copied is not None and abs(timestamp_ms - copied[0]) < self.interval_ms:
            return _SKIPPED
        pending = self._pending.setdefault(value, [])
        for passing in pending:
            if abs(timestamp_ms - passing.timestamp_ms) < self.interval_ms:
                return Verdict(is_copied=False, passing=passing)
        passing = Pass(value, timestamp_ms, len(body))
        pending.append(passing)
        return Verdict(is_copied=True, passing=passing)

    def confirm(self, passing: Pass) -> None:
        """The target holds the copy: what waited for it is settled."""
        self._forget(passing)
        copied = self._confirmed.get(passing.value)
        if copied is None or copied[0] < passing.timestamp_ms:
            self._confirmed[passing.value] = (passing.timestamp_ms, passing.size)
        self._newest_ms = max(self._newest_ms, passing.timestamp_ms)
        for waiter, reply in passing.waiting:
            waiter.settle_skipped(reply)

    def undo(self, passing: Pass) -> None:
        """The copy failed: what waited for it is decided anew."""
        self._forget(passing)
        for waiter, reply in passing.waiting:
            waiter.give_back(reply)

    def _forget(self, passing: Pass) -> None:
        pending = self._pending[passing.value]
        pending.remove(passing)
        if not pending:
            del self._pending[passing.value]

    def snapshot(self) -> dict[str, Entry]:
        """The confirmed copies by sender, to be saved."""
        return dict(self._confirmed)

    def restore(self, items: Mapping[str, Entry]) -> None:
        """Take the place of the confirmed copies by what was saved."""
        self._confirmed = dict(items)
        self._newest_ms = max((copied_ms for copied_ms, _ in items.values()), default=_NEVER_MS)

    def clear(self) -> None:
        """Forget the confirmed copies: the target lost them, or the source is another one.

        Copies on their way go on; they are to be confirmed or undone as ever.
        """
        self.restore({})

    def scrub(self) -> int:
        """Drop senders older than two intervals, by the newest copy; returns how many.

        Whatever is forgotten can only make a late message pass that would have
        been sampled away.
        """
        horizon_ms = self._newest_ms - 2 * self.interval_ms
        old = [value for value, entry in self._confirmed.items() if entry[0] < horizon_ms]
        for value in old:
            del self._confirmed[value]
        return len(old)
