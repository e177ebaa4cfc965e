"""Notice the end of the process that started this one."""

import asyncio
import os

POLL_SECONDS = 0.25
INIT = 1


async def until_parent_ends(parent: int) -> None:
    """Return when ``parent``, the process that started this one, has ended.

    Ask ``os.getppid()`` for it as the first thing a program does: it may end
    before anything else is ready.  Never returns where it is init.
    """
    if parent == INIT:
        await asyncio.get_running_loop().create_future()
    while os.getppid() == parent:  # noqa: ASYNC110 - the kernel tells it in no portable way
        await asyncio.sleep(POLL_SECONDS)
