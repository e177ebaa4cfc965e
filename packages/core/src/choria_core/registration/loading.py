"""The registrations that a server's configuration names."""

from collections.abc import Callable, Iterator, Mapping
from typing import cast

from choria_core.errors import ConfigError, PluginError
from choria_core.hookspecs import RegistrationPlugin
from choria_core.network_config.server_config import ServerConfig
from choria_core.plugins import Offered, Plugins
from choria_core.registration.registration import RegisteringNode, Registration

MakeRegistration = Callable[[RegisteringNode], Registration]
"""A kind: makes the registration of one node; raises ConfigError."""


def load_registrations(
    config: ServerConfig, plugins: Plugins, *, report: Callable[[PluginError], None]
) -> dict[str, MakeRegistration]:
    """What ``registration`` names; broken ones are left out and told to ``report``.

    Raises:
        ConfigError: nobody offers a kind of that name.
    """
    names = tuple(dict.fromkeys(name.lower() for name in config.registration.plugins))
    unknown = [name for name in names if name not in plugins.registrations()]
    if unknown:
        known = ", ".join(sorted(plugins.registrations())) or "none is installed"
        text = f"there is no registration {', '.join(unknown)}"
        fix = f"use one of: {known}; or install the plugin that has it"
        raise ConfigError(str(config.settings.problem("registration", text, fix)))
    return dict(_loaded(names, plugins.registrations(), report))


def _loaded(
    names: tuple[str, ...],
    offers: Mapping[str, Offered[RegistrationPlugin]],
    report: Callable[[PluginError], None],
) -> Iterator[tuple[str, MakeRegistration]]:
    for name in names:
        offered = offers[name]
        try:
            made = offered.load()
        except PluginError as error:
            report(error)
            continue
        if isinstance(made, type) and hasattr(made, "item"):
            yield name, cast("MakeRegistration", made)
        else:
            report(PluginError(offered.plugin, f"{offered.offer.target} is no Registration class"))


def is_local(make: MakeRegistration) -> bool:
    """Whether what ``make`` makes publishes nothing."""
    return bool(getattr(make, "is_local", False))
