"""Nodes named in a file, or by what ``choria rpc -j`` printed.

Options: ``file`` is its path, ``format`` is ``text``, ``json``, ``yaml`` or ``rpc``, and
``filter`` says where the names are in a JSON or YAML document, as ``nodes.#.name``.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from choria_core.discovery.documents import YAML_SUFFIXES, json_value, read_source, yaml_value
from choria_core.discovery.request import DiscoveryRequest
from choria_core.errors import ConfigError, UsageError, WorkError
from choria_core.filters.json_path import find
from choria_core.filters.limits import FilterError, Meter
from choria_core.filters.names import identity_matches
from choria_core.protocol.messages import Filter
from choria_core.protocol.names import is_identity

PIPED: Final = "the standard input"

_FORMATS: Final = {
    "text": "text",
    "json": "json",
    "yaml": "yaml",
    "yml": "yaml",
    "rpc": "rpc",
    "choriarpc": "rpc",
    "results": "rpc",
    "response": "rpc",
}


def find_in_file(request: DiscoveryRequest) -> list[str]:
    """The nodes that a file names, in its order.

    Args:
        request: complete; of its filter only identities are understood.

    Raises:
        UsageError: it asks for more than identities, or for an unknown format.
        ConfigError: no file is named, or it cannot be read.
        WorkError: the file does not hold names of nodes.
    """
    _check_filter(request.filter)
    options = request.options or {}
    path = Path(options["file"]) if "file" in options else request.nodes_file
    if path is not None:
        text, source, usual = read_source(path.expanduser()), str(path), _format_of(path)
    elif request.piped:
        text, source, usual = request.piped, PIPED, "rpc"
    else:
        raise ConfigError("no file of nodes is named: use --nodes, or --do file=PATH")
    kind = _FORMATS.get(options.get("format", usual))
    if kind is None:
        raise UsageError(
            f"unknown format {options['format']!r} of {source}: use text, json, yaml or rpc"
        )
    names = _names(text, kind, options, source)
    for name in names:
        if not is_identity(name):
            raise WorkError(f"{source}: {name[:80]!a} is no name of a node")
    return _matching(names, request.filter.identity)


def _check_filter(wanted: Filter) -> None:
    """Agents are not asked about: the file is taken at its word."""
    if wanted.fact or wanted.cf_class or wanted.compound:
        raise UsageError("nodes from a file can be filtered by identity alone: leave other filters")


def _format_of(path: Path) -> str:
    if path.suffix in YAML_SUFFIXES:
        return "yaml"
    return "json" if path.suffix == ".json" else "text"


def _names(text: bytes, kind: str, options: Mapping[str, str], source: str) -> list[str]:
    if kind == "text":
        return _lines(text, source)
    if kind == "rpc":
        return _senders(json_value(text, source=source), source)
    document = (json_value if kind == "json" else yaml_value)(text, source=source)
    if "filter" in options:
        return _at_path(document, options["filter"], source)
    if not isinstance(document, list) or not all(isinstance(name, str) for name in document):
        raise WorkError(f"{source} is no list of names; say where they are by --do filter=PATH")
    return document


def _lines(text: bytes, source: str) -> list[str]:
    try:
        lines = text.decode().splitlines()
    except UnicodeDecodeError as error:
        raise WorkError(f"{source} is not UTF-8") from error
    return [name for line in lines if (name := line.strip())]


def _senders(document: object, source: str) -> list[str]:
    """Who answered, in what ``choria rpc -j`` printed."""
    replies = document.get("replies") if isinstance(document, dict) else None
    if not isinstance(replies, list):
        raise WorkError(f"{source} is not what choria rpc -j prints: it has no replies")
    senders = []
    for reply in replies:
        sender = reply.get("sender") if isinstance(reply, dict) else None
        if not isinstance(sender, str):
            raise WorkError(f"{source}: a reply does not say who sent it")
        senders.append(sender)
    return senders


def _at_path(document: object, path: str, source: str) -> list[str]:
    if not path:
        raise UsageError("the option filter is empty; write where the names are, as nodes.#.name")
    try:
        found = find(document, path, Meter())
    except FilterError as error:
        raise UsageError(f"the option filter cannot be used: {error}") from error
    if not isinstance(found, list):
        raise WorkError(f"{source}: at {path} is no list of names")
    return [name for name in found if isinstance(name, str)]


def _matching(names: list[str], identities: tuple[str, ...]) -> list[str]:
    """Those of ``names`` that one of ``identities`` is meant for."""
    if not identities:
        return names
    return [
        name
        for name in names
        if any(identity_matches(wanted, name, Meter()) for wanted in identities)
    ]
