"""What a replicator would do, found out without doing it: ``choria replicate --check``.

What the run would refuse at its start is refused here by the same words, as both
ask the same functions.  Nothing is made, written or removed.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from choria_core.errors import ChoriaError, ConnectError
from choria_core.nats.jetstream import JetStream, StreamInfo, StreamState
from choria_core.nats.lean_transport import LeanTransport, connect
from choria_replicator.check_steps import (
    Sight,
    ordered_steps,
    pool_steps,
    sampling_steps,
    subject_steps,
)
from choria_replicator.entry import Manner
from choria_replicator.settings.model import StreamSettings
from choria_replicator.sides import Sides
from choria_replicator.source.streaming_cluster import refuse_streaming_cluster
from choria_replicator.survey import (
    Found,
    clone_request,
    find_target,
    refuse_overlap,
    source_stream,
)
from choria_replicator.target.stream_clone import clone_config
from choria_replicator.target.target_stream import Target

CONNECT_SECONDS: Final = 10.0
CHECK_SECONDS: Final = 25.0
"""For all entries: they are looked at side by side."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What would be done with one entry.

    Attributes:
        settings: of the entry.
        stream, target_stream: what would be copied into what.
        messages: in the source stream now.
        steps: what would be done, a sentence each.
        error: why it would not work; None when it would.
    """

    settings: StreamSettings
    stream: str = ""
    target_stream: str = ""
    messages: int = 0
    steps: tuple[str, ...] = ()
    error: ChoriaError | None = None


@dataclass(slots=True)
class _Look:
    """A look at both sides of one entry."""

    settings: StreamSettings
    manner: Manner
    source: StreamInfo | None = None
    found: Found | None = None
    steps: list[str] = field(default_factory=list)
    error: ChoriaError | None = None

    async def take(self) -> None:
        """Look, and keep what is wrong."""
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await self._take()
        except ChoriaError as error:
            self.error = error
        except TimeoutError:
            self.error = ConnectError(
                f"{self.settings.source} and {self.settings.target} did not tell all that was "
                f"asked within {CHECK_SECONDS:g} s: look whether JetStream is well there"
            )

    async def _take(self) -> None:
        async with contextlib.AsyncExitStack() as stack:
            sides = await _open_pair(self.settings, stack)
            source_js, target_js = JetStream(sides.source), JetStream(sides.target)
            self.source = await source_stream(source_js, self.settings)
            self.found = await find_target(target_js, self.settings, self.source)
            target = await self._target(source_js, target_js, self.source, self.found)
            sight = Sight(self.settings, self.manner, self.source, target, source_js, target_js)
            look = pool_steps if self.settings.pool else ordered_steps
            steps, start = await look(sight)
            self.steps += [*steps, *await subject_steps(sight, start), *sampling_steps(sight)]

    async def _target(
        self, source_js: JetStream, target_js: JetStream, source: StreamInfo, found: Found
    ) -> Target:
        """The target stream as it is, or as it would be made."""
        server, info = target_js.transport.server, found.info
        if info is None:
            request = await clone_request(source_js, target_js, self.settings, source, found.name)
            if not server.cluster:
                request = replace(request, max_replicas=1)
            clone = clone_config(source.config, request)
            await refuse_overlap(target_js, self.settings, clone)
            subjects = ", ".join(clone.config["subjects"])
            self.steps += [f"would make stream {found.name} with subjects {subjects}"]
            self.steps += clone.adaptations
            info = StreamInfo(clone.config, StreamState())
        return Target(info, server.release)

    def finding(self) -> Finding:
        """What came of it."""
        settings = self.settings
        return Finding(
            settings,
            self.source.name if self.source else settings.source_stream,
            self.found.name if self.found else settings.target_stream,
            self.source.state.messages if self.source else 0,
            () if self.error else tuple(self.steps),
            self.error,
        )


async def check_entries(entries: Sequence[StreamSettings], manner: Manner) -> list[Finding]:
    """Look at both sides of every entry, within half a minute, and change nothing."""
    looks = [_Look(settings, manner) for settings in entries]
    async with asyncio.TaskGroup() as group:
        for look in looks:
            group.create_task(look.take())
    for look in looks:
        if look.error is None and look.found is not None:
            look.error = _refusal(manner.claims.claim, look.settings, look.found)
    return [look.finding() for look in looks]


def _refusal(
    claim: Callable[[StreamSettings, Found], None], settings: StreamSettings, found: Found
) -> ChoriaError | None:
    try:
        claim(settings, found)
    except ChoriaError as error:
        return error
    return None


async def _open_pair(settings: StreamSettings, stack: contextlib.AsyncExitStack) -> Sides:
    """Both connections, made side by side; the source's trouble is told first."""
    tries = await asyncio.gather(
        _open(settings, stack, is_source=True),
        _open(settings, stack, is_source=False),
        return_exceptions=True,
    )
    source, target = tries
    if isinstance(source, BaseException):
        raise source
    if isinstance(target, BaseException):
        raise target
    return Sides(source, target)


async def _open(
    settings: StreamSettings, stack: contextlib.AsyncExitStack, *, is_source: bool
) -> LeanTransport:
    endpoint = settings.source if is_source else settings.target
    cluster = settings.source_cluster if is_source else settings.target_cluster
    transport = await connect(
        endpoint, name="choria replicate --check", timeout_seconds=CONNECT_SECONDS
    )
    await stack.enter_async_context(transport)
    await refuse_streaming_cluster(transport, cluster)
    return transport
