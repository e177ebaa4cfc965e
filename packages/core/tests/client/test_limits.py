"""How many nodes a limit leaves, and which."""

import pytest

from choria_core.client.limits import limited, parse_limit
from choria_core.client.records import Limit
from choria_core.errors import UsageError

NODES = [f"n{number}" for number in range(10)]


def test_numbers_and_shares_are_told_apart() -> None:
    assert parse_limit("10") == Limit(count=10)
    assert parse_limit("10%", method="random", seed=3) == Limit(percent=10, method="random", seed=3)


@pytest.mark.parametrize("text", ["", "0", "0%", "-1", "ten", "1.5", "10 %", "%"])
def test_other_texts_are_no_limit(text: str) -> None:
    with pytest.raises(UsageError, match="a limit is a number of nodes"):
        parse_limit(text)


def test_the_first_nodes_are_taken() -> None:
    assert limited(NODES, Limit(count=3), method="first") == ("n0", "n1", "n2")
    assert limited(NODES, Limit(percent=25), method="first") == ("n0", "n1")
    assert limited(NODES, Limit(count=99), method="first") == tuple(NODES)
    assert limited(NODES, None, method="first") == tuple(NODES)


def test_a_seed_chooses_the_same_nodes_whatever_order_they_answered_in() -> None:
    limit = Limit(count=3, method="random", seed=7)
    chosen = limited(NODES, limit, method="first")
    assert chosen == limited(NODES[::-1], limit, method="first")
    assert len(set(chosen)) == 3
    others = [limited(NODES, Limit(count=3, seed=seed), method="random") for seed in range(20)]
    assert len(set(others)) > 1


def test_a_share_of_nothing_and_an_unknown_method_are_refused() -> None:
    with pytest.raises(UsageError, match="5% of 10 nodes is none"):
        limited(NODES, Limit(percent=5), method="first")
    with pytest.raises(UsageError, match="first or random, not 'best'"):
        limited(NODES, Limit(count=1), method="best")
