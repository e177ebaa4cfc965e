r"""Action policies, as their files have them.  Pure.

    policy default deny
    allow	choria=alice.mcollective	ping get_fact	*	*
    deny	/^choria=test/ operators	*	country=mt os.name=Debian	roles::web

The columns are the verdict, the callers, the actions, the facts and the classes; tabs
stand between them, blanks between the items of one.  A caller is written out, or
is a pattern between slashes, or the name of a group.  Of facts and classes all must
be the node's.  ``*`` alone in a column stands for anything.  The first line that
fits decides, and where none does, the default.

What cannot be understood is not skipped: it could have been what denies.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from choria_core.config.problems import Location, Problem, at
from choria_core.errors import UsageError
from choria_core.filters.grammar import parse_fact
from choria_core.filters.limits import FilterError, Meter
from choria_core.filters.matching import CompiledFilter, compile_filter
from choria_core.filters.node_view import NodeView
from choria_core.filters.patterns import Pattern, pattern
from choria_core.protocol.messages import Filter

Groups = Mapping[str, frozenset[str]]
"""Callers by the name of their group."""

_ANY: Final = "*"
_DEFAULT: Final = re.compile(r"policy[ \t]+default[ \t]+(\S+)")
_GROUP: Final = re.compile(r"[\w.-]+")
_COLUMNS: Final = "allow or deny, callers, actions, facts, classes"
_COMPOUND: Final = frozenset(("and", "or", "not"))


@dataclass(frozen=True, slots=True)
class Callers:
    """A column of callers.

    Attributes:
        everyone: whether it is ``*``.
        names: written out, those of groups among them.
        patterns: found anywhere in a caller's name.
    """

    everyone: bool
    names: frozenset[str]
    patterns: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One line.

    Attributes:
        actions: None for all.
        node: what the node must be like.
    """

    location: Location
    allows: bool
    callers: Callers
    actions: frozenset[str] | None
    node: CompiledFilter
    needs_node: bool


@dataclass(frozen=True, slots=True)
class Policy:
    """A file.

    Attributes:
        default: whether what no rule speaks of is allowed; None where the file does not say.
    """

    rules: tuple[Rule, ...]
    default: bool | None


def parse_groups(text: str, *, file: str) -> Groups | Problem:
    """The groups of a file with lines ``name caller caller …``, or what is wrong with it."""
    groups: dict[str, frozenset[str]] = {}
    for number, line in _lines(text):
        name, *members = line.split()
        if not _GROUP.fullmatch(name):
            return _problem(file, number, f"{name!r} is no name for a group")
        groups[name] = frozenset(members)
    return groups


def parse_policy(text: str, groups: Groups, *, file: str) -> Policy | Problem:
    """The policy of a file, or what is wrong with its first wrong line."""
    rules: list[Rule] = []
    default: bool | None = None
    for number, line in _lines(text):
        said = _DEFAULT.fullmatch(line)
        try:
            if said is None:
                rules.append(_rule(line, groups, Location(file, number)))
            else:
                default = _verdict(said[1])
        except (ValueError, UsageError, FilterError) as error:
            return _problem(file, number, str(error))
    return Policy(tuple(rules), default)


def fits(rule: Rule, *, caller: str, action: str) -> bool:
    """Whether a rule speaks of a caller and an action, the node left aside.

    Raises:
        FilterError: a pattern cannot be searched for.
    """
    return (rule.actions is None or action in rule.actions) and _is_among(caller, rule.callers)


def fits_node(rule: Rule, view: NodeView) -> bool:
    """Whether a rule speaks of a node.

    Raises:
        FilterError: a comparison has no meaning for the node's facts.
    """
    return not rule.needs_node or rule.node.verdict(view)


def _is_among(caller: str, callers: Callers) -> bool:
    if callers.everyone or caller in callers.names:
        return True
    return any(one.is_in(caller, Meter()) for one in callers.patterns)


def _rule(line: str, groups: Groups, location: Location) -> Rule:
    """Raises ValueError, UsageError or FilterError."""
    columns = re.split(r"\t+", line)
    if len(columns) != len(_COLUMNS.split(", ")):
        raise ValueError(f"{len(columns)} columns between tabs instead of: {_COLUMNS}")
    verdict, callers, actions, facts, classes = columns
    wanted = Filter(
        fact=tuple(parse_fact(item) for item in _conditions(facts)),
        cf_class=tuple(_class(item) for item in _conditions(classes)),
    )
    compiled = compile_filter(wanted)
    if compiled.refusal is not None:
        raise ValueError(compiled.refusal)
    return Rule(
        location,
        _verdict(verdict),
        _callers(callers, groups),
        frozenset(_items(actions)) or None,
        compiled,
        not wanted.is_empty,
    )


def _callers(column: str, groups: Groups) -> Callers:
    names: set[str] = set()
    patterns: list[Pattern] = []
    items = _items(column)
    for item in items:
        if item.startswith("/"):
            if not item.endswith("/") or len(item) <= len("//"):
                raise ValueError(f"{item} is no pattern between slashes")
            patterns.append(pattern(item[1:-1]))
        elif item in groups:
            names |= groups[item]
        elif "=" in item:
            names.add(item)
        else:
            raise ValueError(f"{item} is no caller like choria=name, no pattern and no group")
    return Callers(not items, frozenset(names), tuple(patterns))


def _class(item: str) -> str:
    if re.search(r"[<>=]", item) and not item.startswith("/"):
        raise ValueError(f"{item} is no class")
    return item


def _conditions(column: str) -> tuple[str, ...]:
    """The items of a column about nodes; raises ValueError for an expression."""
    items = _items(column)
    for item in items:
        is_call = "(" in item and "/" not in item
        if is_call or item in _COMPOUND or item.startswith(("!", "(")):
            raise ValueError(f"{item}: expressions are not supported; write several lines")
    return items


def _items(column: str) -> tuple[str, ...]:
    """The items of a column, none for ``*``; raises ValueError."""
    if column.strip() == _ANY:
        return ()
    items = tuple(column.split())
    if not items:
        raise ValueError("an empty column; write * for anything")
    for item in items:
        if item == _ANY:
            raise ValueError("* stands alone in its column")
    return items


def _verdict(word: str) -> bool:
    if word not in ("allow", "deny"):
        raise ValueError(f"{word!r} is neither allow nor deny")
    return word == "allow"


def _lines(text: str) -> list[tuple[int, str]]:
    """The lines that say something, with their numbers."""
    lines = enumerate((line.rstrip() for line in text.split("\n")), start=1)
    return [(number, line) for number, line in lines if line and not line.startswith("#")]


def _problem(file: str, line: int, text: str) -> Problem:
    return at(Location(file, line), "", text, "correct the line")
