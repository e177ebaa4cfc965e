"""Nodes from standard input: ``choria rpc … -j | choria rpc …``."""

import os
import stat
import sys
from typing import Final

from choria_core.commands.filter_options import SelectionOptions
from choria_core.errors import UsageError

LARGEST_BYTES: Final = 1 << 30


def piped_nodes(selection: SelectionOptions) -> bytes:
    """What another call printed; empty where nothing is piped, or something else, or not asked.

    A terminal, ``/dev/null`` and sockets are not read; nor is anything where the options say
    how nodes are found.

    Raises:
        UsageError: there is too much of it.
    """
    if selection.nodes is not None or selection.method or not _is_piped():
        return b""
    text = sys.stdin.buffer.read(LARGEST_BYTES + 1)
    if len(text) > LARGEST_BYTES:
        raise UsageError(f"standard input has more than {LARGEST_BYTES >> 30} GiB")
    text = text.strip()
    return text if text.startswith(b"{") and text.endswith(b"}") else b""


def _is_piped() -> bool:
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError, AttributeError):  # closed, or no file at all
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode)
