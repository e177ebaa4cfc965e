"""``choria plugin`` shows what is plugged in, and describes agents."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from choria_core import hooks
from choria_core.commands.plugin import app
from choria_core.ddl.document import decode_ddl
from choria_core.errors import ConfigError, UsageError
from choria_core.plugins import Plugins
from choria_testing.auditor import VaultHooks


@pytest.fixture
def plugins() -> Plugins:
    plugins = Plugins()
    plugins.register(hooks, "core")
    return plugins


def test_the_description_of_an_agent_is_printed(plugins: Plugins) -> None:
    result = CliRunner().invoke(app, ["ddl", "rpcutil"], obj=plugins)

    assert result.exit_code == 0
    ddl = decode_ddl(result.stdout.encode(), source="stdout")
    assert ddl.metadata.name == "rpcutil"
    assert ddl.action("get_fact") is not None
    assert json.loads(result.stdout)["$schema"].startswith("https://choria.io/schemas/mcorpc/ddl")


def test_the_description_says_which_inputs_nobody_shall_see(plugins: Plugins) -> None:
    plugins.register(VaultHooks(), "vault")

    result = CliRunner().invoke(app, ["ddl", "vault"], obj=plugins)

    inputs = json.loads(result.stdout)["actions"][0]["input"]
    assert inputs["word"]["sensitive"] is True
    assert "sensitive" not in inputs["door"]


def test_the_description_is_written_under_the_name_that_clients_look_for(
    plugins: Plugins, tmp_path: Path
) -> None:
    result = CliRunner().invoke(app, ["ddl", "rpcutil", "--out", str(tmp_path)], obj=plugins)

    assert result.stdout == f"{tmp_path}/rpcutil.json\n"
    assert decode_ddl((tmp_path / "rpcutil.json").read_bytes(), source="x").metadata.timeout == 2


def test_an_agent_that_is_not_installed_is_a_wrong_usage(plugins: Plugins) -> None:
    result = CliRunner().invoke(app, ["ddl", "puppet"], obj=plugins)

    assert isinstance(result.exception, UsageError)
    assert str(result.exception) == (
        "no agent 'puppet' is installed; there are: choria_util, discovery, rpcutil"
    )


def test_a_folder_that_is_missing_is_named(plugins: Plugins, tmp_path: Path) -> None:
    words = ["ddl", "rpcutil", "--out", str(tmp_path / "none")]

    result = CliRunner().invoke(app, words, obj=plugins)

    assert isinstance(result.exception, ConfigError)
    assert f"{tmp_path}/none/rpcutil.json: cannot be written" in str(result.exception)


def test_the_hooks_of_core_are_listed(plugins: Plugins) -> None:
    result = CliRunner().invoke(app, ["list", "--json"], obj=plugins)

    [core] = json.loads(result.stdout)
    assert {"choria_agents", "choria_authorizers", "choria_data_sources"} <= set(core["hooks"])
