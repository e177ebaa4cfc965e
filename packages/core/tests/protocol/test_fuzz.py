"""A short run of what the session ``fuzz`` does with a million."""

from choria_testing.fresh_process import run_fresh

COUNT = 20_000
MAX_GROWTH_BYTES = 16 * 1024 * 1024

SCRIPT = f"""
import json
from choria_testing import vectors
from choria_testing.transport_fuzz import TransportFuzz, run_fuzz

bodies = [
    message["data"].encode()
    for name in ("plain.jsonl", "v2.jsonl")
    for message in vectors.messages(name)
]
report = run_fuzz(TransportFuzz(bodies, seed=7, sign=lambda document: document[:64]), {COUNT})
print(json.dumps([report.reached, report.grown_bytes]))
"""


def test_broken_transports_raise_our_error_alone_and_leave_no_memory_behind() -> None:
    reached, grown_bytes = run_fresh(SCRIPT)

    assert sum(reached.values()) == COUNT
    assert min(reached[depth] for depth in ("secure", "inner", "payload")) > COUNT / 50
    assert grown_bytes < MAX_GROWTH_BYTES
