"""The kinds that the plugins of this process offer to books, imported when a book uses them."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import is_dataclass
from typing import Any

from choria_core.config.schema import fields_of
from choria_core.errors import PluginError
from choria_core.plugins import Offered, Plugins
from choria_playbooks.book.kinds import Kinds


def kinds_of(plugins: Plugins) -> Kinds:
    """All kinds.  Whoever asks for one gets PluginError where it cannot be imported."""
    stores = _Classes(plugins.data_stores())
    return Kinds(
        tasks=_Options(_Classes(plugins.tasks())),
        data_stores=_Options(stores),
        node_sets=_Options(_Classes(plugins.node_sets())),
        stores_without_locks=_WithoutLocks(stores),
    )


class _Classes:
    """Classes of plugins by name, imported once each."""

    def __init__(self, offers: Mapping[str, Offered[Any]]) -> None:
        self.offers = offers
        self._loaded: dict[str, Any] = {}

    def get(self, name: str) -> Any:
        """One class.

        Raises:
            KeyError: there is none of this name.
            PluginError: it cannot be imported, or does not say what a book may write.
        """
        if name not in self._loaded:
            offer = self.offers[name]
            kind: Any = offer.load()
            self._loaded[name] = _checked(kind, name, offer.plugin)
        return self._loaded[name]


def _checked(kind: Any, name: str, plugin: str) -> Any:
    """``kind``, where its options can be read."""
    options = getattr(kind, "Options", None)
    if not is_dataclass(options) or not isinstance(options, type):
        raise PluginError(plugin, f"its {name} has no dataclass Options")
    try:
        fields_of(options)
    except (TypeError, NameError) as error:
        raise PluginError(plugin, f"the Options of its {name}: {error}") from error
    return kind


class _Options(Mapping[str, type]):
    """What books may say of each kind."""

    def __init__(self, classes: _Classes) -> None:
        self._classes = classes

    def __getitem__(self, name: str) -> type:
        options: type = self._classes.get(name).Options
        return options

    def __contains__(self, name: object) -> bool:
        return name in self._classes.offers

    def __iter__(self) -> Iterator[str]:
        return iter(self._classes.offers)

    def __len__(self) -> int:
        return len(self._classes.offers)


class _WithoutLocks(AbstractSet[str]):
    """Names of kinds of stores that keep no locks."""

    def __init__(self, classes: _Classes) -> None:
        self._classes = classes

    def __contains__(self, name: object) -> bool:
        return (
            isinstance(name, str)
            and name in self._classes.offers
            and not hasattr(self._classes.get(name), "acquire")
        )

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._classes.offers if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)
