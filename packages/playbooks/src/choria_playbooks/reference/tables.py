"""Tables of settings, in Markdown."""

from collections.abc import Iterable
from typing import Final

from choria_core.config.schema import Row, describe, fields_of

_SEEN: Final = "; others can see it"


def words_table(record: type, old: type | None = None) -> str:
    """The words of a record.

    Args:
        record: of books with ``schema: 1``.
        old: of old books, to say which words they do not have; None where they have none of it.
    """
    known = {row.key for row in describe(old)} if old else None
    head = "| word | value | default | what it is for | old books |\n|---|---|---|---|---|\n"
    if known is None:
        return kind_table(record)
    return head + "".join(
        f"| `{row.key}` | {_cells(row)} | {'yes' if row.key in known else 'no'} |\n"
        for row in describe(record)
    )


def kind_table(record: type) -> str:
    """The options of a kind of task, store or node set."""
    rows = describe(record)
    if not rows:
        return "It takes no words of its own.\n"
    seen = {item.key for item in fields_of(record) if item.setting.exposed}
    head = "| word | value | default | what it is for |\n|---|---|---|---|\n"
    return head + "".join(
        f"| `{row.key}` | {_cells(row)}{_SEEN if row.key in seen else ''} |\n" for row in rows
    )


def names(words: Iterable[str]) -> str:
    """Words, as code, with commas between them."""
    return ", ".join(f"`{word}`" for word in words)


def _cells(row: Row) -> str:
    default = {"none": "", '""': "", "[]": "", "{}": "", "null": ""}.get(row.default, row.default)
    shown = f"`{default}`" if default and default != "required" else default
    cells = " | ".join(_cell(text) for text in (row.type, shown, row.doc))
    return cells.replace("  ", " ")


def _cell(text: str) -> str:
    """A text that ends no cell."""
    return text.replace("|", "\\|").replace("\n", " ")
