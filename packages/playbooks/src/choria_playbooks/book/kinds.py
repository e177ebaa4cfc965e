"""The kinds of tasks, data stores and node sets that a book may use, by name.  Pure."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds:
    """What plugins offer; each name leads to the record of what a book may say of it.

    The mappings may import a kind when it is asked for.

    Attributes:
        tasks, data_stores, node_sets: record classes by the names of kinds.
        stores_without_locks: names of kinds of stores that keep none.
    """

    tasks: Mapping[str, type] = field(default_factory=dict)
    data_stores: Mapping[str, type] = field(default_factory=dict)
    node_sets: Mapping[str, type] = field(default_factory=dict)
    stores_without_locks: AbstractSet[str] = frozenset()
