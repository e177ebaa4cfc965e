"""A missing target stream is made from the source's configuration, whatever that is.

| what must hold | remedy guarded |
|---|---|
| copies of every kind of stream are stored and stay | what `stream_clone` leaves out or adapts |
| no marker of the target's own breaks the chain | delete markers are left to the source |
"""

from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

import pytest

from choria_replicator.settings.model import StreamSettings
from choria_testing.brokers import JetStreamCluster
from choria_testing.fixtures import MakeBroker
from choria_testing.streams import Sent

if TYPE_CHECKING:
    from packages.replicator.tests.ordered_copy.conftest import Lab, LabBetween

pytestmark = pytest.mark.parametrize("writer", ["fast ingest"])

AWKWARD: Mapping[str, Mapping[str, Any]] = {
    "interest": {"retention": "interest"},
    "workqueue": {"retention": "workqueue"},
    "max_msg_size": {"max_msg_size": 30},
    "no_ack": {"no_ack": True},
    "republish": {"republish": {"src": "nodes.>", "dest": "again.>"}},
    "subject_transform": {"subject_transform": {"src": "nodes.*", "dest": "moved.{{wildcard(1)}}"}},
    "schedules": {"allow_msg_schedules": True, "allow_msg_ttl": True, "allow_rollup_hdrs": True},
    "atomic": {"allow_atomic": True},
    "first_seq": {"first_seq": 1_000},
    "async persistence": {"persist_mode": "async", "storage": "file"},
    "max_msgs, discard new": {"max_msgs": 200, "discard": "new"},
    "per subject": {"max_msgs_per_subject": 50, "discard": "new", "discard_new_per_subject": True},
    "no deleting": {"deny_delete": True, "deny_purge": True},
    "compressed": {"storage": "file", "compression": "s2"},
    "consumer limits": {"consumer_limits": {"max_ack_pending": 50}},
    "metadata": {"metadata": {"owner": "us"}, "description": "described"},
    "another window": {"duplicate_window": 3600 * 10**9},
    "max_age": {"max_age": 3600 * 10**9},
    "max_bytes": {"max_bytes": 10_000_000},
    "placement": {"placement": {"cluster": ""}},
    "direct": {"allow_direct": True},
}
COUNT = 200
LEFT_OUT = (
    "allow_msg_schedules",
    "first_seq",
    "persist_mode",
    "placement",
    "republish",
    "sealed",
    "subject_delete_marker_ttl",
    "subject_transform",
)
"""Keys that would not hinder the copy at once, and must not be in the target all the same."""

MARKING = {"allow_msg_ttl": True, "allow_rollup_hdrs": True, "subject_delete_marker_ttl": 2 * 10**9}


async def interested(lab: "Lab", settings: StreamSettings) -> None:
    """An interest stream stores only what some consumer is there for."""
    copying = await lab.start(settings)
    await copying.until(lambda: copying.copy.consumer is not None)
    await copying.stop()


@pytest.mark.parametrize("kind", AWKWARD)
async def test_the_target_made_for_it_stores_all_and_keeps_it(lab: "Lab", kind: str) -> None:
    await lab.make_source(**AWKWARD[kind])
    settings = lab.settings(target_stream="MADE")
    if kind == "interest":
        await interested(lab, settings)
    for number in range(COUNT):
        await lab.source.lean.publish(f"nodes.n{number % 10}", b"%d" % number)
    await lab.source.lean.flush()
    await lab.source.grown("NODES", to=COUNT)

    copying = await lab.start(settings)
    await copying.until(lambda: copying.stats.copied_messages >= COUNT)
    await copying.stop()

    made = (await lab.target.stream_info("MADE")).config
    await lab.target.update_stream({**made, "consumer_limits": {}})  # so that the test can read
    copies = await lab.target.read("MADE")
    assert [int(one.body) for one in copies] == list(range(COUNT))
    assert not any(made.get(key) for key in LEFT_OUT if made.get(key) != "default")
    assert made["duplicate_window"] == 10 * 10**9  # longer ones cost memory
    assert copying.writer == lab.writer
    assert copying.stats.resyncs == 0


