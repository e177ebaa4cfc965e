"""Facts and classes of real nodes, from a file.

Several kinds of files are taken, as JSON, as JSON lines, or, by their name, as YAML:

* an inventory file, as discovery reads it: ``{"nodes": [{"name": …, "facts": …}]}``;
* what ``choria rpc rpcutil inventory -j`` prints, and the lines of ``--jsonl``;
* a list of nodes, or a mapping of their names; each with ``facts`` and ``classes``, or
  facts alone.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from choria_core.discovery.documents import YAML_SUFFIXES, json_value, read_source, yaml_value
from choria_core.errors import WorkError
from choria_emulator.fleet.recipes import InventoryFacts

LINE_SUFFIXES: Final = (".jsonl", ".ndjson")


def read_inventory_facts(path: Path) -> InventoryFacts:
    """The facts and classes of the nodes in a file.

    Raises:
        ConfigError: it cannot be read.
        WorkError: it holds no facts of nodes.
    """
    nodes = list(_nodes(_document(path)))
    if not nodes:
        raise WorkError(f"{path} holds no node with facts")
    classes = tuple(_classes(node) for node in nodes)
    return InventoryFacts(
        tuple(_facts(node, path) for node in nodes), classes if any(classes) else ()
    )


def _document(path: Path) -> object:
    text = read_source(path)
    if path.suffix in YAML_SUFFIXES:
        return yaml_value(text, source=str(path))
    if path.suffix in LINE_SUFFIXES or _has_more_lines(text):
        lines = enumerate(text.splitlines(), 1)
        return [json_value(line, source=f"{path}:{at}") for at, line in lines if line.strip()]
    return json_value(text, source=str(path))


def _has_more_lines(text: bytes) -> bool:
    """Whether the first line is a document, and others follow."""
    first, _, others = text.lstrip().partition(b"\n")
    if not others.strip():
        return False
    try:
        msgspec.json.decode(first, type=dict[str, msgspec.Raw])
    except (ValueError, RecursionError):
        return False
    return True


def _nodes(document: object) -> Iterator[Mapping[str, Any]]:
    """Each node as a mapping with ``facts``, and often ``classes``."""
    for entry in _entries(document):
        if not isinstance(entry, dict) or entry.get("statuscode", 0) != 0:
            continue
        inner = entry.get("rr", entry) if entry.get("k") == "result" else entry
        data = inner.get("data", inner) if isinstance(inner, dict) else {}
        if not isinstance(data, dict) or inner.get("statuscode", 0) != 0:
            continue
        if "facts" in data:
            yield data
        elif data is entry and "k" not in entry and entry:
            yield {"facts": entry}


def _entries(document: object) -> Iterable[object]:
    if isinstance(document, list):
        return document
    if not isinstance(document, dict):
        return ()
    for key in ("nodes", "replies"):
        if isinstance(document.get(key), list):
            return cast("list[object]", document[key])
    if "facts" not in document and all(isinstance(value, dict) for value in document.values()):
        return document.values()
    return (document,)


def _facts(node: Mapping[str, Any], path: Path) -> dict[str, Any]:
    facts = node["facts"]
    if not isinstance(facts, dict):
        raise WorkError(f"{path}: the facts of a node must be a mapping, not {str(facts)[:40]!a}")
    return facts


def _classes(node: Mapping[str, Any]) -> tuple[str, ...]:
    classes = node.get("classes")
    return tuple(str(name) for name in classes) if isinstance(classes, list) else ()
