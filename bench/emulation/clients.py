"""Who asks a fleet: the counting subscriber, and the clients that people use."""

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.emulation.names import COLLECTIVE, SIZE
from bench.emulation.programs import choria_program
from bench.emulation.questions import Question
from bench.kit.child import module_command, start_child
from bench.kit.program_run import run_program
from choria_core.durations import parse_go_duration
from choria_core.errors import WorkError
from choria_emulator.embedded.client_files import ClientFile, client_text

ENVIRONMENT: Final = {"INSECURE_YES_REALLY": "true", "USER": "bench"}
PATIENCE_SECONDS: Final = 30
WARM_REQUESTS: Final = 2
SETTLE_SECONDS: Final = {1_000: 2, 10_000: 4}
"""How long ``choria measure`` looks for so many nodes, who take less; more take the longest."""

LONGEST_SETTLE_SECONDS: Final = 10

_STATISTICS: Final = re.compile(r"^(\d+) replies max: (\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Asked:
    """Requests to all nodes, one after the other.

    Attributes:
        seconds: of each, until the last answer.
        missing: nodes that did not give one, of each.
    """

    seconds: tuple[float, ...]
    missing: tuple[int, ...]


async def count_replies(
    url: str, question: Question, *, nodes: int, requests: int, seconds: float = 0.0
) -> Asked:
    """Ask with the counting subscriber, so often, and at least for so long.

    Raises:
        WorkError: it failed.
    """
    words = (url, question.name, nodes, requests, seconds, PATIENCE_SECONDS)
    command = module_command("bench.emulation.counting_subscriber", *map(str, words))
    async with start_child(*command) as child:
        await child.wait()
        told = json.loads(child.output)
    return Asked(tuple(told["seconds"]), tuple(told["missing"]))


class Desk:
    """Where ``choria`` is run as a user does.

    Args:
        folder: for configuration and results.
        urls: of the brokers.
    """

    def __init__(self, folder: Path, urls: Sequence[str]) -> None:
        self._folder = folder
        self._config = folder / "client.conf"
        client = ClientFile(urls=urls, collectives=(COLLECTIVE,), caller="bench.mcollective")
        self._config.write_text(client_text(client))

    async def ping(self, nodes: int) -> Asked:
        """``choria ping`` until so many answered.

        Raises:
            WorkError: it failed.
        """
        options = ("--expect", str(nodes), "--silent", "--timeout", str(PATIENCE_SECONDS))
        return ping_times(await self._choria("ping", *options), nodes=nodes)

    async def measure(self, requests: int, nodes: int) -> Asked:
        """``choria measure`` with so many requests.

        Raises:
            WorkError: it failed, or did not find all nodes.
        """
        settle = SETTLE_SECONDS.get(nodes, LONGEST_SETTLE_SECONDS)
        options = {
            "--size": SIZE,
            "--warmup": WARM_REQUESTS,
            "--discovery-timeout": f"{settle}s",
            "--timeout": f"{PATIENCE_SECONDS}s",
        }
        with tempfile.TemporaryDirectory(dir=self._folder) as results:
            words = [str(requests), str(nodes), "bench", results]
            words += [str(word) for option in options.items() for word in option]
            await self._choria("measure", *words)
            return measured_times(json.loads((Path(results) / "summary.json").read_bytes()))

    async def _choria(self, *words: str) -> str:
        command = (choria_program(), *words, "--config", str(self._config))
        return (await run_program(command, ENVIRONMENT)).output.decode()


def ping_times(output: str, *, nodes: int) -> Asked:
    """What ``choria ping`` tells of so many nodes.

    Raises:
        WorkError: it tells something else.
    """
    told = _STATISTICS.search(output)
    if told is None:
        raise WorkError(f"choria ping prints no statistics: {output[-200:]!r}")
    count, longest = told.groups()
    return Asked((parse_go_duration(longest),), (nodes - int(count),))


def measured_times(summary: Mapping[str, list[Mapping[str, float]]]) -> Asked:
    """What ``choria measure`` tells in its ``summary.json``."""
    requests = summary["requests"]
    return Asked(
        tuple(request["request_seconds"] for request in requests),
        tuple(int(request["missing"]) for request in requests),
    )
