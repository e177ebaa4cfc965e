"""A broker that hangs: its connections stay open and nothing answers."""

import contextlib
import os
import signal
from collections.abc import Iterator

from choria_core.broker.server import Broker


@contextlib.contextmanager
def frozen(broker: Broker) -> Iterator[None]:
    """Freeze the server for the time of the block (SIGSTOP); it may be stopped within.

    Each of its threads freezes a moment later, so it may still answer once.
    """
    pid = broker.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        if broker.is_running and broker.pid == pid:
            os.kill(pid, signal.SIGCONT)
