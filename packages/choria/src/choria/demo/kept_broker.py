"""Brokers of the demonstration that stay when it ends."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from choria_core.errors import WorkError


@dataclass(frozen=True, slots=True)
class KeptBroker:
    """A broker that outlives this process.

    Attributes:
        url: of its client port.
        pid: of the process to end when it is no longer wanted.
    """

    url: str
    pid: int


async def keep_broker(name: str, store: Path) -> KeptBroker:
    """Start ``choria broker run`` on its own, with streams in ``store``.

    Raises:
        WorkError: it did not get ready; its log is beside ``store``.
    """
    log = store.with_suffix(".log")
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *_command(name, store),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=output,
            start_new_session=True,
        )
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().strip()
    if not url:
        raise WorkError(f"broker {name} did not start; its log is {log}")
    return KeptBroker(url, process.pid)


def _command(name: str, store: Path) -> Sequence[str]:
    return (
        sys.executable,
        "-m",
        "choria",
        *("broker", "run", "--jetstream", "--store", str(store)),
        *("--port", "-1", "--name", name, "--outlive-parent"),
    )
