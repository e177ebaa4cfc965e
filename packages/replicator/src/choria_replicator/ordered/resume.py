"""Where a copy goes on.  Pure.

The target's tail decides: each copy says in its header which source message it
is.  Stored positions count only where the tail is gone, and sampling state only
where it fits the tail.  Whatever does not fit together stops the copy and is
named: a guess here would lose or double messages in silence.
"""

from dataclasses import dataclass, replace

from choria_core.errors import WorkError
from choria_replicator.message.provenance import Provenance
from choria_replicator.sampling.limiter_state import LimiterState
from choria_replicator.target.tail import Tail


@dataclass(frozen=True, slots=True)
class PoolTrace:
    """A pool that wrote the target's last message.

    Attributes:
        consumer: its consumer on the source; empty where that is gone.
        group: its name; empty where the consumer is gone.
        settled: source sequence up to which it has nothing left to do.
        in_work: messages that it had read behind that and not settled.
    """

    consumer: str = ""
    group: str = ""
    settled: int = 0
    in_work: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known when a copy starts or starts again.

    Attributes:
        source_stream: name of the source stream.
        source_created_ms: when it was created, Unix milliseconds; 0 where it may
            hold messages that are older than it is.
        source_first_sequence, source_last_sequence: what it spans.
        source_timestamp_at_tail_ms: time of the source message whose copy the
            tail is; None where the source does not hold it (any more).
        source_keeps_read: the source keeps what was acknowledged (limits retention).
        target_stream: name of the target stream.
        target_last_sequence: of the newest message it ever stored; 0 for none.
        tail: None when it holds no message.
        frontier: last settled source sequence by our own books; 0 if unknown.
        limiter: sampling state by our own books; None without sampling or books.
        sampled: the copy is sampled.
        expected_writer: site and worker that must have written the tail; None
            when any may have.
        target_seen: the target's last sequence when this process last looked; what
            came since must be of ordered copies. None at the first look.
        pool: that wrote the tail; None where none did.
        own_floor: what this entry's own consumers had settled; 0 if unknown.
        reads_part: a filter leaves some of the source's messages out.
    """

    source_stream: str
    source_created_ms: int
    source_first_sequence: int
    source_last_sequence: int
    source_timestamp_at_tail_ms: int | None
    source_keeps_read: bool
    target_stream: str
    target_last_sequence: int
    tail: Tail | None
    frontier: int = 0
    limiter: LimiterState | None = None
    sampled: bool = False
    expected_writer: tuple[str, str] | None = None
    target_seen: int | None = None
    pool: PoolTrace | None = None
    own_floor: int = 0
    reads_part: bool = False


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about a span of source messages that people should know.

    Attributes:
        text: in words.
        first, last: source sequences.
        hint: what to do about it.
        is_loss: messages were lost.
    """

    text: str
    first: int
    last: int
    hint: str
    is_loss: bool = False


@dataclass(frozen=True, slots=True)
class Position:
    """Where to go on.

    Attributes:
        read_from: first source sequence to read; None for the configured start.
        copy_from: first one to copy; those before are only sampled anew, to
            bring the limiter to where it was.
        target_last_sequence: what the target must end with.
        copied_sequence: source sequence of the newest copy made so far; 0 for none.
        limiter: state to begin with; None to begin with an empty one.
        reason: for the log and ``--check``.
        lost: source sequences that vanished before they were copied, first and
            last; None when there are none.
        loss_is_sure: some of them were to be copied; a filter may have wanted none.
        again: source sequences that this entry had settled before the original
            wrote the tail, first and last: it copies them again; None for none.
        pools: name of the consumer of a pool that copied before and is done;
            empty for none.
    """

    read_from: int | None
    copy_from: int
    target_last_sequence: int
    copied_sequence: int
    limiter: LimiterState | None
    reason: str
    lost: tuple[int, int] | None = None
    loss_is_sure: bool = True
    again: tuple[int, int] | None = None
    pools: str = ""

    @property
    def remarks(self) -> list[Remark]:
        """What people should know of this position."""
        remarks = []
        if self.lost is not None:
            text = (
                "the source dropped messages before they were copied"
                if self.loss_is_sure
                else "the source dropped messages that were not copied; the filter may have "
                "wanted none of them"
            )
            hint = "raise the source stream's limits, or let the replicator run all the time"
            remarks.append(Remark(text, *self.lost, hint=hint, is_loss=self.loss_is_sure))
        if self.again is not None:
            text = (
                "the original replicator wrote the target's last message after this entry had "
                "copied more: what lies between is copied a second time"
            )
            hint = "next time, set start_sequence before handing back to the original"
            remarks.append(Remark(text, *self.again, hint=hint))
        return remarks


