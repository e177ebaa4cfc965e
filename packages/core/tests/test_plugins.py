"""Plugins are found, asked and, when broken, left out with a reason."""

import types
from collections.abc import Callable, Iterable

import pytest

from choria_core import hooks
from choria_core.errors import PluginError
from choria_core.hookspecs import Command, hookimpl
from choria_core.plugins import Plugins, PluginState, disabled_by


def plugin_module(name: str, **functions: Callable[..., object]) -> types.ModuleType:
    """A module with these functions in it, as if they were written there."""
    module = types.ModuleType(name)
    for attribute, function in functions.items():
        function.__module__ = name
        setattr(module, attribute, function)
    return module


def offering(*names: str, module: str = "somewhere") -> types.ModuleType:
    """A plugin that offers commands of these names."""

    @hookimpl
    def choria_commands() -> Iterable[Command]:
        return [Command(name, f"{module}:{name}", f"Do {name}.") for name in names]

    return plugin_module(module, choria_commands=choria_commands)


def test_commands_come_from_plugins() -> None:
    plugins = Plugins()
    plugins.register(offering("sing", "dance"), "stage")

    commands = plugins.commands()

    assert list(commands) == ["sing", "dance"]
    assert commands["sing"].plugin == "stage"


def test_of_two_that_offer_one_name_the_first_has_it_and_both_are_named() -> None:
    plugins = Plugins()
    plugins.register(offering("sing"), "first")
    plugins.register(offering("sing", "dance"), "second")

    assert plugins.commands()["sing"].plugin == "first"
    assert plugins.commands()["dance"].plugin == "second"
    [problem] = plugins.problems()
    assert problem.plugin == "second"
    assert str(problem) == (
        "plugin second: its command sing is left out: plugin first offers one of that name"
    )


def test_a_hook_that_raises_leaves_its_plugin_out_and_no_other() -> None:
    @hookimpl
    def choria_commands() -> Iterable[Command]:
        raise RuntimeError("no voice today")

    plugins = Plugins()
    plugins.register(plugin_module("hoarse", choria_commands=choria_commands), "hoarse")
    plugins.register(offering("sing"), "stage")

    assert list(plugins.commands()) == ["sing"]
    [problem] = plugins.problems()
    assert problem.problem == "choria_commands failed: RuntimeError: no voice today"
    assert [info.state for info in plugins.infos()] == [PluginState.FAILED, PluginState.OK]


def test_a_hook_that_fails_half_way_contributes_nothing() -> None:
    @hookimpl
    def choria_commands() -> Iterable[Command]:
        yield Command("sing", "a:b", "Sing.")
        raise RuntimeError("out of breath")

    plugins = Plugins()
    plugins.register(plugin_module("hoarse", choria_commands=choria_commands), "hoarse")

    assert not plugins.commands()


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("sing", "it must give Command records, not str"),
        (Command("Sing!", "a:b", ""), "'Sing!' is no name for a command"),
        (Command("sing", "a.b", ""), "target 'a.b' of sing is not module:attribute"),
    ],
)
def test_what_is_no_command_is_explained(command: object, reason: str) -> None:
    @hookimpl
    def choria_commands() -> Iterable[object]:
        return [command]

    plugins = Plugins()
    plugins.register(plugin_module("odd", choria_commands=choria_commands), "odd")

    assert not plugins.commands()
    assert reason in plugins.problems()[0].problem


def test_a_misspelt_hook_is_refused() -> None:
    @hookimpl
    def choria_comands() -> Iterable[Command]:
        return []

    with pytest.raises(PluginError, match="choria_comands"):
        Plugins().register(plugin_module("typo", choria_comands=choria_comands), "typo")


def test_a_hook_with_a_wrong_signature_is_refused() -> None:
    @hookimpl
    def choria_commands(stage: str) -> Iterable[Command]:
        return []

    with pytest.raises(PluginError, match="stage"):
        Plugins().register(plugin_module("wrong", choria_commands=choria_commands), "wrong")


def test_a_forgotten_marker_is_refused() -> None:
    def choria_commands() -> Iterable[Command]:
        return []

    with pytest.raises(PluginError, match="choria_commands lacks @hookimpl"):
        Plugins().register(plugin_module("plain", choria_commands=choria_commands), "plain")


def test_two_plugins_of_one_name_are_refused() -> None:
    plugins = Plugins()
    plugins.register(offering("sing"), "stage")

    with pytest.raises(PluginError, match="another plugin has this name"):
        plugins.register(offering("dance"), "stage")


def test_installed_plugins_are_known_with_their_distribution() -> None:
    plugins = Plugins()
    plugins.load_installed()

    core = plugins.infos()[0]

    assert (core.name, core.distribution, core.module) == ("core", "choria-core", hooks.__name__)
    assert core.version
    assert "choria_commands" in core.hooks
    assert core.state is PluginState.OK
    assert {"broker", "plugin"} <= set(plugins.commands())


def test_a_plugin_can_be_switched_off() -> None:
    plugins = Plugins(disabled=disabled_by({"CHORIA_DISABLE_PLUGINS": " core ,other,"}))
    plugins.load_installed()

    core = plugins.infos()[0]

    assert core.state is PluginState.DISABLED
    assert core.problems == ("switched off by CHORIA_DISABLE_PLUGINS",)
    assert "broker" not in plugins.commands()
    assert not plugins.problems()


def test_nothing_is_switched_off_by_default() -> None:
    assert disabled_by({}) == frozenset()
