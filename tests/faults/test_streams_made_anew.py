"""Streams that are emptied, wiped or made anew under a copy, at work or at rest."""

import pytest

from choria_testing.copies import difference, origins
from choria_testing.crossing import PREMADE, STREAM, Crossing
from choria_testing.programs import Program
from choria_testing.streams import Sent

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]

COUNT = 10_000
SOME = COUNT // 3


@pytest.fixture(params=sorted(PREMADE))
def writer(request: pytest.FixtureRequest) -> str:
    """The kind of writer that the target stream leads to."""
    return str(request.param)


@pytest.fixture
async def filled(crossing: Crossing, writer: str) -> Crossing:
    """With a source, and an empty target for the writer."""
    await crossing.make_source()
    await crossing.make_target(**PREMADE[writer])
    await crossing.source.fill(numbered(1, COUNT))
    return crossing


def numbered(first: int, last: int) -> list[Sent]:
    """Messages with their numbers."""
    return [Sent(f"orders.{n % 7}", b"%d " % n + b"x" * 300) for n in range(first, last + 1)]


async def stopped(program: Program) -> None:
    """Stop it in order."""
    program.terminate()
    assert await program.ended() == 0, program.output


async def finished(crossing: Crossing, *words: str) -> str:
    """Copy to the end; what was said meanwhile."""
    async with crossing.replicate(crossing.write_settings(), "--once", *words) as program:
        assert await program.ended() == 0, program.output
        return program.output


async def test_a_target_purged_while_copying_gets_the_rest(filled: Crossing) -> None:
    async with filled.replicate(filled.write_settings()) as program:
        await filled.copied(program, SOME)
        await filled.target.purge_stream(STREAM)
        await filled.source.fill(numbered(COUNT + 1, COUNT + 100))  # were it done by then
        await filled.copied(program, COUNT + 100)
        await stopped(program)

    source, target = await filled.both()
    first = origins(target)[0]
    assert SOME < first <= COUNT + 1
    assert difference(source[first - 1 :], target) == ""


async def test_a_target_purged_between_runs_gets_the_rest(filled: Crossing) -> None:
    async with filled.replicate(filled.write_settings()) as program:
        await filled.copied(program, SOME)
        await stopped(program)
    copied = len((await filled.both())[1])
    await filled.target.purge_stream(STREAM)
    await filled.source.fill(numbered(COUNT + 1, COUNT + 100))  # were all copied by then

    output = await finished(filled)

    assert f"the target was emptied; all up to {copied} had been settled" in output
    source, target = await filled.both()
    assert difference(source[copied:], target) == ""


async def test_a_target_purged_after_a_kill_gets_all_that_was_not_settled(
    filled: Crossing,
) -> None:
    async with filled.replicate(filled.write_settings()) as program:
        await filled.kill_at(program, SOME)
    copied = await filled.target.purge_stream(STREAM)
    await filled.source.fill(numbered(COUNT + 1, COUNT + 100))  # were all copied by then

    await finished(filled)

    source, target = await filled.both()
    first = origins(target)[0]
    assert first <= copied + 1
    assert difference(source[first - 1 :], target) == ""


async def test_a_target_wiped_while_copying_gets_all_anew(filled: Crossing, writer: str) -> None:
    async with filled.replicate(filled.write_settings()) as program:
        await filled.copied(program, SOME)
        await filled.target.delete_stream(STREAM)
        await filled.make_target(**PREMADE[writer])
        await filled.source.fill(numbered(COUNT + 1, COUNT + 100))
        await program.said("the target is empty", count=2)
        await filled.copied(program, COUNT + 100)
        await stopped(program)

    assert difference(*await filled.both()) == ""


async def test_a_target_wiped_between_runs_gets_all_anew(filled: Crossing, writer: str) -> None:
    async with filled.replicate(filled.write_settings()) as program:
        await filled.kill_at(program, SOME)
    await filled.target.delete_stream(STREAM)
    await filled.make_target(**PREMADE[writer])

    output = await finished(filled)

    assert "the target is empty" in output
    assert difference(*await filled.both()) == ""


@pytest.mark.parametrize("count", [SOME // 2, COUNT], ids=["shorter", "as long"])
async def test_a_source_made_anew_between_runs_is_refused_until_told_to_restart(
    filled: Crossing, count: int
) -> None:
    async with filled.replicate(filled.write_settings()) as program:
        await filled.kill_at(program, SOME)
    before = (await filled.both())[1]
    await filled.source.delete_stream(STREAM)
    await filled.make_source()
    await filled.source.fill(numbered(1, count))

    async with filled.replicate(filled.write_settings(), "--once") as program:
        assert await program.ended() == 1, program.output
        assert f"stream {STREAM} on the source is not the one copied so far" in program.output
        assert f"--restart {STREAM}" in program.output
    await finished(filled, "--restart", STREAM)

    source, target = await filled.both()
    assert target[: len(before)] == before
    assert difference(source, target[len(before) :]) == ""


async def test_a_source_made_anew_while_copying_ends_the_program_with_1(
    filled: Crossing,
) -> None:
    async with filled.replicate(filled.write_settings()) as program:
        await filled.copied(program, SOME)
        await filled.source.delete_stream(STREAM)
        await filled.make_source()
        await filled.source.fill(numbered(1, 10))
        assert await program.ended() == 1, program.output

    assert f"stream {STREAM} on the source is not the one copied so far" in program.output
    await finished(filled, "--restart", STREAM)
    assert origins((await filled.both())[1])[-10:] == list(range(1, 11))


async def test_a_consumer_removed_between_runs_is_made_anew_behind_the_tail(
    filled: Crossing,
) -> None:
    """Without it, where "the end" was at the first start is not known any more."""
    settings = filled.write_settings(
        start_at_end=True, inspect_field="nothing", inspect_duration="1h"
    )
    async with filled.replicate(settings) as program:
        await program.said('"msg": "copying"')
        await filled.source.fill(numbered(COUNT + 1, COUNT + SOME))
        await filled.kill_at(program, COUNT + SOME // 2)
    await filled.source.fill(numbered(COUNT + SOME + 1, 2 * COUNT))
    for consumer in [c async for c in filled.source.consumers(STREAM)]:
        await filled.source.delete_consumer(STREAM, consumer.name)

    async with filled.replicate(settings, "--once") as program:
        assert await program.ended() == 0, program.output

    source, target = await filled.both()
    assert difference(source[COUNT:], target) == ""
