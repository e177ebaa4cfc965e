"""Which entries somebody wants to see.  Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Self

from choria_core.audit.entry import AuditEntry
from choria_core.durations import parse_choria_duration_ns
from choria_core.errors import ConfigError, UsageError
from choria_core.filters.limits import FilterError, Meter
from choria_core.filters.patterns import Pattern, pattern

_SECOND_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Names:
    """Texts of which one must be an entry's; none at all for any.

    Attributes:
        texts: the whole of it.
        patterns: found anywhere in it.
    """

    texts: frozenset[str] = frozenset()
    patterns: tuple[Pattern, ...] = ()

    @classmethod
    def read(cls, option: str, values: Iterable[str]) -> Self:
        """What an option was given: texts, and regular expressions between slashes.

        Raises:
            UsageError: one is no regular expression.
        """
        texts, patterns = set(), []
        for value in values:
            if len(value) > 1 and value[0] == value[-1] == "/":
                try:
                    patterns.append(pattern(value[1:-1]))
                except FilterError as error:
                    raise UsageError(f"{option} {value}: {error}") from error
            else:
                texts.add(value)
        return cls(frozenset(texts), tuple(patterns))

    def have(self, text: str) -> bool:
        """Whether a text is one of them."""
        if text in self.texts or not (self.texts or self.patterns):
            return True
        try:
            return any(one.is_in(text, Meter()) for one in self.patterns)
        except FilterError:  # so long a name is none that anybody meant
            return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What an entry must be.

    Attributes:
        since_ns: unix time; 0 for any.
    """

    callers: Names = Names()
    senders: Names = Names()
    agents: Names = Names()
    actions: Names = Names()
    since_ns: int = 0

    def takes(self, entry: AuditEntry) -> bool:
        """Whether it is all of that."""
        return (
            entry.time_ns >= self.since_ns
            and self.agents.have(entry.agent)
            and self.actions.have(entry.action)
            and self.callers.have(entry.caller)
            and self.senders.have(entry.sender)
        )


def since_ns(text: str, *, now_ns: int) -> int:
    """The unix time that a duration back from now means, or a time.

    Args:
        text: as ``2h`` or ``7d``, or as ``2026-11-23`` or ``2026-11-23 09:30``; of UTC, unless
            it has a zone.
        now_ns: unix time.

    Raises:
        UsageError: it is neither.
    """
    try:
        back = parse_choria_duration_ns(text) if text.strip() else -1
    except ConfigError:
        return _moment_ns(text)
    if back < 0:
        raise UsageError(f"--since {text!r}: give a duration back from now, or a time")
    return now_ns - back


def _moment_ns(text: str) -> int:
    """Raises UsageError."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(
            f"--since {text}: write a duration, like 2h or 7d, or a time, like 2026-11-23 09:30"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp()) * _SECOND_NS
