"""Names of nodes, as sources outside the Choria network give them.  Pure."""

import re
from collections.abc import Callable, Sequence
from typing import Final

from choria_core.errors import NodesError
from choria_core.protocol.names import is_identity

_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_is_host_name: Final = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}").fullmatch

_MOST_SHOWN: Final = 3
_SHOWN_CHARS: Final = 80


def check_node_names(names: Sequence[str], source: str) -> tuple[str, ...]:
    """The same names, each of which is that of a host: labels of letters, digits and ``-``.

    Args:
        names: of nodes, in any order.
        source: where they come from; for errors.

    Raises:
        NodesError: some are none, a blank one for example.
    """
    return _checked(names, source, _is_host_name, "letters, digits, - and dots")


def check_identities(names: Sequence[str], source: str) -> tuple[str, ...]:
    """The same names, each of which a node of a Choria network may have.

    Those are more than hosts may have: ``_`` is one of their letters.

    Args:
        names: of nodes, in any order.
        source: where they come from; for errors.

    Raises:
        NodesError: some are none.
    """
    return _checked(names, source, is_identity, "letters, digits, _ - and dots")


def _checked(
    names: Sequence[str], source: str, is_good: Callable[[str], object], rule: str
) -> tuple[str, ...]:
    bad = [name for name in names if not is_good(name)]
    if not bad:
        return tuple(names)
    shown = ", ".join(f"{name[:_SHOWN_CHARS]!a}" for name in bad[:_MOST_SHOWN])
    more = len(bad) - _MOST_SHOWN
    rest = f" and {more} more" if more > 0 else ""
    raise NodesError(f"{source} gives what are no names of nodes: {shown}{rest}; names have {rule}")
