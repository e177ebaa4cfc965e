"""Each part between nodes and the centre is killed once: what was acknowledged arrives once.

``CHORIA_LARGE_FLEETS=1``, which ``nox -s faults`` sets, has 5,000 nodes register for three
minutes; elsewhere 200 nodes do, for as long as it takes.
"""

import itertools
import json
import os
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest
import structlog

from choria_core.broker.options import ANY_PORT
from choria_replicator.sampling.limiter import sample
from choria_testing.copies import difference, origin_of
from choria_testing.emulated_fleets import EmulatedFleet
from choria_testing.fixtures import MakeBroker, MakeProxy
from choria_testing.programs import Program
from choria_testing.proxy import Proxy
from choria_testing.registration_path import (
    PREFIX,
    SAMPLED,
    STREAM,
    RegistrationPath,
    idle_figures,
    registration_path,
)
from choria_testing.streams import Held


@dataclass(frozen=True)
class Form:
    """How large it is.

    Attributes:
        nodes: how many register.
        interval_seconds: how often each does.
        age_seconds: the sampled copy has one message of each in so long.
        duration_seconds: the fleet ends so long after all nodes are there; 0 for when we say so.
    """

    nodes: int
    interval_seconds: int
    age_seconds: int
    duration_seconds: int = 0


SHORT: Final = Form(nodes=200, interval_seconds=1, age_seconds=3)
LONG: Final = Form(nodes=5_000, interval_seconds=10, age_seconds=30, duration_seconds=180)
FORM: Final = LONG if os.environ.get("CHORIA_LARGE_FLEETS") else SHORT

ROUNDS: Final = 2
"""So often each node registers between two faults."""

GRACE_SECONDS: Final = 60.0

log = structlog.get_logger()
"""What it tells is shown by ``pytest -rP``."""

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]


async def test_what_was_acknowledged_arrives_once_whatever_is_killed(
    make_broker: MakeBroker, make_proxy: MakeProxy, tmp_path: Path
) -> None:
    dc1, central = [await make_broker(monitor_port=ANY_PORT) for _ in range(2)]
    async with registration_path(dc1, central, tmp_path, age_seconds=FORM.age_seconds) as path:
        journey = Journey(path, await make_proxy(dc1))
        await journey.run()
        source = await path.near.read(STREAM)
        copy, sampled = await path.far.read(STREAM), await path.far.read(SAMPLED)

    log.info("the journey", **journey.figures, messages=len(source), sampled=len(sampled))
    assert len({one.subject for one in source}) == FORM.nodes
    check_acknowledged(source, path.witness.acknowledged)
    assert difference(renamed(source), copy) == ""
    assert difference(passing(renamed(source)), sampled) == ""
    assert crowded(sampled) == []


