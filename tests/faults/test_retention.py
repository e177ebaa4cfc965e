"""Sources that forget what is acknowledged: nothing may be acknowledged too early."""

import json

import pytest

from choria_testing.copies import difference
from choria_testing.crossing import PREMADE, STREAM, Crossing
from choria_testing.ordeal import KILLS, Ordeal
from choria_testing.streams import Held, Sent

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]

COUNT = 20_000


def numbered(number: int) -> Sent:
    """A message unlike any other."""
    return Sent(f"orders.{number % 7}", b"%d " % number + b"x" * (number * 37 % 400))


@pytest.mark.parametrize("retention", ["interest", "workqueue"])
@pytest.mark.parametrize("writer", sorted(PREMADE))
async def test_nothing_is_lost_or_doubled(crossing: Crossing, writer: str, retention: str) -> None:
    await crossing.make_source(retention=retention)
    await crossing.make_target(**PREMADE[writer])
    settings = crossing.write_settings()
    async with crossing.replicate(settings) as program:  # without interest nothing is stored
        await program.said("copying")
    messages = [numbered(n) for n in range(1, COUNT + 1)]

    await Ordeal(crossing, settings, messages, kills=KILLS[::2]).run()

    target = await crossing.target.read(STREAM)
    assert difference(expected(messages, target), target) == ""
    assert (await crossing.source.stream_info(STREAM)).state.messages == 0


@pytest.mark.parametrize("retention", ["interest", "workqueue"])
async def test_a_sampled_stream_is_what_its_rule_says(crossing: Crossing, retention: str) -> None:
    """With so long an interval each sender is copied once, by its first message."""
    await crossing.make_source(retention=retention)
    await crossing.make_target(**PREMADE["fast ingest"])
    states = {"state_store": str(crossing.folder / "state")}
    settings = crossing.write_settings(top=states, inspect_field="sender", inspect_duration="1d")
    async with crossing.replicate(settings) as program:
        await program.said("copying")
    messages = [sensed(n) for n in range(1, COUNT + 1)]

    await Ordeal(crossing, settings, messages, kills=KILLS[::2]).run()

    copied = [json.loads(copy.body) for copy in await crossing.target.read(STREAM)]
    assert copied == first_of_each(messages)
    assert (await crossing.source.stream_info(STREAM)).state.messages == 0


def sensed(number: int) -> Sent:
    """What a sender says; again and again a new one appears."""
    sender = number * 7919 % (number // 10 + 1)
    return Sent("orders.sensor", json.dumps({"n": number, "sender": f"sensor{sender}"}).encode())


def first_of_each(messages: list[Sent]) -> list[dict[str, object]]:
    """The first message of each sender."""
    bodies = [json.loads(message.body) for message in messages]
    firsts = {body["sender"]: body for body in reversed(bodies)}
    return [body for body in bodies if firsts[body["sender"]] is body]


def expected(messages: list[Sent], target: list[Held]) -> list[Held]:
    """The messages as the source held them, which forgot them; only their times are not known."""
    times = [int((copy.named("Choria-SR-Source") or "").split(" ")[4]) for copy in target]
    times += [0] * (len(messages) - len(times))
    return [
        Held(number, message.subject, message.header, message.body, times[number - 1])
        for number, message in enumerate(messages, start=1)
    ]
