"""What this plugin contributes: the statistics, and the command that looks at them."""

from collections.abc import Iterable

from choria_core.hookspecs import Command, RegistrationPlugin, hookimpl


@hookimpl
def choria_commands() -> Iterable[Command]:
    """The check."""
    return [
        Command("stats", "choria_plugin_stats.commands.stats:app", "Look at a server's statistics.")
    ]


@hookimpl
def choria_registrations() -> Iterable[RegistrationPlugin]:
    """The registration, which has the name that it had of old."""
    return [RegistrationPlugin("choria", "choria_plugin_stats.registration:StatisticsRegistration")]
