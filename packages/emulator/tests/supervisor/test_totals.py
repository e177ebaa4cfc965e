"""Figures of several processes add up."""

from choria_emulator.supervisor.totals import total_counts
from choria_emulator.watch.figures import Counts, WorkerFigures


def worker(number: int, counts: Counts) -> WorkerFigures:
    return WorkerFigures(
        worker=number,
        pid=1,
        wanted=1,
        connected=1,
        ready=1,
        memory_bytes=1,
        last_failure="",
        counts=counts,
    )


def test_every_count_is_the_sum() -> None:
    names = [name for name in Counts.__struct_fields__ if name != "latency"]
    one = Counts(**dict.fromkeys(names, 1), latency=[1] * 17)
    two = Counts(**dict.fromkeys(names, 2), latency=[2] * 17)
    total = total_counts([worker(0, one), worker(1, two)])
    assert {getattr(total, name) for name in names} == {3}
    assert total.latency == [3] * 17
