"""Where connections come from."""

import itertools
import sys

import pytest

from choria_core.errors import UsageError
from choria_core.nats.endpoint import ServerAddress
from choria_emulator.embedded.addresses import loopback_sources, source_addresses

HERE = ServerAddress("127.0.0.1", 4222)
ELSEWHERE = ServerAddress("192.0.2.1", 4222)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux has many loopback addresses")


def test_a_large_fleet_comes_from_several_addresses() -> None:
    found = source_addresses([HERE, HERE], nodes=56_000, turn=5, ports=28_232)

    assert len(found) == len(set(found)) == 7
    assert found[0] == "127.1.5.1"


def test_starts_after_each_other_use_others() -> None:
    turns = [set(loopback_sources(5, turn=turn)) for turn in range(1000)]

    assert not any(one & other for one, other in itertools.pairwise(turns))


def test_every_turn_gives_addresses_of_this_machine() -> None:
    for turn in (0, 255, 256, 65_535, 4_194_303):
        found = tuple(loopback_sources(254, turn=turn))

        assert len(found) == 254
        assert source_addresses([ELSEWHERE], nodes=1, turn=0, ports=28_232, named=found) == found


@pytest.mark.parametrize("servers", [[ELSEWHERE], [HERE, ELSEWHERE], [ServerAddress("::1", 4222)]])
def test_the_system_chooses_where_a_broker_is_not_on_ipv4_loopback(
    servers: list[ServerAddress],
) -> None:
    assert source_addresses(servers, nodes=33_000, turn=1, ports=28_232) == ()


def test_a_broker_without_an_address_is_left_to_who_connects() -> None:
    assert (
        source_addresses([ServerAddress("no.such.invalid", 4222)], nodes=5, turn=1, ports=28_232)
        == ()
    )


@pytest.mark.parametrize("address", ["192.0.2.7", "localhost", "", "2001:db8::7"])
def test_an_address_of_another_machine_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match=r"--source .* is not an address of this machine"):
        source_addresses([HERE], nodes=1, turn=0, ports=28_232, named=[address])


def test_the_system_chooses_while_it_has_ports_enough() -> None:
    assert source_addresses([HERE], nodes=11_000, turn=1, ports=28_232) == ()
    assert source_addresses([HERE, HERE, HERE], nodes=33_000, turn=1, ports=28_232) == ()
    assert source_addresses([HERE], nodes=12_000, turn=1, ports=28_232) != ()
