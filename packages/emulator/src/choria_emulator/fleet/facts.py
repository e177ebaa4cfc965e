"""The facts and classes of each node of a group.  Pure."""

from collections.abc import Mapping
from typing import Any, cast

from choria_emulator.fleet.draws import Draws
from choria_emulator.fleet.plan import Group
from choria_emulator.fleet.recipes import InventoryFacts
from choria_emulator.fleet.templates import Fixed, Subject, compile_template, make


class GroupFacts:
    """What the nodes of one group know of themselves, made when asked for.

    Args:
        group: its recipe says how.
        draws: of the fleet.

    Raises:
        TemplateError: the recipe cannot be made; a plan from a file has none of those.
    """

    __slots__ = ("_classes", "_drawn", "_draws", "_group", "_rows", "_template")

    def __init__(self, group: Group, draws: Draws) -> None:
        recipe = group.facts
        self._group, self._draws = group, draws
        self._rows = recipe if isinstance(recipe, InventoryFacts) else None
        template = {} if isinstance(recipe, InventoryFacts) else recipe.facts
        self._template = compile_template(template)
        self._drawn = compile_template(list(group.drawn_classes), "classes")
        self._classes = group.classes

    def facts(self, number: int) -> Mapping[str, Any]:
        """The facts of node ``number``, counted from 1; not to be changed, for nodes share them."""
        rows = self._rows
        if rows is not None:
            return rows.rows[self._row(number, len(rows.rows))] if rows.rows else {}
        template = self._template
        if isinstance(template, Fixed):
            return cast("Mapping[str, Any]", template.value)
        return cast("Mapping[str, Any]", template(self._subject(number)))

    def classes(self, number: int) -> tuple[str, ...]:
        """The classes of node ``number``, each once: the group's, real ones, drawn ones."""
        rows = self._rows
        real = rows.classes[self._row(number, len(rows.classes))] if rows and rows.classes else ()
        if not self._group.drawn_classes:
            return tuple(dict.fromkeys((*self._classes, *real))) if real else self._classes
        found = make(self._drawn, self._subject(number))
        drawn = (str(name) for name in found if name not in (None, ""))
        return tuple(dict.fromkeys((*self._classes, *real, *drawn)))

    def _row(self, number: int, count: int) -> int:
        """Which real node it takes after; groups on several machines go on by their offset."""
        return (number + self._group.offset - 1) % count

    def _subject(self, number: int) -> Subject:
        group = self._group
        identity = group.identity(number)
        return Subject(self._draws, number + group.offset, identity, group.name)