def decide(evidence: Evidence) -> Position:
    """Find the position.

    Raises:
        WorkError: the target or the source is not what this copy left behind;
            the message says what was found and how to go on.
    """
    if evidence.target_last_sequence == 0:
        return Position(None, 0, 0, 0, None, "the target is empty")
    if evidence.tail is None:
        return _behind_frontier(evidence)
    origin = _origin(evidence, evidence.tail)
    if evidence.pool is not None:
        return _behind_pool(evidence, evidence.pool, origin.sequence)
    settled = origin.sequence
    reason = f"the target ends with the copy of {settled}"
    if evidence.tail.sequence < evidence.target_last_sequence and evidence.frontier > settled:
        settled = evidence.frontier
        reason = f"the target's newest messages were removed; all up to {settled} had been settled"
    position = _behind(evidence, settled=settled, reason=reason)
    return replace(position, again=_again(evidence, evidence.tail, position))


def _behind_frontier(evidence: Evidence) -> Position:
    """The target held messages once and holds none now."""
    if not evidence.frontier:
        return Position(
            None,
            0,
            evidence.target_last_sequence,
            0,
            None,
            "the target was emptied and no position is stored",
        )
    if evidence.frontier > evidence.source_last_sequence:
        raise _recreated(
            evidence, f"it ends at {evidence.source_last_sequence}, {evidence.frontier} was settled"
        )
    return _behind(
        evidence,
        settled=evidence.frontier,
        reason=f"the target was emptied; all up to {evidence.frontier} had been settled",
    )


def _behind_pool(evidence: Evidence, pool: PoolTrace, newest: int) -> Position:
    """The target ends with a pool's copy, of source message ``newest``."""
    anew = f"or start once with --restart {evidence.source_stream} to copy all behind what it holds"
    if not pool.consumer and evidence.frontier >= newest:  # we took over, and copied nothing yet
        reason = f"a pool had settled all up to {evidence.frontier}"
        return _behind(evidence, settled=evidence.frontier, reason=reason)
    if not pool.consumer:
        raise WorkError(
            f"stream {evidence.target_stream} was written without order by a pool whose consumer "
            f"is gone, so that nobody knows what is missing before the copy of {newest}: "
            f"choose another target stream, {anew}"
        )
    if pool.in_work:
        raise WorkError(
            f"stream {evidence.target_stream} was written by pool {pool.group}, which has left "
            f"{pool.in_work} messages unfinished behind {pool.settled}: run the pool once more "
            f"with --once and stop all its processes, {anew}"
        )
    reason = f"pool {pool.group} has settled all up to {pool.settled}"
    return replace(_behind(evidence, settled=pool.settled, reason=reason), pools=pool.consumer)


def _behind(evidence: Evidence, *, settled: int, reason: str) -> Position:
    copy_from = settled + 1
    read_from: int | None = copy_from
    limiter = None
    if evidence.sampled:
        limiter = evidence.limiter
        if limiter is not None and not _fits(limiter, settled):
            limiter = None
        if limiter is None:
            read_from = None  # whatever the source still holds, to be sampled anew
        elif limiter.sequence is not None:
            read_from = limiter.sequence + 1
            if read_from > copy_from:
                copy_from = read_from
                reason += f", all behind it up to {limiter.sequence} was sampled away"
    return Position(
        read_from,
        copy_from,
        evidence.target_last_sequence,
        settled,
        limiter,
        reason,
        _lost(evidence, copy_from),
        loss_is_sure=not evidence.reads_part,
    )


