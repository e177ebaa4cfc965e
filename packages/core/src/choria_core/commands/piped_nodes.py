"""Nodes from standard input: ``choria rpc … -j | choria rpc …``."""

import os
import stat
import sys
from typing import Final

from choria_core.commands.filter_options import FilterOptions, SelectionOptions
from choria_core.errors import UsageError

LARGEST_BYTES: Final = 1 << 30


def piped_nodes(selection: SelectionOptions, filters: FilterOptions) -> bytes:
    """What another call printed; empty where nothing is piped, or it is not asked for.

    A terminal, ``/dev/null`` and sockets are not read; nor is anything where the options say
    how nodes are found, or name them all: loops of a shell keep their lines.

    Raises:
        UsageError: there is something else, or too much of it.
    """
    if selection.nodes is not None or selection.method or _are_named(filters) or not _is_piped():
        return b""
    text = sys.stdin.buffer.read(LARGEST_BYTES + 1)
    if len(text) > LARGEST_BYTES:
        raise UsageError(f"standard input has more than {LARGEST_BYTES >> 30} GiB")
    text = text.strip()
    if text:
        _check(text)
    return text


def _check(text: bytes) -> None:
    """Refuse anything else: without its nodes, every node would be asked.

    Raises:
        UsageError: it is not what ``choria rpc -j`` prints.
    """
    import msgspec

    class _Reply(msgspec.Struct):
        sender: str

    class _Call(msgspec.Struct):
        replies: list[_Reply]

    try:
        msgspec.json.decode(text, type=_Call)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(
            f"standard input is not what choria rpc -j prints: {error}; "
            "where it is not meant to name nodes, add </dev/null"
        ) from error


def _are_named(filters: FilterOptions) -> bool:
    """Whether the nodes are given by their names."""
    from choria_core.discovery.request import only_identities
    from choria_core.protocol.messages import Filter

    return bool(only_identities(Filter(identity=tuple(filters.identities or ()))))


def _is_piped() -> bool:
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError, AttributeError):  # closed, or no file at all
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode)
