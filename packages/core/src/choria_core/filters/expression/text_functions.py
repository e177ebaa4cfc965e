"""Functions over texts.  Pure."""

import base64
import binascii
from typing import cast

from choria_core.filters.expression.formats import from_json, printed, to_json
from choria_core.filters.expression.natures import ANY, BOOL, INT, STRING, TEXTS
from choria_core.filters.expression.signatures import Function, Run, takes
from choria_core.filters.expression.values import as_index, mismatch, octets
from choria_core.filters.go_text import SPACES, to_lower, to_upper
from choria_core.filters.limits import FilterError, Meter


def _texts(values: list[object]) -> list[str]:
    for value in values:
        if not isinstance(value, str):
            raise mismatch("a function of texts", value)
    return cast("list[str]", values)


def _reading(values: list[object], meter: Meter) -> list[str]:
    texts = _texts(values)
    for text in texts:
        meter.read(text)
    return texts


def _trim(values: list[object], meter: Meter) -> str:
    text, *characters = _reading(values, meter)
    return text.strip(characters[0] if characters else SPACES)


def _trim_prefix(values: list[object], meter: Meter) -> str:
    text, *prefix = _reading(values, meter)
    return text.removeprefix(prefix[0] if prefix else " ")


def _trim_suffix(values: list[object], meter: Meter) -> str:
    text, *suffix = _reading(values, meter)
    return text.removesuffix(suffix[0] if suffix else " ")


def _upper(values: list[object], meter: Meter) -> str:
    return to_upper(_reading(values, meter)[0])


def _lower(values: list[object], meter: Meter) -> str:
    return to_lower(_reading(values, meter)[0])


def _split(values: list[object], meter: Meter) -> object:
    text, separator = _reading(values[:2], meter)
    most = as_index(values[2]) if len(values) > 2 else -1
    return meter.admit(_parts(text, separator, most))


def _split_after(values: list[object], meter: Meter) -> object:
    text, separator = _reading(values[:2], meter)
    most = as_index(values[2]) if len(values) > 2 else -1
    parts = _parts(text, separator, most)
    return meter.admit([one + separator for one in parts[:-1]] + parts[-1:])


def _parts(text: str, separator: str, most: int) -> list[str]:
    """``text`` in at most that many parts; in characters where nothing separates."""
    if most == 0:
        return []
    if separator:
        return text.split(separator, most - 1 if most > 0 else -1)
    if most < 0 or most >= len(text):
        return list(text)
    return [*text[: most - 1], text[most - 1 :]]


def _replace(values: list[object], meter: Meter) -> object:
    text, old, new = _reading(values[:3], meter)
    most = as_index(values[3]) if len(values) > 3 else -1
    times = text.count(old) if most < 0 else min(text.count(old), most)
    meter.admit_bytes(len(text) + times * max(len(new) - len(old), 0))
    return text.replace(old, new, most if most >= 0 else -1)


def _repeat(values: list[object], meter: Meter) -> object:
    (text,) = _texts(values[:1])
    times = as_index(values[1])
    if times < 0:
        raise FilterError("a text cannot be repeated less than never")
    meter.admit_bytes(max(len(text), 1) * times)
    return text * times


def _join(values: list[object], meter: Meter) -> object:
    parts, *glue = values
    if not isinstance(parts, list):
        raise mismatch("join", parts)
    between = _texts(glue)[0] if glue else ""
    meter.admit_bytes(sum(map(len, _texts(parts))) + len(between) * len(parts))
    return between.join(parts)


def _index_of(values: list[object], meter: Meter) -> int:
    text, wanted = map(octets, _reading(values, meter))
    return text.find(wanted)


def _last_index_of(values: list[object], meter: Meter) -> int:
    text, wanted = map(octets, _reading(values, meter))
    return text.rfind(wanted)


def _has_prefix(values: list[object], meter: Meter) -> bool:
    text, prefix = _reading(values, meter)
    return text.startswith(prefix)


def _has_suffix(values: list[object], meter: Meter) -> bool:
    text, suffix = _reading(values, meter)
    return text.endswith(suffix)


def _to_base64(values: list[object], meter: Meter) -> object:
    (text,) = _reading(values, meter)
    return meter.admit(base64.b64encode(octets(text)).decode())


def _from_base64(values: list[object], meter: Meter) -> str:
    (text,) = _reading(values, meter)
    try:
        plain = base64.b64decode(text.replace("\r", "").replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        raise FilterError("not base64") from None
    return plain.decode(errors="replace")


def _text(run: Run, *overloads: str) -> Function:
    return Function(takes(*overloads, gives=STRING), run)


TEXT_FUNCTIONS = {
    "trim": _text(_trim, "s", "ss"),
    "trimPrefix": _text(_trim_prefix, "s", "ss"),
    "trimSuffix": _text(_trim_suffix, "s", "ss"),
    "upper": _text(_upper, "s"),
    "lower": _text(_lower, "s"),
    "split": Function(takes("ss", "ssi", gives=TEXTS), _split),
    "splitAfter": Function(takes("ss", "ssi", gives=TEXTS), _split_after),
    "replace": _text(_replace, "sss", "sssi"),
    "repeat": _text(_repeat, "si"),
    "join": _text(_join, "t", "ts", "a", "as"),
    "indexOf": Function(takes("ss", gives=INT), _index_of),
    "lastIndexOf": Function(takes("ss", gives=INT), _last_index_of),
    "hasPrefix": Function(takes("ss", gives=BOOL), _has_prefix),
    "hasSuffix": Function(takes("ss", gives=BOOL), _has_suffix),
    "toBase64": _text(_to_base64, "s"),
    "fromBase64": _text(_from_base64, "s"),
    "string": _text(printed, "*"),
    "toJSON": _text(to_json, "*"),
    "fromJSON": Function(takes("s", gives=ANY), from_json),
}
