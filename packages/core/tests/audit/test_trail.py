"""Whatever an auditor does, requests go on; and a server has the auditor that it is told of."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from msgspec import Raw
from structlog.testing import capture_logs

from choria_core.audit.entry import AuditEntry
from choria_core.audit.loading import load_auditor
from choria_core.audit.trail import AuditTrail
from choria_core.ddl.document import ActionDdl
from choria_core.errors import ConfigError, PluginError, WorkError
from choria_core.hookspecs import AuditorPlugin, hookimpl
from choria_core.network_config.host import Host, HostNames
from choria_core.network_config.load import load_server
from choria_core.network_config.server_config import ServerConfig
from choria_core.plugins import Plugins
from choria_core.protocol.messages import Request
from choria_core.protocol.rpc_body import RpcRequest

REQUEST = Request(
    request_id="a" * 32,
    sender="client.example",
    caller="choria=alice.mcollective",
    collective="mcollective",
    agent="rpcutil",
    ttl_seconds=60,
    time_ns=1_500_000_000,
    payload=b"",
)
CALL = RpcRequest("rpcutil", "ping", Raw(b"{}"))


class Moody:
    """Fails as long as it is told to."""

    def __init__(self, *errors: BaseException | None) -> None:
        self.kept: list[AuditEntry] = []
        self._errors = list(errors)

    def record(self, entry: AuditEntry) -> None:
        error = self._errors.pop(0)
        if error is not None:
            raise error
        self.kept.append(entry)


def test_failures_are_counted_and_told_once_until_it_works_again() -> None:
    moody = Moody(None, WorkError("full"), ValueError(), SystemExit(3), None, WorkError("again"))
    lost: list[int] = []
    trail = AuditTrail(moody, on_lost=lambda: lost.append(1), clock_ns=lambda: 7)

    with capture_logs() as logs:
        for _ in range(6):
            trail.record(REQUEST, CALL, ActionDdl(action="ping"))

    assert [one.time_ns for one in moody.kept] == [7, 7]
    assert (trail.lost, len(lost)) == (4, 4)
    assert [(line["event"], line.get("cause"), line.get("lost")) for line in logs] == [
        ("requests are not audited", "full", None),
        ("requests are audited again", None, 3),
        ("requests are not audited", "again", None),
    ]


class _Hooks:
    def __init__(self, target: object) -> None:
        self._target = target

    @hookimpl
    def choria_auditors(self) -> Iterable[AuditorPlugin]:
        return [AuditorPlugin("mine", self._target)]


def offering(target: object) -> Plugins:
    plugins = Plugins()
    plugins.register(_Hooks(target), "mine")
    return plugins


@pytest.fixture
def configured(tmp_path: Path) -> Callable[[str], ServerConfig]:
    def configured(line: str) -> ServerConfig:
        file = tmp_path / "server.cfg"
        file.write_text(f"identity = a\nrpcaudit = true\n{line}\nplugin.security.provider = file\n")
        names = HostNames(host_name=lambda: "a")
        return load_server(file, host=Host(names, {"INSECURE_YES_REALLY": "true", "HOME": "/"}))

    return configured


def test_the_auditor_is_found_by_its_name(configured: Callable[[str], ServerConfig]) -> None:
    made = Moody()

    assert load_auditor(configured("rpcauditprovider = Mine"), offering(lambda _: made)) is made
    assert load_auditor(configured("rpcaudit = false"), Plugins()) is None


@pytest.mark.parametrize(
    ("name", "plugins", "problem"),
    [
        ("other", offering(Moody), r"server\.cfg:3: .*no auditor 'other'; use one of: mine"),
        ("choria", Plugins(), "no auditor 'choria'; install choria-plugin-json-audit"),
    ],
)
def test_an_auditor_that_nobody_has_is_refused(
    name: str, plugins: Plugins, problem: str, configured: Callable[[str], ServerConfig]
) -> None:
    with pytest.raises(ConfigError, match=problem):
        load_auditor(configured(f"rpcauditprovider = {name}"), plugins)


def _broken(_: ServerConfig) -> object:
    raise ValueError("no")


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        (1, "1 is no maker of auditors"),
        (_broken, "auditor mine cannot be made: no"),
        (lambda _: object(), "auditor mine has no method record"),
        ("choria_core:nothing", "has no nothing"),
    ],
)
def test_a_broken_auditor_is_the_plugins_fault(
    target: object, problem: str, configured: Callable[[str], ServerConfig]
) -> None:
    with pytest.raises(PluginError, match=problem):
        load_auditor(configured("rpcauditprovider = mine"), offering(target))


def test_a_refusal_of_its_own_is_passed_on(configured: Callable[[str], ServerConfig]) -> None:
    def refusing(config: ServerConfig) -> object:
        raise ConfigError(f"{config.identity} is no name for it")

    with pytest.raises(ConfigError, match="a is no name"):
        load_auditor(configured("rpcauditprovider = mine"), offering(refusing))


def test_the_time_is_the_clocks() -> None:
    moody = Moody(None)

    AuditTrail(moody).record(REQUEST, CALL, ActionDdl(action="ping"))

    assert abs(moody.kept[0].time_ns - time.time_ns()) < 60_000_000_000
    assert moody.kept[0].request_time == 1