class Journey:
    """From the first registration to the last copy, past four faults.

    Args:
        path: the way.
        proxy: of dc1's broker, for what adapters publish.

    Attributes:
        figures: what there is to tell of it.
    """

    def __init__(self, path: RegistrationPath, proxy: Proxy) -> None:
        self.figures: dict[str, int] = {}
        self._path = path
        self._proxy = proxy
        path.store_port = proxy.port
        self._stack = AsyncExitStack()
        self._due = 0

    async def run(self) -> None:
        """Run all of it; nothing runs on but the brokers."""
        async with self._stack as stack:
            path = self._path
            adapter = await stack.enter_async_context(path.adapter())
            replicator = await stack.enter_async_context(path.replicator())
            await adapter.said("the adapter is ready")
            fleet = await self._fleet()

            adapter, before = await self._kill_adapter(adapter)
            replicator = await self._kill_replicator(replicator)
            await self._kill_central()
            last = await self._kill_dc1()
            patience = FORM.age_seconds + GRACE_SECONDS
            await path.anew(FORM.nodes, last, within_seconds=patience)

            await self._end_fleet(fleet)
            await self._end_adapter(adapter, before)
            await path.copied(await path.stored())
            await ended_well(replicator)
        async with path.replicator("--once") as program:  # for the sampled copy
            assert await program.ended() == 0, program.output

    async def _fleet(self) -> EmulatedFleet:
        words = ["--duration", f"{FORM.duration_seconds}s"] if FORM.duration_seconds else []
        nodes = self._path.nodes(FORM.nodes, f"{FORM.interval_seconds}s", *words)
        return await self._stack.enter_async_context(nodes)

    def _next(self) -> int:
        """A sequence at which something is killed: in the midst of nodes' messages."""
        self._due += ROUNDS * FORM.nodes
        return self._due + FORM.nodes // (3 * FORM.interval_seconds)

    async def _kill_adapter(self, adapter: Program) -> tuple[Program, int]:
        """The next adapter, and how many messages this one stored."""
        await self._path.witness.hears(self._next())
        await killed(adapter)
        before = await self._path.settled()
        self.figures["stored by the killed adapter"] = before
        return await self._stack.enter_async_context(self._path.adapter()), before

    async def _kill_replicator(self, replicator: Program) -> Program:
        self.figures["copied by the killed replicator"] = await self._path.copied(self._next())
        await killed(replicator)
        return await self._stack.enter_async_context(self._path.replicator())

    async def _kill_central(self) -> None:
        path = self._path
        self.figures["copied when central was killed"] = await path.copied(self._next())
        await path.central.kill()
        await path.central.start()
        await path.far.lean.wait_connected()

    async def _kill_dc1(self) -> int:
        """The sequence of dc1's last message before it was killed.

        It has acknowledged some of them to the witness alone: the adapter repeats these.
        """
        path, proxy = self._path, self._proxy
        await path.witness.hears(self._next())
        proxy.stall_answers()
        await path.witness.hears(await path.stored() + FORM.nodes // 10)
        await path.dc1.kill()
        await proxy.cut()  # with the answers that it holds
        proxy.resume()
        await path.dc1.start()
        await proxy.restore()
        await path.near.lean.wait_connected()
        self.figures["stored when dc1 was killed"] = last = await path.stored()
        return last

    async def _end_fleet(self, fleet: EmulatedFleet) -> None:
        if not FORM.duration_seconds:
            fleet.program.terminate()
        code = await fleet.program.ended(within_seconds=FORM.duration_seconds + GRACE_SECONDS)
        assert code == 0, fleet.program.output

    async def _end_adapter(self, adapter: Program, before: int) -> None:
        """It has told the truth: what it says is stored is, and no other."""
        figures = await idle_figures(adapter)
        await ended_well(adapter)
        for name in ("received", "dropped", "published", "duplicates", "retries"):
            self.figures[name] = figures[name]
        assert (figures["refusals"], figures["lost"]) == ({}, {}), adapter.output
        assert figures["duplicates"] > 0
        assert figures["published"] == await self._path.stored() - before


async def killed(program: Program) -> None:
    """Kill a program that runs."""
    assert program.exit_code is None, program.output
    program.kill()
    await program.ended()


async def ended_well(program: Program) -> None:
    """Ask a program to end, which it does without complaint."""
    program.terminate()
    assert await program.ended() == 0, program.output


def check_acknowledged(source: Sequence[Held], acknowledged: dict[int, str]) -> None:
    """dc1 still holds all that it was heard to acknowledge, and nothing twice."""
    assert [one.sequence for one in source] == list(range(1, len(source) + 1))
    ids = {one.sequence: str(one.named("Nats-Msg-Id")) for one in source}
    assert len(acknowledged) > len(source) // 2
    assert {seq: ids.get(seq) for seq in acknowledged} == acknowledged
    assert [name for name, times in Counter(ids.values()).items() if times > 1] == []
    requests = Counter(json.loads(one.body)["requestid"] for one in source)
    assert [name for name, times in requests.items() if times > 1] == []


def renamed(source: Sequence[Held]) -> list[Held]:
    """``source`` with its message ids as copies have them, whose own ids are the replicator's."""
    was, becomes = b"Nats-Msg-Id:", b"Choria-SR-Msg-Id:"
    return [replace(one, header=one.header.replace(was, becomes)) for one in source]


def passing(source: Sequence[Held]) -> list[Held]:
    """What the sampled copy holds of ``source``, under its subjects."""
    senders = [str(json.loads(one.body)["sender"]) for one in source]
    times = [one.timestamp_ms for one in source]
    verdicts = sample(zip(times, senders, strict=True), FORM.age_seconds * 1000)
    return [
        replace(one, subject=f"{PREFIX}.{one.subject}")
        for one, passes in zip(source, verdicts, strict=True)
        if passes
    ]


def crowded(sampled: Sequence[Held]) -> list[str]:
    """Nodes of which there are two messages within one age."""
    times: dict[str, list[int]] = {}
    for one in sampled:
        times.setdefault(one.subject, []).append(origin_of(one)[1])
    return [
        subject
        for subject, moments in times.items()
        if any(b - a < FORM.age_seconds * 1000 for a, b in itertools.pairwise(moments))
    ]
