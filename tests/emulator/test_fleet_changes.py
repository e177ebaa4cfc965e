"""Fleets that change while they run: larger, smaller, cut, and by groups of a file."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio

from choria_core.broker.options import ANY_PORT
from choria_core.broker.server import Broker
from choria_testing.askers import asking
from choria_testing.emulated_fleets import connections, emulated_fleet
from choria_testing.fixtures import MakeBroker
from choria_testing.programs import run_choria

FILE: Final = """\
groups:
  web:
    count: {web}
    classes: [role::web]
    facts: {{country: mt, os: {{name: debian}}}}
    collectives: [mcollective, europe]
  db:
    count: {db}
    agents: 2
    classes: [role::db]
    facts: {{country: de}}
    drop: 0%
"""

pytestmark = pytest.mark.timeout(180)


@pytest_asyncio.fixture
async def broker(make_broker: MakeBroker) -> AsyncIterator[Broker]:
    """A broker with a monitor."""
    yield await make_broker(jetstream=False, monitor_port=ANY_PORT)


async def names_at(broker: Broker, prefix: str) -> list[str]:
    """Names of connections that begin with ``prefix``."""
    found = [str(one.get("name")) for one in await connections(broker.monitor_url)]
    return sorted(name for name in found if name.startswith(prefix))


def numbered(count: int, prefix: str = "emu") -> list[str]:
    """Names of nodes, sorted as text."""
    return sorted(f"{prefix}-{number}" for number in range(1, count + 1))


async def test_signals_and_the_page_change_how_many_nodes_there_are(broker: Broker) -> None:
    words = ("--instances", "50", "--name", "emu", "--workers", "2")
    async with emulated_fleet(*words, "--server", f"127.0.0.1:{broker.port}") as fleet:
        await fleet.ready()
        async with asking(f"127.0.0.1:{broker.port}") as asker:
            fleet.program.send(signal.SIGUSR1)
            await fleet.holds(55)
            assert await asker.told("startup", 5) == {f"emu-{number}" for number in range(51, 56)}
            assert await asker.ping(55) == set(numbered(55))

            fleet.program.send(signal.SIGUSR2)
            await fleet.holds(50)
            gone = {f"emu-{number}" for number in range(51, 56)}
            assert await asker.told("shutdown", 5) == gone

            status, text = await fleet.resize(80)
            assert status == 200, text
            await fleet.holds(80)
            assert await asker.ping(80) == set(numbered(80))

            status, text = await fleet.resize(0)
            assert status == 200, text
            await fleet.holds(0)
            assert await asker.told("shutdown", 80) == set(numbered(80))
            assert await names_at(broker, "emu") == []

            assert (await fleet.resize(10))[0] == 200
            await fleet.holds(10)
            assert await asker.ping(10) == set(numbered(10))


async def test_a_page_that_may_only_show_changes_nothing(broker: Broker) -> None:
    words = ("--instances", "5", "--name", "emu", "--read-only")
    async with emulated_fleet(*words, "--server", f"127.0.0.1:{broker.port}") as fleet:
        await fleet.ready()
        assert (await fleet.resize(9))[0] == 403
        assert await names_at(broker, "emu") == numbered(5)


async def test_groups_do_not_grow_into_each_others_names(broker: Broker, tmp_path: Path) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_text(
        "groups:\n  low: {prefix: emu, count: 10}\n  high: {prefix: emu, offset: 10, count: 10}\n"
    )
    words = ("--fleet", str(file), "--server", f"127.0.0.1:{broker.port}")
    async with emulated_fleet(*words) as fleet:
        await fleet.ready()
        status, text = await fleet.resize(40)
        assert status != 200
        assert "low and high would both have nodes emu-11 to emu-20" in text
        await fleet.holds(20)
        assert await names_at(broker, "emu") == numbered(20)


async def test_a_storm_cuts_everybody_once_and_tells_how_long_it_took(broker: Broker) -> None:
    words = ("--instances", "100", "--name", "emu", "--reconnect-storm", "--workers", "2")
    async with emulated_fleet(*words, "--server", f"127.0.0.1:{broker.port}") as fleet:
        await fleet.ready()
        first = {one["name"]: one["cid"] for one in await connections(broker.monitor_url)}
        line = await fleet.program.said("storm: ")
        assert "all 100 nodes were cut, and are back after " in line
        assert await names_at(broker, "emu") == numbered(100)
        then = {one["name"]: one["cid"] for one in await connections(broker.monitor_url)}
        assert not [name for name in numbered(100) if first[name] == then[name]]
        async with asking(f"127.0.0.1:{broker.port}") as asker:
            assert await asker.ping(100) == set(numbered(100))


async def test_a_fleet_made_smaller_in_a_storm_is_ready_again(broker: Broker) -> None:
    words = ("--instances", "300", "--name", "emu")
    async with emulated_fleet(*words, "--server", f"127.0.0.1:{broker.port}") as fleet:
        await fleet.ready()
        assert (await fleet.storm())[0] == 200
        assert (await fleet.resize(20))[0] == 200
        await fleet.holds(20)
        assert await names_at(broker, "emu") == numbered(20)


async def test_groups_of_a_file_are_found_by_what_they_are(broker: Broker, tmp_path: Path) -> None:
    file, config = tmp_path / "fleet.yaml", tmp_path / "client.conf"
    file.write_text(FILE.format(web=12, db=7))
    config.write_text(
        "identity = desk.example\nplugin.security.provider = file\ncollectives = mcollective,europe"
        f"\nplugin.choria.middleware_hosts = 127.0.0.1:{broker.port}\n"
        "plugin.choria.use_srv = false\ndiscovery_timeout = 1\n"
    )

    async def found(*words: str) -> list[str]:
        environment = {"INSECURE_YES_REALLY": "true", "HOME": str(tmp_path)}
        ask = run_choria("find", "--config", str(config), *words, environment=environment)
        async with ask as program:
            await program.ended()
        return sorted(line for line in program.lines if "warning" not in line)

    async with emulated_fleet(
        "--fleet", str(file), "--server", f"127.0.0.1:{broker.port}"
    ) as fleet:
        await fleet.ready()
        web, db = numbered(12, "web"), numbered(7, "db")
        answers = await asyncio.gather(
            found("-F", "country=mt"),
            found("-F", "country=de"),
            found("-C", "role::db"),
            found("-C", "/^role/"),
            found("-A", "emulated1"),
            found("-I", "web-3", "-I", "/db-[12]$/"),
            found("-T", "europe"),
            found("-S", "fact('os.name') == 'debian' and not with('role::db')"),
            found("-F", "country=mt", "-C", "role::db"),
        )
        assert answers == [
            web,
            db,
            db,
            sorted(web + db),
            db,
            ["db-1", "db-2", "web-3"],
            web,
            web,
            ["error: no nodes were found"],
        ]

        file.write_text(FILE.format(web=15, db=5))
        fleet.program.send(signal.SIGUSR1)
        await fleet.holds(20)
        assert await names_at(broker, "web") == numbered(15, "web")
        assert await names_at(broker, "db") == numbered(5, "db")

        file.write_text("groups: {web: {count: none}}")
        fleet.program.send(signal.SIGUSR1)
        await fleet.program.said("the fleet stays as it is")
        await fleet.holds(20)
