"""Percentiles out of the buckets of a histogram.  Pure."""

from collections.abc import Sequence

from choria_emulator.watch.figures import LATENCY_BOUNDS_SECONDS


def percentile(buckets: Sequence[int], share: float) -> float | None:
    """The latency in seconds below which ``share`` of the replies lie; None without replies.

    Args:
        buckets: replies by :data:`LATENCY_BOUNDS_SECONDS`, and one bucket more for the rest.
        share: from 0 to 1; 0.99 for p99.

    Within a bucket replies are taken to be spread evenly.  What is slower than the last
    bound counts as that bound: more is not known of it.
    """
    total = sum(buckets)
    if total <= 0:
        return None
    wanted = share * total
    below = 0.0
    lower = 0.0
    for upper, count in zip(LATENCY_BOUNDS_SECONDS, buckets, strict=False):
        if count > 0 and below + count >= wanted:
            return lower + (upper - lower) * (wanted - below) / count
        below += count
        lower = upper
    return LATENCY_BOUNDS_SECONDS[-1]


def grown(buckets: Sequence[int], before: Sequence[int]) -> list[int]:
    """The replies that came between two looks; a bucket that shrank has none.

    A bucket shrinks where a process has ended and took its counts along.
    """
    return [max(0, now - then) for now, then in zip(buckets, before, strict=True)]
