"""Parts of a set of nodes: limits, batches, and how many may fail.  Pure."""

import math
from collections.abc import Sequence

from choria_playbooks.book.model import Share

_SLACK = 1e-9  # of what floats make of percentages


def rounded_up(share: Share, total: int) -> int:
    """So many of ``total``, a percentage rounded up; at least one."""
    wanted = math.ceil(total * share.percent / 100 - _SLACK) if share.percent else share.count
    return max(wanted, 1)


def rounded_down(share: Share, total: int) -> int:
    """So many of ``total``, a percentage rounded down; none is fine."""
    return math.floor(total * share.percent / 100 + _SLACK) if share.percent else share.count


def batch_sizes(serial: Sequence[Share], total: int, *, skip: int = 0, left: int) -> list[int]:
    """How large batches are; the last size comes again and again.

    Args:
        serial: as the book says; empty for one batch of all.
        total: of the whole set, of which percentages are.
        skip: so many batches were done.
        left: so many nodes are left.
    """
    sizes: list[int] = []
    number = skip
    while left > 0:
        size = left if not serial else rounded_up(serial[min(number, len(serial) - 1)], total)
        sizes.append(min(size, left))
        left -= size
        number += 1
    return sizes
