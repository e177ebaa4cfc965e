"""What of a broker is watched, and what was seen.  Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

SOURCES: Final = ("varz", "subsz", "connz")


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerPlan:
    """What is sampled.

    Attributes:
        url: of the monitor.
        source: one of :data:`SOURCES`.
        variables: names of figures; the first is what must become stable.
        interval_seconds: from one sample to the next.
        duration_seconds: so long; None for no end.
        stable_seconds: without a change the figure is stable after so long; None where it
            need not become so.
        description: for people.
    """

    url: str
    source: str
    variables: tuple[str, ...]
    interval_seconds: float
    duration_seconds: float | None = None
    stable_seconds: float | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """One look; ``values`` is empty where the monitor did not answer.

    Attributes:
        time: unix seconds.
        seconds: since the first look.
        values: as many as there are variables.
    """

    time: float
    seconds: float
    values: Sequence[float] = ()


@dataclass(slots=True)
class Sampled:
    """All that was seen.

    Attributes:
        samples: in their order.
        base, value, elapsed_seconds, increments: of a storm that became stable, as in
            :class:`~choria_emulator.measure.stability.StormCurve`.
        is_stable: whether it did.
    """

    samples: list[Sample] = field(default_factory=list)
    base: float = 0.0
    value: float = 0.0
    elapsed_seconds: float = 0.0
    increments: list[float] = field(default_factory=list)
    is_stable: bool = False

    @property
    def gaps(self) -> int:
        """Looks at a monitor that did not answer."""
        return sum(not sample.values for sample in self.samples)
