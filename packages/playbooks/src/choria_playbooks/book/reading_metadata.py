"""What a book says of itself, and which agents it uses.  Pure."""

import re
from collections.abc import Mapping
from typing import Final

from choria_core.config.problems import Location, key_path
from choria_core.config.schema import Setting
from choria_core.config.value import nearest, shown
from choria_core.config.yaml_nodes import Entry, MapNode, ScalarNode
from choria_playbooks.book.findings import Findings
from choria_playbooks.book.model import Metadata
from choria_playbooks.book.names import is_name

METADATA_KEYS: Final = (
    "name",
    "version",
    "author",
    "description",
    "tags",
    "on_fail",
    "loglevel",
    "run_as",
)
"""The keys, which templates can ask for too."""

LEVELS: Final = ("debug", "info", "warn", "error", "fatal")
"""Levels of logs, the least important first."""

VERSION_PATTERN: Final = (
    r"^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z.-]+)?$"
)
"""A version of strict books."""

_VERSION: Final = re.compile(VERSION_PATTERN, re.ASCII)
_RUN_AS: Final = re.compile(r"\w+=[\w.-]+", re.ASCII)
_LONGEST_NAME: Final = 64


def read_metadata(findings: Findings, root: MapNode) -> Metadata:
    """The keys at the top of a book that say what it is; empty where they are wrong."""
    reader = _Reader(findings, root)
    metadata = Metadata(
        name=reader.required("name"),
        version=reader.required("version"),
        author=reader.required("author"),
        description=reader.required("description"),
        tags=reader.tags(),
        loglevel=reader.level(),
        run_as=reader.text("run_as"),
        on_fail=reader.on_fail(),
    )
    reader.check(metadata)
    return metadata


def read_uses(findings: Findings, entry: Entry) -> Mapping[str, str]:
    """The block ``uses``: a range of versions for each agent."""
    uses: dict[str, str] = {}
    for item in findings.entries(entry, entry.key):
        key = key_path(entry.key, item.key)
        node = item.value
        uses[item.key] = ""
        if not isinstance(node, ScalarNode) or node.kind == "null":
            text = f"must be a range of versions, not {shown(node, Setting())}"
            findings.refuse(node.location, key, text, 'as "~1.0.0" or ">= 1.2.0"')
        else:
            uses[item.key] = node.text
    return uses


class _Reader:
    """Reads single keys at the top of a book."""

    def __init__(self, findings: Findings, root: MapNode) -> None:
        self._findings = findings
        self._entries = {entry.key: entry for entry in root.entries}
        self._top = Location(root.location.file, 1, 1)

    def text(self, key: str) -> str:
        """A text; empty where it is absent."""
        entry = self._entries.get(key)
        if entry is None:
            return ""
        node = entry.value
        if isinstance(node, ScalarNode) and node.kind != "null":
            return node.text
        text = f"must be text, not {shown(node, Setting())}"
        self._findings.refuse(node.location, key, text)
        return ""

    def required(self, key: str) -> str:
        """A text that must be there."""
        entry = self._entries.get(key)
        if entry is None:
            self._findings.refuse(self._top, key, "is required but missing", "add it")
            return ""
        value = self.text(key)
        if not value and isinstance(entry.value, ScalarNode) and entry.value.kind == "text":
            self._findings.refuse(entry.location, key, "is required but empty", "write something")
        return value

    def tags(self) -> tuple[str, ...]:
        """The labels."""
        entry = self._entries.get("tags")
        if entry is None:
            return ()
        texts = []
        for index, node in enumerate(self._findings.items(entry, "tags")):
            if isinstance(node, ScalarNode) and node.kind not in {"null", "broken"}:
                texts.append(node.text)
            else:
                text = f"must be text, not {shown(node, Setting())}"
                self._findings.refuse(node.location, f"tags[{index}]", text)
        return tuple(texts)

    def level(self) -> str:
        """How much is told."""
        entry = self._entries.get("loglevel")
        level = self.text("loglevel")
        if level in LEVELS:
            return level
        if entry is None or not isinstance(entry.value, ScalarNode) or entry.value.kind == "null":
            return "info"
        meant = nearest(level, LEVELS)
        fix = f"did you mean {meant}?" if meant else ""
        where = entry.value.location
        self._findings.refuse(where, "loglevel", f"must be {' or '.join(LEVELS)}", fix)
        return "info"

    def on_fail(self) -> str:
        """``fail``, and whatever an old book says, which never did anything."""
        value = self.text("on_fail") or "fail"
        if value != "fail":
            text = f"{value} does nothing: a failed task ends the book"
            fix = "remove it; write fail_ok: true at tasks that may fail"
            where = self._entries["on_fail"].value.location
            self._findings.tolerate(where, "on_fail", text, fix)
        return value

    def check(self, metadata: Metadata) -> None:
        """Rules for what was read."""
        if metadata.run_as and not _RUN_AS.fullmatch(metadata.run_as):
            text = "is no identity that release 0.6.0 knew"
            self._tell("run_as", text, "write choria=deployer, or remove it: nobody is changed to")
        if not self._findings.is_strict:
            return
        name = metadata.name
        if name and (not is_name(name) or len(name) > _LONGEST_NAME):
            fix = f"use at most {_LONGEST_NAME} letters, digits, - and _"
            self._tell("name", "is no name for a book", fix)
        if metadata.version and not _VERSION.fullmatch(metadata.version):
            self._tell("version", "is no version", "write three numbers, as 1.2.0")

    def _tell(self, key: str, text: str, fix: str) -> None:
        self._findings.tolerate(self._entries[key].value.location, key, text, fix)
