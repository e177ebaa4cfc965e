"""The reference of playbooks says what the code does; ``tasks/reference.py --write`` renews it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from choria_core.plugins import Plugins
from choria_playbooks.book.kinds import Kinds
from choria_playbooks.book.parsing import parse_book
from choria_playbooks.reference import book_page, kinds_page

FOLDER = Path(__file__).resolve().parents[4] / "docs" / "reference"
KINDS = {
    "playbook-tasks.md": kinds_page.tasks_page,
    "playbook-stores.md": kinds_page.stores_page,
    "playbook-node-sets.md": kinds_page.node_sets_page,
}


@pytest.fixture
def plugins() -> Plugins:
    found = Plugins()
    found.load_installed()
    return found


def test_the_page_of_the_file_is_what_the_code_says() -> None:
    assert (FOLDER / "playbook-file.md").read_text() == book_page.page()


@pytest.mark.parametrize(("name", "page"), KINDS.items(), ids=list(KINDS))
def test_the_page_of_kinds_is_what_the_code_says(
    name: str, page: Callable[[Plugins], str], plugins: Plugins
) -> None:
    assert (FOLDER / name).read_text() == page(plugins)


def test_every_top_level_key_on_the_page_is_known_and_none_is_missing() -> None:
    table = book_page.page().partition("## Top level")[2].partition("Prepared are")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    shown = {word.strip("` ") for row in rows for word in row.split(",")}
    text = "schema: 1\nnot_known: 1\n"

    told = _problem(text, "not_known")

    known = set(told.partition("known here: ")[2].split(", "))
    assert shown == known


def _problem(text: str, key: str) -> str:
    from choria_core.config.problems import InvalidConfigError

    with pytest.raises(InvalidConfigError) as raised:
        parse_book(text, Kinds())
    return next(str(one) for one in raised.value.problems if one.key == key)
