"""Which messages pass the sampling: the first of each sender, then one an interval.  Pure.

All times are the source's own timestamps in milliseconds, never a clock of
ours, so that what is copied is a function of the source and the settings.

A pass is only a wish until the target has confirmed the copy.  Unconfirmed
passes lie over the confirmed ones and are forgotten as a whole by
:meth:`Limiter.rollback`, after which the source is read again from behind the
last confirmed copy and every decision comes out as before.

    value = limiter.admit(body, timestamp_ms)    # None: sample it away
    limiter.confirm(value, timestamp_ms, size)   # in order, when the copy stands
"""

from collections.abc import Iterable, Mapping

from choria_core.errors import LocalProtocolError
from choria_replicator.sampling.field_path import FieldPath

Entry = tuple[int, int]
"""(time of the last copy in source milliseconds, size of its body in bytes)."""

_NEVER: Entry = (-(1 << 62), 0)
_SKEW_MS = 60_000
"""How far a source's timestamps may run backwards, as when another server with
another clock becomes its leader, before a scrub could change a decision."""


class Limiter:
    """The sampling of one source stream by one field.

    Attributes:
        path: the field that tells senders apart.
        interval_ms: least time between two copies of one sender.
        keyless: messages let through because they hold no such field; they
            are never tracked.  Counts again what is decided again.
    """

    __slots__ = (
        "_confirmed",
        "_confirmed_ms",
        "_pending",
        "interval_ms",
        "keyless",
        "path",
    )

    def __init__(self, path: FieldPath, interval_ms: int) -> None:
        if interval_ms <= 0:
            raise LocalProtocolError(f"a sampling interval of {interval_ms} ms limits nothing")
        self.path = path
        self.interval_ms = interval_ms
        self.keyless = 0
        self._confirmed: dict[str, Entry] = {}
        self._pending: dict[str, int] = {}
        self._confirmed_ms = _NEVER[0]

    def __len__(self) -> int:
        """How many senders have a confirmed copy."""
        return len(self._confirmed)

    @property
    def unconfirmed(self) -> int:
        """How many senders have a pass that waits for its confirmation."""
        return len(self._pending)

    def admit(self, body: bytes, timestamp_ms: int) -> str | None:
        """Decide on the next message of the source.

        Returns:
            None to sample it away, else the sender's value, to be handed back
            to :meth:`confirm`; it is empty for a message without one.
        """
        value = self.path.value_of(body)
        if not value:
            self.keyless += 1
            return value
        last_ms = self._pending.get(value)
        if last_ms is None:
            last_ms = self._confirmed.get(value, _NEVER)[0]
        if timestamp_ms - last_ms < self.interval_ms:
            return None
        self._pending[value] = timestamp_ms
        return value

    def confirm(self, value: str, timestamp_ms: int, size: int) -> None:
        """The target holds the copy that :meth:`admit` let pass as ``value``.

        Args:
            value: what ``admit`` returned.
            timestamp_ms: the same as given to ``admit``.
            size: bytes of the body.
        """
        self._confirmed_ms = max(self._confirmed_ms, timestamp_ms)
        if not value:
            return
        self._confirmed[value] = (timestamp_ms, size)
        if self._pending.get(value) == timestamp_ms:
            del self._pending[value]

    def rollback(self) -> None:
        """Forget every unconfirmed pass; the source is read again from there."""
        self._pending.clear()

    def snapshot(self) -> dict[str, Entry]:
        """The confirmed copies by sender, to be saved."""
        return dict(self._confirmed)

    def restore(self, items: Mapping[str, Entry]) -> None:
        """Take the place of all state by what was saved."""
        self.clear()
        self._confirmed.update(items)
        times = (copied_ms for copied_ms, _ in items.values())
        self._confirmed_ms = max(times, default=_NEVER[0])

    def clear(self) -> None:
        """Forget everything: the target is new or was wiped."""
        self._confirmed.clear()
        self._pending.clear()
        self._confirmed_ms = _NEVER[0]

    def scrub(self, now_ms: int) -> int:
        """Drop senders whose next message passes anyway; returns how many.

        ``now_ms`` is the newest source timestamp read.  What was read but not
        confirmed may have to be decided again after a rollback, so the time of
        the newest confirmed copy bounds it.  A minute is added, so that
        decisions stay the same when the source's clock steps back by less.
        """
        horizon_ms = min(now_ms, self._confirmed_ms) - self.interval_ms - _SKEW_MS
        old = [value for value, entry in self._confirmed.items() if entry[0] <= horizon_ms]
        for value in old:
            del self._confirmed[value]
        return len(old)


def sample(messages: Iterable[tuple[int, str]], interval_ms: int) -> list[bool]:
    """What the sampling means: for each (timestamp in ms, value), whether it passes.

    The plain statement of the rule that :class:`Limiter` keeps through
    confirmations, rollbacks, restarts and scrubs.
    """
    last_ms: dict[str, int] = {}
    verdicts = []
    for timestamp_ms, value in messages:
        passes = value not in last_ms or timestamp_ms - last_ms[value] >= interval_ms
        if value and passes:
            last_ms[value] = timestamp_ms
        verdicts.append(passes)
    return verdicts
