"""Memory of processes, from outside."""

import asyncio
import os
import sys

from bench.kit.processes import Memory, family, memory_of, resident_bytes

PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "print('up', flush=True); input()"], stdin=0)
child.wait()
"""


async def test_a_process_is_weighed_with_those_it_started() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PARENT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    await process.stdout.readline()
    pids = family(process.pid)
    weights = [(memory_of(pid), resident_bytes(pid)) for pid in pids]
    await process.communicate(b"\n")

    assert pids[0] == process.pid
    assert len(pids) == 2
    assert all(0 < own.data < own.whole <= resident for own, resident in weights)


def test_every_process_is_of_the_family_of_its_parent() -> None:
    assert os.getpid() in family(os.getppid())


async def test_what_has_ended_weighs_nothing() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await process.wait()

    assert (memory_of(process.pid), resident_bytes(process.pid)) == (Memory(), 0)
