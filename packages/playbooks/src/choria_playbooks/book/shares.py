"""Numbers of nodes: ``10``, or ``10%`` of all.  Pure."""

import re
from typing import Final

from choria_core.config.schema import Grammar
from choria_core.errors import ConfigError
from choria_playbooks.book.model import Share

_SHARE: Final = re.compile(r"([0-9]{1,9})|([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*%", re.ASCII)


def read_share(text: str) -> Share:
    """So many nodes, as a book writes it.

    Raises:
        ConfigError: it is neither a number nor a percentage up to 100.
    """
    match = _SHARE.fullmatch(text.strip())
    if match is None:
        raise ConfigError("must be a number of nodes (10), or a part of them (10%)")
    if match[1]:
        return Share(count=int(match[1]))
    percent = float(match[2])
    if percent > 100:
        raise ConfigError(f"must be at most 100%, not {percent:g}%")
    return Share(percent=percent)


def show_share(share: Share) -> str:
    """As a book writes it."""
    return f"{share.percent:g}%" if share.percent else str(share.count)


SHARE: Final = Grammar("number or percentage (10, 10%)", read_share, show_share)
