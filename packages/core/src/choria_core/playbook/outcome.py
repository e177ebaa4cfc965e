"""What comes of a task.  Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import Struct


class HostResult(Struct, frozen=True, kw_only=True, gc=False):
    """What came of a task on one node, or on the one place where it works.

    Attributes:
        is_ok: whether it did its work there.
        value: what it gave, as JSON can hold it.
        error: why not, for people; empty where it is ok.
        kind: what sort of failure: ``failed``, ``silent`` (no answer), ``assert``.
        details: whatever else is known of the failure.
    """

    is_ok: bool
    value: object = None
    error: str = ""
    kind: str = ""
    details: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one try.

    Attributes:
        is_ok: whether the task did its work.
        message: one line for people.
        data: what ``previous_task.data`` gives.
        results: by node; ``localhost`` for what was done here, else the name of the place.
    """

    is_ok: bool
    message: str
    data: Sequence[object] = ()
    results: Mapping[str, HostResult] = field(default_factory=dict)
