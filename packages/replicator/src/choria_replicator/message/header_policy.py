"""Which headers of a source message go along with its copy.  Pure.

Stored headers still work when published again: an expectation about the
source's sequences would be checked against the target's and block the copy
for ever.  So each header of the server is settled here; all others, order,
repeats, odd spacing and bytes that are no text included, pass unchanged.

| header | fate | reason |
|---|---|---|
| ``Nats-Msg-Id`` | becomes ``Choria-SR-Msg-Id`` | a known id would be acknowledged and not stored |
| ``Choria-SR-Msg-Id`` | kept, instead of ``Nats-Msg-Id`` | it is the first publisher's id |
| ``Choria-SR-Source`` | removed | an upstream replicator's; ours takes its place |
| ``Nats-Expected-*`` | removed | spent: spoke of the source's sequences and ids |
| ``Nats-Batch-*`` | removed | spent: the batch was stored long ago |
| ``Nats-Schedule*`` | removed | schedules run at the source, their results are copied |
| ``Nats-Stream-Source`` | removed | the server's own; it would steer the target's sourcing |
| ``Nats-Counter-Sources`` | removed | the server's own tally |
| ``Nats-Required-Api-Level`` | removed | spoke to the source's server |
| ``Nats-Trace-*`` | removed | would trace, or swallow, the copy |
| ``Nats-Pin-Id`` | removed | belongs to a delivery, not to the message |
| ``Nats-Rollup`` | kept if allowed | needs ``allow_rollup_hdrs`` on the target |
| ``Nats-TTL`` | kept if allowed | needs ``allow_msg_ttl``; the time starts anew at the target |
| ``Nats-Incr`` | kept if allowed | needs ``allow_msg_counter`` |
| ``Nats-Marker-Reason`` | kept | readers know deletions by it |
| other ``Nats-*`` | kept | republished streams carry them as data |

Names are compared without regard to case.  Only the three "kept if allowed"
are counted when dropped: their effect is lost, that of the others is spent.
"""

from dataclasses import dataclass

_REMOVED_PREFIXES = (
    b"nats-expected-",
    b"nats-batch-",
    b"nats-schedule",
    b"nats-trace-",
)
_REMOVED = frozenset(
    {
        b"choria-sr-source",
        b"nats-stream-source",
        b"nats-counter-sources",
        b"nats-required-api-level",
        b"nats-pin-id",
    }
)
_SETTLED = (b"nats-", b"choria-sr-")
_MSG_ID = b"nats-msg-id"
_FIRST_ID_NAME = b"Choria-SR-Msg-Id"
_FIRST_ID_LINE = b"\r\nchoria-sr-msg-id:"


@dataclass(frozen=True, slots=True)
class HeaderPolicy:
    """The policy towards one target stream.

    Attributes:
        allow_rollup: the target takes ``Nats-Rollup``.
        allow_ttl: the target takes ``Nats-TTL``.
        allow_counter: the target is a counter stream and takes ``Nats-Incr``.
    """

    allow_rollup: bool = False
    allow_ttl: bool = False
    allow_counter: bool = False

    def apply(self, block: bytes) -> tuple[bytes, int]:
        r"""The header lines for the copy, and how many lost their effect.

        Args:
            block: the header block as received: version line, lines, blank line.

        Returns:
            (lines, dropped): each line with its ``\r\n``, without version line
            and blank line; ``dropped`` counts what the target does not allow.
        """
        start = block.find(b"\r\n") + 2
        lowered = block.lower()
        if b"nats-" not in lowered and b"choria-sr-" not in lowered:
            return block[start:-2], 0
        return self._filter(block[start:-2], has_first_id=_FIRST_ID_LINE in lowered)

    def _filter(self, lines: bytes, *, has_first_id: bool) -> tuple[bytes, int]:
        kept: list[bytes] = []
        dropped = 0
        for line in lines.split(b"\r\n")[:-1]:
            name, colon, value = line.partition(b":")
            key = name.strip().lower()
            if not key.startswith(_SETTLED):
                kept.append(line)
            elif key == _MSG_ID:
                if not has_first_id:
                    kept.append(_FIRST_ID_NAME + colon + value)
            elif self._is_refused(key):
                dropped += 1
            elif key not in _REMOVED and not key.startswith(_REMOVED_PREFIXES):
                kept.append(line)
        kept.append(b"")
        return b"\r\n".join(kept), dropped

    def _is_refused(self, key: bytes) -> bool:
        """Whether ``key`` asks for an effect that the target does not allow."""
        return (
            (key == b"nats-rollup" and not self.allow_rollup)
            or (key == b"nats-ttl" and not self.allow_ttl)
            or (key == b"nats-incr" and not self.allow_counter)
        )
