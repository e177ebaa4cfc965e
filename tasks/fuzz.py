"""Read a million broken transports: only our own error, none for longer than a second.

``python -m tasks.fuzz [COUNT] [--seed N]`` from the root; the session ``fuzz`` runs it.
"""

import argparse
import sys
import time

from choria_testing import vectors
from choria_testing.throwaway_network import ThrowawayNetwork
from choria_testing.transport_fuzz import DeepReader, FuzzReport, TransportFuzz, run_fuzz

MAX_SECONDS = 1.0
MAX_GROWTH_BYTES = 32 * 1024 * 1024
MEGABYTE = 1024 * 1024


def main() -> int:
    """Exit 1 where a limit is passed; anything unexpected shows its traceback."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    network = ThrowawayNetwork()
    fuzz = TransportFuzz(network.onions(recorded_transports()), seed=options.seed)

    began = time.perf_counter()
    report = run_fuzz(fuzz, options.count, read=DeepReader(network))
    print(described(report, seconds=time.perf_counter() - began))
    return int(
        report.slowest_seconds > MAX_SECONDS
        or report.grown_bytes > MAX_GROWTH_BYTES
        or report.reached.total() != options.count
    )


def recorded_transports() -> list[bytes]:
    """What the Go programs sent in either version."""
    messages = vectors.messages("plain.jsonl") + vectors.messages("v2.jsonl")
    return [message["data"].encode() for message in messages]


def described(report: FuzzReport, *, seconds: float) -> str:
    """The report as lines."""
    count = report.reached.total()
    depths = ", ".join(f"{depth} {number}" for depth, number in report.reached.most_common())
    return (
        f"{count} transports in {seconds:.0f} s\n"
        f"read up to: {depths}\n"
        f"slowest: {report.slowest_seconds * 1000:.1f} ms\n"
        f"memory grew by {report.grown_bytes / MEGABYTE:.1f} MB"
    )


if __name__ == "__main__":
    sys.exit(main())
