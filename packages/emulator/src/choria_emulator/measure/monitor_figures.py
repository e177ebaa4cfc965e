"""Figures in what a NATS server's monitor says.  Pure."""

import difflib
from collections.abc import Iterator, Mapping, Sequence

from msgspec import DecodeError, json

from choria_core.errors import UsageError, WorkError


def decode_document(body: bytes, *, source: str) -> Mapping[str, object]:
    """A document of the monitor.

    Raises:
        WorkError: it is none.
    """
    try:
        document = json.decode(body)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WorkError(f"{source} does not answer with JSON: {error}") from error
    if not isinstance(document, Mapping):
        raise WorkError(f"{source} does not answer with figures")
    return document


def pick(document: Mapping[str, object], variables: Sequence[str], *, source: str) -> list[float]:
    """The figures of these names; ``cluster.urls`` is below ``cluster``.

    Raises:
        UsageError: there is no such figure; the message names those there are.
    """
    known = dict(_numbers(document))
    for name in variables:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            meant = f", did you mean {near[0]}" if near else ""
            raise UsageError(
                f"--variable: {source} has no figure {name!a}{meant}; "
                f"there are {', '.join(sorted(known))}"
            )
    return [known[name] for name in variables]


def _numbers(document: Mapping[str, object], above: str = "") -> Iterator[tuple[str, float]]:
    for name, value in document.items():
        if isinstance(value, bool):
            continue
        if isinstance(value, int | float):
            yield above + name, float(value)
        elif isinstance(value, Mapping):
            yield from _numbers(value, f"{above}{name}.")
