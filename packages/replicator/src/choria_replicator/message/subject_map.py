"""Where a message of the source is published on the target.  Pure.

The rule is the original replicator's: put the prefix and a dot before the
subject, then take out every occurrence of a literal text, and let one dot
stand where several came together.

Two results that the original published in vain are settled here: dots left at
either end are dropped (``REG.n1`` without ``REG`` is ``n1``), and runs of more
than two dots become one.  A subject of which nothing remains is an error.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from choria_core.errors import WorkError


@dataclass(frozen=True, slots=True)
class SubjectMap:
    """The subject rewriting of one entry.

    Attributes:
        prefix: put in front with a dot; empty for none.
        remove: literal text taken out after prefixing, wherever it occurs, also
            inside a token; empty for none.
    """

    prefix: str = ""
    remove: str = ""

    def apply(self, subject: str) -> str:
        """The target's subject for ``subject``; wildcards pass like other tokens.

        Raises:
            WorkError: nothing remains of the subject.
        """
        if self.prefix:
            subject = f"{self.prefix}.{subject}"
        elif not self.remove:
            return subject
        target = subject.replace(self.remove, "") if self.remove else subject
        while ".." in target:
            target = target.replace("..", ".")
        target = target.strip(".")
        if not target:
            raise WorkError(
                f"nothing remains of subject {subject} without {self.remove!r}: "
                "choose another target_subject_remove or set target_subject_prefix"
            )
        return target

    def apply_all(self, subjects: Iterable[str]) -> tuple[str, ...]:
        """The subjects of the target stream for those of the source stream.

        A stream may not list overlapping subjects, so one that another
        already covers after the mapping is left out.

        Raises:
            WorkError: nothing remains of one of them.
        """
        mapped = dict.fromkeys(self.apply(subject) for subject in subjects)
        return tuple(
            one
            for one in mapped
            if not any(one != other and covers(other, one) for other in mapped)
        )


def covers(wide: str, narrow: str) -> bool:
    """Whether ``wide`` matches every subject that ``narrow`` matches.

    Both may hold the wildcards ``*`` and ``>``; a subject covers itself.
    """
    wides, narrows = wide.split("."), narrow.split(".")
    for index, part in enumerate(wides):
        if part == ">":
            return len(narrows) > index
        if index >= len(narrows) or not _part_covers(part, narrows[index]):
            return False
    return len(wides) == len(narrows)


def overlap(one: str, other: str) -> bool:
    """Whether some subject matches both, which may hold wildcards."""
    ones, others = one.split("."), other.split(".")
    for mine, theirs in zip(ones, others, strict=False):
        if ">" in (mine, theirs):
            return True
        if "*" not in (mine, theirs) and mine != theirs:
            return False
    return len(ones) == len(others)


def _part_covers(wide: str, narrow: str) -> bool:
    return narrow != ">" and wide in ("*", narrow)
