"""Templates of facts and classes: plain data in which chance and names are filled in.  Pure.

    role: web                                     as it is
    fqdn: ${identity}.example.net                 names: identity, group, number
    rack: ${number}                               alone it stays a number
    country: {choice: [de, mt]}                   one of them, each as likely
    tier: {choice: {gold: 20%, iron: 80%}}        one of them, with these shares
    cores: {choice: [2, 64], shares: [90%, 10%]}  the same for what is no text
    uptime_days: {range: [1, 400]}                whole numbers, both ends included
    load: {range: [0.0, 8.0]}                     any number between
    policy: {literal: {choice: manual}}           as it is, whatever stands in it

A template is looked through once, and then made for as many nodes as one likes.  Each
choice and range has a draw of its own: its effect is ``fact`` and the path to it, keys
joined by dots, for example ``fact os.release``.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, Final, NamedTuple

from choria_core.errors import ChoriaError, UsageError
from choria_emulator.fleet.draws import Draws
from choria_emulator.fleet.shares import parse_share

CHOICE: Final = "choice"
SHARES: Final = "shares"
RANGE: Final = "range"
LITERAL: Final = "literal"
WORDS: Final = (CHOICE, RANGE, LITERAL)
"""Keys that make a mapping more than itself."""

NAMES: Final = ("number", "identity", "group")
"""What may stand in ``${…}``."""

_PLACEHOLDER: Final = re.compile(r"\$\{([^}]*)\}")
_ROUNDING: Final = 1e-6


class Subject(NamedTuple):
    """The node that a template is made for; fields other than ``draws`` are its names."""

    draws: Draws
    number: int
    identity: str
    group: str


class Fixed(NamedTuple):
    """A part that is the same for all nodes, and shared by them."""

    value: Any


Maker = Callable[[Subject], Any]
Part = Fixed | Maker


class TemplateError(ChoriaError):
    """A template says something that cannot be made.

    Attributes:
        path: keys that lead to it, joined by dots; empty for the template itself.
        problem: what is wrong.
        fix: what to write instead.
    """

    def __init__(self, path: str, problem: str, fix: str) -> None:
        where = f"{path}: " if path else ""
        super().__init__(f"{where}{problem}; {fix}")
        self.path, self.problem, self.fix = path, problem, fix


def compile_template(template: object, path: str = "") -> Part:
    """How ``template`` is made for a node.

    Args:
        template: plain data, as read from YAML or JSON.
        path: that leads to it, for messages and the names of draws.

    Raises:
        TemplateError: it cannot be made.
    """
    match template:
        case str():
            return _text(template, path)
        case Mapping():
            return _mapping(template, path)
        case list() | tuple():
            return _sequence(template, path)
    return Fixed(template)


def problems_of(template: Mapping[str, object] | Sequence[object]) -> Iterator[TemplateError]:
    """What is wrong with each top part of a template."""
    pairs = template.items() if isinstance(template, Mapping) else enumerate(template)
    for key, value in pairs:
        try:
            compile_template(value, str(key))
        except TemplateError as error:
            yield error


def make(part: Part, subject: Subject) -> Any:
    """What a template says of one node."""
    return part.value if isinstance(part, Fixed) else part(subject)


def _text(text: str, path: str) -> Part:
    pieces = _PLACEHOLDER.split(text)  # text, name, text, name, …, text
    if len(pieces) == 1:
        return Fixed(text)
    for name in pieces[1::2]:
        if name not in NAMES:
            known = ", ".join(f"${{{one}}}" for one in NAMES)
            raise TemplateError(path, f"${{{name}}} is not known", f"known are {known}")
    if len(pieces) == 3 and not pieces[0] and not pieces[2]:
        return _named(pieces[1])

    def fill(subject: Subject) -> str:
        filled = list(pieces)
        filled[1::2] = [str(getattr(subject, name)) for name in pieces[1::2]]
        return "".join(filled)

    return fill


def _named(name: str) -> Maker:
    if name == "number":
        return lambda subject: subject.number
    if name == "identity":
        return lambda subject: subject.identity
    return lambda subject: subject.group


def _mapping(template: Mapping[str, object], path: str) -> Part:
    found = [word for word in WORDS if word in template]
    if found:
        return _word(found[0], template, path)
    parts = {key: compile_template(value, _below(path, key)) for key, value in template.items()}
    fixed = {key: part.value for key, part in parts.items() if isinstance(part, Fixed)}
    if len(fixed) == len(parts):
        return Fixed(fixed)
    order = dict.fromkeys(parts)
    makers = [(key, part) for key, part in parts.items() if not isinstance(part, Fixed)]

    def fill(subject: Subject) -> dict[str, Any]:
        made = {**order, **fixed}
        for key, maker in makers:
            made[key] = maker(subject)
        return made

    return fill


def _sequence(template: Sequence[object], path: str) -> Part:
    parts = [compile_template(item, _below(path, str(at))) for at, item in enumerate(template)]
    fixed = [part.value for part in parts if isinstance(part, Fixed)]
    if len(fixed) == len(parts):
        return Fixed(fixed)
    return lambda subject: [make(part, subject) for part in parts]


def _word(word: str, template: Mapping[str, object], path: str) -> Part:
    beside = set(template) - {word, *({SHARES} if word == CHOICE else ())}
    if beside:
        problem = f"{word} stands beside {', '.join(sorted(beside))}"
        fix = f"give it a mapping of its own, or write literal: around all if {word} is a fact"
        raise TemplateError(path, problem, fix)
    if word == LITERAL:
        return Fixed(template[LITERAL])
    return _choice(template, path) if word == CHOICE else _range(template[RANGE], path)


def _choice(template: Mapping[str, object], path: str) -> Part:
    choices, shares = template[CHOICE], template.get(SHARES)
    if isinstance(choices, Mapping):
        if shares is not None:
            fix = "write the shares in one place"
            raise TemplateError(path, "shares are said twice", fix)
        shares, choices = list(choices.values()), list(choices)
    if not isinstance(choices, list | tuple) or not choices:
        fix = "write a list, as in {choice: [a, b]}, or shares, as in {choice: {a: 20%, b: 80%}}"
        raise TemplateError(path, "choice has nothing to choose from", fix)
    parts = [compile_template(item, f"{path}[{at}]") for at, item in enumerate(choices)]
    fixed = [part.value for part in parts if isinstance(part, Fixed)]
    chosen = _chosen(f"fact {path}", len(parts), shares, path)
    if len(fixed) == len(parts):
        return lambda to: fixed[chosen(to)]
    return lambda to: make(parts[chosen(to)], to)


def _chosen(effect: str, count: int, shares: object, path: str) -> Callable[[Subject], int]:
    """Which of ``count`` choices a node takes."""
    if shares is None:
        return lambda to: int(to.draws.share(effect, to.identity) * count)
    bounds = _bounds(shares, count, path)
    return lambda to: bisect_right(bounds, to.draws.share(effect, to.identity))


def _bounds(shares: object, count: int, path: str) -> list[float]:
    """Where the second, the third … choice begins, between 0 and 1."""
    if not isinstance(shares, list | tuple) or len(shares) != count:
        fix = f"write {count} of them, as in {{choice: [1, 2], shares: [20%, 80%]}}"
        raise TemplateError(path, "shares must be a list, one for each choice", fix)
    parsed = [_share(share, path) for share in shares]
    total = sum(parsed)
    if abs(total - 1) > _ROUNDING:
        problem = f"the shares add up to {total * 100:.6g}%"
        raise TemplateError(path, problem, "change them so that they make 100%")
    return list(accumulate(parsed[:-1]))


def _share(share: object, path: str) -> float:
    try:
        return parse_share(str(share))
    except UsageError as error:
        raise TemplateError(path, f"share {error}", "shares of all choices make 100%") from error


def _range(ends: object, path: str) -> Part:
    if not isinstance(ends, list | tuple) or len(ends) != 2 or not all(map(_is_number, ends)):
        fix = "write the lowest and the highest, as in {range: [1, 64]}"
        raise TemplateError(path, "range must be two numbers", fix)
    low, high = ends
    if low > high:
        raise TemplateError(path, f"range ends at {high}, below {low}", "exchange the two")
    effect = f"fact {path}"
    if isinstance(low, int) and isinstance(high, int):
        count = high - low + 1
        return lambda to: low + int(to.draws.share(effect, to.identity) * count)
    return lambda to: to.draws.between(low, high, effect, to.identity)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
