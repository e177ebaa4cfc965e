"""A server's registrations on a real broker, and what goes wrong with them."""

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from choria_core.broker.server import Broker
from choria_core.errors import ConfigError
from choria_core.hookspecs import RegistrationPlugin, hookimpl
from choria_core.protocol.messages import Filter
from choria_core.registration.registration import (
    RegisteringNode,
    Registration,
    RegistrationItem,
)
from choria_core.server.service import Server
from choria_testing import vectors
from choria_testing.fixtures import MakeBroker, MakeProxy
from choria_testing.programs import PATIENCE_SECONDS
from choria_testing.registering import (
    layers,
    node_config,
    payload_of,
    plugins_with,
    registering,
)
from choria_testing.serving import core_plugins


class Numbers(Registration):
    """Says one number after another."""

    def __init__(self, node: RegisteringNode) -> None:
        self._node = node
        self._number = 0

    async def item(self) -> RegistrationItem:
        self._number += 1
        wanted = Filter(identity=("reader.example",))
        body = {"node": self._node.identity, "number": self._number}
        target = self._node.config.option("plugin.numbers.target")
        return RegistrationItem(json.dumps(body).encode(), target, wanted)


class Faulty(Registration):
    """Fails in another way each time, and then speaks."""

    tries: ClassVar[list[BaseException]] = []

    def __init__(self, node: RegisteringNode) -> None:
        pass

    async def item(self) -> RegistrationItem | None:
        if self.tries:
            raise self.tries.pop(0)
        return RegistrationItem(b"at last")


class Unwilling(Registration):
    """Refuses its configuration."""

    def __init__(self, node: RegisteringNode) -> None:
        raise ConfigError("plugin.unwilling.key: write one")


class Local(Registration):
    """Counts how often it was asked."""

    is_local = True
    asked: ClassVar[asyncio.Event]

    def __init__(self, node: RegisteringNode) -> None:
        self._node = node

    async def item(self) -> None:
        assert self._node.connection().connected_server == ""
        self.asked.set()


class Ticks(Registration):
    """Tells that an interval is over."""

    is_local = True
    seen: ClassVar[asyncio.Event]

    def __init__(self, node: RegisteringNode) -> None:
        pass

    async def item(self) -> None:
        self.seen.set()


def hooks_with(**kinds: object) -> object:
    @hookimpl
    def choria_registrations() -> list[RegistrationPlugin]:
        return [RegistrationPlugin(name, kind) for name, kind in kinds.items()]

    return SimpleNamespace(choria_registrations=choria_registrations)


@pytest_asyncio.fixture
async def plain_broker(make_broker: MakeBroker) -> Broker:
    return await make_broker(jetstream=False)


async def test_a_registration_is_published_in_every_interval(
    plain_broker: Broker, tmp_path: Path
) -> None:
    config = node_config(
        tmp_path, "registration = numbers", "registerinterval = 1", broker=plain_broker
    )
    plugins = plugins_with(hooks_with(numbers=Numbers))
    async with registering(config, plain_broker, plugins) as node:
        bodies = [json.loads(payload_of((await node.registration()).data)) for _ in range(3)]
        figures = node.server.figures

    assert bodies == [{"node": "node1.example", "number": number} for number in (1, 2, 3)]
    assert figures.registrations == 3
    assert figures.lost_registrations == 0


async def test_the_outside_of_a_registration_is_that_of_the_recordings(
    plain_broker: Broker, tmp_path: Path
) -> None:
    recorded = next(
        message
        for message in vectors.messages("plain.jsonl")
        if message["subject"].endswith(".agent.registration")
    )
    plugins = plugins_with(hooks_with(numbers=Numbers))
    config = node_config(tmp_path, "registration = numbers", broker=plain_broker)
    async with registering(config, plain_broker, plugins) as node:
        message = await node.registration()

    assert message.subject == recorded["subject"]
    assert not message.reply
    url = f"nats://127.0.0.1:{plain_broker.port}"
    theirs, ours = layers(recorded["data"]), layers(message.data)
    assert ours[0]["headers"] == theirs[0]["headers"] | {"seen-by": [[url, "node1.example", url]]}
    assert ours[1].keys() == theirs[1].keys()
    assert (ours[1]["pubcert"], ours[1]["signature"]) == ("insecure", "insecure")
    envelope, model = ours[2]["envelope"], theirs[2]["envelope"]
    changing = {"requestid", "time", "filter"}
    assert envelope.keys() == model.keys()
    assert {key: envelope[key] for key in envelope.keys() - changing} == {
        key: model[key] for key in model.keys() - changing
    }
    assert len(envelope["requestid"]) == len(model["requestid"])
    assert envelope["filter"] == model["filter"] | {"identity": ["reader.example"]}