async def test_markers_of_removed_messages_are_the_sources_alone(lab: "Lab") -> None:
    """A marker that the target wrote itself would be a foreign tail."""
    await lab.make_source(**MARKING)
    settings = lab.settings(target_stream="MADE")
    copying = await lab.start(settings)
    await copying.until(lambda: copying.copy.consumer is not None)
    await lab.source.fill([Sent("nodes.n1", b"0"), Sent("nodes.n2", b"1", ("Nats-TTL: 2s",))])
    await copying.copied(2)
    await lab.source.reached("NODES", sequence=3)  # the marker
    await copying.copied(3)
    await lab.target.shrunk("MADE", to=2)

    copies = await lab.target.read("MADE")
    assert copying.stats.resyncs == 0
    assert [one.subject for one in copies] == ["nodes.n1", "nodes.n2"]
    assert copies[1].named("Nats-Marker-Reason") == "MaxAge"


@pytest.mark.parametrize(
    "limit",
    [{"max_msgs": 100}, {"max_msgs_per_subject": 10, "discard_new_per_subject": True}],
    ids=["in all", "by subject"],
)
async def test_a_target_that_is_full_makes_room(lab: "Lab", limit: Mapping[str, Any]) -> None:
    """The source refuses what is too much; there is no refusing what it took."""
    await lab.make_source(discard="new", **limit)
    settings = lab.settings(target_stream="MADE")
    for first in (0, 100):
        await lab.fill(100, first=first)
        await lab.once(settings)
        await lab.source.purge_stream("NODES")

    assert [int(one.body) for one in await lab.target.read("MADE")] == list(range(100, 200))


async def test_a_mirror_is_copied_into_an_ordinary_stream(lab: "Lab") -> None:
    await lab.make_source()
    await lab.fill(COUNT)
    await lab.source.create_stream({"name": "MIRROR", "mirror": {"name": "NODES"}})
    await lab.source.grown("MIRROR", to=COUNT)

    await lab.once(lab.settings(source_stream="MIRROR", target_stream="MADE"))

    assert [int(one.body) for one in await lab.target.read("MADE")] == list(range(COUNT))


async def test_a_stream_with_sources_is_copied_into_one_without(lab: "Lab") -> None:
    await lab.make_source()
    await lab.fill(COUNT)
    config = {"name": "JOINED", "subjects": ["own.>"]}
    await lab.source.create_stream(
        {**config, "sources": [{"name": "NODES", "filter_subject": "nodes.>"}]}
    )
    await lab.source.grown("JOINED", to=COUNT)

    await lab.once(lab.settings(source_stream="JOINED", target_stream="MADE"))

    assert [int(one.body) for one in await lab.target.read("MADE")] == list(range(COUNT))
    assert "sources" not in (await lab.target.stream_info("MADE")).config


async def test_a_sealed_stream_is_copied_into_an_open_one(lab: "Lab") -> None:
    info = await lab.make_source()
    await lab.fill(COUNT)
    await lab.source.update_stream({**info.config, "sealed": True})

    await lab.once(lab.settings(target_stream="MADE"))

    assert len(await lab.target.read("MADE")) == COUNT


async def test_the_totals_of_a_counter_are_copied_as_plain_messages(lab: "Lab") -> None:
    await lab.make_source(allow_msg_counter=True)
    await lab.source.fill(Sent("nodes.n1", b"", ("Nats-Incr: 2",)) for _ in range(50))

    await lab.once(lab.settings(target_stream="MADE"))

    copies = await lab.target.read("MADE")
    assert [one.body for one in copies][-1] == b'{"val":"100"}'
    assert len(copies) == 50


async def test_three_replicas_become_as_many_as_the_target_can_keep(
    jetstream_cluster: JetStreamCluster,
    make_broker: MakeBroker,
    lab_between: "LabBetween",
    writer: str,
    logs: list[MutableMapping[str, Any]],
) -> None:
    target = await make_broker()
    async with lab_between(jetstream_cluster.brokers[0], target, writer, logs) as lab:
        await lab.make_source(num_replicas=3)
        await lab.fill(COUNT)

        await lab.once()

        await lab.assert_exact()
        assert (await lab.target.stream_info("NODES")).config["num_replicas"] == 1
        assert any(
            "num_replicas" in entry["by"] for entry in lab.said("the new target stream differs")
        )
