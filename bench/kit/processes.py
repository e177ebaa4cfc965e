"""What processes take of memory and processor time, as the system tells."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")


def family(pid: int) -> list[int]:
    """A process and all that it started, and they, as far as they live."""
    children: dict[int, list[int]] = {}
    for child, parent in _parents():
        children.setdefault(parent, []).append(child)
    found = [pid]
    for one in found:  # grows meanwhile
        found += children.get(one, ())
    return found


@dataclass(frozen=True, slots=True)
class Memory:
    """What processes take, in bytes; what they share with others counts in parts (PSS).

    Attributes:
        whole: all of it, programs and libraries too.
        data: without what comes from files.  Files are loaded once, and a process's part of them
            depends on who else has them open; what grows with the work is here.
    """

    whole: int = 0
    data: int = 0

    def __add__(self, other: "Memory") -> "Memory":
        return Memory(self.whole + other.whole, self.data + other.data)


def memory_of(pid: int) -> Memory:
    """What a process takes; nothing where the system does not say or it is gone."""
    rollup = _PROC / str(pid) / "smaps_rollup"
    return Memory(_kilobytes(rollup, "Pss:") * 1024, _kilobytes(rollup, "Pss_Anon:") * 1024)


def resident_bytes(pid: int) -> int:
    """Memory that a process has (RSS), shared or not; 0 likewise."""
    return _kilobytes(_PROC / str(pid) / "status", "VmRSS:") * 1024


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has taken, user and system; 0 likewise."""
    with contextlib.suppress(OSError):
        stat = (_PROC / str(pid) / "stat").read_text()
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
    return 0.0


def _parents() -> Iterator[tuple[int, int]]:
    """Every process with the one that started it."""
    for folder in _PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError):
            stat = (folder / "stat").read_text()
            _, parent, *_ = stat.rpartition(")")[2].split()
            yield int(folder.name), int(parent)


def _kilobytes(file: Path, key: str) -> int:
    with contextlib.suppress(OSError):
        for line in file.read_text().splitlines():
            if line.startswith(key):
                return int(line.split()[1])
    return 0
