"""What this machine and this process can hold."""

import contextlib
import os
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from choria_emulator.embedded.capacity import Machine

USUAL_PORTS: Final = 28_232
"""Ports for outgoing connections, as Linux has them unless told otherwise."""

_MEMORY: Final = Path("/proc/meminfo")
_PORTS: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_UNLIMITED_FILES: Final = 1_048_576


def raise_file_limit() -> int:
    """Let this process open as many files as it may; how many that is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = file_limit()
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
        except (OSError, ValueError):  # a system that allows less than its hard limit says
            return soft
    return limit


def work_in_batches() -> None:
    """Have this process, and those that it starts, not interrupt each other for every message.

    A broker that wakes for each reply of a node stops the process that writes the next one.  As
    work that can wait a moment, they take turns in larger steps, and the same requests cost a
    quarter less processor time.  Clients go before them.
    """
    if hasattr(os, "SCHED_BATCH"):
        with contextlib.suppress(OSError):  # a container that forbids it works without
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


@contextlib.contextmanager
def in_batches() -> Iterator[None]:
    """Have what is started within the block do as :func:`work_in_batches` says."""
    before = os.sched_getscheduler(0) if hasattr(os, "sched_getscheduler") else None
    work_in_batches()
    try:
        yield
    finally:
        if before is not None:
            with contextlib.suppress(OSError):
                os.sched_setscheduler(0, before, os.sched_param(0))


def file_limit() -> int:
    """How many files a process of ours may open at most."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _UNLIMITED_FILES if hard == resource.RLIM_INFINITY else min(hard, _UNLIMITED_FILES)


def this_machine() -> Machine:
    """What there is here."""
    return Machine(
        files=file_limit(),
        cpus=cpus(),
        memory_bytes=available_memory(),
        ports=local_ports(),
    )


def available_memory() -> int | None:
    """Bytes that can be used without swapping; None where the system does not say."""
    try:
        text = _MEMORY.read_text()
    except OSError:
        return None
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        if name == "MemAvailable":
            return int(rest.split()[0]) * 1024
    return None


def local_ports() -> int:
    """How many outgoing connections one address can have to one other."""
    try:
        low, high = _PORTS.read_text().split()
    except (OSError, ValueError):
        return USUAL_PORTS
    return int(high) - int(low) + 1


def cpus() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
