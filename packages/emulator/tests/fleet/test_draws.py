"""Chance that can be computed again: its definition, its evenness, its independence."""

import math
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_emulator.fleet.draws import (
    Draws,
    churn_minute,
    drops,
    fails,
    is_slow,
    latency_seconds,
)
from choria_emulator.fleet.plan import Behaviour, Group, Latency

NODES = [f"fleet-{number}" for number in range(1, 50_001)]
FIVE_SIGMA = 5.0

KNOWN = [
    (42, "slow", "web-7", 0, 0x7AD98B019D65D17F),
    (42, "drop", "web-7", 3, 0x68E3288290BF38BB),
    (0, "fail", "node-1", 1, 0x0ABA01829846DE3C),
    (42, "churn", "db-500", 59, 0xA898531862962CF9),
    (-5, "latency", "a.b-1", 12, 0xEF482EBE46C6E8A9),
    (42, "fact country", "web-1", 0, 0xBA9F11799A760356),
]


@pytest.mark.parametrize(("seed", "effect", "identity", "ordinal", "hashed"), KNOWN)
def test_a_draw_is_what_the_documents_say(
    seed: int, effect: str, identity: str, ordinal: int, hashed: int
) -> None:
    assert Draws(seed).share(effect, identity, ordinal) == (hashed >> 11) / 2**53


def test_the_shell_comes_to_the_same_draw() -> None:
    tool = shutil.which("b2sum")
    if tool is None:
        pytest.skip("needs b2sum of the GNU coreutils")
    text = b"7 slow fleet-12 0"

    printed = subprocess.run([tool, "-l", "64"], input=text, capture_output=True, check=True)

    hashed = int(printed.stdout.split()[0], 16)
    assert Draws(7).share("slow", "fleet-12") == (hashed >> 11) / 2**53


@given(st.integers(), st.text(max_size=20), st.text(max_size=20), st.integers(0))
def test_every_draw_lies_from_nothing_to_below_all(
    seed: int, effect: str, identity: str, ordinal: int
) -> None:
    effect, identity = (text.encode(errors="ignore").decode() for text in (effect, identity))

    assert 0 <= Draws(seed).share(effect, identity, ordinal) < 1


@pytest.mark.parametrize("seed", [1, 2, 42])
@pytest.mark.parametrize("share", [0.001, 0.01, 0.25, 0.5])
def test_shares_of_nodes_keep_to_the_binomial_law(seed: int, share: float) -> None:
    group = _group(Behaviour(slow=share, drop=share, fail=share, churn=share))
    draws, behaviour = Draws(seed), group.behaviour

    touched = {
        "slow": sum(is_slow(draws, group, node) for node in NODES),
        "drop": sum(drops(draws, group, node, 1) for node in NODES),
        "fail": sum(fails(draws, group, node, 1) for node in NODES),
        "churn": sum(churn_minute(draws, behaviour, node, 0) is not None for node in NODES),
    }

    sigma = math.sqrt(len(NODES) * share * (1 - share))
    for effect, count in touched.items():
        assert abs(count - len(NODES) * share) < FIVE_SIGMA * sigma, effect


def test_requests_of_one_node_keep_to_the_binomial_law() -> None:
    group, draws = _group(Behaviour(drop=0.1)), Draws(42)

    dropped = sum(drops(draws, group, "fleet-1", ordinal) for ordinal in range(50_000))

    assert abs(dropped - 5_000) < FIVE_SIGMA * math.sqrt(50_000 * 0.1 * 0.9)


def test_effects_are_drawn_apart() -> None:
    group, draws = _group(Behaviour(drop=0.1, fail=0.1)), Draws(42)

    both = sum(drops(draws, group, node, 1) and fails(draws, group, node, 1) for node in NODES)

    assert abs(both - 500) < FIVE_SIGMA * math.sqrt(50_000 * 0.01 * 0.99)


def test_the_same_seed_touches_the_same_nodes_in_any_order_and_another_seed_others() -> None:
    group = _group(Behaviour(slow=0.01))

    def slow(seed: int, nodes: list[str]) -> set[str]:
        draws = Draws(seed)
        return {node for node in nodes if is_slow(draws, group, node)}

    whole = slow(42, NODES)
    by_workers = [slow(42, NODES[worker::3][::-1]) for worker in range(3)]
    assert set().union(*by_workers) == whole
    assert len(whole & slow(43, NODES)) < len(whole) / 10


def test_a_larger_share_touches_what_a_smaller_one_touches() -> None:
    few, many, draws = _group(Behaviour(slow=0.01)), _group(Behaviour(slow=0.02)), Draws(1)

    assert all(is_slow(draws, many, node) for node in NODES if is_slow(draws, few, node))


def test_latency_lies_evenly_around_its_mean() -> None:
    behaviour, draws = Behaviour(latency=Latency(0.02, 0.01)), Draws(42)

    waits = [latency_seconds(draws, behaviour, node, 1) for node in NODES]

    assert all(0.01 <= wait <= 0.03 for wait in waits)
    sigma_of_mean = 0.01 / math.sqrt(3 * len(waits))
    assert abs(sum(waits) / len(waits) - 0.02) < FIVE_SIGMA * sigma_of_mean


def test_churn_is_spread_over_its_minute() -> None:
    behaviour, draws = Behaviour(churn=0.2), Draws(42)

    cuts = [at for node in NODES if (at := churn_minute(draws, behaviour, node, 3)) is not None]

    assert all(0 <= at < 60 for at in cuts)
    early = sum(at < 15 for at in cuts)
    assert abs(early - len(cuts) / 4) < FIVE_SIGMA * math.sqrt(len(cuts) * 0.25 * 0.75)


def test_churn_of_all_nodes_cuts_each_in_every_minute() -> None:
    behaviour, draws = Behaviour(churn=1.0), Draws(42)

    assert all(churn_minute(draws, behaviour, node, 0) is not None for node in NODES[:1000])


class _NoDraws(Draws):
    """Fails where anything is drawn."""

    __slots__ = ()

    def share(self, effect: str, identity: str, ordinal: int = 0) -> float:
        raise AssertionError((effect, identity, ordinal))


def test_what_happens_to_nobody_is_not_drawn() -> None:
    draws, group = _NoDraws(1), _group(Behaviour())

    assert not is_slow(draws, group, "fleet-1")
    assert not drops(draws, group, "fleet-1", 1)
    assert not fails(draws, group, "fleet-1", 1)
    assert latency_seconds(draws, group.behaviour, "fleet-1", 1) == 0.0
    assert latency_seconds(draws, Behaviour(latency=Latency(0.5)), "fleet-1", 1) == 0.5
    assert churn_minute(draws, group.behaviour, "fleet-1", 1) is None


def _group(behaviour: Behaviour) -> Group:
    return Group(name="fleet", prefix="fleet", count=len(NODES), behaviour=behaviour)
