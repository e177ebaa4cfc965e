"""Entries that meet at one stream only when both sides were looked at."""

import asyncio
import contextlib
from dataclasses import replace
from typing import Any

import pytest

from choria_core.errors import ChoriaError, ConfigError
from choria_core.nats.endpoint_url import parse_endpoint
from choria_replicator.entry import Manner
from choria_replicator.service import replicator_of
from choria_replicator.settings.model import Pool, ReplicatorSettings, StreamSettings
from choria_replicator.survey import Found
from choria_testing.brokers import JetStreamCluster
from choria_testing.fixtures import MakeBroker
from choria_testing.streams import Sent, open_streams

CONFIG = {"name": "NODES", "subjects": ["nodes.>"]}
ACCOUNTS = """
accounts {
  A { jetstream: enabled, users: [{user: a, password: a}] }
  B { jetstream: enabled, users: [{user: b, password: b}] }
}
"""


def entry(source: str, target: str, **more: Any) -> StreamSettings:
    known: dict[str, Any] = {"entry": "nodes", "source_stream": "NODES", "target_stream": "NODES"}
    known |= {"dialect": "streams", "site": "site", "worker": more.get("entry", "nodes"), **more}
    return StreamSettings(source=parse_endpoint(source), target=parse_endpoint(target), **known)


async def errors_of(*entries: StreamSettings) -> list[ChoriaError | None]:
    """What ended each of the entries, run to their end in one process."""
    settings = ReplicatorSettings(site="site", dialect="streams", streams=entries)
    replicator = replicator_of(settings, Manner(instance="test", once=True))
    async with asyncio.timeout(60):
        with contextlib.suppress(ExceptionGroup):
            await replicator.run(asyncio.Event())
    return [one.error for one in replicator.entries]


async def fill(url: str, name: str = "NODES") -> None:
    async with open_streams(url) as streams:
        await streams.create_stream({"name": name, "subjects": [f"{name.lower()}.>"]})
        await streams.fill(Sent(f"{name.lower()}.{n}", b"x") for n in range(50))


async def held(url: str) -> int:
    async with open_streams(url) as streams:
        return (await streams.stream_info("NODES")).state.messages


@pytest.mark.parametrize("pool", [None, Pool(2, "group")])
async def test_a_stream_is_not_copied_onto_itself_by_another_name(
    make_broker: MakeBroker, pool: Pool | None
) -> None:
    url = (await make_broker()).url
    await fill(url)

    (error,) = await errors_of(entry(url, url.replace("127.0.0.1", "localhost"), pool=pool))

    assert isinstance(error, ConfigError)
    assert "would copy stream NODES onto itself: nats://127.0.0.1:" in str(error)
    assert "and nats://localhost:" in str(error)
    assert "remove its messages" not in str(error)
    assert await held(url) == 50


async def test_a_stream_is_not_copied_onto_itself_by_another_member_of_its_cluster(
    jetstream_cluster: JetStreamCluster,
) -> None:
    first, second, _ = jetstream_cluster.brokers
    await fill(first.url)

    (error,) = await errors_of(entry(first.url, second.url))

    assert isinstance(error, ConfigError)
    assert "onto itself" in str(error)
    assert await held(first.url) == 50


@pytest.mark.parametrize("is_there", [True, False])
async def test_of_two_entries_that_reach_one_target_by_two_names_one_is_refused(
    make_broker: MakeBroker, *, is_there: bool
) -> None:
    source, target = (await make_broker()).url, (await make_broker()).url
    await fill(source)
    await fill(source, "OTHER")
    if is_there:
        async with open_streams(target) as streams:
            await streams.create_stream({"name": "NODES", "subjects": ["nodes.>", "other.>"]})

    errors = await errors_of(
        entry(source, target, entry="one"),
        entry(
            source,
            target.replace("127.0.0.1", "localhost"),
            entry="two",
            source_stream="OTHER",
        ),
    )

    (error,) = [one for one in errors if one is not None]
    assert isinstance(error, ConfigError)
    assert "would both write to stream NODES" in str(error)
    assert "are the same cluster" in str(error)
    assert await held(target) == 50


async def test_one_account_is_copied_to_another_of_the_same_broker(
    make_broker: MakeBroker,
) -> None:
    url = (await make_broker(extra_config=ACCOUNTS)).url
    source, target = [url.replace("://", f"://{user}:{user}@") for user in "ab"]
    await fill(source)

    assert await errors_of(entry(source, target)) == [None]
    assert await held(target) == 50


async def test_an_entry_may_claim_its_target_again_when_that_was_made_anew(
    make_broker: MakeBroker,
) -> None:
    source, target = (await make_broker()).url, (await make_broker()).url
    await fill(source)
    one = entry(source, target)
    manner = Manner(instance="test", once=True)
    async with open_streams(target) as streams:
        made = await streams.create_stream(CONFIG)
        manner.claims.claim(one, Found("NODES", made, "id"))
        await streams.delete_stream("NODES")
        anew = await streams.create_stream(CONFIG)

    manner.claims.claim(one, Found("NODES", anew, "id"))
    with pytest.raises(ConfigError, match="entries nodes and two would both write"):
        manner.claims.claim(replace(one, entry="two", worker="two"), Found("NODES", anew, "id"))
