"""Core's own plugin is found through its entry point, and its commands load."""

from importlib.metadata import entry_points

import pytest

from choria_core import hooks
from choria_core.command_group import load_command
from choria_core.errors import PluginError
from choria_core.hookspecs import Command
from choria_core.plugins import Offered, Plugins


def test_the_entry_point_names_the_hooks() -> None:
    [point] = entry_points(group="choria.plugins", name="core")

    assert point.load() is hooks


@pytest.mark.parametrize("command", hooks.choria_commands(), ids=lambda command: command.name)
def test_every_command_loads(command: Command) -> None:
    loaded = load_command(Offered("core", command))

    assert loaded.name == command.name
    assert command.help.endswith(".")


def hello(name: str) -> None:
    """Say hello."""


def test_a_function_is_a_single_command() -> None:
    loaded = load_command(Offered("mine", Command("hello", hello, "Say hello.")))

    assert loaded.name == "hello"
    assert loaded.help == "Say hello."


def test_what_cannot_be_a_command_is_refused() -> None:
    odd = Offered("mine", Command("odd", "choria_core.errors:__doc__", "Odd."))

    with pytest.raises(PluginError, match="no function or Typer"):
        load_command(odd)


def test_hooks_can_be_registered_by_hand() -> None:
    plugins = Plugins()
    plugins.register(hooks, "core")

    assert set(plugins.commands()) >= {"broker", "plugin", "tool"}
