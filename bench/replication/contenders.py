"""All that is measured, each as one call that returns messages read per second."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bench.kit.rounds import Contender
from bench.replication.arena import ROUND_TRIP_SECONDS, Arena
from bench.replication.copier import Copy, run_copy
from bench.replication.mirror import run_mirror
from bench.replication.nodes import SAMPLING_INTERVAL, STREAM, fill, stream_config
from bench.replication.plain_loop import plain_loop_command
from bench.replication.scale import Scale
from bench.replication.timed_program import run_timed
from choria_replicator.target.stream_clone import CHAIN_WINDOW_SECONDS

MIRROR: Final = "mirror"
ORDERED: Final = "ordered"
CHAIN: Final = "ordered, message-id chain"
SAMPLED: Final = "sampled, half passes"
NEAR: Final = "through a proxy"
FAR: Final = f"through a proxy of {ROUND_TRIP_SECONDS * 1000:.0f} ms"
PLAIN_LOOP: Final = "nats-py: fetch one, publish, ack"
GO: Final = "Go stream-replicator"

_NANOSECONDS: Final = 1_000_000_000
_SAMPLED_SHARE: Final = 0.5


class Contenders:
    """The contenders of one bench.

    Attributes:
        peaks: memory of our program in bytes at each ordered copy of a round.
    """

    def __init__(self, arena: Arena, scale: Scale, folder: Path, go_program: str) -> None:
        self.peaks: list[int] = []
        self._arena = arena
        self._messages = scale.messages
        self._timed_seconds = scale.timed_seconds
        self._sampling_file = folder / "sampling.yaml"
        self._go_file = folder / "go.yaml"
        self._go_program = go_program
        self._write_configurations()

    def all(self) -> Mapping[str, Contender]:
        """By name, in the order of a round."""
        contenders: dict[str, Contender] = {
            MIRROR: self._mirror,
            ORDERED: self._ordered,
            CHAIN: self._chain,
            SAMPLED: self._sampled,
            NEAR: self._near,
            FAR: self._far,
            PLAIN_LOOP: self._plain_loop,
        }
        return {**contenders, **({GO: self._go} if self._go_program else {})}

    def commands(self) -> Mapping[str, str]:
        """What was run for each."""
        sampled = ("--config", str(self._sampling_file))
        return {
            MIRROR: 'mirror: {name, external: {api: "$JS.hub.API"}}',
            ORDERED: _shown(self.words()),
            CHAIN: _shown(self.words()),
            SAMPLED: _shown(sampled),
            NEAR: _shown(self.words(self._arena.near_url)),
            FAR: _shown(self.words(self._arena.far_url)),
            PLAIN_LOOP: "python -m bench.replication.plain_loop",
            **({GO: "stream-replicator replicate --config"} if self._go_program else {}),
        }

    async def prepare(self) -> None:
        """New source streams, filled alike."""
        await fill((self._arena.source.transport, self._arena.hub.transport), self._messages)

    async def warm(self, messages: int) -> None:
        """The two that are held against each other, once, uncounted."""
        await fill((self._arena.source.transport, self._arena.hub.transport), messages)
        await run_mirror(self._arena, messages=messages)
        await run_copy(self._arena, self.words(), messages=messages)

    async def _mirror(self) -> float:
        return await run_mirror(self._arena, messages=self._messages)

    async def _ordered(self) -> float:
        copy = await self._copy(*self.words())
        self.peaks.append(copy.peak_bytes)
        return copy.read_per_second

    async def _chain(self) -> float:
        config = stream_config(duplicate_window=int(CHAIN_WINDOW_SECONDS * _NANOSECONDS))
        words = self.words()
        copy = await run_copy(self._arena, words, messages=self._messages, target_config=config)
        return copy.read_per_second

    async def _sampled(self) -> float:
        words = ("--config", str(self._sampling_file))
        copy = await run_copy(self._arena, words, messages=self._messages, share=_SAMPLED_SHARE)
        return copy.read_per_second

    async def _near(self) -> float:
        return (await self._copy(*self.words(self._arena.near_url))).read_per_second

    async def _far(self) -> float:
        return (await self._copy(*self.words(self._arena.far_url))).read_per_second

    async def _plain_loop(self) -> float:
        command = plain_loop_command(self._arena.source.url, self._arena.target.url, STREAM)
        await self._arena.target.clear(STREAM)
        await self._arena.source.forget_readers(STREAM)
        await self._arena.target.jetstream.create_stream(stream_config())
        return await run_timed(self._arena, *command, seconds=self._timed_seconds)

    async def _go(self) -> float:
        command = (self._go_program, "replicate", "--config", str(self._go_file))
        await self._arena.target.clear(STREAM)
        await self._arena.source.forget_readers(STREAM)
        return await run_timed(self._arena, *command, seconds=self._timed_seconds)

    async def _copy(self, *words: str) -> Copy:
        return await run_copy(self._arena, words, messages=self._messages)

    def words(self, target_url: str = "") -> tuple[str, ...]:
        """Of ``choria replicate`` for an ordered copy to the target, or to it by another way."""
        target = target_url or self._arena.target.url
        return ("--source", self._arena.source.url, "--target", target, "--stream", STREAM)

    def _write_configurations(self) -> None:
        lines = [
            "name: bench",
            "streams:",
            f"  - stream: {STREAM}",
            f"    source_url: {self._arena.source.url}",
            f"    target_url: {self._arena.target.url}",
        ]
        sampling = ["    inspect_field: host", f"    inspect_duration: {SAMPLING_INTERVAL}"]
        self._go_file.write_text("\n".join([*lines, ""]))
        self._sampling_file.write_text("\n".join([*lines, *sampling, ""]))


def _shown(words: tuple[str, ...]) -> str:
    return f"choria replicate {shlex.join(words)} --once --json"
