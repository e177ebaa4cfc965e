"""Values as nodes of YAML, as if a book had said them.  Pure."""

import math

from choria_core.config.problems import Location
from choria_core.config.yaml_nodes import Entry, ListNode, MapNode, Node, ScalarNode
from choria_core.config.yaml_text import DEEPEST
from choria_playbooks.templates.errors import TemplateError
from choria_playbooks.templates.value_text import value_text


def node_of(value: object, location: Location) -> Node:
    """``value`` as it would stand at ``location``; texts stay texts whatever they look like.

    Raises:
        TemplateError: YAML cannot say it.
    """
    return _node(value, location, DEEPEST)


def _node(value: object, location: Location, deepest: int) -> Node:
    if deepest < 0:
        raise TemplateError(location, "a value is nested too deeply")
    if isinstance(value, dict):
        entries = (
            Entry(_key(key, location), _node(one, location, deepest - 1), location)
            for key, one in value.items()
        )
        return MapNode(tuple(entries), location)
    if isinstance(value, list | tuple):
        items = [
            ScalarNode(one, "text", True, location)  # as below, but quickly
            if deepest and type(one) is str
            else _node(one, location, deepest - 1)
            for one in value
        ]
        return ListNode(tuple(items), location)
    return _scalar(value, location)


def _scalar(value: object, location: Location) -> ScalarNode:
    if value is None:
        return ScalarNode("", "null", quoted=False, location=location)
    if isinstance(value, str):
        return ScalarNode(value, "text", quoted=True, location=location)
    if isinstance(value, bool):
        return ScalarNode(value_text(value), "bool", quoted=False, location=location)
    if isinstance(value, int):
        try:
            return ScalarNode(str(value), "int", quoted=False, location=location)
        except ValueError:  # more digits than Python writes
            raise TemplateError(location, "a number is too large") from None
    if isinstance(value, float):
        return ScalarNode(_float_text(value), "float", quoted=False, location=location)
    raise TemplateError(location, f"a value of type {type(value).__name__} has no form in YAML")


def _float_text(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    return repr(value)


def _key(key: object, location: Location) -> str:
    if key is None or isinstance(key, str | int | float):
        return value_text(key)
    raise TemplateError(location, f"a key of type {type(key).__name__} has no form in YAML")
