"""What a reader of the figures must know to judge them.  Pure."""

from collections.abc import Iterator, Sequence

from choria_emulator.measure.comparison import Unlike
from choria_emulator.measure.quantities import count_text
from choria_emulator.measure.result import RequestResult


def notes_of(
    results: Sequence[RequestResult],
    *,
    wanted: int,
    events_lost: int = 0,
    differing: Sequence[Unlike] = (),
) -> tuple[str, ...]:
    """Notes on a run, the gravest first.

    Args:
        results: of its requests.
        wanted: so many of them there were to be.
        events_lost: that could not be published.
        differing: settings of the run that it is compared with.
    """
    stopped: tuple[str, ...] = ()
    if len(results) < wanted:
        stopped = (f"the suite was ended after {len(results)} of {wanted} requests",)
    return (*stopped, *_notes(results, events_lost), *_comparable(differing))


def _notes(results: Sequence[RequestResult], events_lost: int) -> Iterator[str]:
    cut = [result for result in results if result.cut]
    if cut:
        first = cut[0]
        yield (
            f"the connection was lost during {_requests(cut)}: in request {first.number} behind "
            f"{count_text(first.responded)} of {count_text(first.discovered)} replies "
            f"({first.cut}). Where the broker itself did not go away, it cut the client off for "
            "not taking the replies as fast as they come, when max_pending bytes waited: raise "
            "that setting of the broker, ask for smaller answers with --size, or give the client "
            "more of the processors"
        )
    bound = [result for result in results if result.effort.is_bound]
    if bound:
        share = sum(result.effort.busy_share for result in bound) / len(bound)
        yield (
            f"the client itself was the bottleneck in {_requests(bound)}: it was busy, or waited "
            f"for a processor, {share:.0%} of the time up to the last reply. A faster fleet or "
            "broker would not show here"
        )
    if events_lost:
        yield f"{count_text(events_lost)} events of the suite could not be published"


def _comparable(differing: Sequence[Unlike]) -> Iterator[str]:
    if differing:
        told = ", ".join(
            f"{one.name.replace('_', ' ')} was {one.old} and is {one.new}" for one in differing
        )
        yield f"the run that this one is compared with measured something else: {told}"


def _requests(some: Sequence[RequestResult]) -> str:
    return f"{len(some)} request" + ("" if len(some) == 1 else "s")
