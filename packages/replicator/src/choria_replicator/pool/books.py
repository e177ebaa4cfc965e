"""What the workers of one process share: sampling, and what is known of both sides."""

from dataclasses import dataclass, field

import structlog

from choria_core.nats.jetstream import ConsumerInfo, StreamInfo
from choria_replicator.pool.limiter import PoolLimiter
from choria_replicator.sampling.limiter_state import LimiterState

REFUSALS = 3
"""So often may the target refuse the same message before it is held to be unacceptable."""


@dataclass(slots=True)
class PoolBooks:
    """One per process and pool.

    Attributes:
        limiter: None without sampling.
        source: the source stream, when it was last seen; None before.
        consumer: the shared consumer, when it was last seen; None before.
        settled: source sequence up to which the whole group has nothing left to
            do; 0 if unknown.
        stored: the sampling state of an earlier run; None without one.
    """

    limiter: PoolLimiter | None = None
    source: StreamInfo | None = None
    consumer: ConsumerInfo | None = None
    settled: int = 0
    stored: LimiterState | None = None
    _state_created: str = ""
    _target_created: str = ""
    _refusals: dict[int, int] = field(default_factory=dict)
    _unanswered: set[int] = field(default_factory=set)

    def restore(self, state: LimiterState | None) -> None:
        """Begin with the sampling state of an earlier run, before anything else."""
        if self.limiter is None or state is None:
            return
        self.stored = state
        if state.inspect in ("", self.limiter.path.text):
            self.limiter.restore(state.items)
            self._state_created = state.stream_created

    def see_source(self, source: StreamInfo) -> None:
        """A worker looked at the source stream."""
        known = self.source.created if self.source else self._state_created
        if known not in ("", source.created):
            structlog.get_logger("replicator").warning(
                "the source stream was made anew: the pool reads the new one",
                stream=source.name,
                created=source.created,
            )
            self.settled = 0
            self.consumer = None
            self._refusals.clear()
            self._unanswered.clear()
            if self.limiter is not None:
                self.limiter.clear()
        self.source = source

    def see_target(self, target: StreamInfo) -> bool:
        """A worker looked at the target stream; True when it is not the one seen before."""
        if target.created == self._target_created:
            return False
        is_another = bool(self._target_created) or target.state.last_seq == 0
        if is_another and self.limiter is not None:
            self.limiter.clear()  # what it remembers as copied is not there
        self._target_created = target.created
        return True

    def see_consumer(self, consumer: ConsumerInfo) -> None:
        """Somebody looked at the shared consumer."""
        self.consumer = consumer
        self.settled = max(self.settled, consumer.ack_floor.stream_seq)
        self._unanswered = {number for number in self._unanswered if number > self.settled}

    def is_unanswered(self, sequence: int) -> None:
        """A source message was published, and its copy neither confirmed nor refused."""
        self._unanswered.add(sequence)

    def was_unanswered(self, sequence: int) -> bool:
        """Whether the copy now confirmed may be one of ours from before; asked once for each."""
        if sequence not in self._unanswered:
            return False
        self._unanswered.remove(sequence)
        return True

    def is_refused_for_good(self, sequence: int) -> bool:
        """Count a refusal of a source message; True when there were too many."""
        count = self._refusals[sequence] = self._refusals.get(sequence, 0) + 1
        return count >= REFUSALS

    def is_taken(self, sequence: int) -> None:
        """The target took a source message after all."""
        self._refusals.pop(sequence, None)

    def state(self) -> LimiterState | None:
        """The sampling state to save; None where nothing is sampled or known yet."""
        if self.limiter is None or self.source is None:
            return None
        self.limiter.scrub()
        return LimiterState(
            items=self.limiter.snapshot(),
            stream=self.source.name,
            stream_created=self.source.created,
            inspect=self.limiter.path.text,
        )
