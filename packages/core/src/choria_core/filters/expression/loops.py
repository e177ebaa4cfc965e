"""The functions that run an expression for each element of an array.  Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from choria_core.filters.expression.frame import Frame, Part
from choria_core.filters.expression.list_functions import array, is_descending, ordered
from choria_core.filters.expression.natures import (
    ANY,
    ARRAY,
    BOOL,
    GROUPS,
    INT,
    UNKNOWN,
    Nature,
    array_of,
)
from choria_core.filters.expression.values import FreeMap, add, map_key, mismatch
from choria_core.filters.limits import FilterError

Steps = Iterator[tuple[object, object]]
"""Each element with what the body made of it."""

Walk = Callable[..., Steps]


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop.

    Attributes:
        run: makes the result of the frame, the array, a walk over it and the third argument.
        result: its nature, of those of the array and of the body.
        least, most: how many arguments it takes.
        boolean: the body must say true or false.
        pointers: what the body may ask besides the element.
    """

    run: Callable[[Frame, list[object], Walk, object], object]
    result: Callable[[Nature, Nature], Nature]
    least: int = 2
    most: int = 2
    boolean: bool = False
    pointers: frozenset[str] = frozenset()


def compile_loop(name: str, items: Part, body: Part | None, extra: Part | None) -> Part:
    """A loop over ``items``; without a body each element stands for itself.

    Raises:
        FilterError: types that cannot fit.
    """
    loop = LOOPS[name]
    made = items.nature.members if body is None else body.nature
    if not items.nature.fits("array"):
        raise FilterError(f"{name} takes an array")
    if body is not None and (made.kind == "nil" or (loop.boolean and not made.fits("bool"))):
        raise FilterError(f"the body of {name} does not give what it needs")
    get_items, get_extra = items.run, extra.run if extra else None
    make, step = (body.run, body.weight + 1) if body else (_itself, 1)

    def run(frame: Frame) -> object:
        found = array(name, get_items(frame))
        given = None if get_extra is None else get_extra(frame)
        outer = frame.item, frame.index, frame.acc

        def walk(*, backwards: bool = False, start: int = 0) -> Steps:
            places = range(start, len(found))
            for index in reversed(places) if backwards else places:
                frame.meter.spend(step)
                frame.item, frame.index = found[index], index
                yield found[index], make(frame)

        try:
            if get_extra is None and loop.most == 3:
                return loop.run(frame, found, walk, _NOTHING)
            return loop.run(frame, found, walk, given)
        finally:
            frame.item, frame.index, frame.acc = outer

    weight = 1 + items.weight + (extra.weight if extra else 0)
    return Part(run, loop.result(items.nature, made), weight)


_NOTHING = object()


def _itself(frame: Frame) -> object:
    return frame.item


def _truth(value: object) -> bool:
    if value is True or value is False:
        return value
    raise mismatch("a condition", value)


def _all(_frame: Frame, _items: list[object], walk: Walk, _extra: object) -> bool:
    return all(_truth(value) for _, value in walk())


def _none(_frame: Frame, _items: list[object], walk: Walk, _extra: object) -> bool:
    return not any(_truth(value) for _, value in walk())


def _any(_frame: Frame, _items: list[object], walk: Walk, _extra: object) -> bool:
    return any(_truth(value) for _, value in walk())


def _one(frame: Frame, items: list[object], walk: Walk, extra: object) -> bool:
    return _count(frame, items, walk, extra) == 1


def _filter(_frame: Frame, _items: list[object], walk: Walk, _extra: object) -> object:
    return [item for item, value in walk() if _truth(value)]


def _map(frame: Frame, _items: list[object], walk: Walk, _extra: object) -> object:
    return frame.meter.admit([value for _, value in walk()])


def _count(_frame: Frame, _items: list[object], walk: Walk, _extra: object) -> int:
    return sum(_truth(value) for _, value in walk())


def _sum(frame: Frame, _items: list[object], walk: Walk, _extra: object) -> object:
    total: object = 0
    for _, value in walk():
        total = add(value, total)
    return frame.meter.admit(total)


def _find(_frame: Frame, _items: list[object], walk: Walk, _extra: object) -> object:
    return next((item for item, value in walk() if _truth(value)), None)


def _find_last(_frame: Frame, _items: list[object], walk: Walk, _extra: object) -> object:
    return next((item for item, value in walk(backwards=True) if _truth(value)), None)


def _find_index(frame: Frame, _items: list[object], walk: Walk, _extra: object) -> int | None:
    return next((frame.index for _, value in walk() if _truth(value)), None)


def _find_last_index(frame: Frame, _items: list[object], walk: Walk, _extra: object) -> int | None:
    return next((frame.index for _, value in walk(backwards=True) if _truth(value)), None)


def _group_by(_frame: Frame, _items: list[object], walk: Walk, _extra: object) -> FreeMap:
    groups = FreeMap()
    for item, value in walk():
        group = groups.setdefault(map_key(groups, value), [])
        assert isinstance(group, list)
        group.append(item)
    return groups


def _sort_by(frame: Frame, items: list[object], walk: Walk, extra: object) -> object:
    descending = extra is not _NOTHING and is_descending(extra)
    keys = [value for _, value in walk()]
    return ordered(items, keys, frame.meter, descending=descending)


def _reduce(frame: Frame, items: list[object], walk: Walk, extra: object) -> object:
    start = 0
    if extra is not _NOTHING:
        frame.acc = extra
    elif items:
        frame.acc, start = items[0], 1
    else:
        raise FilterError("nothing to reduce")
    for _, value in walk(start=start):
        frame.acc = frame.meter.admit(value)
    return frame.acc


def _boolean(_items: Nature, _body: Nature) -> Nature:
    return BOOL


def _integer(_items: Nature, _body: Nature) -> Nature:
    return INT


def _element(items: Nature, _body: Nature) -> Nature:
    return UNKNOWN if items.is_open else items.members


def _subset(items: Nature, _body: Nature) -> Nature:
    return ARRAY if items.is_open else array_of(items.members)


def _made(_items: Nature, body: Nature) -> Nature:
    return body


def _total(_items: Nature, body: Nature) -> Nature:
    return ANY if body.is_open else body


_INDEX = frozenset({"index"})

LOOPS: Mapping[str, Loop] = {
    "all": Loop(_all, _boolean, boolean=True),
    "none": Loop(_none, _boolean, boolean=True),
    "any": Loop(_any, _boolean, boolean=True),
    "one": Loop(_one, _boolean, boolean=True),
    "filter": Loop(_filter, _subset, boolean=True),
    "map": Loop(_map, lambda _items, body: array_of(body), pointers=_INDEX),
    "count": Loop(_count, _integer, least=1, boolean=True),
    "sum": Loop(_sum, _total, least=1),
    "find": Loop(_find, _element, boolean=True),
    "findIndex": Loop(_find_index, _integer, boolean=True),
    "findLast": Loop(_find_last, _element, boolean=True),
    "findLastIndex": Loop(_find_last_index, _integer, boolean=True),
    "groupBy": Loop(_group_by, lambda _items, _body: GROUPS),
    "sortBy": Loop(_sort_by, lambda items, _body: items, most=3),
    "reduce": Loop(_reduce, _made, most=3, pointers=_INDEX | {"acc"}),
}
"""By name."""
