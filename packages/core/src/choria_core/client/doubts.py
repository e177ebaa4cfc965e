"""Warnings about replies that cannot be read: a few, however many a stranger sends."""

from typing import Final

import structlog

TOLD: Final = 10
"""Replies to one request that a warning is given for."""


class Doubts:
    """What is to be said of the replies to one request.

    Args:
        about: what was asked, for the log.
    """

    def __init__(self, **about: str) -> None:
        self.count = 0
        """Replies that could not be read."""
        self._log = structlog.get_logger("client").bind(**about)

    def take(self, cause: Exception) -> None:
        """Count a reply, and tell of it unless there were many."""
        self.count += 1
        if self.count <= TOLD:
            self._log.warning("a reply cannot be read", cause=str(cause))
        if self.count == TOLD:
            self._log.warning("more such replies are counted, and not told of")
