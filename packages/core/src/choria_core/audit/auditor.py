"""What every auditor can do.  Pure."""

from typing import Protocol

from choria_core.audit.entry import AuditEntry


class Auditor(Protocol):
    """Keeps what callers were allowed to do.

    One is made for each server, which calls it from its event loop: :meth:`record` takes less
    than a millisecond, and leaves what may take longer to a thread of its own.
    """

    def record(self, entry: AuditEntry) -> None:
        """Keep an entry.

        Raises:
            WorkError: that failed.  The server counts the entry as lost, warns once until
                one is kept again, and answers the request all the same; so it does whatever
                is raised.
        """
