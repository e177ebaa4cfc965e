"""The Go client calls an agent of ours by the description that its types made."""

import asyncio
import json
import types
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from msgspec import Struct

from choria_core import hooks
from choria_core.agents.agent import (
    ActionError,
    Agent,
    AgentRequest,
    Input,
    Output,
    action,
    average,
    summary,
)
from choria_core.agents.loading import load_agent
from choria_core.broker.server import Broker
from choria_core.ddl.document import encode_ddl
from choria_core.hookspecs import AgentPlugin, hookimpl
from choria_core.network_config.host import Host, HostNames
from choria_core.network_config.load import load_server
from choria_core.plugins import Plugins
from choria_core.protocol.rpc_body import StatusCode
from choria_testing import vectors
from choria_testing.fixtures import MakeBroker
from choria_testing.serving import serving

POLICY = "policy default deny\nallow\tchoria=alice.mcollective\t*\tcountry=mt\tapache\n"


class Total(Struct):
    total: Annotated[float, Output("What it comes to")]
    unit: Annotated[str, Output("In what", display_as="Unit of measure")]
    parts: Annotated[dict[str, int], Output("What it is made of")]


class Scales(Agent):
    """An input of every type."""

    name = "scales"
    description = "Weighs"
    author = "J. Doe"
    license = "MIT"
    version = "1.0.0"
    url = "https://example.net"
    timeout_seconds = 5

    @action("Weigh it", display="always", aggregate=[average("total"), summary("unit")])
    def weigh(
        self,
        request: AgentRequest,
        *,
        what: Annotated[str, Input("Name", max_length=8, validation="shellsafe")],
        count: Annotated[int, Input("How many")] = 1,
        factor: Annotated[float, Input("Weight of one")] = 1.5,
        unit: Annotated[Literal["kg", "lb"], Input("Unit")] = "kg",
        is_gross: Annotated[bool, Input("With its box")] = False,
        parts: Annotated[dict[str, int] | None, Input("Parts")] = None,
        more: Annotated[list[int] | None, Input("More of them")] = None,
    ) -> Total:
        """Fails for air."""
        if what == "air":
            raise ActionError(StatusCode.ABORTED, f"{request.node.identity} cannot weigh air")
        total = count * factor + is_gross + sum(more or [])
        return Total(total, unit, parts or {})


@dataclass
class GoClient:
    """The Go client, as somebody of an insecure network."""

    program: Path
    folder: Path

    async def call(self, caller: str, *words: str) -> dict[str, Any]:
        """What ``choria req scales weigh -j`` printed."""
        process = await asyncio.create_subprocess_exec(
            self.program,
            *("req", "scales", "weigh", "-j", "--config", str(self.folder / "client.cfg"), *words),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={
                "INSECURE_YES_REALLY": "true",
                "MCOLLECTIVE_CERTNAME": caller,
                "HOME": str(self.folder),
                "USER": "nobody",
            },
        )
        out, problem = await process.communicate()
        text = out.decode()
        assert "{" in text, problem.decode() + text
        printed: dict[str, Any] = json.loads(text[text.index("\n{") if text[0] != "{" else 0 :])
        return printed


@pytest.fixture
def plugins() -> Plugins:
    """Core's, and the scales."""

    @hookimpl
    def choria_agents() -> Iterable[AgentPlugin]:
        return [AgentPlugin("scales", Scales)]

    module = types.ModuleType("scales")
    module.choria_agents = choria_agents  # type: ignore[attr-defined]
    plugins = Plugins()
    plugins.register(hooks, "core")
    plugins.register(module, "scales")
    return plugins


def configure(folder: Path, broker: Broker, plugins: Plugins) -> None:
    """The files of a server and of a client."""
    common = (
        "collectives = mcollective\nplugin.choria.use_srv = false\n"
        "plugin.security.provider = file\n"
        f"plugin.choria.middleware_hosts = 127.0.0.1:{broker.port}\n"
    )
    (folder / "server.cfg").write_text(
        f"identity = node1.example\n{common}"
        f"plugin.yaml = {vectors.path('facts-node1.yaml')}\n"
        f"classesfile = {vectors.path('classes-node1.txt')}\n"
    )
    (folder / "client.cfg").write_text(
        f"identity = client.example\n{common}libdir = {folder}\nloglevel = fatal\n"
    )
    (folder / "policies").mkdir()
    (folder / "policies" / "scales.policy").write_text(POLICY)
    ddls = folder / "choria" / "agent"
    ddls.mkdir(parents=True)
    (ddls / "scales.json").write_bytes(encode_ddl(load_agent(plugins.agents()["scales"]).ddl))


async def test_the_go_client_calls_our_agent_by_its_generated_description(
    choria_go: Path, make_broker: MakeBroker, tmp_path: Path, plugins: Plugins
) -> None:
    broker = await make_broker(jetstream=False)
    configure(tmp_path, broker, plugins)
    names = HostNames(host_name=lambda: "machine.example.net")
    host = Host(names, {"INSECURE_YES_REALLY": "true", "HOME": str(tmp_path)})
    client = GoClient(choria_go, tmp_path)
    config = load_server(tmp_path / "server.cfg", host=host)

    async with serving(config, broker, plugins=plugins):
        plain = await client.call("alice.mcollective", "what=salt")
        full = await client.call(
            "alice.mcollective",
            *("what=salt", "count=3", "factor=2", "unit=lb", "is_gross=true"),
            *('parts={"a": 1}', "more=[1, 2]"),
        )
        failed = await client.call("alice.mcollective", "what=air")
        denied = await client.call("bob.mcollective", "what=salt")

    assert outcome(plain) == (0, "OK", {"total": 1.5, "unit": "kg", "parts": {}})
    assert outcome(full) == (0, "OK", {"total": 10, "unit": "lb", "parts": {"a": 1}})
    assert full["summaries"] == {"total": {"average": 10}, "unit": {"lb": 1}}
    assert outcome(failed)[:2] == (1, "node1.example cannot weigh air")
    assert outcome(denied)[:2] == (1, "You are not authorized to call this agent or action")


def outcome(printed: dict[str, Any]) -> tuple[int, str, dict[str, Any]]:
    [reply] = printed["replies"]
    return reply["statuscode"], reply["statusmsg"], reply["data"]
