"""The end of a parent is noticed, be it before anybody looked."""

import asyncio
import subprocess
import sys

import pytest

from choria_core.parent_watch import INIT, until_parent_ends


async def test_a_parent_that_is_gone_already_is_noticed() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as other:  # noqa: ASYNC220 - it ends at once
        other.wait()

    await until_parent_ends(other.pid)


async def test_init_never_ends() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.6):
            await until_parent_ends(INIT)
