"""Find the installed plugins and ask them for what they contribute.

Beside ``hookspecs`` the only module that calls pluggy.  Each plugin has a
pluggy manager of its own, so that the error of one never ends the turn of
another: a broken plugin is remembered with its reason and left out.
"""

import enum
import importlib
import os
import re
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import Distribution, EntryPoint, entry_points
from typing import Any, Generic, TypeVar

import pluggy

from choria_core import hookspecs
from choria_core.errors import ChoriaError, PluginError
from choria_core.hookspecs import (
    ENTRY_POINT_GROUP,
    PROJECT,
    AgentPlugin,
    AuditorPlugin,
    AuthorizerPlugin,
    Command,
    DataSourcePlugin,
    DataStorePlugin,
    DescriptionPlugin,
    DiscoveryMethodPlugin,
    NodeSetPlugin,
    Part,
    RegistrationPlugin,
    TaskPlugin,
)

DISABLE_VARIABLE = "CHORIA_DISABLE_PLUGINS"
BUILT_IN = "core"

Offer = TypeVar("Offer", bound=Command | Part)


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of contribution: the hook that gives it, what it is called, how it is named."""

    hook: str
    word: str
    allowed: str = "a-z, 0-9 and _"
    names: re.Pattern[str] = re.compile(r"[a-z0-9_]+")

    @property
    def noun(self) -> str:
        """What it is called, without an article."""
        return self.word.partition(" ")[2]


_KINDS: Mapping[type[object], _Kind] = {
    Command: _Kind(
        "choria_commands", "a command", "a-z, 0-9 and -", re.compile(r"[a-z0-9][a-z0-9-]*")
    ),
    AgentPlugin: _Kind("choria_agents", "an agent"),
    DescriptionPlugin: _Kind("choria_descriptions", "a description"),
    DataSourcePlugin: _Kind("choria_data_sources", "a data source"),
    AuthorizerPlugin: _Kind("choria_authorizers", "an authorizer"),
    AuditorPlugin: _Kind("choria_auditors", "an auditor"),
    RegistrationPlugin: _Kind("choria_registrations", "a registration"),
    DiscoveryMethodPlugin: _Kind("choria_discovery_methods", "a discovery method"),
    DataStorePlugin: _Kind("choria_data_stores", "a data store"),
    NodeSetPlugin: _Kind("choria_node_sets", "a node set"),
    TaskPlugin: _Kind("choria_tasks", "a task"),
}


class PluginState(enum.Enum):
    """What became of a plugin."""

    OK = "ok"
    DISABLED = "disabled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """One plugin for people to read.

    Attributes:
        name: of its entry point.
        distribution, version: of what was installed; empty for one added by hand.
        module: where its hooks are.
        hooks: the hooks that it implements.
        state: whether it takes part.
        problems: why it does not, or which of its contributions were left out.
    """

    name: str
    distribution: str
    version: str
    module: str
    hooks: tuple[str, ...]
    state: PluginState
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Offered(Generic[Offer]):
    """A contribution and the plugin that it comes from."""

    plugin: str
    offer: Offer

    def load(self) -> object:
        """Import its target.

        Raises:
            PluginError: that fails.
        """
        if not isinstance(self.offer.target, str):
            return self.offer.target
        module, _, attribute = self.offer.target.partition(":")
        what = f"its {_KINDS[type(self.offer)].noun} {self.offer.name}"
        try:
            target: object = getattr(importlib.import_module(module), attribute)
        except AttributeError as error:
            problem = f"cannot load {what}: {module} has no {attribute}"
            raise PluginError(self.plugin, problem) from error
        except ImportError as error:
            raise PluginError(self.plugin, f"cannot load {what}: {error}") from error
        except (Exception, SystemExit) as error:  # whatever a foreign module raises
            raise PluginError(self.plugin, f"cannot load {what}: {_describe(error)}") from error
        return target

    def make(self, config: object, kind: str) -> object:
        """What its target makes of a configuration.

        Args:
            config: that it is called with.
            kind: of thing that it makes: ``auditor``.

        Raises:
            PluginError: it cannot be loaded, or fails to make one.
            ChoriaError: it refuses the configuration.
        """
        maker = self.load()
        if not callable(maker):
            raise PluginError(self.plugin, f"{self.offer.target} is no maker of {kind}s")
        try:
            made: object = maker(config)
        except ChoriaError:
            raise
        except Exception as error:
            raise PluginError(
                self.plugin, f"{kind} {self.offer.name} cannot be made: {error}"
            ) from error
        return made


@dataclass(slots=True)
class _Plugin:
    """A plugin as it is held: ``manager`` is None unless it takes part."""

    name: str
    module: str
    distribution: Distribution | None
    manager: pluggy.PluginManager | None = None
    state: PluginState = PluginState.OK
    problems: list[str] = field(default_factory=list)

    def fail(self, problem: str) -> None:
        """Leave the plugin out from now on."""
        self.manager = None
        self.state = PluginState.FAILED
        self.problems.append(problem)

    def hooks(self) -> tuple[str, ...]:
        """The names of the hooks that it implements."""
        if self.manager is None:
            return ()
        return tuple(
            sorted(
                caller.name
                for plugin in self.manager.get_plugins()
                for caller in self.manager.get_hookcallers(plugin) or ()
            )
        )

    def info(self) -> PluginInfo:
        """What is to be said of it."""
        return PluginInfo(
            self.name,
            self.distribution.name if self.distribution else "",
            self.distribution.version if self.distribution else "",
            self.module,
            self.hooks(),
            self.state,
            tuple(self.problems),
        )


class Plugins:
    """The plugins of one process.  Build one per program or test; there is no global."""

    def __init__(self, *, disabled: Iterable[str] = ()) -> None:
        self._disabled = frozenset(disabled)
        self._plugins: dict[str, _Plugin] = {}
        self._offers: dict[type[object], dict[str, Offered[Any]]] = {}

    def load_installed(self) -> None:
        """Load every installed plugin: core first, the others by name.

        Nothing is raised for a broken one; see ``problems``.
        """
        for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=_rank):
            self._load(point)

    def register(self, module: object, name: str) -> None:
        """Add one plugin by hand.

        Raises:
            PluginError: it breaks the contract, or its name is taken.
        """
        if name in self._plugins:
            raise PluginError(name, "another plugin has this name")
        self._plugins[name] = _Plugin(name, _name_of(module), None, _manager(module, name))

    def commands(self) -> Mapping[str, Offered[Command]]:
        """The subcommands by name; plugins are asked at the first call, as for all that follows."""
        return self._offered(Command)

    def agents(self) -> Mapping[str, Offered[AgentPlugin]]:
        """The agents by name."""
        return self._offered(AgentPlugin)

    def descriptions(self) -> Mapping[str, Offered[DescriptionPlugin]]:
        """The descriptions of agents that are not installed, by name."""
        return self._offered(DescriptionPlugin)

    def data_sources(self) -> Mapping[str, Offered[DataSourcePlugin]]:
        """The data sources by name."""
        return self._offered(DataSourcePlugin)

    def authorizers(self) -> Mapping[str, Offered[AuthorizerPlugin]]:
        """The authorizers by name."""
        return self._offered(AuthorizerPlugin)

    def auditors(self) -> Mapping[str, Offered[AuditorPlugin]]:
        """The auditors by name."""
        return self._offered(AuditorPlugin)

    def registrations(self) -> Mapping[str, Offered[RegistrationPlugin]]:
        """The kinds of registration by name."""
        return self._offered(RegistrationPlugin)

    def discovery_methods(self) -> Mapping[str, Offered[DiscoveryMethodPlugin]]:
        """The discovery methods by name."""
        return self._offered(DiscoveryMethodPlugin)

    def data_stores(self) -> Mapping[str, Offered[DataStorePlugin]]:
        """The kinds of data stores by name."""
        return self._offered(DataStorePlugin)

    def node_sets(self) -> Mapping[str, Offered[NodeSetPlugin]]:
        """The kinds of node sets by name."""
        return self._offered(NodeSetPlugin)

    def tasks(self) -> Mapping[str, Offered[TaskPlugin]]:
        """The kinds of tasks by name."""
        return self._offered(TaskPlugin)

    def infos(self) -> list[PluginInfo]:
        """All plugins, also those that are switched off or broken."""
        self._ask_all()
        return [plugin.info() for plugin in self._plugins.values()]

    def problems(self) -> list[PluginError]:
        """Everything that had to be left out, with its reason."""
        self._ask_all()
        return [
            PluginError(plugin.name, problem)
            for plugin in self._plugins.values()
            if plugin.state is not PluginState.DISABLED
            for problem in plugin.problems
        ]

    def _load(self, point: EntryPoint) -> None:
        plugin = _Plugin(self._unused(point), point.value, point.dist)
        self._plugins[plugin.name] = plugin
        if point.name in self._disabled:
            plugin.state = PluginState.DISABLED
            plugin.problems.append(f"switched off by {DISABLE_VARIABLE}")
            return
        if plugin.name != point.name:
            plugin.fail(f"another distribution has a plugin named {point.name}")
            return
        try:
            plugin.manager = _manager(point.load(), point.name)
        except PluginError as error:
            plugin.fail(error.problem)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a foreign module raises
            plugin.fail(f"cannot import {point.value}: {_describe(error)}")

    def _unused(self, point: EntryPoint) -> str:
        """The entry point's name, told apart from a namesake by its distribution."""
        if point.name not in self._plugins:
            return point.name
        return f"{point.name} of {point.dist.name if point.dist else point.value}"

    def _ask_all(self) -> None:
        for kind in _KINDS:
            self._offered(kind)  # type: ignore[type-var]  # all of them are offers

    def _offered(self, kind: type[Offer]) -> Mapping[str, Offered[Offer]]:
        found = self._offers.get(kind)
        if found is None:
            found = self._offers[kind] = {}
            for plugin in self._plugins.values():
                self._gather(plugin, kind, found)
        return found

    def _gather(self, plugin: _Plugin, kind: type[Offer], found: dict[str, Offered[Any]]) -> None:
        if plugin.manager is None:
            return
        try:
            offers = list(_asked(plugin.manager, kind))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a foreign hook raises
            plugin.fail(f"{_KINDS[kind].hook} failed: {_describe(error)}")
            return
        for offer in offers:
            first = found.setdefault(offer.name, Offered(plugin.name, offer))
            if first.offer is not offer:
                plugin.problems.append(
                    f"its {_KINDS[kind].noun} {offer.name} is left out: "
                    f"plugin {first.plugin} offers one of that name"
                )


