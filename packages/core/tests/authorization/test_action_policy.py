"""Policy files decide, also as they change, and as the Go servers decided."""

import base64
import json
import os
import types
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from choria_core import hooks
from choria_core.authorization.action_policy import ActionPolicy
from choria_core.authorization.authorizer import AuthorizationRequest, Decision
from choria_core.authorization.loading import load_authorizer
from choria_core.errors import ConfigError, PluginError
from choria_core.hookspecs import AuthorizerPlugin, hookimpl
from choria_core.network_config.host import Host, HostNames
from choria_core.network_config.load import load_server
from choria_core.network_config.server_config import ServerConfig
from choria_core.plugins import Plugins
from choria_testing import vectors

RECORDED_POLICY = """policy default deny
allow\tchoria=alice.mcollective\tping get_fact\t*\t*
allow\tchoria=bob.mcollective\tping\tcountry=mt\t*
allow\tchoria=root.privileged.mcollective\t*\t*\t*
"""


def asked(
    caller: str = "choria=alice.mcollective",
    action: str = "ping",
    *,
    agent: str = "rpcutil",
    node: int = 1,
) -> AuthorizationRequest:
    """A request to one of the recorded nodes."""
    facts = yaml.safe_load(vectors.path(f"facts-node{node}.yaml").read_text())
    classes = vectors.path(f"classes-node{node}.txt").read_text().splitlines()
    return AuthorizationRequest(agent, action, caller, "id", lambda: facts, lambda: classes)


def write(folder: Path, text: str, name: str = "rpcutil.policy") -> None:
    (folder / name).write_text(text)


def decisions() -> Iterator[tuple[str, str, str, str, int, bool]]:
    """Label, caller, agent, action, node and outcome of every recorded RPC reply."""
    for record in vectors.load("tls.jsonl"):
        asked_by: dict[str, tuple[str, str]] = {}
        for message in record["messages"]:
            document = json.loads(secure(message["data"])["message"])
            envelope = document["envelope"]
            if not document["message"].startswith("{") or envelope["agent"] == "registration":
                continue
            body = json.loads(document["message"])
            if "callerid" in envelope:
                asked_by[envelope["requestid"]] = (envelope["callerid"], body["action"])
            elif envelope["requestid"] in asked_by:
                caller, action = asked_by[envelope["requestid"]]
                number = int(envelope["senderid"][4])
                allowed = body["statuscode"] == 0
                yield record["label"], caller, envelope["agent"], action, number, allowed


