"""Checks that span the parts of a book.  Pure."""

from choria_playbooks.book.findings import Findings
from choria_playbooks.book.kinds import Kinds
from choria_playbooks.book.model import Book


def check_book(findings: Findings, book: Book, kinds: Kinds) -> None:
    """Tell what is wrong between the parts of ``book``, which may have gaps."""