def _fits(limiter: LimiterState, settled: int) -> bool:
    """Whether sampling state knows of no copy that the target has lost.

    Such a state would sample the successors of the lost copies away.  One that
    is ahead of the target only by messages that were sampled away does fit.
    """
    if limiter.sequence is None or limiter.copied_sequence is None:
        return True  # the original's files do not say; they were written beside the tail
    return limiter.copied_sequence <= settled and (
        limiter.sequence <= settled or limiter.copied_sequence == settled
    )


def _origin(evidence: Evidence, tail: Tail) -> Provenance:
    """The tail's origin, once it is sure that it is a copy of this very stream."""
    origin = tail.provenance
    where = f"message {tail.sequence} ({tail.subject}), the last of stream {evidence.target_stream}"
    if origin is None or origin.sequence < 1:
        raise WorkError(
            f"{where}, is no copy made by a replicator: another writer uses the target. "
            "Stop it and remove its messages, or choose another target stream"
        )
    if origin.stream != evidence.source_stream:
        raise WorkError(
            f"{where}, is a copy of stream {origin.stream}, not of {evidence.source_stream}: "
            "choose another target stream"
        )
    if evidence.expected_writer not in (None, (origin.site, origin.worker)):
        raise WorkError(
            f"{where}, was written by replicator {origin.site}, entry {origin.worker}, while "
            "this one was copying: only one may write to a stream"
        )
    seen = evidence.target_seen
    if seen is not None and tail.sequence > seen and not tail.is_linked:
        raise WorkError(
            f"{where}, was written while this one was copying, under the same names "
            f"(replicator {origin.site}, entry {origin.worker}), by the original replicator or "
            "a pool: only one may write to a stream. Stop it, then start this one again"
        )
    _check_same_source(evidence, origin)
    return origin


def _check_same_source(evidence: Evidence, origin: Provenance) -> None:
    if origin.sequence > evidence.source_last_sequence:
        raise _recreated(
            evidence,
            f"it ends at {evidence.source_last_sequence}, the target holds a copy of "
            f"{origin.sequence}",
        )
    found = evidence.source_timestamp_at_tail_ms
    if found is not None and found != origin.timestamp_ms >= 0:
        raise _recreated(
            evidence,
            f"its message {origin.sequence} is of {found} ms, the target's copy of it of "
            f"{origin.timestamp_ms} ms",
        )
    if found is None and evidence.source_created_ms > origin.timestamp_ms >= 0:
        raise _recreated(
            evidence,
            f"it was created at {evidence.source_created_ms} ms, the target's last copy is of "
            f"{origin.timestamp_ms} ms",
        )


def _recreated(evidence: Evidence, found: str) -> WorkError:
    return WorkError(
        f"stream {evidence.source_stream} on the source is not the one copied so far: {found}. "
        f"If it was made anew on purpose, start once with --restart {evidence.source_stream} "
        "to copy it from its start behind what the target holds"
    )


def _lost(evidence: Evidence, copy_from: int) -> tuple[int, int] | None:
    if evidence.source_keeps_read and evidence.source_first_sequence > copy_from:
        return copy_from, evidence.source_first_sequence - 1
    return None


def _again(evidence: Evidence, tail: Tail, position: Position) -> tuple[int, int] | None:
    """What we had settled, and the original has not copied anew before it wrote the tail.

    A sampled copy settles more than it writes: there a floor proves nothing.  Nor
    does one before the source's first message, as the server lifts it up to there.
    """
    first = max(position.copy_from, evidence.source_first_sequence)
    if tail.is_linked or evidence.sampled or evidence.own_floor < first:
        return None
    return first, evidence.own_floor
