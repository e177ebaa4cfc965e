"""Count what an ordered copy has done, each source message once.  Pure.

Only what is settled counts: copied, or sampled away.  What was read and not
settled is read again after an interruption, and counts then.  Copies that were
stored without their confirmation arriving are not read again: they are counted
when the target is found to hold them.
"""

from choria_replicator.ordered.cursor import Cursor, Mark
from choria_replicator.stats import StreamStats


def count_settled(stats: StreamStats, before: Mark, frontier: Mark) -> None:
    """Count what lies between two marks of one incarnation, the later one being settled."""
    skipped = frontier.skipped - before.skipped
    skipped_bytes = frontier.skipped_bytes - before.skipped_bytes
    stats.skipped_messages += skipped
    stats.skipped_bytes += skipped_bytes
    stats.received_messages += skipped
    stats.received_bytes += skipped_bytes
    stats.keyless_messages += frontier.keyless - before.keyless
    _count_copied(
        stats,
        frontier.published - before.published,
        frontier.published_bytes - before.published_bytes,
    )


def count_found(stats: StreamStats, cursor: Cursor, stored: int) -> None:
    """Count what the target turned out to hold.

    Args:
        stats: counted into.
        cursor: of an incarnation that is over.
        stored: messages that the target has stored since that one began.
    """
    _count_copied(stats, *cursor.unconfirmed_among(stored))


def _count_copied(stats: StreamStats, messages: int, size: int) -> None:
    stats.copied_messages += messages
    stats.copied_bytes += size
    stats.received_messages += messages
    stats.received_bytes += size
