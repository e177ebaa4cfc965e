"""A short run of what the session ``fuzz`` does with a million."""

from choria_testing.fresh_process import run_fresh

COUNT = 12_000
MAX_GROWTH_BYTES = 16 * 1024 * 1024

SCRIPT = f"""
import json
from choria_testing import vectors
from choria_testing.throwaway_network import ThrowawayNetwork
from choria_testing.transport_fuzz import DeepReader, TransportFuzz, run_fuzz

bodies = [
    message["data"].encode()
    for name in ("plain.jsonl", "v2.jsonl")
    for message in vectors.messages(name)
]
network = ThrowawayNetwork()
fuzz = TransportFuzz(network.onions(bodies), seed=7)
report = run_fuzz(fuzz, {COUNT}, read=DeepReader(network))
print(json.dumps([report.reached, report.grown_bytes, report.slowest_seconds]))
"""


def test_broken_transports_raise_our_error_alone_and_leave_no_memory_behind() -> None:
    reached, grown_bytes, slowest_seconds = run_fresh(SCRIPT)

    assert sum(reached.values()) == COUNT
    assert min(reached[depth] for depth in ("secure", "verified", "payload")) > COUNT / 50
    assert grown_bytes < MAX_GROWTH_BYTES
    assert slowest_seconds < 1
