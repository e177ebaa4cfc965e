"""Verification is no decoration: whatever is wrong with the copy is noticed."""

import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest
import pytest_asyncio

from choria.demo.verification import Verified, verify_copy
from choria_core.broker.server import Broker
from choria_core.errors import WorkError
from choria_testing.streams import Held, Sent, Streams, open_streams

NODES = 3


class Lab:
    """Two brokers: the site's stream has two messages of each node, sent at once."""

    def __init__(self, pair: tuple[Broker, Broker], site: Streams, centre: Streams) -> None:
        self._pair = pair
        self.site = site
        self.centre = centre

    async def copies(self) -> list[Sent]:
        """What sampling lets through: the first message of each node."""
        return [copy_of(held) for held in (await self.site.read("NODES"))[:NODES]]

    async def verified(self, copies: Sequence[Sent]) -> Verified:
        """What is found where the centre has these."""
        await self.centre.fill(copies)
        site, centre = self._pair
        return await verify_copy(site.url, centre.url, last=2 * NODES, interval_seconds=60)


def copy_of(held: Held) -> Sent:
    line = f"Choria-SR-Source: NODES {held.sequence} central NODES {held.timestamp_ms}"
    return Sent(f"dc1.{held.subject}", held.body, (line,))


@pytest_asyncio.fixture
async def lab(broker_pair: tuple[Broker, Broker]) -> AsyncIterator[Lab]:
    async with contextlib.AsyncExitStack() as stack:
        sides = [await stack.enter_async_context(open_streams(one.url)) for one in broker_pair]
        for side, subjects in zip(sides, ("nodes.>", "dc1.nodes.>"), strict=True):
            await side.create_stream({"name": "NODES", "subjects": [subjects]})
        senders = [f"dc1-{number}" for _ in range(2) for number in range(NODES)]
        bodies = [json.dumps({"sender": sender}).encode() for sender in senders]
        await sides[0].fill(
            Sent(f"nodes.{sender}", body) for sender, body in zip(senders, bodies, strict=True)
        )
        yield Lab(broker_pair, *sides)


async def test_the_first_message_of_each_node_in_order_is_right(lab: Lab) -> None:
    found = await lab.verified(await lab.copies())

    assert found == Verified(messages=2 * NODES, copies=NODES)
    assert found.sampled_away == NODES


async def test_two_that_changed_places_are_noticed(lab: Lab) -> None:
    first, second, *rest = await lab.copies()
    with pytest.raises(WorkError, match="the copy of 2 where 1 belongs"):
        await lab.verified([second, first, *rest])


async def test_one_that_is_missing_is_noticed(lab: Lab) -> None:
    with pytest.raises(WorkError, match="2 copies instead of 3"):
        await lab.verified((await lab.copies())[:-1])


async def test_one_that_sampling_had_to_hold_back_is_noticed(lab: Lab) -> None:
    more = copy_of((await lab.site.read("NODES"))[NODES])
    with pytest.raises(WorkError, match="4 copies instead of 3"):
        await lab.verified([*await lab.copies(), more])


async def test_one_that_was_changed_is_noticed(lab: Lab) -> None:
    first, *rest = await lab.copies()
    with pytest.raises(WorkError, match="the copy of message 1 differs"):
        await lab.verified([replace(first, body=first.body + b" "), *rest])


async def test_a_message_under_the_subject_of_another_node_is_noticed(lab: Lab) -> None:
    copies = await lab.copies()
    await lab.site.fill([Sent("nodes.dc1-0", b'{"sender": "dc1-1"}')])
    site, centre = lab._pair
    await lab.centre.fill(copies)
    with pytest.raises(WorkError, match=r"dc1-1 is stored as nodes\.dc1-0"):
        await verify_copy(site.url, centre.url, last=2 * NODES + 1, interval_seconds=60)
