"""How much of the machine this process uses."""

import gc
import os
import platform
import resource
import sys
import threading
import time
from pathlib import Path

_STATM = Path("/proc/self/statm")


def process_figures(*, uptime_seconds: float) -> dict[str, object]:
    """Memory, time and identity of this process, under names that carry their units."""
    return {
        "pid": os.getpid(),
        "python": platform.python_version(),
        "uptime_seconds": round(uptime_seconds, 3),
        "cpu_seconds": time.process_time(),
        "rss_bytes": rss_bytes(),
        "rss_peak_bytes": rss_peak_bytes(),
        "threads": threading.active_count(),
        "gc_collections": sum(generation["collections"] for generation in gc.get_stats()),
    }


def rss_bytes() -> int:
    """Memory in use now; where the system does not say (macOS), the peak."""
    try:
        pages = int(_STATM.read_text().split()[1])
    except OSError:
        return rss_peak_bytes()
    return pages * resource.getpagesize()


def rss_peak_bytes() -> int:
    """The most memory that was in use at any time."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # Linux counts in KiB
