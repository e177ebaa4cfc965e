"""Which brokers are connected to."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from choria_core.errors import ConfigError, RequestTimeoutError
from choria_core.nats.endpoint import ServerAddress
from choria_core.network_config.brokers import SrvRecord, find_brokers
from choria_core.network_config.host import HostNames, srv_domain
from choria_core.network_config.load import load_client
from choria_core.network_config.records import Brokers
from packages.core.tests.network_config.conftest import MakeHost, WriteFile

DOMAIN = "example.net"
BROKERS = f"_mcollective-server._tcp.{DOMAIN}"
OLDER_BROKERS = f"_x-puppet-mcollective._tcp.{DOMAIN}"
FEDERATION = f"_mcollective-federation_server._tcp.{DOMAIN}"


class Dns:
    """A zone, and the names that were asked for."""

    def __init__(self, **zone: list[SrvRecord]) -> None:
        self.zone: dict[str, list[SrvRecord]] = dict(zone)
        self.asked: list[str] = []

    async def __call__(self, name: str) -> Sequence[SrvRecord]:
        self.asked.append(name)
        return self.zone.get(name, [])


@pytest.fixture
def unset(write: WriteFile, make_host: MakeHost) -> Brokers:
    """Nothing is configured."""
    return load_client(write("client.cfg", ""), host=make_host()).brokers


async def test_configured_brokers_need_no_dns(unset: Brokers) -> None:
    dns = Dns()
    hosts = (ServerAddress("b", 1), ServerAddress("a", 2))

    found = await find_brokers(replace(unset, hosts=hosts), domain=DOMAIN, resolve=dns)

    assert found.servers == hosts
    assert found.source == "plugin.choria.middleware_hosts"
    assert dns.asked == []


async def test_records_come_in_the_order_of_their_priority(unset: Brokers) -> None:
    records = [
        SrvRecord("late.", 1, priority=20, weight=100),
        SrvRecord("light.", 2, priority=10, weight=1),
        SrvRecord("heavy.", 3, priority=10, weight=9),
    ]
    dns = Dns(**{OLDER_BROKERS: records})

    found = await find_brokers(unset, domain=DOMAIN, resolve=dns)

    assert [str(server) for server in found.servers] == [
        "nats://heavy:3",
        "nats://light:2",
        "nats://late:1",
    ]
    assert dns.asked == [BROKERS, OLDER_BROKERS]
    assert OLDER_BROKERS in found.source


@pytest.mark.parametrize(
    ("use_srv", "domain", "asked"),
    [(True, DOMAIN, [BROKERS, OLDER_BROKERS]), (True, "", []), (False, DOMAIN, [])],
)
async def test_the_last_resort_is_a_host_called_puppet(
    unset: Brokers, *, use_srv: bool, domain: str, asked: list[str]
) -> None:
    dns = Dns()

    found = await find_brokers(replace(unset, use_srv=use_srv), domain=domain, resolve=dns)

    assert found.servers == (ServerAddress("puppet", 4222),)
    assert dns.asked == asked


async def test_a_dns_that_does_not_answer_is_noted(unset: Brokers) -> None:
    async def dead(name: str) -> Sequence[SrvRecord]:
        raise RequestTimeoutError(name, 5.0)

    found = await find_brokers(unset, domain=DOMAIN, resolve=dead)

    assert found.servers == (ServerAddress("puppet", 4222),)
    assert len(found.notes) == 2


async def test_a_federated_client_asks_the_federations_brokers(unset: Brokers) -> None:
    hosts = (ServerAddress("near", 1),)
    federated = replace(unset, hosts=hosts, federation_collectives=("uk",))
    own = (ServerAddress("far", 2),)
    dns = Dns(**{FEDERATION: [SrvRecord("srv", 3)]})

    by_srv = await find_brokers(federated, domain=DOMAIN, resolve=dns)
    configured = await find_brokers(
        replace(federated, federation_hosts=own), domain=DOMAIN, resolve=dns
    )

    assert by_srv.servers == (ServerAddress("srv", 3),)
    assert configured.servers == own


async def test_a_federation_without_brokers_is_refused(unset: Brokers) -> None:
    federated = replace(unset, federation_collectives=("uk",), use_srv=False)

    with pytest.raises(ConfigError, match=r"set plugin\.choria\.federation_middleware_hosts"):
        await find_brokers(federated, domain=DOMAIN, resolve=Dns())


@pytest.mark.parametrize(
    ("configured", "facter", "domain"),
    [("a.b", "c.d", "a.b"), ("", "c.d", "c.d"), ("", "", "e.f")],
)
def test_the_domain(configured: str, facter: str, domain: str) -> None:
    names = HostNames(lambda: "", facter_domain=lambda: facter)

    assert srv_domain(configured, "node.e.f", names) == domain