def disabled_by(environment: Mapping[str, str] = os.environ) -> frozenset[str]:
    """The plugins that ``CHORIA_DISABLE_PLUGINS=a,b`` switches off."""
    names = environment.get(DISABLE_VARIABLE, "").split(",")
    return frozenset(name.strip() for name in names if name.strip())


def _rank(point: EntryPoint) -> tuple[bool, str, str]:
    return point.name != BUILT_IN, point.name, point.value


def _manager(module: object, name: str) -> pluggy.PluginManager:
    """A manager that holds this one plugin.

    Raises:
        PluginError: a hook is unknown, unmarked or takes unknown arguments.
    """
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(module, name)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise PluginError(name, _describe(error)) from error
    unmarked = _unmarked_hooks(module, manager)
    if unmarked:
        raise PluginError(name, f"{unmarked[0]} lacks @hookimpl, or choria has no such hook")
    return manager


def _unmarked_hooks(module: object, manager: pluggy.PluginManager) -> list[str]:
    """Functions that look like hooks and are not known as such."""
    known = {caller.name for caller in manager.get_hookcallers(module) or ()}
    return sorted(
        name
        for name, value in vars(module).items()
        if name.startswith("choria_") and isinstance(value, types.FunctionType)
        if value.__module__ == _name_of(module) and name not in known
    )


def _name_of(module: object) -> str:
    return getattr(module, "__name__", type(module).__name__)


def _asked(manager: pluggy.PluginManager, kind: type[Offer]) -> Iterator[Offer]:
    """What a plugin answers to the hook of ``kind``, checked."""
    for offered in getattr(manager.hook, _KINDS[kind].hook)():
        for offer in offered:
            yield _checked(offer, kind)


def _checked(offer: object, kind: type[Offer]) -> Offer:
    if not isinstance(offer, kind):
        raise TypeError(f"it must give {kind.__name__} records, not {type(offer).__name__}")
    rules = _KINDS[kind]
    if not rules.names.fullmatch(offer.name):
        raise ValueError(f"{offer.name!r} is no name for {rules.word}: use {rules.allowed}")
    if isinstance(offer.target, str) and offer.target.count(":") != 1:
        raise ValueError(f"target {offer.target!r} of {offer.name} is not module:attribute")
    return offer


def _describe(error: BaseException) -> str:
    """An error as one line."""
    text = " ".join(str(error).split())
    return (
        text
        if isinstance(error, pluggy.PluginValidationError)
        else f"{type(error).__name__}: {text}"
    )
