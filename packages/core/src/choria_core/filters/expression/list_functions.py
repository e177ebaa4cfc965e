"""Functions over arrays and maps.  Pure."""

import functools
from collections.abc import Sequence

from choria_core.filters.expression.natures import (
    ARRAY,
    FREE_MAP,
    INT,
    UNKNOWN,
    Nature,
    member_nature,
)
from choria_core.filters.expression.signatures import Function, takes, takes_kinds
from choria_core.filters.expression.values import (
    FreeMap,
    as_index,
    equal,
    fetch,
    kind_of,
    less,
    map_key,
    mismatch,
)
from choria_core.filters.limits import FilterError, Meter


def array(name: str, value: object) -> list[object]:
    """``value``, which must be an array.

    Raises:
        FilterError: it is none.
    """
    if not isinstance(value, list):
        raise mismatch(name, value)
    return value


def _dict(name: str, value: object) -> dict[object, object]:
    if not isinstance(value, dict):
        raise mismatch(name, value)
    return value


def _len(values: list[object], _meter: Meter) -> int:
    (value,) = values
    if isinstance(value, str | list | dict):
        return len(value)
    raise mismatch("len", value)


def _first(values: list[object], _meter: Meter) -> object:
    return _fetch_or_nil(values[0], 0)


def _last(values: list[object], _meter: Meter) -> object:
    return _fetch_or_nil(values[0], -1)


def _fetch_or_nil(base: object, key: object) -> object:
    try:
        return fetch(base, key)
    except FilterError:
        return None


def _get(values: list[object], _meter: Meter) -> object:
    base, key = values
    if isinstance(base, dict):
        return base.get(map_key(base, key))
    if isinstance(base, list | str):
        as_index(key)
        return _fetch_or_nil(base, key)
    return None


def _get_nature(natures: Sequence[Nature]) -> Nature | None:
    if len(natures) != 2 or natures[0].kind == "nil":
        return None
    return member_nature(*natures)


def _take(values: list[object], _meter: Meter) -> object:
    items, count = array("take", values[0]), values[1]
    if type(count) is not int or count < 0:
        raise mismatch("take", count)
    return items[:count]


def _take_nature(natures: Sequence[Nature]) -> Nature | None:
    if len(natures) != 2 or not natures[0].fits("array") or not natures[1].fits("int"):
        return None
    return natures[0].declared


def _keys(values: list[object], meter: Meter) -> object:
    return meter.admit(_sorted_keys(_dict("keys", values[0])))


def _values(values: list[object], meter: Meter) -> object:
    holder = _dict("values", values[0])
    return meter.admit([holder[key] for key in _sorted_keys(holder)])


def _to_pairs(values: list[object], meter: Meter) -> object:
    holder = _dict("toPairs", values[0])
    return meter.admit([[key, holder[key]] for key in _sorted_keys(holder)])


def _sorted_keys(holder: dict[object, object]) -> list[object]:
    """In an order of ours: the original's changes from run to run."""
    return sorted(holder, key=lambda key: (kind_of(key), key))


def _from_pairs(values: list[object], meter: Meter) -> object:
    result = FreeMap()
    for pair in array("fromPairs", values[0]):
        if not isinstance(pair, list) or len(pair) != 2:
            raise mismatch("fromPairs", pair)
        result[map_key(result, pair[0])] = pair[1]
    return meter.admit(result)


def _reverse(values: list[object], meter: Meter) -> object:
    return meter.admit(array("reverse", values[0])[::-1])


def _uniq(values: list[object], meter: Meter) -> object:
    found: list[object] = []
    for one in array("uniq", values[0]):
        meter.spend(1 + len(found))
        if not any(equal(one, other) for other in found):
            found.append(one)
    return found


def _concat(values: list[object], meter: Meter) -> object:
    found: list[object] = []
    for value in values:
        found += array("concat", value)
        meter.admit_bytes(8 * len(found))
    return meter.admit(found)


def _concat_nature(natures: Sequence[Nature]) -> Nature | None:
    return ARRAY if natures and all(nature.fits("array") for nature in natures) else None


def _flatten(values: list[object], meter: Meter) -> object:
    found: list[object] = []
    waiting = list(reversed(array("flatten", values[0])))
    while waiting:
        meter.spend(1)
        one = waiting.pop()
        if isinstance(one, list):
            waiting.extend(reversed(one))
        else:
            found.append(one)
    return found


def _sort(values: list[object], meter: Meter) -> object:
    items = [] if values[0] is None else array("sort", values[0])
    descending = len(values) > 1 and is_descending(values[1])
    return ordered(items, items, meter, descending=descending)


def is_descending(order: object) -> bool:
    """Whether the name of an order is that of the falling one.

    Raises:
        FilterError: it names no order.
    """
    if order not in {"asc", "desc"}:
        raise FilterError("an order is asc or desc")
    return order == "desc"


def ordered(
    items: list[object], keys: list[object], meter: Meter, *, descending: bool
) -> list[object]:
    """``items`` in the order of their keys.

    Raises:
        FilterError: keys that cannot be compared, or too many.
    """

    def compare(one: int, other: int) -> int:
        meter.spend(1)
        left, right = (keys[other], keys[one]) if descending else (keys[one], keys[other])
        return -1 if less(left, right) else int(less(right, left))

    places = sorted(range(len(items)), key=functools.cmp_to_key(compare))
    return [items[place] for place in places]


def _map_to_array(natures: Sequence[Nature]) -> Nature | None:
    return ARRAY if len(natures) == 1 and natures[0].fits("map") else None


def _element_of(natures: Sequence[Nature]) -> Nature | None:
    if len(natures) != 1 or not natures[0].fits("array"):
        return None
    return natures[0].declared.members if natures[0].kind == "array" else UNKNOWN


_OF_ARRAY = takes_kinds("array", gives=ARRAY)

LIST_FUNCTIONS = {
    "len": Function(takes_kinds("array", "map", "string", gives=INT), _len),
    "first": Function(_element_of, _first),
    "last": Function(_element_of, _last),
    "get": Function(_get_nature, _get),
    "take": Function(_take_nature, _take),
    "keys": Function(_map_to_array, _keys),
    "values": Function(_map_to_array, _values),
    "toPairs": Function(_map_to_array, _to_pairs),
    "fromPairs": Function(takes_kinds("array", gives=FREE_MAP), _from_pairs),
    "reverse": Function(_OF_ARRAY, _reverse),
    "uniq": Function(_OF_ARRAY, _uniq),
    "concat": Function(_concat_nature, _concat),
    "flatten": Function(_OF_ARRAY, _flatten),
    "sort": Function(takes("a", "t", "as", "ts", gives=ARRAY), _sort),
}
