"""Facts about this machine, as a node would publish them."""

import contextlib
import os
import platform
import shutil
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path


def machine_facts() -> dict[str, object]:
    """What this machine says of itself; what it does not say is left out."""
    uname = platform.uname()
    disk = shutil.disk_usage("/")
    return {
        "hostname": socket.gethostname(),
        "kernel": {"name": uname.system, "release": uname.release, "version": uname.version},
        "architecture": uname.machine,
        "os": _os_release(),
        "processors": {"count": os.cpu_count() or 1, "model": _processor_model()},
        "memory": _memory(),
        "disks": {"/": {"size_bytes": disk.total, "free_bytes": disk.free}},
        "load_average": list(os.getloadavg()),
        "python": {"version": platform.python_version(), "executable": Path(sys.executable).name},
        "timezone": time.strftime("%Z"),
    }


def node_facts(facts: Mapping[str, object], number: int) -> dict[str, object]:
    """The facts of node ``number``: this machine's, with a name and address of its own."""
    return {
        **facts,
        "hostname": f"node{number:04}.dc1.example",
        "ipaddress": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
        "rack": f"r{number % 40:02}",
        "role": ("web", "database", "cache", "queue")[number % 4],
    }


def _os_release() -> dict[str, str]:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return {"name": platform.system(), "version": platform.release()}
    return {"name": release.get("NAME", ""), "version": release.get("VERSION_ID", "")}


def _processor_model() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def _memory() -> dict[str, int]:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        page = os.sysconf("SC_PAGE_SIZE")
        return {"size_bytes": page * os.sysconf("SC_PHYS_PAGES")}
    return {}