def secure(data: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(base64.b64decode(json.loads(data)["data"]))
    return document


DECISIONS = list(decisions())


def test_allowed_and_denied_requests_were_recorded() -> None:
    assert {one[-1] for one in DECISIONS} == {True, False}
    assert len(DECISIONS) >= 12


@pytest.mark.parametrize("recorded", DECISIONS, ids=lambda one: f"{one[0]} at node {one[4]}")
def test_decisions_are_the_recorded_ones(
    recorded: tuple[str, str, str, str, int, bool], tmp_path: Path
) -> None:
    _, caller, agent, action, node, allowed = recorded
    write(tmp_path, RECORDED_POLICY)
    write(tmp_path, "policy default allow\n", "choria_util.policy")

    decision = ActionPolicy(tmp_path).decide(asked(caller, action, agent=agent, node=node))

    assert decision.allowed is allowed, decision.reason


def test_the_first_line_that_fits_decides(tmp_path: Path) -> None:
    write(tmp_path, "deny\tchoria=a\tping\t*\t*\nallow\t*\t*\t*\t*\n")
    policy = ActionPolicy(tmp_path)

    assert not policy.decide(asked("choria=a", "ping")).allowed
    assert policy.decide(asked("choria=a", "get_fact")).allowed
    assert policy.decide(asked("choria=a")).reason == f"so says {tmp_path}/rpcutil.policy:1"


@pytest.mark.parametrize(
    ("columns", "allowed"),
    [
        ("country=mt\t*", True),
        ("country=mt os.family=Debian\t*", True),
        ("country=mt os.family=RedHat\t*", False),
        ("os.name=/(debian|centos)/\t*", True),
        ("*\tapache", True),
        ("*\tapache roles::web", True),
        ("*\tapache roles::db", False),
        ("*\t/^roles::/", True),
        ("country=mt\tmysql", False),
    ],
)
def test_facts_and_classes_of_the_node_count(
    columns: str, *, allowed: bool, tmp_path: Path
) -> None:
    write(tmp_path, f"allow\t*\t*\t{columns}\n")

    assert ActionPolicy(tmp_path).decide(asked()).allowed is allowed


def test_a_rule_that_cannot_be_evaluated_never_allows(tmp_path: Path) -> None:
    """``virtual`` is true or false, which has no order."""
    write(tmp_path, "allow\tchoria=a\t*\tvirtual>1\t*\n", "one.policy")
    write(tmp_path, "deny\tchoria=a\t*\tvirtual>1\t*\npolicy default allow\n", "two.policy")
    policy = ActionPolicy(tmp_path)

    assert not policy.decide(asked("choria=a", agent="one")).allowed
    assert not policy.decide(asked("choria=a", agent="two")).allowed
    assert policy.decide(asked("choria=b", agent="two")).allowed


@pytest.mark.parametrize(("told", "allowed"), [(True, True), (False, False)])
def test_without_a_file_or_a_fitting_line_the_setting_decides(
    *, told: bool, allowed: bool, tmp_path: Path
) -> None:
    policy = ActionPolicy(tmp_path, allow_unconfigured=told)

    assert policy.decide(asked()).allowed is allowed
    assert policy.decide(asked()).reason == "there is no policy for rpcutil"
    write(tmp_path, "deny\tchoria=x\t*\t*\t*\n")
    assert policy.decide(asked()).allowed is allowed
    write(tmp_path, "deny\tchoria=x\t*\t*\t*\npolicy default deny\n")
    assert not policy.decide(asked()).allowed


def test_the_default_policy_is_for_agents_without_a_file(tmp_path: Path) -> None:
    write(tmp_path, "policy default allow\n", "common.policy")
    write(tmp_path, "policy default deny\n")
    policy = ActionPolicy(tmp_path, default_policy="common")

    assert policy.decide(asked(agent="other")).allowed
    assert not policy.decide(asked(agent="rpcutil")).allowed
    assert not ActionPolicy(tmp_path).decide(asked(agent="other")).allowed


def test_a_malformed_line_denies_the_whole_agent_and_is_named(tmp_path: Path) -> None:
    write(tmp_path, "policy default allow\nallow\t*\t*\t*\t*\ndeny choria=eve * * *\n")

    decision = ActionPolicy(tmp_path, allow_unconfigured=True).decide(asked())

    assert not decision.allowed
    assert decision.reason.startswith(f"{tmp_path}/rpcutil.policy:3: 1 columns between tabs")


@pytest.mark.parametrize("name", ["rpcutil.policy", "groups"])
def test_a_file_that_cannot_be_read_denies(name: str, tmp_path: Path) -> None:
    write(tmp_path, "policy default allow\n")
    (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / name).mkdir()
    policy = ActionPolicy(tmp_path, allow_unconfigured=True)

    assert policy.decide(asked()).reason == f"{tmp_path}/{name}: cannot be read: Is a directory"
    assert not policy.decide(asked()).allowed


def test_a_file_that_is_no_text_denies(tmp_path: Path) -> None:
    (tmp_path / "rpcutil.policy").write_bytes(b"policy default allow\n\xff\n")

    decision = ActionPolicy(tmp_path).decide(asked())

    assert (decision.allowed, "it is not UTF-8" in decision.reason) == (False, True)


def test_changes_of_policies_and_groups_count_from_the_next_request_on(tmp_path: Path) -> None:
    policy = ActionPolicy(tmp_path)
    write(tmp_path, "ops choria=alice.mcollective\n", "groups")
    write(tmp_path, "allow\tops\t*\t*\t*\n")
    assert policy.decide(asked()).allowed

    write(tmp_path, "ops choria=bob.mcollective\n", "groups")
    os.utime(tmp_path / "groups", ns=(1, 1))
    assert not policy.decide(asked()).allowed

    write(tmp_path, "allow\t*\t*\t*\t*\n")
    assert policy.decide(asked()).allowed
    (tmp_path / "rpcutil.policy").unlink()
    assert not policy.decide(asked()).allowed


def test_the_authorizer_is_the_one_that_the_configuration_names(tmp_path: Path) -> None:
    plugins = Plugins()
    plugins.register(hooks, "core")
    host = Host(HostNames(host_name=lambda: "n.example.net"), {"HOME": str(tmp_path)})

    def loaded(line: str) -> object:
        (tmp_path / "server.cfg").write_text(line)
        return load_authorizer(load_server(tmp_path / "server.cfg", host=host), plugins)

    assert loaded("rpcauthorization = false\n") is None
    assert isinstance(loaded("rpcauthprovider = Action_policy\n"), ActionPolicy)
    with pytest.raises(
        ConfigError, match="there is no authorizer 'oracle'; use one of: action_policy"
    ):
        loaded("rpcauthprovider = oracle\n")


def test_policies_are_beside_the_configuration(tmp_path: Path) -> None:
    plugins = Plugins()
    plugins.register(hooks, "core")
    host = Host(HostNames(host_name=lambda: "n.example.net"), {"HOME": str(tmp_path)})
    (tmp_path / "policies").mkdir()
    write(tmp_path / "policies", "allow\tchoria=a\t*\t*\t*\n", "shared.policy")
    (tmp_path / "server.cfg").write_text(
        "plugin.actionpolicy.enable_default = y\nplugin.actionpolicy.default_name = shared\n"
    )

    authorizer = load_authorizer(load_server(tmp_path / "server.cfg", host=host), plugins)

    assert authorizer is not None
    assert authorizer.decide(asked("choria=a")).allowed
    assert not authorizer.decide(asked("choria=b")).allowed


class Oracle:
    """An authorizer of a plugin."""

    def __init__(self, config: ServerConfig) -> None:
        self.trusted = config.option("plugin.oracle.trusts")
        if not self.trusted:
            raise ConfigError("plugin.oracle.trusts is not set")

    def decide(self, request: AuthorizationRequest) -> Decision:
        return Decision(request.caller == self.trusted, "so it is written")


@pytest.mark.parametrize("target", [Oracle, "nowhere:Oracle", 12, dict])
def test_an_authorizer_can_come_with_a_plugin(target: object, tmp_path: Path) -> None:
    @hookimpl
    def choria_authorizers() -> Iterable[AuthorizerPlugin]:
        return [AuthorizerPlugin("oracle", target)]

    module = types.ModuleType("mine")
    module.choria_authorizers = choria_authorizers  # type: ignore[attr-defined]
    plugins = Plugins()
    plugins.register(module, "mine")
    host = Host(HostNames(host_name=lambda: "n.example.net"), {"HOME": str(tmp_path)})
    file = tmp_path / "server.cfg"

    file.write_text("rpcauthprovider = oracle\nplugin.oracle.trusts = choria=a\n")
    if target is not Oracle:
        with pytest.raises(PluginError, match=r"authorizer|maker"):
            load_authorizer(load_server(file, host=host), plugins)
        return
    authorizer = load_authorizer(load_server(file, host=host), plugins)
    assert authorizer is not None
    assert authorizer.decide(asked("choria=a")).allowed
    assert not authorizer.decide(asked("choria=b")).allowed
    file.write_text("rpcauthprovider = oracle\n")
    with pytest.raises(ConfigError, match=r"plugin\.oracle\.trusts is not set"):
        load_authorizer(load_server(file, host=host), plugins)
