"""The pull consumer of an ordered copy, made anew whenever the copy starts.

A consumer that another incarnation used cannot be trusted: it goes on behind
what it delivered, not behind what was settled, and the first acknowledgement
would then settle what nobody copied.  So each incarnation makes its own, at the
position it found, and removes the one before.  The successor comes first: on an
interest stream, removing the only consumer erases what it had not settled.

No name is used twice.  A pull says nothing but the name, so one of an incarnation
that was displaced would be served by its successor's successor of the same name,
and where both had read equally far, the counts of deliveries would fit as well:
messages would be missing in silence.

Of processes that make consumers at the same moment, the last one stays.

Where the stream allows no more consumers, the predecessor goes first, if the
source keeps what nobody wants (limits retention).
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from choria_core.errors import JetStreamError, WorkError
from choria_core.nats.jetstream import NANOSECONDS, ConsumerInfo, ErrorCode, JetStream, StreamInfo
from choria_core.timestamps import parse_rfc3339_ms
from choria_replicator.source.consumer_limit import consumer_limit, no_room
from choria_replicator.source.target_mark import TARGET, TargetMark, reads_for, target_of
from choria_replicator.source.work_queue import taken

INSTANCE: Final = "choria_sr_instance"
START: Final = "choria_sr_start"
MAX_ACK_PENDING: Final = 65_536
ACK_WAIT_SECONDS: Final = 600


def consumer_base(*, site: str, worker: str) -> str:
    """Begin of the consumers' names; the hash keeps apart what the letters cannot say."""
    letters = "".join(c if c.isalnum() or c in "-_" else "_" for c in worker)[:40]
    return f"choria_sr_{letters}_{sha256(f'{site} {worker}'.encode()).hexdigest()[:8]}"


async def entry_consumers(
    jetstream: JetStream, stream: str, *, site: str, worker: str
) -> list[ConsumerInfo]:
    """All consumers that ordered copies of an entry have made on a stream."""
    begin = f"{consumer_base(site=site, worker=worker)}_"
    return [info async for info in jetstream.consumers(stream) if info.name.startswith(begin)]


async def original_floor(jetstream: JetStream, stream: str, *, worker: str) -> int:
    """What the original replicator's consumer of an entry had settled; 0 for none."""
    info = await _original(jetstream, stream, worker=worker)
    return 0 if info is None else info.ack_floor.stream_seq


async def _original(jetstream: JetStream, stream: str, *, worker: str) -> ConsumerInfo | None:
    name = worker if "SR_".startswith(worker) else f"SR_{worker}"  # as the original names it
    if any(c in name for c in " .*>/\\"):
        return None
    return await jetstream.find_consumer(stream, name)


