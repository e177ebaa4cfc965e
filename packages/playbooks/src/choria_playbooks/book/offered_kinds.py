"""The kinds that the plugins of this process offer to books."""

from collections.abc import Mapping
from typing import Any

from choria_core.errors import PluginError
from choria_core.plugins import Offered, Plugins
from choria_playbooks.book.kinds import Kinds


def kinds_of(plugins: Plugins) -> Kinds:
    """All kinds; the classes are imported, and nothing is made of them.

    Raises:
        PluginError: one cannot be imported, or does not say what a book may write.
    """
    stores = _classes(plugins.data_stores())
    return Kinds(
        tasks=_options(plugins.tasks()),
        data_stores={name: kind.Options for name, kind in stores.items()},
        node_sets=_options(plugins.node_sets()),
        stores_without_locks=frozenset(
            name for name, kind in stores.items() if not hasattr(kind, "acquire")
        ),
    )


def _options(offers: Mapping[str, Offered[Any]]) -> Mapping[str, type]:
    return {name: kind.Options for name, kind in _classes(offers).items()}


def _classes(offers: Mapping[str, Offered[Any]]) -> Mapping[str, Any]:
    classes: dict[str, Any] = {}
    for name, offer in offers.items():
        kind: Any = offer.load()
        if not isinstance(getattr(kind, "Options", None), type):
            raise PluginError(offer.plugin, f"its {name} has no class Options")
        classes[name] = kind
    return classes
