"""What cannot go well is refused by name, with the exit code that is promised."""

import asyncio

import pytest

from choria_testing.copies import difference
from choria_testing.crossing import PREMADE, STREAM, Crossing
from choria_testing.secured_brokers import SecuredBroker
from choria_testing.streams import Sent

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]

COUNT = 20_000
SOME = COUNT * 2 // 5


def numbered(first: int, last: int) -> list[Sent]:
    """Messages with their numbers."""
    return [Sent(f"orders.{n % 7}", b"%d " % n + b"x" * 300) for n in range(first, last + 1)]


@pytest.mark.parametrize("writer", sorted(PREMADE))
async def test_a_second_writer_in_mid_copy_is_noticed_and_named(
    crossing: Crossing, writer: str
) -> None:
    await crossing.make_source()
    await crossing.make_target(**PREMADE[writer])
    await crossing.source.fill(numbered(1, SOME))

    async with crossing.replicate(crossing.write_settings()) as program:
        await crossing.copied(program, COUNT // 10)
        await crossing.target.fill([Sent("orders.foreign", b"not a copy")])
        await crossing.source.fill(numbered(SOME + 1, COUNT))
        assert await program.ended() == 1, program.output

    assert "(orders.foreign), the last of stream ORDERS" in program.output
    assert "another writer uses the target" in program.output
    source, target = await crossing.both()
    *copies, foreign = target
    assert foreign.body == b"not a copy"
    assert COUNT // 10 <= len(copies) <= SOME
    assert difference(source[: len(copies)], copies) == ""


@pytest.mark.parametrize("side", ["source", "target"])
async def test_wrong_credentials_end_the_program_with_3(
    crossing: Crossing, password_broker: SecuredBroker, side: str
) -> None:
    await crossing.make_source()
    wrong = password_broker.wrong
    url = password_broker.broker.url.replace("://", f"://{wrong.user}:{wrong.password}@")
    if side == "source":
        crossing.source_url = url
    else:
        crossing.target_url = url

    async with crossing.replicate(crossing.write_settings()) as program:
        assert await program.ended() == 3, program.output

    assert f"127.0.0.1:{password_broker.broker.port}" in program.output
    assert f"{wrong.password}@" not in program.output


async def test_an_absent_source_stream_ends_the_program_with_1(crossing: Crossing) -> None:
    async with crossing.replicate(crossing.write_settings()) as program:
        assert await program.ended() == 1, program.output

    assert f"there is no stream {STREAM} at nats://127.0.0.1" in program.output


async def test_an_absent_target_stream_that_must_not_be_made_ends_it_with_1(
    crossing: Crossing,
) -> None:
    await crossing.make_source()

    async with crossing.replicate(crossing.write_settings(no_target_create=True)) as program:
        assert await program.ended() == 1, program.output

    assert f"there is no stream {STREAM} at" in program.output
    assert await crossing.target.find_stream(STREAM) is None


@pytest.mark.parametrize("writer", sorted(PREMADE))
async def test_of_two_processes_of_one_entry_the_first_gives_way_and_names_the_second(
    crossing: Crossing, writer: str
) -> None:
    await crossing.make_source()
    await crossing.make_target(**PREMADE[writer])
    await crossing.source.fill(numbered(1, SOME))
    settings = crossing.write_settings()

    async with crossing.replicate(settings) as first:
        await crossing.copied(first, COUNT // 10)
        async with crossing.replicate(settings) as second:
            assert await first.ended() == 1, first.output
            await crossing.source.fill(numbered(SOME + 1, COUNT))
            await crossing.copied(second, COUNT)
            second.terminate()
            assert await second.ended() == 0, second.output

    assert f":{second.pid}:" in first.output.rpartition("is now copied by")[2]
    assert difference(*await crossing.both()) == ""


async def test_many_processes_of_one_entry_started_at_once_lose_and_double_nothing(
    crossing: Crossing,
) -> None:
    await crossing.make_source()
    await crossing.source.fill(numbered(1, COUNT))
    settings = crossing.write_settings()

    async def run() -> int:
        async with crossing.replicate(settings, "--once") as program:
            return await program.ended()

    codes = await asyncio.gather(*(run() for _ in range(5)))

    assert set(codes) <= {0, 1}
    assert 0 in codes
    assert difference(*await crossing.both()) == ""
