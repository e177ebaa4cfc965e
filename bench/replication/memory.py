"""What the length of a stream costs in memory: nothing, it should be."""

from collections.abc import Sequence
from statistics import median
from typing import Final

from bench.replication.arena import Arena
from bench.replication.copier import run_copy
from bench.replication.nodes import STREAM, fill

_MB: Final = 1_000_000


async def measure_memory(
    arena: Arena, peaks: Sequence[int], *, words: Sequence[str], messages: int
) -> dict[str, float | None]:
    """Copy a stream of ``messages`` and hold the program's peak against ``peaks``, in bytes.

    Figures in MB (10^6 bytes); None where the system does not tell a process's peak.
    """
    await fill([arena.source.transport], messages)
    large = (await run_copy(arena, words, messages=messages)).peak_bytes
    await arena.target.clear(STREAM)
    small = median(peaks)
    if not (large and small):
        return {"memory_mb": None, "memory_small_mb": None, "memory_large_mb": None}
    return {
        "memory_mb": round((large - small) / _MB, 1),
        "memory_small_mb": round(small / _MB, 1),
        "memory_large_mb": round(large / _MB, 1),
    }
