"""A short run of what the session ``fuzz`` does with a million."""

from choria_testing import vectors
from choria_testing.transport_fuzz import TransportFuzz, run_fuzz

COUNT = 20_000
MAX_GROWTH_BYTES = 16 * 1024 * 1024


def test_broken_transports_raise_our_error_alone_and_leave_no_memory_behind() -> None:
    bodies = [
        message["data"].encode()
        for name in ("plain.jsonl", "v2.jsonl")
        for message in vectors.messages(name)
    ]

    report = run_fuzz(TransportFuzz(bodies, seed=7, sign=lambda document: document[:64]), COUNT)

    assert report.reached.total() == COUNT
    assert min(report.reached[depth] for depth in ("secure", "inner", "payload")) > COUNT / 50
    assert report.grown_bytes < MAX_GROWTH_BYTES