async def test_a_target_and_a_collective_are_as_configured(
    plain_broker: Broker, tmp_path: Path
) -> None:
    lines = [
        "registration = numbers",
        "collectives = mcollective, uk",
        "registration_collective = uk",
        "ttl = 90",
    ]
    plugins = plugins_with(hooks_with(numbers=Numbers))
    config = node_config(tmp_path, *lines, broker=plain_broker)
    async with registering(config, plain_broker, plugins, subject="uk.>") as node:
        message = await node.registration()
    assert message.subject == "uk.broadcast.agent.registration"
    assert layers(message.data)[2]["envelope"]["collective"] == "uk"
    assert layers(message.data)[2]["envelope"]["ttl"] == 90

    config = node_config(
        tmp_path, *lines, "plugin.numbers.target = inventory.nodes", broker=plain_broker
    )
    async with registering(config, plain_broker, plugins, subject="inventory.>") as node:
        message = await node.registration()
    assert message.subject == "inventory.nodes"
    assert layers(message.data)[2]["envelope"]["agent"] == "registration"


async def test_a_target_that_is_no_subject_is_told_and_nothing_is_sent(
    plain_broker: Broker, tmp_path: Path
) -> None:
    lines = ("registration = numbers, faulty", "plugin.numbers.target = $JS.API.x y")
    plugins = plugins_with(hooks_with(numbers=Numbers, faulty=Faulty))
    config = node_config(tmp_path, *lines, broker=plain_broker)
    with capture_logs() as logs:
        async with registering(config, plain_broker, plugins) as node:
            assert payload_of((await node.registration()).data) == b"at last"
    told = [line for line in logs if line["event"] == "a registration failed"]
    assert [line["registration"] for line in told] == ["numbers"]


async def test_a_plugin_that_fails_is_asked_again_and_disturbs_nobody(
    plain_broker: Broker, tmp_path: Path
) -> None:
    lines = ("registration = unwilling, faulty, numbers", "registerinterval = 1")
    kinds = {"numbers": Numbers, "faulty": Faulty, "unwilling": Unwilling}
    plugins = plugins_with(hooks_with(**kinds))
    Faulty.tries = [OSError(28, "No space left on device"), ZeroDivisionError("x"), SystemExit()]
    config = node_config(tmp_path, *lines, broker=plain_broker)
    with capture_logs() as logs:
        async with registering(config, plain_broker, plugins) as node:
            bodies = []
            while b"at last" not in bodies:
                bodies.append(payload_of((await node.registration()).data))
    assert len(bodies) >= 3  # the other went on
    failed = [line for line in logs if line["event"] == "a registration failed"]
    assert [line["registration"] for line in failed] == ["faulty"] * 3
    assert "No space left on device" in failed[0]["cause"]
    refused = next(line for line in logs if line["event"] == "the node does not register")
    assert (refused["registration"], refused["cause"]) == (
        "unwilling",
        "plugin.unwilling.key: write one",
    )


@pytest.mark.parametrize("splay", ["true", "false"])
async def test_an_interval_of_none_registers_nothing_and_says_so(
    plain_broker: Broker, tmp_path: Path, splay: str
) -> None:
    lines = ("registration = numbers", "registerinterval = 0", f"registration_splay = {splay}")
    config = node_config(tmp_path, *lines, broker=plain_broker)
    assert any("0 means that nothing is ever registered" in str(one) for one in config.warnings)

    server = Server(config, plugins_with(hooks_with(numbers=Numbers)))
    assert server.registrations.names == ()
    async with registering(config, plain_broker, plugins_with(hooks_with(numbers=Numbers))) as node:
        await node.server.registrations.live()  # it ends, as there is nothing to do


