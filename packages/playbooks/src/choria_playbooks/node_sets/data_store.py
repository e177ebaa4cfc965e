"""Node sets of type ``data``: names that a data store of the book keeps."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from choria_core.config.schema import Setting
from choria_core.errors import NodesError
from choria_core.playbook.stores import Stores
from choria_core.playbook.workbench import Workbench
from choria_playbooks.node_sets.filter_options import Finding
from choria_playbooks.node_sets.node_names import check_identities

_between: Final = re.compile(r"[\s,]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOptions:
    """Where the names are."""

    key: Annotated[
        str,
        Setting(
            "path of the data, as store/key: a list of names, or a text with blanks or commas "
            "between them or a JSON list in it"
        ),
    ]

    def check(self) -> Iterator[Finding]:
        """What types cannot tell."""
        store, slash, key = self.key.partition("/")
        if not (store and slash and key):
            yield "key", f"is no path to data: {self.key!r}", "write STORE/KEY"


class StoredNodes:
    """Nodes that a data store names, in its order."""

    Options: ClassVar[type] = StoredOptions
    is_passive: ClassVar[bool] = True

    async def resolve(
        self,
        options: StoredOptions,
        bench: Workbench,  # noqa: ARG002 - of the protocol
        stores: Stores,
    ) -> Sequence[str]:
        """Names.

        Raises:
            ConfigError: the book has no such store.
            KeyMissingError: the store has no such key.
            NodesError: what it has there are no names of nodes.
            ChoriaError: as of the store.
        """
        what = f"data {options.key}"
        names = _names(await stores.read(options.key), what)
        return check_identities(names, what)


def _names(value: object, what: str) -> list[str]:
    if isinstance(value, str):
        if value.lstrip().startswith("["):
            return _names(_list_in(value, what), what)
        return [name for name in _between.split(value) if name]
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise NodesError(f"{what} is no list of names, nor a text of some")
    return value


def _list_in(text: str, what: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NodesError(f"{what} begins like a JSON list and is none: {error}") from error
