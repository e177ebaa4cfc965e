"""A target of three replicas, whose leader goes in mid-copy.

| what must hold | remedy guarded |
|---|---|
| another leader is found and the copy goes on behind the tail | resync on gap and error |
| a killed leader is noticed by silence | an overdue confirmation is an error |
| no refusal makes the replicas give the stream up | without fast ingest, one message at a time |
"""

import contextlib
from collections.abc import AsyncIterator, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from choria_core.broker.server import Broker
from choria_core.errors import RequestTimeoutError, WorkError
from choria_testing.brokers import JetStreamCluster
from choria_testing.fixtures import MakeBroker

if TYPE_CHECKING:
    from packages.replicator.tests.ordered_copy.conftest import Copying, Lab, LabBetween

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

MESSAGES = {"fast ingest": 3_000, "message-id chain": 300}
"""Few where each waits for its confirmation, which takes long on a busy machine."""


@pytest_asyncio.fixture
async def lab(
    jetstream_cluster: JetStreamCluster,
    make_broker: MakeBroker,
    lab_between: "LabBetween",
    writer: str,
    logs: list[MutableMapping[str, Any]],
) -> AsyncIterator["Lab"]:
    """A lab whose target is the cluster; its streams are looked at by its first member."""
    source = await make_broker()
    async with lab_between(source, jetstream_cluster.brokers[0], writer, logs) as made:
        made.target_url = jetstream_cluster.url
        await made.make_source()
        await made.make_target(num_replicas=3, storage="file")
        await made.fill(MESSAGES[writer])
        yield made


async def leader(lab: "Lab") -> str:
    """Name of the member that leads the target stream."""
    return str((await lab.target.stream_info("NODES")).cluster.get("leader", ""))


async def place_leader(lab: "Lab", *, away_from: Broker) -> str:
    """Let another member than ``away_from`` lead; returns its name."""
    while (name := await leader(lab)) in ("", away_from.options.name):
        await step_down(lab)
    return name


async def step_down(lab: "Lab") -> None:
    """Tell the leader to go; where there is none just then, it is gone already."""
    with contextlib.suppress(RequestTimeoutError):
        await lab.target.lean.request("$JS.API.STREAM.LEADER.STEPDOWN.NODES")


async def halfway(lab: "Lab") -> tuple["Copying", Callable[[], None]]:
    """A copy with a sixth confirmed and the rest held up; the function lets it go on."""
    copying = await lab.start()
    release = copying.hold_behind(MESSAGES[lab.writer] // 3)
    await copying.until(lambda: copying.confirmed > MESSAGES[lab.writer] // 6)
    return copying, release


async def test_a_leader_that_steps_down_in_mid_copy_is_no_matter(lab: "Lab") -> None:
    copying, release = await halfway(lab)
    release()
    await step_down(lab)
    await copying.settled(MESSAGES[lab.writer])

    await lab.assert_exact()


async def test_a_leader_that_is_killed_in_mid_copy_is_replaced(
    lab: "Lab", jetstream_cluster: JetStreamCluster
) -> None:
    """The copy is connected to a member that lives on, so that no connection tells it."""
    lab.target_url = jetstream_cluster.brokers[0].url
    name = await place_leader(lab, away_from=jetstream_cluster.brokers[0])
    victim = next(b for b in jetstream_cluster.brokers if b.options.name == name)
    copying, release = await halfway(lab)
    await victim.kill()
    release()
    await copying.settled(MESSAGES[lab.writer])

    assert lab.interruptions
    await lab.assert_exact()


async def test_a_foreign_message_in_mid_copy_is_named_and_the_stream_lives_on(lab: "Lab") -> None:
    copying, release = await halfway(lab)
    await lab.foreign()
    release()

    with pytest.raises(WorkError, match=r"nodes\.foreign.*no copy made by a replicator"):
        await copying.ended()

    await lab.foreign()
    copies = await lab.copies()
    assert [one.body for one in copies[-2:]] == [b"foreign", b"foreign"]
    assert [one.body for one in copies[:-2]] == [b"%d" % n for n in range(len(copies) - 2)]
