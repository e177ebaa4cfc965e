"""Whether the statistics of a server look well.  Pure.

Verdicts are those of Sensu, Nagios and their like.
"""

from dataclasses import dataclass
from enum import IntEnum

from choria_plugin_stats.document import DISCONNECTED, Statistics


class Verdict(IntEnum):
    """The value is the exit code of a check."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is well; times are seconds, 0 switches a limit off.

    Attributes:
        warning_age, critical_age: of the statistics.
        disconnected: the verdict on a server without a broker.
    """

    warning_age: float = 900.0
    critical_age: float = 1800.0
    disconnected: Verdict = Verdict.CRITICAL


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check says.

    Attributes:
        text: one line, without the verdict.
    """

    verdict: Verdict
    text: str

    def __str__(self) -> str:
        return f"Choria {self.verdict.name}: {self.text}"


def check(statistics: Statistics, limits: Limits, *, now: float) -> Finding:
    """The gravest of all verdicts, what led to it, and the figures behind a bar.

    Args:
        statistics: of a server.
        limits: what is well.
        now: unix time.
    """
    age = max(0, int(now) - statistics.timestamp)
    found = [
        (verdict, text)
        for verdict, text in (_age(age, limits), _connection(statistics, limits))
        if verdict is not Verdict.OK
    ]
    verdict = max((one for one, _ in found), default=Verdict.OK)
    texts = [text for _, text in sorted(found, reverse=True)]
    what = "; ".join(texts) or _connection(statistics, limits)[1]
    return Finding(verdict, f"{statistics.identity}: {what} | {_figures(statistics, age)}")


def _age(age: int, limits: Limits) -> tuple[Verdict, str]:
    text = f"the statistics are {age} s old"
    if limits.critical_age and age > limits.critical_age:
        return Verdict.CRITICAL, f"{text}, more than {limits.critical_age:g} s"
    if limits.warning_age and age > limits.warning_age:
        return Verdict.WARNING, f"{text}, more than {limits.warning_age:g} s"
    return Verdict.OK, text


def _connection(statistics: Statistics, limits: Limits) -> tuple[Verdict, str]:
    if statistics.nats.connected_server != DISCONNECTED:
        return Verdict.OK, f"connected to {statistics.nats.connected_server}"
    return limits.disconnected, "not connected to a broker"


def _figures(statistics: Statistics, age: int) -> str:
    counts = statistics.stats.stats
    return (
        f"age={age}s total={counts.total}c validated={counts.validated}c "
        f"unvalidated={counts.unvalidated}c filtered={counts.filtered}c replies={counts.replies}c "
        f"reconnects={statistics.nats.stats.reconnects}c"
    )
