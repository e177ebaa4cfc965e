"""What every auditor that keeps a file does on a real server: a suite of tests for your own.

Subclass :class:`AuditorConformance`, and say how the auditor is found and its file is read.
A whole file of tests::

    from pathlib import Path
    from types import ModuleType

    import pytest

    from choria_testing.auditor import AuditorConformance, Kept
    from my_plugin import hooks


    class TestMyAuditor(AuditorConformance):
        provider = "mine"

        @pytest.fixture
        def auditor_hooks(self) -> ModuleType:
            return hooks

        def kept(self, file: Path) -> list[Kept]:
            return [Kept(...) for line in file.read_text().splitlines()]

The tests are coroutines: set ``asyncio_mode = "auto"`` for pytest-asyncio.
"""

import asyncio
import contextlib
import grp
import json
import os
import threading
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, ClassVar, Final, Self

import pytest
from structlog.testing import capture_logs

from choria_core.agents.agent import Agent, Fields, Input, action
from choria_core.audit.entry import AuditEntry
from choria_core.broker.server import Broker
from choria_core.errors import ConfigError
from choria_core.hookspecs import AgentPlugin, hookimpl
from choria_core.network_config.host import Host, HostNames
from choria_core.network_config.load import load_server
from choria_core.network_config.server_config import ServerConfig
from choria_core.protocol.codec import codec_of, decode_transport
from choria_core.protocol.messages import NANOSECONDS, Version
from choria_testing.callers import SENDER, Caller
from choria_testing.fixtures import MakeBroker
from choria_testing.serving import ServedNode, core_plugins, serving

ALICE: Final = Caller(Version.V1, "choria=alice.mcollective")
IDENTITY: Final = "node1.example"
POLICY: Final = "policy default deny\nallow\tchoria=alice.mcollective\tping get_fact fly\t*\t*\n"


class Vault(Agent):
    """An agent with an input that nobody shall see."""

    name = "vault"
    description = "Opens doors"
    author = "J. Doe"
    license = "MIT"
    version = "1.0.0"
    url = "https://example.net"

    @action("Open a door", quick=True)
    def open(
        self,
        *,
        door: Annotated[str, Input("Which door")],
        word: Annotated[str, Input("The magic word", sensitive=True)],
    ) -> Fields:
        """Open it."""
        return {"door": door, "length": len(word)}


class VaultHooks:
    """What a plugin with that agent contributes."""

    @hookimpl
    def choria_agents(self) -> Iterable[AgentPlugin]:
        """The agent."""
        return [AgentPlugin("vault", Vault)]


@dataclass(frozen=True)
class Kept:
    """One entry that an auditor kept.

    Attributes:
        time: unix time, in seconds.
    """

    time: float
    request_id: str
    request_time: int
    caller: str
    sender: str
    agent: str
    action: str
    data: object

    @classmethod
    def of(cls, entry: AuditEntry) -> Self:
        """What an entry says."""
        return cls(
            time=entry.time_ns / NANOSECONDS,
            request_id=entry.request_id,
            request_time=entry.request_time,
            caller=entry.caller,
            sender=entry.sender,
            agent=entry.agent,
            action=entry.action,
            data=json.loads(bytes(entry.data)),
        )


@dataclass
class AuditedNode:
    """A server that audits.

    Attributes:
        node: it, and who asks it.
        file: where it keeps its entries.
        request_ids: of all that it was asked.
    """

    node: ServedNode
    file: Path
    request_ids: list[str] = field(default_factory=list)

    async def call(self, action: str, *, agent: str = "rpcutil", **data: object) -> dict[str, Any]:
        """The reply to a request of Alice's."""
        payload = json.dumps({"agent": agent, "action": action, "data": data}).encode()
        message = await self.node.ask(
            ALICE, f"mcollective.node.{IDENTITY}", agent=agent, payload=payload
        )
        transport = decode_transport(message.data)
        codec = codec_of(transport.version)
        opened = codec.decode_reply(codec.decode_secure_reply(transport.document()).signed)
        self.request_ids.append(opened.request_id)
        reply: dict[str, Any] = json.loads(opened.payload)
        return reply

    def calls(self, kept: Iterable[Kept]) -> list[tuple[str, str]]:
        """The agents and actions of entries."""
        return [(one.agent, one.action) for one in kept]


