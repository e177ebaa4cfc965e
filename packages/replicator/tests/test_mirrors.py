"""A mirror, or a stream with sources, is copied like any other stream."""

import asyncio
import contextlib

import pytest

from choria_core.errors import ChoriaError, ConfigError
from choria_replicator.entry import Manner
from choria_replicator.service import replicator_of
from choria_replicator.settings.model import from_options
from choria_testing.copies import origins
from choria_testing.fixtures import MakeBroker
from choria_testing.streams import Sent, open_streams

ORIGIN = {"name": "NODES", "subjects": ["nodes.>"]}


def numbered(first: int, last: int) -> list[Sent]:
    return [Sent(f"nodes.n{n % 3}", b"%d" % n) for n in range(first, last + 1)]


async def error_of(source: str, target: str, stream: str) -> ChoriaError | None:
    """What ends the copy of a stream that only the command line names."""
    manner = Manner(instance="test", once=True)
    replicator = replicator_of(from_options(source, target, [stream]), manner)
    async with asyncio.timeout(60):
        with contextlib.suppress(ExceptionGroup):
            await replicator.run(asyncio.Event())
    return replicator.entries[0].error


@pytest.mark.parametrize(
    "config", [{"mirror": {"name": "NODES"}}, {"sources": [{"name": "NODES"}]}]
)
async def test_it_is_copied_without_a_filter(
    make_broker: MakeBroker, config: dict[str, object]
) -> None:
    source, target = (await make_broker()).url, (await make_broker()).url
    async with open_streams(source) as near, open_streams(target) as far:
        await near.create_stream(ORIGIN)
        await near.fill(numbered(1, 30))
        await near.create_stream({"name": "COPY", **config})
        await near.grown("COPY", to=30)

        assert await error_of(source, target, "COPY") is None

        assert (await far.stream_info("COPY")).subjects == ("nodes.>",)
        copies = await far.read("COPY")
        assert origins(copies) == list(range(1, 31))
        assert [(one.subject, one.body) for one in copies] == [
            (one.subject, one.body) for one in await near.read("COPY")
        ]


async def test_one_that_dropped_what_was_copied_is_still_the_same_stream(
    make_broker: MakeBroker,
) -> None:
    """Its messages are older than it is, which tells nothing of a stream made anew."""
    source, target = (await make_broker()).url, (await make_broker()).url
    async with open_streams(source) as near, open_streams(target) as far:
        await near.create_stream(ORIGIN)
        await near.fill(numbered(1, 30))
        await near.create_stream({"name": "COPY", "mirror": {"name": "NODES"}})
        await near.grown("COPY", to=30)
        assert await error_of(source, target, "COPY") is None
        await near.fill(numbered(31, 40))
        await near.reached("COPY", sequence=40)
        await near.purge_stream("COPY", seq=31)

        assert await error_of(source, target, "COPY") is None

        assert origins(await far.read("COPY")) == list(range(1, 41))


async def test_an_empty_one_whose_origin_is_out_of_sight_is_refused_with_what_to_do(
    make_broker: MakeBroker,
) -> None:
    source, target = (await make_broker()).url, (await make_broker()).url
    async with open_streams(source) as near:
        await near.create_stream({"name": "COPY", "mirror": {"name": "ABSENT"}})

    error = await error_of(source, target, "COPY")

    assert isinstance(error, ConfigError)
    assert "stream COPY lists no subjects of its own, holds nothing yet" in str(error)
    assert "set filter_subject in a configuration file" in str(error)
