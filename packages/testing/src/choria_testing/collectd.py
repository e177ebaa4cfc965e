"""A real collectd in the foreground, that writes what it reads to files.

async with running_collectd(require_collectd(), recipe, folder) as collected:
    values = await collected.until({"counter-nats-stats-in_msgs": 54.0})
"""

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from choria_testing.programs import PATIENCE_SECONDS

_FRAME: Final = """\
BaseDir "{folder}"
PIDFile "{folder}/pid"
Interval 1
FQDNLookup false
Hostname "here"
LoadPlugin csv
<Plugin csv>
  DataDir "{folder}/values"
</Plugin>
"""


def require_collectd(environment: Mapping[str, str] = os.environ) -> Path:
    """The program; without it the test skips, but fails where CI is set."""
    path = f"{environment.get('PATH', '')}{os.pathsep}/usr/sbin"
    found = shutil.which("collectd", path=path)
    if found:
        return Path(found)
    reason = "collectd is not there: type  .ci/collectd"
    if environment.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


class Collected:
    """What a collectd has written.  Made by :func:`running_collectd`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def values(self) -> dict[str, float]:
        """The last value of each, by ``PLUGIN/TYPE-INSTANCE``."""
        found: dict[str, float] = {}
        for file in sorted(self._folder.glob("values/here/*/*-????-??-??")):
            lines = file.read_text().splitlines()
            if len(lines) > 1 and lines[-1].count(",") == 1:
                name = f"{file.parent.name}/{file.name[: -len('-2026-01-01')]}"
                found[name] = float(lines[-1].partition(",")[2])
        return found

    async def until(self, wanted: Mapping[str, float]) -> dict[str, float]:
        """Wait until all of ``wanted`` have these values; all values."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not wanted.items() <= self.values().items():  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.05)
        return self.values()


@contextlib.asynccontextmanager
async def running_collectd(program: Path, recipe: str, folder: Path) -> AsyncIterator[Collected]:
    """Run ``program`` with ``recipe`` until the block ends.

    Args:
        program: of :func:`require_collectd`.
        recipe: part of a configuration, which reads something.
        folder: for its files.
    """
    file = folder / "collectd.conf"
    file.write_text(_FRAME.format(folder=folder) + recipe)
    running = await asyncio.create_subprocess_exec(program, "-f", "-C", file)
    try:
        yield Collected(folder)
    finally:
        with contextlib.suppress(ProcessLookupError):
            running.terminate()
        await running.wait()
