"""How many of the found nodes are called, and which."""

import random
import re
from collections.abc import Sequence
from typing import Final

from choria_core.client.records import Limit
from choria_core.errors import UsageError

RANDOM: Final = "random"
METHODS: Final = ("first", RANDOM)

_AMOUNT: Final = re.compile(r"([0-9]{1,9})(%?)").fullmatch


def parse_limit(text: str, *, method: str = "", seed: int | None = None) -> Limit:
    """A limit as people write it: ``10`` nodes or ``10%`` of them.

    Args:
        text: the amount.
        method: ``first`` or ``random``; empty for the configured one.
        seed: of ``random``.

    Raises:
        UsageError: it is neither.
    """
    match = _AMOUNT(text.strip())
    if match is None or not int(match[1]):
        raise UsageError(f"a limit is a number of nodes like 10, or a share like 10%, not {text!r}")
    amount = int(match[1])
    if match[2]:
        return Limit(percent=amount, method=method, seed=seed)
    return Limit(count=amount, method=method, seed=seed)


def limited(nodes: Sequence[str], limit: Limit | None, *, method: str) -> tuple[str, ...]:
    """The nodes that are called.

    Args:
        nodes: that were found.
        limit: None for all of them.
        method: of a limit that names none.

    Raises:
        UsageError: the method is unknown, or none of the nodes is left.
    """
    if limit is None:
        return tuple(nodes)
    chosen = limit.method or method
    if chosen not in METHODS:
        raise UsageError(f"nodes are limited by the method first or random, not {chosen!r}")
    count = limit.count or len(nodes) * limit.percent // 100
    if not count and nodes:
        raise UsageError(f"{limit.percent}% of {len(nodes)} nodes is none; use a number")
    if chosen == RANDOM:
        shuffled = list(nodes)
        # The same seed shall choose the same nodes, in whatever order they answered.
        if limit.seed is not None:
            shuffled.sort()
        random.Random(limit.seed).shuffle(shuffled)  # noqa: S311 - nothing secret
        nodes = shuffled
    return tuple(nodes[:count])