@dataclass(slots=True)
class SourceConsumer:
    """The consumers of one entry on one source stream.

    Attributes:
        jetstream: of the source.
        site, worker: name the entry.
        filter_subject: what to read; empty for all.
        instance: names this process in the consumers' metadata, for people too.
        takes_over: the consumers of a copy to another target are ours as well.
        target: what is copied to, once it is known; None before.
    """

    jetstream: JetStream
    site: str
    worker: str
    filter_subject: str
    instance: str
    takes_over: bool = False
    target: TargetMark | None = field(default=None, init=False)
    _made: bool = field(default=False, init=False)
    _predecessors: set[str] = field(default_factory=set, init=False)
    _orphans: dict[str, list[ConsumerInfo]] = field(default_factory=dict, init=False)

    async def found(self, stream: StreamInfo) -> list[ConsumerInfo]:
        """The entry's present consumers, the least advanced first.

        Those that were removed to make room for a successor, which then could not be
        made, count as present.

        Raises:
            WorkError: another process has replaced the consumer that we made, or
                they are of a copy to another target.
        """
        infos = await self._present(stream) or self._orphans.get(stream.created, [])
        strangers = [info for info in infos if self._is_stranger(info)]
        if self._made and strangers:
            raise self._displaced_by(strangers[0])
        self._refuse_other_target(stream, infos)
        self._predecessors.update(info.name for info in infos)
        return sorted(infos, key=settled_by)

    async def _present(self, stream: StreamInfo) -> list[ConsumerInfo]:
        return await entry_consumers(
            self.jetstream, stream.name, site=self.site, worker=self.worker
        )

    def _is_stranger(self, info: ConsumerInfo) -> bool:
        """Another process made it, and did so after we had looked."""
        ours = info.metadata.get(INSTANCE) == self.instance
        return not ours and info.name not in self._predecessors

    def _displaced_by(self, stranger: ConsumerInfo) -> WorkError:
        now = f"entry {self.worker} is now copied by {stranger.metadata.get(INSTANCE)}"
        if self.target is not None and not reads_for(stranger, self.target):
            return WorkError(
                f"{now} to {target_of(stranger)}: copies to two targets need names of their own; "
                "this one stops"
            )
        return WorkError(f"{now}: only one process may run an ordered copy; this one stops")

    def _refuse_other_target(self, stream: StreamInfo, infos: Iterable[ConsumerInfo]) -> None:
        if self.target is None or self.takes_over:
            return
        for info in infos:
            if reads_for(info, self.target):
                continue
            remedy = (
                f"remove its consumer (nats consumer rm {stream.name} {info.name})"
                if stream.retention == "limits"
                else f"start once with --restart {stream.name}"
            )
            raise WorkError(
                f"stream {stream.name} is copied to {target_of(info)} under the name "
                f"{self.worker} already, and this copy goes to {self.target}: give it a name of "
                f"its own (name in the file, or --name without a file). If the other copy is "
                f"given up for good, {remedy}"
            )

    async def original_floor(self, stream: StreamInfo) -> int:
        """What the original replicator's consumer of this entry had settled; 0 for none.

        Raises:
            WorkError: the original is at work, and would write to the target as well.
        """
        info = await _original(self.jetstream, stream.name, worker=self.worker)
        if info is not None and info.num_waiting:
            raise WorkError(
                f"entry {self.worker} is being copied by the original replicator, which waits for "
                f"messages at consumer {info.name} of stream {stream.name}: stop it first"
            )
        return 0 if info is None else info.ack_floor.stream_seq

    async def make_anew(
        self, stream: StreamInfo, *, deliver: Mapping[str, Any], start: str, pools: str = ""
    ) -> ConsumerInfo:
        """Make the consumer of this incarnation and remove its predecessor.

        Args:
            stream: the source.
            deliver: the delivery policy, as consumer configuration keys.
            start: the entry's resolved start, kept in the metadata.
            pools: name of a pool's consumer whose place it takes; empty for none.

        Raises:
            WorkError: another process made one after us, or the source does
                not allow a second reader.
        """
        old = await self.found(stream)
        if stream.retention == "workqueue":  # which allows one reader at a time
            await self._delete(stream, *(info.name for info in old), pools)
        config = self._config(stream, deliver=deliver, start=start)
        made = await self._make(stream, config, old)
        self._made = True
        outdated = await self._outdated(stream, made)
        await self._delete(stream, *(info.name for info in outdated), pools)
        return made

    async def _outdated(self, stream: StreamInfo, made: ConsumerInfo) -> list[ConsumerInfo]:
        """All present ones but ``made``, unless it is itself outdated."""
        others = [info for info in await self._present(stream) if info.name != made.name]
        newer = [i for i in others if self._is_stranger(i) and _age_order(i) > _age_order(made)]
        try:
            if newer:
                raise self._displaced_by(newer[0])
            self._refuse_other_target(stream, others)
        except WorkError:
            await self._delete(stream, made.name)
            raise
        return others

    async def _delete(self, stream: StreamInfo, *names: str) -> None:
        for name in filter(None, names):
            await self.jetstream.delete_consumer(stream.name, name)

    async def _make(
        self, stream: StreamInfo, config: Mapping[str, Any], old: Sequence[ConsumerInfo]
    ) -> ConsumerInfo:
        """Make a consumer, in the place of ``old`` ones where there is no other."""
        try:
            made = await self.jetstream.create_consumer(stream.name, config, action="create")
        except JetStreamError as error:
            is_full = error.err_code == ErrorCode.MAX_CONSUMERS
            if not (is_full and old and stream.retention == "limits"):
                raise await self._explain(stream, error) from error
        else:
            self._orphans.clear()
            return made
        self._orphans = {stream.created: list(old)}
        await self._delete(stream, *(info.name for info in old))
        return await self._make(stream, config, ())

    def _config(
        self, stream: StreamInfo, *, deliver: Mapping[str, Any], start: str
    ) -> dict[str, Any]:
        name = f"{consumer_base(site=self.site, worker=self.worker)}_{os.urandom(6).hex()}"
        limits = stream.config.get("consumer_limits") or {}
        metadata = {INSTANCE: self.instance, START: start}
        if self.target is not None:
            metadata[TARGET] = self.target.format()
        config: dict[str, Any] = {
            "name": name,
            "durable_name": name,
            "description": f"Choria Stream Replicator {self.worker}",
            "ack_policy": "explicit" if stream.retention == "workqueue" else "all",
            "ack_wait": ACK_WAIT_SECONDS * NANOSECONDS,
            "max_ack_pending": limits.get("max_ack_pending") or MAX_ACK_PENDING,
            "max_deliver": -1,
            "replay_policy": "instant",
            "metadata": metadata,
            **deliver,
        }
        if limits.get("inactive_threshold"):
            config["inactive_threshold"] = limits["inactive_threshold"]
        if self.filter_subject:
            config["filter_subject"] = self.filter_subject
        return config

    async def _explain(self, stream: StreamInfo, error: JetStreamError) -> Exception:
        if error.err_code in (
            ErrorCode.CONSUMER_WORK_QUEUE_OVERLAP,
            ErrorCode.CONSUMER_WORK_QUEUE_UNIQUE,
        ):
            strangers = [info for info in await self._present(stream) if self._is_stranger(info)]
            if strangers:
                return self._displaced_by(strangers[0])
            names = [c.name async for c in self.jetstream.consumers(stream.name)]
            return taken(stream, names)
        if error.err_code == ErrorCode.MAX_CONSUMERS and consumer_limit(stream):
            ours = {info.name for info in await self._present(stream)}
            names = [c.name async for c in self.jetstream.consumers(stream.name)]
            return no_room(stream, names, ours if stream.retention == "interest" else ())
        return error


def settled_by(consumer: ConsumerInfo) -> int:
    """Source sequence up to which a consumer has nothing left to do."""
    started = int(consumer.config.get("opt_start_seq") or 1) - 1
    return max(consumer.ack_floor.stream_seq, started)


def _age_order(consumer: ConsumerInfo) -> tuple[int, str]:
    """Greater for those made later; the name decides within a millisecond."""
    return parse_rfc3339_ms(consumer.created), consumer.name