def test_a_registration_that_nobody_has_is_refused_with_its_place(tmp_path: Path) -> None:
    config = node_config(tmp_path, "registration = numbres")
    with pytest.raises(ConfigError) as refused:
        Server(config, plugins_with(hooks_with(numbers=Numbers)))
    assert str(refused.value) == (
        f"{tmp_path}/server.cfg:6: registration: there is no registration numbres; "
        "use one of: numbers; or install the plugin that has it"
    )
    with pytest.raises(ConfigError, match="use one of: none is installed"):
        Server(config, core_plugins())


def test_a_plugin_that_cannot_be_loaded_is_left_out(tmp_path: Path) -> None:
    config = node_config(tmp_path, "registration = Numbers, gone, odd")
    kinds = {"numbers": Numbers, "gone": "no.such.module:Kind", "odd": "json:dumps"}
    with capture_logs() as logs:
        server = Server(config, plugins_with(hooks_with(**kinds)))
    assert server.registrations.names == ("numbers",)
    causes = [line["cause"] for line in logs if line["event"] == "left out"]
    assert "cannot load its registration gone" in causes[0]
    assert "json:dumps is no Registration class" in causes[1]


async def test_what_publishes_nothing_needs_no_connection(tmp_path: Path) -> None:
    Local.asked = asyncio.Event()
    server = Server(
        node_config(tmp_path, "registration = local"), plugins_with(hooks_with(local=Local))
    )
    stop = asyncio.Event()
    running = asyncio.create_task(server.run(stop))
    await Local.asked.wait()
    stop.set()
    await running


async def test_without_a_connection_none_is_made_and_afterwards_they_go_on(
    plain_broker: Broker, make_proxy: MakeProxy, tmp_path: Path
) -> None:
    proxy = await make_proxy(plain_broker)
    hosts = proxy.url.removeprefix("nats://")
    lines = (f"plugin.choria.middleware_hosts = {hosts}", "registration = numbers, ticks")
    Ticks.seen = asyncio.Event()
    plugins = plugins_with(hooks_with(numbers=Numbers, ticks=Ticks))
    config = node_config(tmp_path, *lines, "registerinterval = 1", broker=plain_broker)
    with capture_logs() as logs:
        async with registering(config, plain_broker, plugins) as node:
            await node.registration()
            await proxy.cut()
            async with asyncio.timeout(PATIENCE_SECONDS):
                while node.server.uplink.is_up:  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(0.01)
            published = node.server.figures.registrations
            Ticks.seen.clear()
            for _ in range(2):  # so at least one is left out
                await Ticks.seen.wait()
                Ticks.seen.clear()
            assert node.server.figures.registrations == published
            await proxy.restore()
            told = json.loads(payload_of((await node.registration()).data))["number"]
            while told <= published:
                told = json.loads(payload_of((await node.registration()).data))["number"]
    assert told == published + 1
    assert node.server.figures.lost_registrations == 0
    assert not [line for line in logs if "registration" in line]


async def test_a_registration_that_is_too_large_is_counted(
    make_broker: MakeBroker, tmp_path: Path
) -> None:
    class Large(Registration):
        def __init__(self, node: RegisteringNode) -> None:
            self._sizes = [200_000, 1]

        async def item(self) -> RegistrationItem:
            return RegistrationItem(b"x" * self._sizes.pop(0))

    broker = await make_broker(jetstream=False, max_payload_bytes=100_000)
    lines = ("registration = large", "registerinterval = 1")
    config = node_config(tmp_path, *lines, broker=broker)
    with capture_logs() as logs:
        async with registering(config, broker, plugins_with(hooks_with(large=Large))) as node:
            assert payload_of((await node.registration()).data) == b"x"
    assert node.server.figures.lost_registrations == 1
    assert any(line["event"] == "a registration is lost" for line in logs)
