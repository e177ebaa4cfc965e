"""What processes take of memory, as the system tells."""

import contextlib
from collections.abc import Iterator
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


def own_bytes(pid: int) -> int:
    """A process's own share of memory (PSS); 0 where the system does not say or it is gone."""
    return _kilobytes(_PROC / str(pid) / "smaps_rollup", "Pss:") * 1024


def resident_bytes(pid: int) -> int:
    """Memory that a process has (RSS), shared or not; 0 likewise."""
    return _kilobytes(_PROC / str(pid) / "status", "VmRSS:") * 1024


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
