"""What several processes told, added up.  Pure."""

from collections.abc import Iterable

from choria_emulator.watch.figures import Counts, WorkerFigures


def total_counts(workers: Iterable[WorkerFigures]) -> Counts:
    """The sum of all counts."""
    total = Counts()
    for worker in workers:
        counts = worker.counts
        for name in Counts.__struct_fields__:
            if name != "latency":
                setattr(total, name, getattr(total, name) + getattr(counts, name))
        total.latency = [
            mine + more for mine, more in zip(total.latency, counts.latency, strict=True)
        ]
    return total
