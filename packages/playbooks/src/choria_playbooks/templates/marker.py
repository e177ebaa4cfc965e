"""Markers of templates in a text: ``{{{ inputs.cluster }}}``.  Pure.

Two or three braces stand on each side, not necessarily as many on both; a single brace is text.
A marker never holds another one.  What looks like a marker and has none of the known forms stays
as it is, so that texts for other programs, as ``{{ .Name }}``, pass through.
"""

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from choria_playbooks.templates.dialect import STRICT


class Form(enum.StrEnum):
    """What a marker stands for; the values are how books begin it."""

    INPUTS = "inputs"
    NODES = "nodes"
    METADATA = "metadata"
    PREVIOUS_TASK = "previous_task"
    DATE = "date"
    UTC_DATE = "utc_date"
    ELAPSED_TIME = "elapsed_time"
    UUID = "uuid"
    REGISTERED = "registered"
    ARGUMENTS = "arguments"
    ITEM = "item"
    LOCK = "lock"
    BATCH = "batch"


@dataclass(frozen=True, slots=True)
class Marker:
    """A marker.

    Attributes:
        form: what it stands for.
        path: what follows the form's name, by dots; ``("token",)`` for ``lock.token``.
        argument: the format of a date; empty for others.
        text: as written, braces and all.
    """

    form: Form
    path: tuple[str, ...]
    argument: str
    text: str

    @property
    def name(self) -> str:
        """The input, node set, step or argument that it asks for; empty where there is none."""
        return self.path[0] if self.path else ""

    @property
    def words(self) -> str:
        """What is between the braces, in its usual spelling."""
        if self.form in _DATES:
            return f"{self.form}({self.argument})"
        return ".".join((self.form, *self.path))


PREVIOUS_TASK_KEYS: Final = ("success", "description", "msg", "message", "data", "runtime")
"""What is known of the task before."""

_DATES: Final = frozenset((Form.DATE, Form.UTC_DATE))
_ALONE: Final = frozenset((Form.ELAPSED_TIME, Form.UUID))
_NAMED: Final[Mapping[str, Form]] = {
    "input": Form.INPUTS,
    "inputs": Form.INPUTS,
    "nodes": Form.NODES,
    "metadata": Form.METADATA,
    "previous_task": Form.PREVIOUS_TASK,
}
_STRICT_NAMED: Final[Mapping[str, Form]] = {
    "registered": Form.REGISTERED,
    "arguments": Form.ARGUMENTS,
}
_OPEN: Final = frozenset((Form.INPUTS, Form.PREVIOUS_TASK, Form.REGISTERED, Form.ARGUMENTS))
"""Those whose paths go on into the value, in strict books."""

# Blanks are never given back, and a date's format is bounded: a text costs what its length does.
_MARKER: Final = re.compile(
    r"""\{{2,3}\s*+(?:
        (?P<date>(?:utc_)?date)\(\s*+
            (?:["'](?!["'])|(?!["']))(?P<format>(?:(?!\{\{|\}\}).){1,200}?)["']?\s*+\)
        |(?P<body>[a-zA-Z0-9_-]+(?:\.[a-zA-Z0-9_-]+)*)
    )\s*+\}{2,3}""",
    re.VERBOSE,
)
_LIKENESS: Final = re.compile(r"\{{2,3}[^{}]{1,200}\}{2,3}")


def parse_text(text: str, dialect: int) -> tuple[str | Marker, ...]:
    """The texts and markers that ``text`` is made of, in order; no text is empty.

    Args:
        text: of a book.
        dialect: LEGACY, which knows the forms of release 0.6.0, or STRICT, which knows all.
    """
    if "{{" not in text:
        return (text,) if text else ()
    parts: list[str | Marker] = []
    done = 0
    for match in _MARKER.finditer(text):
        marker = _marker(match, dialect)
        if marker is not None:
            parts += [text[done : match.start()], marker]
            done = match.end()
    parts.append(text[done:])
    return tuple(part for part in parts if part != "")


def has_markers(text: str, dialect: int) -> bool:
    """Whether there is any marker in ``text``."""
    return "{{" in text and any(isinstance(part, Marker) for part in parse_text(text, dialect))


def unknown_markers(text: str, dialect: int) -> tuple[str, ...]:
    """What looks like a marker and is none, braces and all: a mistake, or for another program."""
    texts = (part for part in parse_text(text, dialect) if isinstance(part, str))
    return tuple(match.group() for part in texts for match in _LIKENESS.finditer(part))


def _marker(match: re.Match[str], dialect: int) -> Marker | None:
    text = match.group()
    if match["date"]:
        return Marker(Form(match["date"]), (), match["format"], text)
    root, *rest = match["body"].split(".")
    path = tuple(rest)
    form = _form(root, path, is_strict=dialect == STRICT)
    return None if form is None else Marker(form, path, "", text)


def _form(root: str, path: tuple[str, ...], *, is_strict: bool) -> Form | None:
    """The form of a marker without argument, None where there is no such form."""
    if not path and root in _ALONE:
        return Form(root)
    form = _NAMED.get(root)
    if form is None and is_strict:
        return _strict_form(root, path)
    if (
        form is None
        or not path
        or (form is Form.PREVIOUS_TASK and path[0] not in PREVIOUS_TASK_KEYS)
    ):
        return None
    return form if len(path) == 1 or (is_strict and form in _OPEN) else None


def _strict_form(root: str, path: tuple[str, ...]) -> Form | None:
    if root == Form.ITEM:
        return Form.ITEM
    if root == Form.BATCH:
        return Form.BATCH if not path else None
    if root == Form.LOCK:
        return Form.LOCK if path == ("token",) else None
    return _STRICT_NAMED.get(root) if path else None
