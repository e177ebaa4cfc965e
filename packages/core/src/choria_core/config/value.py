"""One value of a settings file: is it what the schema wants?  Pure."""

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, assert_never

from choria_core.config.schema import (
    ChoiceShape,
    Grammar,
    GrammarShape,
    Setting,
    ValueShape,
    type_words,
)
from choria_core.config.yaml_nodes import ListNode, MapNode, Node, ScalarNode, number, plain, truth
from choria_core.errors import ConfigError
from choria_core.telemetry.redaction import redact_text

_LONGEST_SHOWN = 40
_COUNTABLE = ("whole number", "number", "path", "duration")
_INTEGERS = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a value cannot be taken, and what to write instead."""

    text: str
    fix: str = ""


def read_value(shape: ValueShape | GrammarShape | ChoiceShape, node: Node, setting: Setting) -> Any:
    """What ``node`` stands for, or a :class:`Refusal`."""
    if shape == ValueShape(object):
        return plain(node)
    if not isinstance(node, ScalarNode):
        wanted = type_words(shape)
        article = "a " if wanted.startswith(_COUNTABLE) else ""
        return Refusal(f"must be {article}{wanted}, not {shown(node, setting)}")
    match shape:
        case ValueShape(kind):
            value = _typed(kind, node, setting)
        case GrammarShape(grammar):
            value = _in_grammar(grammar, node, setting)
        case ChoiceShape(values):
            value = _chosen(values, node, setting)
        case _:
            assert_never(shape)
    return _in_range(value, shape, setting)


def nearest(word: str, known: Iterable[str]) -> str:
    """The one of ``known`` that ``word`` was probably meant to be, or an empty text."""
    by_lower = {key.lower(): key for key in known}
    close = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[close[0]] if close else ""


def shown(node: Node, setting: Setting) -> str:
    """``node`` in a message, without secrets."""
    match node:
        case MapNode():
            return "a block of keys"
        case ListNode():
            return "a list"
        case ScalarNode(kind="null"):
            return "nothing"
    if setting.secret:
        return "the given text"
    text = redact_text(node.text)
    text = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
    return f'the text "{text}"' if node.kind == "text" else text


def _typed(kind: type, node: ScalarNode, setting: Setting) -> Any:
    if kind is str:
        return "" if node.kind == "null" else node.text
    if node.kind == "null":
        return Refusal("has no value", f"write {_example(kind)}")
    if kind is Path:
        return Path(node.text)
    if kind is bool:
        return _boolean(node, setting)
    return _integer(node, setting) if kind is int else _float(node, setting)


def _example(kind: type) -> str:
    return {bool: "true or false", int: "a whole number", float: "a number"}.get(kind, "a value")


def _boolean(node: ScalarNode, setting: Setting) -> bool | Refusal:
    value = truth(node)
    if value is not None:
        return value
    word = node.text.lower()
    meant = "true" if word in {"true", "yes", "on", "y", "1"} else "false"
    fix = "write true or false"
    if word in {"true", "yes", "on", "y", "1", "false", "no", "off", "n", "0"}:
        fix = f"write {meant}{' without quotes' if node.quoted else ''}"
    return Refusal(f"must be true or false, not {shown(node, setting)}", fix)


def _integer(node: ScalarNode, setting: Setting) -> int | Refusal:
    value = number(node)
    if isinstance(value, int) and value in _INTEGERS:
        return value
    text = f"must be a whole number, not {shown(node, setting)}"
    if isinstance(value, int):
        return Refusal(text, "write one that fits into 64 bits")
    if isinstance(value, float):
        return Refusal(text, "write it without a point")
    return Refusal(text, _unquoted(node))


def _float(node: ScalarNode, setting: Setting) -> float | Refusal:
    value = number(node)
    try:
        if value is not None and math.isfinite(value):
            return float(value)
    except OverflowError:
        pass
    return Refusal(f"must be a number, not {shown(node, setting)}", _unquoted(node))


def _unquoted(node: ScalarNode) -> str:
    digits = node.text.strip()
    if node.quoted and digits.isascii() and digits.lstrip("+-").replace(".", "", 1).isdigit():
        return f"remove the quotes: {digits[:_LONGEST_SHOWN]}"
    return "write digits only"


def _in_grammar(grammar: Grammar, node: ScalarNode, setting: Setting) -> Any:
    if node.kind == "null":
        return Refusal("has no value", f"write a {grammar.name}")
    try:
        return grammar.read(node.text)
    except (ConfigError, ValueError) as error:
        words = f"is no {grammar.name}" if setting.secret else redact_text(str(error))
        return Refusal(words)


def _chosen(values: Mapping[str, object], node: ScalarNode, setting: Setting) -> Any:
    if node.text in values and node.kind != "null":
        return values[node.text]
    meant = nearest(node.text, values)
    fix = f"did you mean {meant}?" if meant else ""
    return Refusal(f"must be {' or '.join(values)}, not {shown(node, setting)}", fix)


def _in_range(value: Any, shape: ValueShape | GrammarShape | ChoiceShape, setting: Setting) -> Any:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return value
    show = shape.grammar.show if isinstance(shape, GrammarShape) else _bare
    if setting.minimum is not None and value < setting.minimum:
        return Refusal(f"must be at least {show(setting.minimum)}, not {show(value)}")
    if setting.maximum is not None and value > setting.maximum:
        return Refusal(f"must be at most {show(setting.maximum)}, not {show(value)}")
    return value


def _bare(value: float) -> str:
    return f"{value:.15g}"
