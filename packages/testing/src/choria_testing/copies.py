"""Whether what a target holds is an exact copy of what the source held.

Nothing of the replicator is used here: the origin header is read by its own
words, so that a mistake there cannot hide itself.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from choria_testing.streams import Held, Streams

ORIGIN: Final = "Choria-SR-Source"
_ADDED: Final = (f"{ORIGIN}:", "Nats-Msg-Id:", "Nats-Expected-Last-")


def origin_of(copy: Held) -> tuple[int, int]:
    """Sequence and Unix milliseconds of the source message that ``copy`` stands for.

    Raises:
        AssertionError: it does not say so.
    """
    words = (copy.named(ORIGIN) or "").split(" ")
    assert len(words) == 5, f"target message {copy.sequence} does not say its origin: {words}"
    return int(words[1]), int(words[4])


def origins(copies: Iterable[Held]) -> list[int]:
    """The source sequences that ``copies`` stand for, as they come."""
    return [origin_of(copy)[0] for copy in copies]


async def newest_origin(streams: Streams, stream: str) -> int:
    """The source sequence of the newest copy in ``stream``; 0 when it holds none."""
    info = await streams.find_stream(stream)
    message = await streams.message(stream, info.state.last_seq) if info else None
    for line in message.header.split(b"\r\n") if message else ():
        if line.startswith(f"{ORIGIN}: ".encode()):
            return int(line.split(b" ")[2])
    return 0


def difference(expected: Sequence[Held], copies: Sequence[Held]) -> str:
    """In what ``copies`` are not ``expected``, each once and in order; empty when in nothing."""
    wanted = [message.sequence for message in expected]
    found = origins(copies)
    if wanted != found:
        return difference_as_sets(expected, copies) or _first_disorder(wanted, found)
    return _first_alteration(zip(expected, copies, strict=True))


def difference_as_sets(expected: Iterable[Held], copies: Sequence[Held]) -> str:
    """As :func:`difference`, in whatever order they are."""
    by_sequence = {message.sequence: message for message in expected}
    counts = Counter(origins(copies))
    missing = sorted(by_sequence.keys() - counts.keys())
    strange = sorted(counts.keys() - by_sequence.keys())
    doubled = sorted(sequence for sequence, times in counts.items() if times > 1)
    named = (("missing", missing), ("not expected", strange), ("doubled", doubled))
    troubles = [f"{len(found)} {word}: {_ends(found)}" for word, found in named if found]
    if troubles:
        return "; ".join(troubles)
    return _first_alteration((by_sequence[origin_of(copy)[0]], copy) for copy in copies)


def _ends(sequences: list[int]) -> str:
    shown = sequences if len(sequences) <= 6 else [*sequences[:3], "…", *sequences[-3:]]
    return " ".join(map(str, shown))


def _first_disorder(wanted: Sequence[int], found: Sequence[int]) -> str:
    at = next(i for i, (a, b) in enumerate(zip(wanted, found, strict=True)) if a != b)
    return f"out of order at copy {at + 1}: {wanted[at]} expected, {found[at]} found"


def _first_alteration(pairs: Iterable[tuple[Held, Held]]) -> str:
    return next(filter(None, (_alteration(message, copy) for message, copy in pairs)), "")


def _alteration(message: Held, copy: Held) -> str:
    aspects = (
        ("subject", message.subject, copy.subject),
        ("body", message.body, copy.body),
        ("headers", _own_lines(message), _own_lines(copy)),
        ("time in its origin", message.timestamp_ms, origin_of(copy)[1]),
    )
    for what, before, after in aspects:
        if before != after:
            return (
                f"the copy of {message.sequence} has another {what}: "
                f"{str(after)[:200]} instead of {str(before)[:200]}"
            )
    return ""


def _own_lines(message: Held) -> list[str]:
    """Its header lines without those that a replicator adds."""
    return [line for line in message.lines if not line.startswith(_ADDED)] if message.header else []
