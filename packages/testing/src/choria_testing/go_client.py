"""The Go client of Choria, where a test has been given one."""

import asyncio
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class GoClient:
    """The Go program as a client with one configuration.

    Attributes:
        program: that ``CHORIA_GO`` names.
        config: its configuration; the folder of it is its home.
        environment: variables beside; others it does not get.
    """

    program: Path
    config: Path
    environment: dict[str, str]

    async def say(self, *words: str) -> str:
        """What it printed, without its log."""
        process = await asyncio.create_subprocess_exec(
            self.program,
            *(*words, "--config", str(self.config)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={"HOME": str(self.config.parent), "USER": "alice", **self.environment},
        )
        out, _ = await process.communicate()
        lines = (line for line in out.decode().splitlines() if not line.startswith("time="))
        return "\n".join(lines)
