"""How a fleet is shared out, before anything starts."""

import pytest

from choria_core.errors import UsageError
from choria_emulator.embedded.capacity import (
    Machine,
    Wanted,
    check_ports,
    least_holders,
    memory_estimate,
    most_connections,
    plan_capacity,
    surviving_brokers,
)

HERE = Machine(files=20_000, cpus=2)


def test_nine_tenths_of_the_files_are_for_connections() -> None:
    assert most_connections(20_000) == 18_000


@pytest.mark.parametrize(
    ("nodes", "least", "surviving"),
    [(1, 1, 2), (18_000, 1, 2), (18_001, 2, 3), (50_000, 3, 4), (54_000, 3, 4), (54_001, 4, 5)],
)
def test_brokers_needed_to_hold_a_fleet_and_to_survive_a_loss(
    nodes: int, least: int, surviving: int
) -> None:
    assert least_holders(nodes, 20_000) == least
    assert surviving_brokers(nodes, 20_000) == surviving
    assert (surviving - 1) * most_connections(20_000) >= nodes


def test_fifty_thousand_nodes_take_three_brokers_and_are_told_of_the_fourth() -> None:
    capacity = plan_capacity(Wanted(nodes=50_000), HERE)

    assert (capacity.workers, capacity.brokers, capacity.survives_loss) == (3, 3, False)
    assert capacity.notes == (
        "50000 nodes: 3 brokers hold them; to survive the loss of one it takes 4: --brokers 4",
    )


def test_one_more_broker_survives_a_loss() -> None:
    capacity = plan_capacity(Wanted(nodes=50_000, brokers=4), HERE)

    assert capacity.survives_loss
    assert "also after the loss of one" in capacity.notes[0]


def test_a_small_fleet_has_one_process_and_one_broker() -> None:
    capacity = plan_capacity(Wanted(nodes=100), HERE)

    assert (capacity.workers, capacity.brokers, capacity.notes) == (1, 1, ())


def test_a_larger_fleet_on_one_broker_is_told_what_survives_its_loss() -> None:
    assert "--brokers 2" in plan_capacity(Wanted(nodes=5_000), HERE).notes[0]


def test_more_nodes_use_all_cores() -> None:
    assert plan_capacity(Wanted(nodes=10_000), HERE).workers == 2


def test_brokers_elsewhere_are_not_counted() -> None:
    capacity = plan_capacity(Wanted(nodes=50_000, own_brokers=False, brokers=7), HERE)

    assert (capacity.brokers, capacity.survives_loss, capacity.notes) == (0, False, ())


@pytest.mark.parametrize(
    ("option", "wanted"),
    [
        ("workers", Wanted(nodes=50_000, workers=2)),
        ("brokers", Wanted(nodes=50_000, brokers=2)),
    ],
)
def test_too_few_are_refused_with_the_limit_the_number_and_the_fix(
    option: str, wanted: Wanted
) -> None:
    with pytest.raises(UsageError) as raised:
        plan_capacity(wanted, HERE)

    text = str(raised.value)
    assert f"--{option} 2" in text
    assert "20000 open files" in text
    assert "18000 nodes" in text
    assert f"--{option} 3" in text
    assert "ulimit -n 28000" in text


def test_the_advised_file_limit_is_enough() -> None:
    machine = Machine(files=28_000, cpus=2)

    assert plan_capacity(Wanted(nodes=50_000, workers=2, brokers=2), machine).brokers == 2


def test_too_little_memory_is_told() -> None:
    machine = Machine(files=20_000, memory_bytes=1_000_000_000)

    notes = plan_capacity(Wanted(nodes=50_000, subscriptions=700_000), machine).notes

    assert notes[-1].startswith("warning: this may take ")
    assert "1000 MB are available" in notes[-1]


def test_the_estimate_is_near_what_was_measured() -> None:
    """50,000 nodes of 14 subscriptions, while they answer: three brokers of 1.2 to 1.4 GB."""
    wanted = Wanted(nodes=50_000, subscriptions=700_000)

    assert 3.6e9 < memory_estimate(wanted, workers=3, brokers=3) < 5.4e9


def test_too_few_ports_are_refused() -> None:
    check_ports(28_232, brokers=1, sources=0, ports=28_232)
    check_ports(50_000, brokers=1, sources=2, ports=28_232)

    with pytest.raises(UsageError, match=r"50000 nodes.*28232 ports.*name 2 addresses"):
        check_ports(50_000, brokers=1, sources=1, ports=28_232)
