"""The constellations are what they claim to be."""

import dataclasses
import typing

from choria_core.broker.options import BrokerOptions
from choria_core.broker.server import Broker
from choria_testing.broker_settings import BrokerSettings
from choria_testing.brokers import JetStreamCluster, LeafnodePair, monitor_answer
from choria_testing.fixtures import MakeBroker


def test_broker_settings_are_the_fields_of_the_options() -> None:
    fields = {field.name for field in dataclasses.fields(BrokerOptions)}

    assert fields == set(typing.get_type_hints(BrokerSettings))


async def test_a_broker_has_jetstream_on_an_empty_store(make_broker: MakeBroker) -> None:
    broker = await make_broker(monitor_port=-1)

    answer = await monitor_answer(broker, "jsz")

    assert isinstance(answer, dict)
    assert "disabled" not in answer
    assert answer["streams"] == 0


async def test_a_pair_are_two_brokers(broker_pair: tuple[Broker, Broker]) -> None:
    first, second = broker_pair

    assert first.url != second.url
    assert first.store != second.store


async def test_leafnodes_are_linked(leafnode_pair: LeafnodePair) -> None:
    answer = await monitor_answer(leafnode_pair.hub, "leafz")

    assert isinstance(answer, dict)
    assert answer["leafnodes"] == 1


async def test_a_cluster_agrees_on_a_leader(jetstream_cluster: JetStreamCluster) -> None:
    answers = [await monitor_answer(broker, "jsz") for broker in jetstream_cluster.brokers]

    leaders = {answer["meta_cluster"]["leader"] for answer in answers if isinstance(answer, dict)}
    sizes = {
        answer["meta_cluster"]["cluster_size"] for answer in answers if isinstance(answer, dict)
    }
    assert len(leaders) == 1
    assert leaders <= {"member-1", "member-2", "member-3"}
    assert sizes == {3}
