"""Names that two groups of a fleet would both give.  Pure."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from choria_emulator.fleet.plan import Group


class Overlap(NamedTuple):
    """Two groups with nodes of the same names.

    Attributes:
        first, second: names of the groups, ``second`` being the later one of the file.
        lowest, highest: the names that both give, from and to.
        fix: an offset of the second that keeps them apart.
    """

    first: str
    second: str
    lowest: str
    highest: str
    fix: str


def overlaps(groups: Iterable[Group]) -> Iterator[Overlap]:
    """Each group that gives names which an earlier one gives, with the first such one."""
    seen: list[Group] = []
    for group in groups:
        for other in seen:
            low = max(group.offset, other.offset) + 1
            high = min(group.offset + group.count, other.offset + other.count)
            if group.prefix == other.prefix and low <= high:
                free = max(one.offset + one.count for one in seen if one.prefix == group.prefix)
                names = (f"{group.prefix}-{low}", f"{group.prefix}-{high}")
                fix = f"write offset: {free}, or another prefix"
                yield Overlap(other.name, group.name, *names, fix)
                break
        seen.append(group)
