"""Whatever is killed in mid-copy, the target ends up as if nothing had been."""

import json
from pathlib import Path

import pytest

from choria_replicator.sampling.limiter import sample
from choria_testing.copies import difference
from choria_testing.crossing import PREMADE, SITE, Crossing
from choria_testing.ordeal import KILLS, Ordeal
from choria_testing.streams import Held, Sent

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

MANY, FEWER = 100_000, 25_000
SENDERS = 500
INTERVAL_MS = 20
MIXED = 3_000
LARGE_BYTES = (1 << 20) - 512
"""The default max_payload less what the copy's headers take."""


@pytest.fixture(params=sorted(PREMADE))
def writer(request: pytest.FixtureRequest) -> str:
    """The kind of writer that the target stream leads to."""
    return str(request.param)


async def test_a_large_stream_arrives_in_order_and_exactly_once(
    crossing: Crossing, writer: str
) -> None:
    await crossing.make_source()
    await crossing.make_target(**PREMADE[writer])
    messages = [numbered(n) for n in range(1, MANY + 1)]
    ordeal = Ordeal(crossing, crossing.write_settings(), messages)

    last_words = await ordeal.run()

    assert writer in last_words
    assert len(ordeal.killed_at) >= 10
    source, target = await crossing.both()
    assert len(source) == MANY
    assert difference(source, target) == ""


@pytest.mark.parametrize(
    ("writer", "count", "keeps_state"),
    [
        pytest.param("fast ingest", MANY, True, id="fast ingest, with state"),
        pytest.param("fast ingest", FEWER, False, id="fast ingest, without state"),
        pytest.param("message-id chain", FEWER, True, id="chain, with state"),
    ],
)
async def test_a_sampled_stream_is_what_its_rule_says(
    crossing: Crossing, writer: str, count: int, *, keeps_state: bool
) -> None:
    await crossing.make_source()
    await crossing.make_target(**PREMADE[writer])
    states = crossing.folder / "state"
    settings = crossing.write_settings(
        top={"state_store": str(states)} if keeps_state else {},
        inspect_field="sender",
        inspect_duration=f"{INTERVAL_MS}ms",
    )
    ordeal = Ordeal(crossing, settings, [sensed(n) for n in range(1, count + 1)])

    last_words = await ordeal.run()

    assert writer in last_words
    source, target = await crossing.both()
    expected = sampled(source)
    assert SENDERS < len(expected) < count * 9 // 10
    assert difference(expected, target) == ""
    assert files_in(states) == ({f"ORDERS_{SITE}.json"} if keeps_state else set())


async def test_headers_empty_bodies_and_large_messages_survive(
    crossing: Crossing, writer: str
) -> None:
    await crossing.make_source()
    await crossing.make_target(**PREMADE[writer])
    messages = [mixed(n) for n in range(1, MIXED + 1)]

    await Ordeal(crossing, crossing.write_settings(), messages, kills=KILLS[::2]).run()

    source, target = await crossing.both()
    assert difference(source, target) == ""
    assert {len(message.body) for message in target} >= {0, LARGE_BYTES}


def numbered(number: int) -> Sent:
    """A message unlike any other."""
    return Sent(f"orders.{number % 7}", b"%d " % number + b"x" * (number * 37 % 400))


def sensed(number: int) -> Sent:
    """What a sender says; now and then one says nothing of itself."""
    body = {"n": number, "sender": f"sensor{number * 7919 % SENDERS}"}
    if number % 997 == 0:
        del body["sender"]
    return Sent(f"orders.{number % 7}", json.dumps(body).encode())


def mixed(number: int) -> Sent:
    """Every kind of message in turn: plain, with headers, empty, large, and all at once."""
    lines = (f"Number: {number}", "Twice: a", "Twice: b", "Empty: ") if number % 3 == 0 else ()
    if number % 10 == 0:
        return Sent("orders.empty", b"", lines)
    if number % 101 == 0:
        room = sum(len(line) + 2 for line in lines)
        return Sent("orders.large", bytes([number % 251]) * (LARGE_BYTES - room), lines)
    return Sent("orders.small", b"%d " % number * (number % 40), lines)


def sampled(source: list[Held]) -> list[Held]:
    """What passes, by the plain statement of the rule."""
    senders = [str(json.loads(message.body).get("sender", "")) for message in source]
    times = [message.timestamp_ms for message in source]
    verdicts = sample(zip(times, senders, strict=True), INTERVAL_MS)
    return [message for message, passes in zip(source, verdicts, strict=True) if passes]


def files_in(folder: Path) -> set[str]:
    """Names of the files in ``folder``, which may be missing."""
    return {path.name for path in folder.iterdir()} if folder.exists() else set()
