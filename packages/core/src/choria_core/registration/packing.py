"""Content of registrations, packed by gzip."""

import asyncio
import gzip
from typing import Final

AT_ONCE_BYTES: Final = 1 << 17
"""So much is packed in a few milliseconds; more would keep requests waiting."""


async def packed(content: bytes) -> bytes:
    """``content`` as a gzip stream, the same for the same content; large ones in a thread."""
    if len(content) <= AT_ONCE_BYTES:
        return _packed(content)
    return await asyncio.to_thread(_packed, content)


def _packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)
