"""How a copy ends when it is told to, and how the next run takes it up."""

import asyncio
import signal

import pytest

from choria_testing.copies import difference, origins
from choria_testing.crossing import PREMADE, Crossing
from choria_testing.fixtures import MakeProxy
from choria_testing.programs import Program
from choria_testing.proxy import Proxy
from choria_testing.streams import Sent

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]

COUNT = 10_000
PROMISED_SECONDS = 10.0
LEEWAY_SECONDS = 10.0
"""For a busy machine to end the process."""


@pytest.fixture(params=sorted(PREMADE))
async def filled(crossing: Crossing, request: pytest.FixtureRequest) -> Crossing:
    """With a source, and an empty target for each kind of writer."""
    await crossing.make_source()
    await crossing.make_target(**PREMADE[request.param])
    await crossing.source.fill(numbered(1, COUNT))
    return crossing


def numbered(first: int, last: int) -> list[Sent]:
    """Messages with their numbers."""
    return [Sent(f"orders.{n % 7}", b"%d " % n + b"x" * 300) for n in range(first, last + 1)]


async def in_flight(crossing: Crossing, program: Program, proxy: Proxy) -> None:
    """Return when some copies are on their way to a target that does not answer."""
    await crossing.copied(program, COUNT // 10)
    proxy.stall()
    await crossing.source.fill(numbered(COUNT + 1, COUNT + 1_000))
    await crossing.unsettled()


async def test_told_to_stop_in_mid_copy_it_ends_well_and_goes_on_next_time(
    filled: Crossing,
) -> None:
    settings = filled.write_settings()
    copied = 0
    for life, number in enumerate((signal.SIGTERM, signal.SIGINT), start=1):
        async with filled.replicate(settings) as program:
            await filled.copied(program, copied + COUNT // 10)
            program.send(number)
            assert await program.ended() == 0, program.output
        source, target = await filled.both()
        copied = len(target)
        assert difference(source[:copied], target) == ""
        await filled.source.fill(numbered(life * COUNT + 1, (life + 1) * COUNT))
    async with filled.replicate(settings, "--once") as program:
        assert await program.ended() == 0, program.output

    assert difference(*await filled.both()) == ""


async def test_with_a_target_that_does_not_answer_it_still_ends_in_time(
    filled: Crossing, make_proxy: MakeProxy
) -> None:
    proxy = await make_proxy(filled.target_broker)
    filled.target_url = proxy.url
    async with filled.replicate(filled.write_settings()) as program:
        await in_flight(filled, program, proxy)
        program.terminate()
        patience_seconds = PROMISED_SECONDS + LEEWAY_SECONDS
        assert await program.ended(within_seconds=patience_seconds) == 0, program.output
    proxy.resume()

    async with filled.replicate(filled.write_settings(), "--once") as program:
        assert await program.ended() == 0, program.output
    assert difference(*await filled.both()) == ""


async def test_told_twice_it_ends_at_once(filled: Crossing, make_proxy: MakeProxy) -> None:
    proxy = await make_proxy(filled.target_broker)
    filled.target_url = proxy.url
    async with filled.replicate(filled.write_settings()) as program:
        await in_flight(filled, program, proxy)
        ending = asyncio.create_task(program.ended(within_seconds=PROMISED_SECONDS))
        while not ending.done():  # signals that arrive together count as one
            program.terminate()
            await asyncio.wait({ending}, timeout=0.1)
        assert await ending == 128 + signal.SIGTERM, program.output

    newest = origins((await filled.both())[1])
    assert newest == list(range(1, len(newest) + 1))
