"""Figures of several contenders over several rounds, and ratios between them.  Pure."""

from dataclasses import dataclass, field
from statistics import median


@dataclass(slots=True)
class Series:
    """What each contender reached, round by round; a round that one sat out is None."""

    rounds: list[dict[str, float | None]] = field(default_factory=list)

    def values(self, name: str) -> list[float]:
        """All that ``name`` reached."""
        return [value for value in (one.get(name) for one in self.rounds) if value is not None]

    def median(self, name: str) -> float | None:
        """The middle one; None when there is none."""
        return median(values) if (values := self.values(name)) else None

    def ratio(self, name: str, to: str) -> float | None:
        """How many times as much as ``to``: compared within each round, then the middle one.

        A machine that is slower in one round than in the next is so for both.
        """
        pairs = [(one.get(name), one.get(to)) for one in self.rounds]
        ratios = [mine / other for mine, other in pairs if mine is not None and other]
        return median(ratios) if ratios else None
