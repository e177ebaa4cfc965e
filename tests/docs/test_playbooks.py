"""The playbooks, and parts of them, that the documents show are in order."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from choria_core.plugins import Plugins
from choria_playbooks.book.kinds import Kinds
from choria_playbooks.book.offered_kinds import kinds_of
from choria_playbooks.book.parsing import parse_book

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```yaml[^\n]*\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
PART = re.compile(r"^(tasks|hooks|data_stores):", re.MULTILINE)
PAGES = sorted(
    page
    for pattern in ("README.md", "docs/**/*.md", "packages/**/README.md")
    for page in ROOT.glob(pattern)
    if "pyproject.toml" not in page.read_text()  # those bring kinds of their own
)
HEAD = "name: shown\nversion: 1.0.0\nauthor: Jane Doe\ndescription: A part of a book\n"
OLD = {"docs/howto/bring-old-playbooks.md"}


def _shown() -> Iterator[tuple[str, str]]:
    """Every book, or part of one, and where it stands."""
    for page in PAGES:
        text = page.read_text()
        for found in BLOCK.finditer(text):
            shown = found["text"]
            if PART.search(shown):
                line = text.count("\n", 0, found.start()) + 1
                is_whole = re.search(r"^name:", shown, re.MULTILINE)
                yield f"{page.relative_to(ROOT)}:{line}", shown if is_whole else HEAD + shown


@pytest.fixture(scope="module")
def kinds() -> Kinds:
    """What is installed."""
    plugins = Plugins()
    plugins.load_installed()
    return kinds_of(plugins)


@pytest.mark.parametrize(("place", "text"), list(_shown()))
def test_a_book_shown_is_in_order(kinds: Kinds, place: str, text: str) -> None:
    read = parse_book(text, kinds, file=place)

    page = place.partition(":")[0]
    assert [str(odd) for odd in read.warnings] == [] or page in OLD


def test_books_and_parts_of_them_are_shown() -> None:
    places = {place.partition(":")[0] for place, _ in _shown()}

    assert {"README.md", "packages/playbooks/README.md"} <= places
    assert {f"packages/plugins/{name}/README.md" for name in ("consul", "etcd", "memory")} <= places
