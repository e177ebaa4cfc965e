"""What one request brought.  Pure."""

from array import array
from typing import Final

from msgspec import Struct

BUCKET_NS: Final = 10_000_000
"""Width of the buckets that replies are counted in."""

BOUND_SHARE: Final = 0.9
"""A client that is busy so much of the time is what the request waits for."""


class Effort(Struct, frozen=True, kw_only=True):
    """What a request cost its client, from the publication to the last reply.

    Attributes:
        wall_ns: how long that was.
        cpu_ns: how much of a processor the client used; of several threads the sum.
        waiting_ns: how long it was ready to run and no processor was free.
    """

    wall_ns: int = 0
    cpu_ns: int = 0
    waiting_ns: int = 0

    @property
    def busy_share(self) -> float:
        """How much of the time it ran, or wanted to; 0 where nothing was waited for."""
        return (self.cpu_ns + self.waiting_ns) / self.wall_ns if self.wall_ns else 0.0

    @property
    def is_bound(self) -> bool:
        """Whether the client was the bottleneck."""
        return self.busy_share >= BOUND_SHARE


class RequestResult(Struct, kw_only=True):
    """What one request brought.

    Attributes:
        number: from 1.
        request_id: of its messages.
        start_ns: unix nanoseconds.
        expected, discovered: nodes.
        publish_ns: until the broker had the request.
        request_ns: until the last node had answered, or none was waited for any more.
        total_ns: all that the request took, with what the client does around it.
        ok, failed: replies within the timeout, by what they say.
        times_ns: from the publication to each reply, in order of arrival.
        missing: nodes that did not answer within the timeout.
        late: those of them that answered soon after it.
        duplicates: nodes that answered more than once.
        strangers: nodes that were not asked and answered.
        effort: of the client.
        cut: why the connection was lost meanwhile; empty when it was not.
    """

    number: int
    request_id: str
    start_ns: int
    expected: int
    discovered: int
    publish_ns: int
    request_ns: int
    total_ns: int
    ok: int
    failed: int
    times_ns: "array[int]"
    missing: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()
    effort: Effort = Effort()
    cut: str = ""

    @property
    def responded(self) -> int:
        """Nodes that answered within the timeout."""
        return self.ok + self.failed

    @property
    def unexpected(self) -> int:
        """Nodes that were not asked, or answered again."""
        return len(self.duplicates) + len(self.strangers)

    @property
    def is_success(self) -> bool:
        """Whether every node did what it was asked to."""
        return self.ok == self.discovered

    @property
    def replies_per_second(self) -> float:
        """From the publication to the last reply; 0 where none came."""
        last = max(self.times_ns, default=0)
        return len(self.times_ns) * 1e9 / last if last else 0.0

    def buckets(self) -> list[int]:
        """How many replies came around each 10 ms, up to the last."""
        if not self.times_ns:
            return []
        counts = [0] * (_bucket(max(self.times_ns)) + 1)
        for time_ns in self.times_ns:
            counts[_bucket(time_ns)] += 1
        return counts


def _bucket(time_ns: int) -> int:
    """The bucket of a time: the nearest multiple of 10 ms, a half rounded up."""
    return (time_ns + BUCKET_NS // 2) // BUCKET_NS
