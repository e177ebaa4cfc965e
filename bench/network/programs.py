"""The clients that are compared, and what is asked of them."""

import json
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.network.names import COLLECTIVE, node_name
from choria_core.errors import WorkError

INSECURE: Final = {"INSECURE_YES_REALLY": "true"}
PATIENCE_SECONDS: Final = 60

OURS: Final = "choria"
GO: Final = "Go choria"


@dataclass(frozen=True, slots=True)
class Question:
    """Something to ask of all nodes.

    Attributes:
        name: of the figures.
        words: builds the words of the command, from the file of nodes.
        answers: counts the answers in what a client printed.
    """

    name: str
    words: Callable[[Path], tuple[str, ...]]
    answers: Callable[[bytes], int]


def _discovery_words(_nodes: Path) -> tuple[str, ...]:
    return ("find", "--discovery-window")


def _rpc_words(nodes: Path) -> tuple[str, ...]:
    return ("rpc", "rpcutil", "ping", "--nodes", str(nodes), "-j")


def _lines(output: bytes) -> int:
    return len(set(output.split()))


def _good_replies(output: bytes) -> int:
    document = json.loads(output)
    senders = {reply["sender"] for reply in document["replies"] if reply["statuscode"] == 0}
    stats = document["request_stats"]
    return min(len(senders), int(stats["ok"]))


DISCOVERY: Final = Question("discovery", _discovery_words, _lines)
RPC: Final = Question("rpc", _rpc_words, _good_replies)


@dataclass(frozen=True, slots=True)
class Programs:
    """The programs with their configuration.

    Attributes:
        paths: by name; the Go program only where there is one.
        config: configuration file that all of them read.
        nodes: by count, files with the names of so many nodes.
    """

    paths: Mapping[str, str]
    config: Path
    nodes: Mapping[int, Path]

    def command(self, name: str, question: Question, count: int) -> tuple[str, ...]:
        """What to run."""
        words = question.words(self.nodes[count])
        return (self.paths[name], *words, "--config", str(self.config))


def write_programs(folder: Path, broker: str, counts: tuple[int, ...], go: str) -> Programs:
    """Write the files that the programs need to ask at the broker ``host:port``.

    Raises:
        WorkError: the Go program is not there.
    """
    if go and shutil.which(go) is None:
        raise WorkError(f"CHORIA_GO names {go}, which is no program")
    config = folder / "client.cfg"
    config.write_text(_configuration(broker))
    ours = {OURS: str(Path(sys.executable).parent / "choria")}
    nodes = {count: _write_nodes(folder, count) for count in counts}
    return Programs({**ours, **({GO: go} if go else {})}, config, nodes)


def _write_nodes(folder: Path, count: int) -> Path:
    file = folder / f"nodes-{count}.txt"
    file.write_text("".join(f"{node_name(number)}\n" for number in range(count)))
    return file


def _configuration(broker: str) -> str:
    settings = {
        "identity": "client.example.net",
        "collectives": COLLECTIVE,
        "main_collective": COLLECTIVE,
        "plugin.choria.middleware_hosts": broker,
        "plugin.choria.use_srv": "false",
        "plugin.security.provider": "file",
        "discovery_timeout": str(PATIENCE_SECONDS),
        "loglevel": "error",
        "color": "false",
    }
    return "".join(f"{key} = {value}\n" for key, value in settings.items())
