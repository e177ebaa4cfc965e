"""``choria emulate`` as a child process: its page, its brokers and its processes.

async with emulated_fleet("--instances", "50", "--name", "node") as fleet:
await fleet.ready()
fleet.program.terminate()
assert await fleet.program.ended() == 0
"""

import asyncio
import contextlib
import json
import re
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Final

from choria_testing.programs import PATIENCE_SECONDS, Program, run_choria

_POLL_SECONDS: Final = 0.05
_CONTROL: Final = {"X-Choria-Control": "test", "Content-Type": "application/json"}


class EmulatedFleet:
    """A fleet that runs as a program.

    Attributes:
        program: ``choria emulate``.
    """

    def __init__(self, program: Program) -> None:
        self.program = program

    async def page(self) -> str:
        """URL of its live page, once it is there."""
        return (await self.program.said("live page: ")).split()[-1].rstrip("/")

    async def brokers(self) -> list[str]:
        """Its own brokers, ``host:port``."""
        line = await self.program.said("brokers: nats://")
        return re.findall(r"nats://([^\s,]+)", line)

    async def monitors(self) -> list[str]:
        """URLs of their monitors."""
        return re.findall(r"http://[^\s,]+", await self.program.said("monitors: "))

    async def health(self) -> tuple[int, str]:
        """What ``/healthz`` says: status and text."""
        return await fetched(f"{await self.page()}/healthz")

    async def ready(self) -> None:
        """Return when ``/healthz`` says 200.

        Raises:
            AssertionError: the program ended, or a minute passed, before it did.
        """
        text = ""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                while self.program.exit_code is None:
                    status, text = await self.health()
                    if status == 200:
                        return
                    await asyncio.sleep(_POLL_SECONDS)
        raise AssertionError(f"never ready: {text}\n{self.program.output}")

    async def holds(self, nodes: int) -> None:
        """Return when it is ready with so many nodes."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                status, text = await self.health()
                if status == 200 and f"{nodes:,} of {nodes:,} nodes are ready" in text:
                    return
                await asyncio.sleep(_POLL_SECONDS)

    async def resize(self, nodes: int) -> tuple[int, str]:
        """Ask its page for another size; status and text of the answer."""
        body = json.dumps({"instances": nodes}).encode()
        return await fetched(f"{await self.page()}/fleet", body=body, headers=_CONTROL)

    async def storm(self) -> tuple[int, str]:
        """Ask its page to cut all connections; status and text of the answer."""
        return await fetched(f"{await self.page()}/storm", body=b"{}", headers=_CONTROL)

    def processes(self) -> dict[int, str]:
        """All that it started, and what they started: command lines by process id."""
        return descendants(self.program.pid)

    def workers(self) -> list[int]:
        """Process ids of those that run nodes."""
        return [pid for pid, words in self.processes().items() if "choria_emulator.worker" in words]


@contextlib.asynccontextmanager
async def emulated_fleet(
    *words: str, environment: Mapping[str, str] | None = None
) -> AsyncIterator[EmulatedFleet]:
    """``choria emulate`` with ``words``, on a free port of this machine alone."""
    port = ("--http-port", "0", "--http-host", "127.0.0.1")
    async with run_choria("emulate", *port, *words, environment=environment) as program:
        yield EmulatedFleet(program)


async def fetched(
    url: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Status and text of an HTTP answer; status 0 where there is none."""

    def ask() -> tuple[int, str]:
        request = urllib.request.Request(url, data=body, headers=dict(headers or {}))  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    return await asyncio.to_thread(ask)


async def monitored(url: str, path: str) -> dict[str, Any]:
    """The JSON that the monitor of a broker answers.

    Raises:
        AssertionError: it answers none.
    """
    status, text = await fetched(f"{url}/{path}")
    assert status == 200, text
    found: dict[str, Any] = json.loads(text)
    return found


async def connections(url: str, *, subscriptions: bool = False) -> list[dict[str, Any]]:
    """All connections of a broker, page by page of ``connz``."""
    found: list[dict[str, Any]] = []
    more = "&subs=1" if subscriptions else ""
    while True:
        page = await monitored(url, f"connz?limit=1024&offset={len(found)}{more}")
        found += page["connections"]
        if len(found) >= page["total"] or not page["connections"]:
            return found


def descendants(parent: int) -> dict[int, str]:
    """Command lines of all processes that ``parent`` started, and so on, by id."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                children.setdefault(int(fields[1]), []).append(int(folder.name))
    found: dict[int, str] = {}
    waiting = list(children.get(parent, ()))
    while waiting:
        pid = waiting.pop()
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
            found[pid] = words.replace(b"\0", b" ").decode(errors="replace")
        waiting += children.get(pid, ())
    return found


async def all_gone(pids: Mapping[int, str]) -> None:
    """Return when none of the processes is there any more.

    Raises:
        AssertionError: some still are after a minute.
    """
    left = dict(pids)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE_SECONDS):
            while left:
                left = {pid: words for pid, words in left.items() if _is_same(pid, words)}
                await asyncio.sleep(_POLL_SECONDS)
    assert not left, f"still there: {left}"


def _is_same(pid: int, words: str) -> bool:
    """Whether a process still runs; one that only waits to be noticed has ended."""
    try:
        now = Path(f"/proc/{pid}/cmdline").read_bytes()
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z" and now.replace(b"\0", b" ").decode(errors="replace") == words
