"""Fields of all replies to a call, summed up as the description of the action says.  Pure.

    summaries = Summaries(action)
    for reply in replies:
        summaries.add(reply.data)
    summaries.documents()      # for programs: {"value": {"mt": 12, "de": 3}}
    summaries.lines()          # for people: {"value": ["mt: 12", "de: 3"]}

Source: the aggregates of go-choria; ``boolean_summary`` is Ruby's name for ``summary``.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol

import msgspec

from choria_core.ddl.document import ActionDdl, AggregateDdl
from choria_core.ddl.line_chart import line_chart
from choria_core.padding import padded_width

FORMAT: Final = "format"

_LARGEST_PLAIN: Final = 1e21
"""Whole numbers from here on are written with an exponent."""

_ESCAPES: Final = (("&", "\\u0026"), ("<", "\\u003c"), (">", "\\u003e"))
"""Go writes these so within JSON."""


class _Aggregate(Protocol):
    """One field of all replies."""

    def add(self, text: str) -> None:
        """Count the value of one reply."""

    def document(self) -> Mapping[str, object] | None:
        """The result for programs; None where there is none."""

    def lines(self) -> list[str]:
        """The result for people."""


class Summaries:
    """All aggregates of one action; those that are malformed or unknown are left out."""

    def __init__(self, action: ActionDdl) -> None:
        self._aggregates: dict[str, _Aggregate] = {}
        self._defaults = {
            name: output.default
            for name, output in action.output.items()
            if output.default is not None
        }
        for described in action.aggregate:
            aggregate = _aggregate(described)
            if aggregate is not None:
                self._aggregates[described.args[0]] = aggregate

    @property
    def fields(self) -> tuple[str, ...]:
        """What is summed up."""
        return tuple(self._aggregates)

    def add(self, data: Mapping[str, Any]) -> None:
        """Count what one node answered; what it left out has its default."""
        for field, aggregate in self._aggregates.items():
            if field in data:
                aggregate.add(value_text(data[field]))
            elif field in self._defaults:
                aggregate.add(value_text(self._defaults[field]))

    def documents(self) -> dict[str, Mapping[str, object]]:
        """The results for programs, by field."""
        found = {name: aggregate.document() for name, aggregate in self._aggregates.items()}
        return {name: document for name, document in found.items() if document is not None}

    def lines(self) -> dict[str, list[str]]:
        """The results for people, by field."""
        return {name: aggregate.lines() for name, aggregate in self._aggregates.items()}


class _Summary:
    """How often each value came."""

    def __init__(self, options: Mapping[str, object]) -> None:
        self._counts: Counter[str] = Counter()
        self._format = str(options.get(FORMAT) or "")
        self._words = {key: str(word) for key, word in options.items() if key != FORMAT}

    def add(self, text: str) -> None:
        self._counts[self._words.get(text, text)] += 1

    def document(self) -> Mapping[str, object]:
        return dict(self._counts)

    def lines(self) -> list[str]:
        width = padded_width(map(len, self._counts))
        usual = f"%{width or ''}s: %d"
        return [
            _formatted(self._format, usual, text, count)
            for text, count in self._counts.most_common()
        ]


class _Average:
    """The mean of the values that are numbers."""

    def __init__(self, options: Mapping[str, object]) -> None:
        self._sum = 0.0
        self._count = 0
        self._format = str(options.get(FORMAT) or "")

    def add(self, text: str) -> None:
        for number in _numbers(text):
            self._sum += number
            self._count += 1

    def document(self) -> Mapping[str, object] | None:
        mean = self._mean
        return {"average": _whole(mean)} if math.isfinite(mean) else None

    def lines(self) -> list[str]:
        return [_formatted(self._format, "Average: %.3f", self._mean)]

    @property
    def _mean(self) -> float:
        return self._sum / self._count if self._count else math.nan


class _Chart:
    """The values that are numbers, in order of arrival, as a line."""

    def __init__(self, options: Mapping[str, object]) -> None:
        self._values: list[float] = []
        self._format = str(options.get(FORMAT) or "")

    def add(self, text: str) -> None:
        self._values += _numbers(text)

    def document(self) -> Mapping[str, object]:
        return {"chart": line_chart(self._values)}

    def lines(self) -> list[str]:
        return [_formatted(self._format, "%s", line_chart(self._values))]


def value_text(value: object) -> str:
    """A value as it is counted: texts as they are, everything else as JSON."""
    if isinstance(value, str):
        return value
    text = msgspec.json.encode(_plain(value), order="sorted").decode()
    for character, escape in _ESCAPES:
        text = text.replace(character, escape)
    return text


def _aggregate(described: AggregateDdl) -> _Aggregate | None:
    args = described.args
    if not args or not isinstance(args[0], str):
        return None
    options = args[1] if len(args) == 2 and isinstance(args[1], Mapping) else {}
    match described.function:
        case "summary" | "boolean_summary":
            return _Summary(options)
        case "average":
            return _Average(options)
        case "chart":
            return _Chart(options)
        case _:
            return None


def _formatted(wanted: str, usual: str, *values: object) -> str:
    """``values`` by a format as C has it; by the usual one where the wanted does not fit."""
    try:
        return (wanted or usual) % values
    except (TypeError, ValueError):
        return usual % values


def _numbers(text: str) -> Iterator[float]:
    """The number that ``text`` is, if it is one."""
    try:
        number = float(text)
    except ValueError:
        return
    if "_" not in text and text == text.strip():
        yield number


def _plain(value: object) -> object:
    """Whole numbers without a fraction, as they are written in JSON of other programs."""
    if isinstance(value, float):
        return _whole(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _whole(number: float) -> float | int:
    return int(number) if number.is_integer() and abs(number) < _LARGEST_PLAIN else number
