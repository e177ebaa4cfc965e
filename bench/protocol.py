"""How many documents of the Choria network one core reads and writes.

    nox -s bench -- protocol [--quick]

Requests are opened as a node does: decoded, verified, their filter compiled.  Replies are
made from the results of an action to the bytes that are published, and read back to the
results with their hash, and in version 2 their signature, verified.  Certificates and
tokens have been seen before.  Time is that of this process's processor.
"""

import argparse
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.kit.report import machine_line, print_json
from bench.network.documents import Network, plain_network, signed_network, token_network

Job = Callable[[int], None]

CALIBRATION: Final = 64
REFERENCE: Final = (
    "For comparison: the whole Go client spends about 65 µs of processor on an RPC reply, of "
    "which reading its documents is a part; `client` measures that side by side with ours."
)


@dataclass(frozen=True, slots=True)
class Scale:
    """How long is measured: so many rounds, so many seconds of each job in each."""

    rounds: int
    seconds: float


FULL: Final = Scale(rounds=9, seconds=0.5)
QUICK: Final = Scale(rounds=5, seconds=0.2)


def main() -> None:
    """Parse the command line, measure, report."""
    parser = argparse.ArgumentParser(prog="nox -s bench -- protocol", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="end within 20 seconds")
    scale = QUICK if parser.parse_args().quick else FULL
    try:
        _bench(scale)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


def _bench(scale: Scale) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(machine_line(), style="dim")
    networks = [plain_network(), signed_network(), token_network()]
    jobs = {
        (network.name, name): job for network in networks for name, job in network.jobs().items()
    }
    rates = measured(jobs, scale)
    _show(console, networks, rates)
    console.print(REFERENCE)
    print_json(
        {
            f"{network}_{name.replace(' ', '_')}_per_s": round(rate)
            for (network, name), rate in rates.items()
        }
    )


def measured(jobs: Mapping[tuple[str, str], Job], scale: Scale) -> dict[tuple[str, str], float]:
    """Of each job how many in a second, the middle of the rounds, which all jobs go through."""
    counts = {key: _count_for(job, scale.seconds) for key, job in jobs.items()}
    rates: dict[tuple[str, str], list[float]] = {key: [] for key in jobs}
    for _ in range(scale.rounds):
        for key, job in jobs.items():
            rates[key].append(counts[key] / _seconds(job, counts[key]))
    return {key: median(found) for key, found in rates.items()}


def _count_for(job: Job, seconds: float) -> int:
    """How many take about ``seconds``; warms up on the way."""
    count = CALIBRATION
    while (taken := _seconds(job, count)) < seconds / 2:
        count *= 2
    return max(1, int(count * seconds / taken))


def _seconds(job: Job, count: int) -> float:
    began = time.process_time()
    job(count)
    return time.process_time() - began


def _show(
    console: Console, networks: list[Network], rates: Mapping[tuple[str, str], float]
) -> None:
    names = list(networks[0].jobs())
    table = Table("per second on one core", *names)
    for network in networks:
        row = [rates[network.name, name] for name in names]
        table.add_row(network.name, *(f"{rate:,.0f} ({1e6 / rate:.1f} µs)" for rate in row))
    for column in table.columns[1:]:
        column.justify = "right"
    console.print(table)


if __name__ == "__main__":
    main()
