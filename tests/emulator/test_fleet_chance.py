"""What chance does to a fleet, seen from outside: what the documented draw says, and no more."""

from hashlib import blake2b
from math import sqrt
from typing import Final

import pytest

from choria_core.broker.server import Broker
from choria_testing.askers import asking
from choria_testing.emulated_fleets import emulated_fleet

NODES: Final = 200
REQUESTS: Final = 4
DROP, FAIL, SLOW = 0.2, 0.25, 0.1
SIGMAS: Final = 5

IDENTITIES: Final = [f"emu-{number}" for number in range(1, NODES + 1)]

Seen = tuple[list[set[str]], list[set[str]]]
"""For each request, the nodes that did not answer, and those that failed."""

pytestmark = pytest.mark.timeout(180)


def share(seed: int, effect: str, identity: str, ordinal: int = 0) -> float:
    """The draw as the documentation has it."""
    text = f"{seed} {effect} {identity} {ordinal}".encode()
    number = int.from_bytes(blake2b(text, digest_size=8).digest(), "big")
    return (number >> 11) / 2.0**53


def drawn(seed: int) -> Seen:
    """What the draws say of each request."""
    silent, failed = [], []
    for ordinal in range(1, REQUESTS + 1):
        out = {one for one in IDENTITIES if share(seed, "drop", one, ordinal) < DROP}
        bad = {one for one in IDENTITIES if share(seed, "fail", one, ordinal) < FAIL}
        silent.append(out)
        failed.append(bad - out)
    return silent, failed


async def observed(broker: Broker, seed: int, workers: int) -> Seen:
    """What a fleet does."""
    server = f"127.0.0.1:{broker.port}"
    words = ("--instances", str(NODES), "--name", "emu", "--server", server)
    whims = ("--drop", f"{DROP:.0%}", "--fail", f"{FAIL:.0%}", "--random-seed", str(seed))
    silent, failed = [], []
    async with emulated_fleet(*words, *whims, "--workers", str(workers)) as fleet:
        await fleet.ready()
        async with asking(server) as asker:
            tokens = []
            for out in drawn(seed)[0]:
                token = await asker.order("emulated0", "generate", {"size": 10})
                await asker.replies(token, NODES - len(out))
                tokens.append(token)
            # When all have said goodbye whoever wanted to answer has done so.
            fleet.program.terminate()
            await asker.told("shutdown", NODES)
            for token in tokens:
                answers = asker.answers(token)
                silent.append(set(IDENTITIES) - answers.keys())
                failed.append({one for one, reply in answers.items() if reply.statuscode})
    return silent, failed


async def test_a_seed_touches_the_same_nodes_whatever_the_number_of_processes(
    broker: Broker,
) -> None:
    alone, shared = [await observed(broker, 7, workers) for workers in (1, 3)]
    assert alone == shared == drawn(7)
    assert drawn(8) != drawn(7)


async def test_shares_lie_within_what_chance_allows(broker: Broker) -> None:
    silent, failed = await observed(broker, 99, 2)
    draws = NODES * REQUESTS
    for seen, wanted in ((silent, DROP), (failed, FAIL * (1 - DROP))):
        count = sum(len(nodes) for nodes in seen)
        assert abs(count - draws * wanted) < SIGMAS * sqrt(draws * wanted * (1 - wanted))


async def test_slow_nodes_are_those_that_answer_last(broker: Broker) -> None:
    server = f"127.0.0.1:{broker.port}"
    words = ("--instances", str(NODES), "--name", "emu", "--server", server)
    async with emulated_fleet(*words, "--slow", f"{SLOW:.0%}:3s", "--random-seed", "5") as fleet:
        await fleet.ready()
        async with asking(server) as asker:
            token = await asker.ask()
            replies = list(await asker.replies(token, NODES))
    slow = {one for one in IDENTITIES if share(5, "slow", one) < SLOW}
    assert abs(len(slow) - NODES * SLOW) < SIGMAS * sqrt(NODES * SLOW * (1 - SLOW))
    assert set(replies[-len(slow) :]) == slow
