"""What this plugin contributes to servers."""

from collections.abc import Iterable

from choria_core.hookspecs import RegistrationPlugin, hookimpl


@hookimpl
def choria_registrations() -> Iterable[RegistrationPlugin]:
    """The registration."""
    return [
        RegistrationPlugin(
            "inventory_content",
            "choria_plugin_inventory_content.registration:InventoryRegistration",
        )
    ]
