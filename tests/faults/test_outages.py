"""A side that goes away for a while is waited for, and nothing is lost or doubled."""

import pytest

from choria_testing.copies import difference
from choria_testing.crossing import PREMADE, STREAM, Crossing
from choria_testing.fixtures import MakeProxy
from choria_testing.programs import Program
from choria_testing.proxy import Proxy
from choria_testing.streams import Sent

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]

COUNT = 20_000
FAR_SECONDS = 0.005


@pytest.fixture(params=sorted(PREMADE))
def writer(request: pytest.FixtureRequest) -> str:
    """The kind of writer that the target stream leads to."""
    return str(request.param)


async def prepare(crossing: Crossing, writer: str) -> None:
    """Make a source with the first two fifths, and a target for the writer."""
    await crossing.make_source()
    await crossing.make_target(**PREMADE[writer])
    await fill(crossing, percent=40)


async def fill(crossing: Crossing, *, percent: int) -> None:
    """Let the source hold so much: nobody can have copied more before."""
    first = (await crossing.source.stream_info(STREAM)).state.last_seq + 1
    last = COUNT * percent // 100
    await crossing.source.fill(
        Sent(f"orders.{n % 7}", b"%d " % n + b"x" * 300) for n in range(first, last + 1)
    )


async def finish(crossing: Crossing, program: Program) -> None:
    """Let the program copy the rest, then look at what came of it."""
    await fill(crossing, percent=100)
    await crossing.copied(program, COUNT)
    program.terminate()
    assert await program.ended() == 0, program.output
    assert difference(*await crossing.both()) == ""


async def test_a_target_that_was_away_for_a_while(crossing: Crossing, writer: str) -> None:
    await prepare(crossing, writer)

    async with crossing.replicate(crossing.write_settings()) as program:
        await crossing.copied(program, COUNT // 10)
        await crossing.target_broker.kill()
        await program.said("copying was interrupted")
        await program.said("refused")  # as it tries to connect
        await crossing.target_broker.start()

        await finish(crossing, program)


async def test_a_target_behind_a_network_that_swallows_everything(
    crossing: Crossing, writer: str, make_proxy: MakeProxy
) -> None:
    proxy = await make_proxy(crossing.target_broker, delay_seconds=FAR_SECONDS)
    crossing.target_url = proxy.url
    await prepare(crossing, writer)

    async with crossing.replicate(crossing.write_settings()) as program:
        await crossing.copied(program, COUNT // 10)
        proxy.stall()
        await fill(crossing, percent=80)  # some of it is sent and swallowed
        await program.said("the target has confirmed nothing for")
        proxy.resume()

        await finish(crossing, program)


@pytest.mark.parametrize("side", ["source", "target"])
async def test_a_partition_of_one_side(
    crossing: Crossing, side: str, writer: str, make_proxy: MakeProxy
) -> None:
    proxy = await proxy_before(crossing, side, make_proxy)
    await prepare(crossing, writer)

    async with crossing.replicate(crossing.write_settings()) as program:
        for times in (1, 2):
            await fill(crossing, percent=40 * times)
            await program.said('"msg": "copying"', count=times)
            await crossing.copied(program, COUNT * (40 * times - 30) // 100)
            await proxy.cut()
            await program.said("copying was interrupted", count=times)
            await proxy.restore()

        await finish(crossing, program)


async def proxy_before(crossing: Crossing, side: str, make_proxy: MakeProxy) -> Proxy:
    """Put a proxy in the replicator's way to one side."""
    broker = crossing.source_broker if side == "source" else crossing.target_broker
    proxy = await make_proxy(broker, delay_seconds=FAR_SECONDS)
    if side == "source":
        crossing.source_url = proxy.url
    else:
        crossing.target_url = proxy.url
    return proxy
