"""A fleet of another size keeps its proportions."""

from hypothesis import given
from hypothesis import strategies as st

from choria_emulator.fleet.plan import FleetPlan, Group
from choria_emulator.supervisor.scaling import scaled


def plan(counts: list[int]) -> FleetPlan:
    return FleetPlan(
        groups=tuple(
            Group(name=f"g{number}", prefix=f"g{number}", count=count)
            for number, count in enumerate(counts)
        )
    )


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=8), st.integers(0, 100_000))
def test_the_groups_add_up_and_no_share_is_off_by_a_node(counts: list[int], total: int) -> None:
    found = scaled(plan(counts), total)
    assert sum(found.values()) == total
    whole = sum(counts)
    for number, count in enumerate(counts):
        if whole:
            assert abs(found[f"g{number}"] - total * count / whole) < 1


def test_an_empty_fleet_grows_in_its_first_group() -> None:
    assert scaled(plan([0, 0]), 5) == {"g0": 5, "g1": 0}
