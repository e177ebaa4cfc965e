"""What must hold of a run, as ``p99<2s`` or ``missing==0``.  Pure."""

import difflib
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from msgspec import Struct

from choria_core.durations import parse_choria_duration
from choria_core.errors import ConfigError, UsageError
from choria_emulator.measure.metrics import (
    COUNTS,
    KINDS,
    OF_REPLIES,
    OTHERS,
    REPLIES,
    SPREADS,
    Kind,
    replies_of,
)
from choria_emulator.measure.quantities import written

COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}

_THRESHOLD: Final = re.compile(r"\s*([A-Za-z][\w.]*)\s*(<=|>=|==|!=|<|>)\s*(\S(?:.*\S)?)\s*")
_NUMBER: Final = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18})?")


@dataclass(frozen=True, slots=True)
class Threshold:
    """One condition.

    Attributes:
        text: as it was given.
        name: of the figure, one of :data:`~choria_emulator.measure.metrics.KINDS`.
        comparison: one of :data:`COMPARISONS`.
        bound: in the unit of the figure: seconds, replies, replies per second, or a share.
    """

    text: str
    name: str
    comparison: str
    bound: float


class Verdict(Struct, frozen=True):
    """Whether a threshold was kept.

    Attributes:
        threshold: as it was given.
        value: what was measured, in the unit of the figure; 0 where nothing was.
        measured: the same for people.
        is_kept: whether it holds; never of a figure that was not measured.
    """

    threshold: str
    value: float
    measured: str
    is_kept: bool


def parse_threshold(text: str) -> Threshold:
    """A condition as it was written.

    Raises:
        UsageError: it is none; the message says what there is.
    """
    match = _THRESHOLD.fullmatch(text)
    if match is None:
        raise UsageError(
            f"{text!a} is no threshold: write a figure, one of {', '.join(COMPARISONS)} "
            "and a bound, as p99<2s or missing==0"
        )
    name, comparison, bound = match.groups()
    kind = KINDS.get(name)
    if kind is None:
        raise UsageError(f"{text!a}: there is no figure {name!a}{_meant(name)}; {_known()}")
    return Threshold(text.strip(), name, comparison, _bound(bound, kind, text))


def judge(threshold: Threshold, metrics: Mapping[str, float]) -> Verdict:
    """Whether a run keeps a threshold."""
    value = metrics[threshold.name]
    if threshold.name in OF_REPLIES and not replies_of(metrics):
        return Verdict(threshold.text, value, measured="nothing, without replies", is_kept=False)
    return Verdict(
        threshold=threshold.text,
        value=value,
        measured=written(value, KINDS[threshold.name]),
        is_kept=COMPARISONS[threshold.comparison](value, threshold.bound),
    )


def _bound(text: str, kind: Kind, whole: str) -> float:
    """The bound in the unit of its figure."""
    if kind is Kind.SECONDS:
        return _seconds(text, whole)
    if kind is Kind.RATE:
        text = text.removesuffix("/s")
    number, scale = text, 1.0
    if kind is Kind.SHARE and text.endswith("%"):
        number, scale = text.removesuffix("%"), 0.01
    if not _NUMBER.fullmatch(number):
        examples = {Kind.COUNT: "0", Kind.RATE: "10000/s", Kind.SHARE: "90%"}
        raise UsageError(
            f"{whole!a}: {text!a} is no bound for it; write a number, as {examples[kind]}"
        )
    return float(number) * scale


def _seconds(text: str, whole: str) -> float:
    try:
        seconds = parse_choria_duration(text)
    except ConfigError as error:
        raise UsageError(f"{whole!a}: {error}") from error
    if seconds < 0:
        raise UsageError(f"{whole!a}: no time is less than 0")
    return seconds


def _meant(name: str) -> str:
    near = difflib.get_close_matches(name, KINDS, n=1)
    return f", did you mean {near[0]}" if near else ""


def _known() -> str:
    counts = ", ".join((*COUNTS, *OTHERS))
    moments = ", ".join(f"{moment}." for moment in REPLIES)
    return (
        f"of the requests' durations there are {', '.join(SPREADS)}, the same of replies behind "
        f"{moments}, and besides {counts}"
    )
