"""The registrations that a server's configuration names."""

from collections.abc import Callable, Iterable, Iterator, Mapping
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
    names = config.registration.plugins
    missing = missing_of(names, plugins)
    if missing is not None:
        raise ConfigError(str(config.settings.problem("registration", *missing)))
    return load_kinds(names, plugins, report=report)


def missing_of(names: Iterable[str], plugins: Plugins) -> tuple[str, str] | None:
    """What is wrong where nobody offers some of ``names``, and how to mend it; else None."""
    offers = plugins.registrations()
    unknown = [name for name in names if name.lower() not in offers]
    if not unknown:
        return None
    known = ", ".join(sorted(offers)) or "none is installed"
    return (
        f"there is no registration {', '.join(unknown)}",
        f"use one of: {known}; or install the plugin that has it",
    )


def load_kinds(
    names: Iterable[str], plugins: Plugins, *, report: Callable[[PluginError], None]
) -> dict[str, MakeRegistration]:
    """The kinds called ``names``, in any case of letters, all of which somebody offers."""
    wanted = tuple(dict.fromkeys(name.lower() for name in names))
    return dict(_loaded(wanted, plugins.registrations(), report))


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
