"""The fleets that are compared: how each is started, and what it is called."""

import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.emulation.names import EMULATED, PREFIX
from bench.kit.child import module_command
from choria_core.broker.free_port import pick_port
from choria_core.errors import WorkError
from choria_emulator.embedded.capacity import Wanted, plan_capacity
from choria_emulator.embedded.limits import this_machine

GO_VARIABLE: Final = "EMULATOR_GO"
HOST: Final = "127.0.0.1"

OURS: Final = "choria emulate"
NATS_PY: Final = "nats-py"
GO: Final = "Go emulator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How to start a fleet.

    Attributes:
        command: to run.
        health_url: that answers with 200 when all nodes are there; empty where the brokers'
            count of subscriptions must tell.
    """

    command: Sequence[str]
    health_url: str = ""


@dataclass(frozen=True, slots=True)
class Program:
    """A kind of fleet.

    Attributes:
        name: for people.
        start: takes how many nodes, how many nodes it is sized for, and the brokers' URLs.
        idle_nodes: takes for how many nodes it is sized; how few it can be started with.
    """

    name: str
    start: Callable[[int, int, Sequence[str]], Start]
    idle_nodes: Callable[[int], int]


def choria_program() -> str:
    """Ours, beside this Python."""
    return str(Path(sys.executable).parent / "choria")


def workers_for(nodes: int) -> int:
    """How many processes ``choria emulate`` chooses for so many nodes here."""
    return plan_capacity(Wanted(nodes=nodes, own_brokers=False), this_machine()).workers


def _one(_size: int) -> int:
    return 1


def _start_ours(nodes: int, size: int, urls: Sequence[str]) -> Start:
    """With as many processes as a fleet of ``size`` has."""
    port = pick_port(HOST)
    options = {
        "--instances": nodes,
        "--agents": EMULATED,
        "--name": PREFIX,
        "--workers": workers_for(size),
        "--http-host": HOST,
        "--http-port": port,
    }
    words = [str(word) for option in options.items() for word in option]
    command = (choria_program(), "emulate", *words, "--no-view", *_servers(urls))
    return Start(command=command, health_url=f"http://{HOST}:{port}/healthz")


def _start_nats_py(nodes: int, _size: int, urls: Sequence[str]) -> Start:
    [url] = urls
    return Start(command=module_command("bench.emulation.nats_py_fleet", url, str(nodes)))


def _go_start(program: str) -> Callable[[int, int, Sequence[str]], Start]:
    def start(nodes: int, _size: int, urls: Sequence[str]) -> Start:
        options = {
            "--instances": nodes,
            "--agents": EMULATED,
            "--name": PREFIX,
            "--config": "/dev/null",
            "--http-port": pick_port(HOST),
        }
        words = [str(word) for option in options.items() for word in option]
        return Start(command=(program, "emulate", *words, *_servers(urls)))

    return start


def _servers(urls: Sequence[str]) -> tuple[str, ...]:
    return tuple(word for url in urls for word in ("--server", url.rpartition("/")[2]))


OUR_PROGRAM: Final = Program(OURS, _start_ours, workers_for)
NATS_PY_PROGRAM: Final = Program(NATS_PY, _start_nats_py, _one)


def programs(go: str) -> tuple[Program, ...]:
    """Ours first; the Go emulator only where ``go`` names it.

    Raises:
        WorkError: it names no program.
    """
    if not go:
        return (OUR_PROGRAM, NATS_PY_PROGRAM)
    if shutil.which(go) is None:
        raise WorkError(f"{GO_VARIABLE} names {go}, which is no program")
    return (OUR_PROGRAM, NATS_PY_PROGRAM, Program(GO, _go_start(go), _one))