class AuditorConformance:
    """Subclass it."""

    provider: ClassVar[str]

    @pytest.fixture
    def auditor_hooks(self) -> ModuleType:
        """The module of the plugin's hooks; give yours."""
        raise NotImplementedError

    def kept(self, file: Path) -> list[Kept]:
        """The entries of a file; give yours."""
        raise NotImplementedError

    @contextlib.asynccontextmanager
    async def audited(
        self,
        make_broker: MakeBroker,
        folder: Path,
        auditor_hooks: ModuleType,
        *lines: str,
        is_named: bool = True,
        has_file: bool = True,
    ) -> AsyncIterator[AuditedNode]:
        """A server that audits into ``audit.log`` in ``folder``.

        Args:
            make_broker: the fixture.
            folder: for all its files.
            auditor_hooks: the fixture.
            lines: more of its configuration; later ones win.
            is_named: whether the configuration names the auditor.
            has_file: whether it names the file.
        """
        broker = await make_broker(jetstream=False)
        file = folder / "audit.log"
        named = [f"rpcauditprovider = {self.provider.capitalize()}"] if is_named else []
        filed = [f"plugin.rpcaudit.logfile = {file}"] if has_file else []
        config = self.configured(folder, broker, *named, *filed, *lines)
        plugins = core_plugins()
        plugins.register(auditor_hooks, "auditor")
        plugins.register(VaultHooks(), "vault")
        async with serving(config, broker, plugins=plugins) as node:
            yield AuditedNode(node, file)

    def configured(self, folder: Path, broker: Broker, *lines: str) -> ServerConfig:
        """The configuration of a server without security."""
        written = folder / "server.cfg"
        common = (
            f"identity = {IDENTITY}",
            f"plugin.choria.middleware_hosts = 127.0.0.1:{broker.port}",
            "plugin.security.provider = file",
            "rpcauthorization = false",
            "rpcaudit = true",
        )
        written.write_text("\n".join((*common, *lines)) + "\n")
        names = HostNames(host_name=lambda: "machine.example.net")
        environment = {"INSECURE_YES_REALLY": "true", "HOME": str(folder)}
        return load_server(written, host=Host(names, environment))

    async def test_an_entry_says_who_asked_for_what(
        self, make_broker: MakeBroker, tmp_path: Path, auditor_hooks: ModuleType
    ) -> None:
        """Each field is the request's."""
        began = time.time()
        async with self.audited(make_broker, tmp_path, auditor_hooks) as audited:
            await audited.call("get_fact", fact="\x1b]0;os\u202e\n", more=[1, {"a": None}])

            [entry] = self.kept(audited.file)
        assert began - 1 <= entry.time <= time.time()
        assert began - 1 <= entry.request_time <= time.time()
        assert [entry.request_id] == audited.request_ids
        assert (entry.caller, entry.sender) == (ALICE.name, SENDER)
        assert (entry.agent, entry.action) == ("rpcutil", "get_fact")
        assert entry.data == {"fact": "\x1b]0;os\u202e\n", "more": [1, {"a": None}]}

    async def test_only_what_was_allowed_is_kept(
        self, make_broker: MakeBroker, tmp_path: Path, auditor_hooks: ModuleType
    ) -> None:
        """Neither pings, nor what was denied, nor what the agent does not have."""
        (tmp_path / "policies").mkdir()
        (tmp_path / "policies" / "rpcutil.policy").write_text(POLICY)
        switch = "rpcauthorization = true"
        async with self.audited(make_broker, tmp_path, auditor_hooks, switch) as audited:
            await audited.node.ask(ALICE)  # a ping of discovery
            denied = await audited.call("inventory")
            unknown = await audited.call("fly")
            refused = await audited.call("get_fact")
            allowed = await audited.call("ping")

            kept = self.kept(audited.file)
        statuses = [reply["statuscode"] for reply in (denied, unknown, refused, allowed)]
        assert statuses == [1, 2, 3, 0]
        assert audited.calls(kept) == [("rpcutil", "get_fact"), ("rpcutil", "ping")]

    async def test_a_sensitive_input_is_masked_and_no_other(
        self, make_broker: MakeBroker, tmp_path: Path, auditor_hooks: ModuleType
    ) -> None:
        """By the agent's own description."""
        async with self.audited(make_broker, tmp_path, auditor_hooks) as audited:
            reply = await audited.call("open", agent="vault", door="attic", word="sesame", x=1)

            [entry] = self.kept(audited.file)
        assert reply["data"] == {"door": "attic", "length": 6}
        assert entry.data == {"door": "attic", "word": "***", "x": 1}
        assert b"sesame" not in audited.file.read_bytes()

    async def test_a_file_that_is_moved_away_is_made_anew(
        self, make_broker: MakeBroker, tmp_path: Path, auditor_hooks: ModuleType
    ) -> None:
        """As logrotate does it, while the server runs."""
        mode = "plugin.rpcaudit.logfile.mode = 0640"
        async with self.audited(make_broker, tmp_path, auditor_hooks, mode) as audited:
            await audited.call("ping")
            old = audited.file.rename(tmp_path / "audit.log.1")
            await audited.call("agent_inventory")

            assert audited.calls(self.kept(old)) == [("rpcutil", "ping")]
            assert audited.calls(self.kept(audited.file)) == [("rpcutil", "agent_inventory")]
            assert [file.stat().st_mode & 0o777 for file in (old, audited.file)] == [0o640] * 2

    async def test_no_entry_is_lost_while_the_file_is_moved(
        self, make_broker: MakeBroker, tmp_path: Path, auditor_hooks: ModuleType
    ) -> None:
        """Each is in one of the files, whole."""
        async with self.audited(make_broker, tmp_path, auditor_hooks) as audited:
            is_over = threading.Event()
            moving = asyncio.create_task(asyncio.to_thread(_move, audited.file, is_over))
            await asyncio.gather(*(audited.call("ping") for _ in range(300)))
            is_over.set()
            await moving

            files = _all_of(audited.file)
            kept = [one.request_id for file in files for one in self.kept(file)]
        assert sorted(kept) == sorted(audited.request_ids)
        assert len(set(kept)) == 300
        assert len(files) > 1

    async def test_a_file_that_is_there_keeps_its_mode(
        self, make_broker: MakeBroker, tmp_path: Path, auditor_hooks: ModuleType
    ) -> None:
        """Its owner may have chosen another."""
        async with self.audited(make_broker, tmp_path, auditor_hooks) as audited:
            audited.file.touch()
            audited.file.chmod(0o644)
            await audited.call("ping")

            assert audited.file.stat().st_mode & 0o777 == 0o644
            assert len(self.kept(audited.file)) == 1

    @pytest.mark.parametrize(("umask", "line", "mode"), [(0o077, "0664", 0o664), (0, "", 0o600)])
    async def test_the_mode_does_not_depend_on_the_umask(
        self,
        umask: int,
        line: str,
        mode: int,
        make_broker: MakeBroker,
        tmp_path: Path,
        auditor_hooks: ModuleType,
    ) -> None:
        """It is the configuration's, or 0600."""
        lines = [f"plugin.rpcaudit.logfile.mode = {line}"] if line else []
        async with self.audited(make_broker, tmp_path, auditor_hooks, *lines) as audited:
            before = os.umask(umask)
            try:
                await audited.call("ping")
            finally:
                os.umask(before)

            assert audited.file.stat().st_mode & 0o777 == mode

    async def test_the_file_is_given_to_its_group(
        self, make_broker: MakeBroker, tmp_path: Path, auditor_hooks: ModuleType
    ) -> None:
        """When it is made."""
        group = _another_group()
        line = f"plugin.rpcaudit.logfile.group = {group.gr_name}"
        async with self.audited(make_broker, tmp_path, auditor_hooks, line) as audited:
            await audited.call("ping")

            assert audited.file.stat().st_gid == group.gr_gid

    async def test_an_unknown_group_is_refused(
        self, make_broker: MakeBroker, tmp_path: Path, auditor_hooks: ModuleType
    ) -> None:
        """With the line that names it."""
        line = "plugin.rpcaudit.logfile.group = nobody-has-this"
        with pytest.raises(ConfigError, match=r"server\.cfg:8: .*no group 'nobody-has-this'"):
            async with self.audited(make_broker, tmp_path, auditor_hooks, line):
                pass

    async def test_a_full_disk_is_told_once_and_stops_no_request(
        self, make_broker: MakeBroker, tmp_path: Path, auditor_hooks: ModuleType
    ) -> None:
        """And the lost entries are counted."""
        with capture_logs() as logs:
            async with self.audited(make_broker, tmp_path, auditor_hooks) as audited:
                audited.file.symlink_to("/dev/full")
                replies = [await audited.call("ping") for _ in range(3)]
                audited.file.unlink()
                replies += [await audited.call("ping") for _ in range(2)]

                lost = audited.node.server.figures.lost_audits
                kept = self.kept(audited.file)
        assert [reply["statuscode"] for reply in replies] == [0] * 5
        assert lost == 3
        assert [one.request_id for one in kept] == audited.request_ids[3:]
        told = [line for line in logs if "audited" in line["event"]]
        assert [(line["event"], line["log_level"]) for line in told] == [
            ("requests are not audited", "error"),
            ("requests are audited again", "warning"),
        ]
        assert told[0]["cause"] == f"{audited.file} cannot be written: No space left on device"
        assert told[1]["lost"] == 3


def _all_of(file: Path) -> list[Path]:
    """The file, where it is there, and all that were moved away."""
    return sorted(file.parent.glob(f"{file.name}*"))


def _move(file: Path, is_over: threading.Event) -> None:
    """Move a file away again and again."""
    number = 0
    while not is_over.wait(0.001):
        with contextlib.suppress(FileNotFoundError):
            file.rename(f"{file}.{number}")
            number += 1


def _another_group() -> grp.struct_group:
    """One that this process may give files to, another than its own where there is one."""
    own = os.getegid()
    numbers = [one.gr_gid for one in grp.getgrall()] if os.geteuid() == 0 else os.getgroups()
    others = [number for number in numbers if number != own]
    return grp.getgrgid(others[0] if others else own)
