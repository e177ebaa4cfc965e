"""What the page about old playbooks says of books that are read, in both modes."""

from pathlib import Path

import pytest

from choria_core.config.problems import InvalidConfigError
from choria_core.plugins import Plugins
from choria_playbooks.book.kinds import Kinds
from choria_playbooks.book.offered_kinds import kinds_of
from choria_playbooks.book.parsing import parse_book

PAGE = Path(__file__).resolve().parents[4] / "docs" / "reference" / "playbook-compatibility.md"
HEAD = "name: a\nversion: 1.0.0\nauthor: b\ndescription: c\n"
FINE, WARNING, ERROR = "fine", "warning", "error"

ROWS = [
    ("unknown key at the top", "taks: []\n", ERROR, ERROR),
    ("unknown key deeper", "tasks: [{shell: {command: ls, cwdd: /}}]\n", WARNING, ERROR),
    ("unknown hook", "hooks: {tasks: []}\n", ERROR, ERROR),
    ("without a value (`hooks:`)", "hooks:\n", ERROR, ERROR),
    ("hook without a value", "hooks: {on_success: }\n", WARNING, ERROR),
    (
        "several kinds in one item",
        "tasks: [{shell: {command: ls}, webhook: {uri: 'http://a'}}]\n",
        WARNING,
        ERROR,
    ),
    ("no `run_as`", "tasks: []\n", FINE, FINE),
    ("`run_as` that is no", "run_as: deployer.bob\n", WARNING, ERROR),
    ("`on_fail` other", "on_fail: continue\n", WARNING, ERROR),
    ("`schema`, `task_lists`", "task_lists: {}\n", ERROR, FINE),
    ("`schema`, `task_lists`", "tasks: [{shell: {command: ls, loop: [a]}}]\n", ERROR, FINE),
    ("texts in brackets", "inputs: {a: {type: String, validation: :string}}\n", WARNING, ERROR),
    ("`yes`, `no`", "tasks: [{shell: {command: ls, fail_ok: yes}}]\n", FINE, FINE),
    (
        "keys such as `:message`",
        "tasks: [{choria: {action: a.b, nodes: [n], properties: {':message': x}}}]\n",
        FINE,
        FINE,
    ),
    ("type of an input is missing", "inputs: {a: {}}\n", WARNING, ERROR),
    (
        "`default` that breaks",
        "inputs: {a: {type: String, default: b, validation: /^a/}}\n",
        WARNING,
        ERROR,
    ),
    (
        "marker for an input",
        "tasks: [{shell: {command: 'ls {{ inputs.a }}'}}]\n",
        ERROR,
        ERROR,
    ),
    (
        "templates in `tries`",
        "tasks: [{shell: {command: ls, tries: '{{ uuid }}'}}]\n",
        ERROR,
        ERROR,
    ),
    ("`locks` on memory", "data_stores: {a: {type: memory}}\nlocks: [a]\n", FINE, FINE),
    ("`locks` on env", "data_stores: {a: {type: environment}}\nlocks: [a]\n", ERROR, ERROR),
    ("`locks` on etcd", "data_stores: {a: {type: etcd}}\nlocks: [a]\n", FINE, FINE),
    ("`limit: 0`", "nodes: {a: {type: choria, limit: 0}}\n", WARNING, ERROR),
    ("script of a shell", "nodes: {a: {type: shell, script: /bin/echo a}}\n", FINE, FINE),
    ("`discover_method`", "nodes: {a: {type: choria, discover_method: mc}}\n", FINE, FINE),
    (
        "replies asserted",
        "tasks: [{choria: {action: a.b, nodes: [n], assert: x 1}}]\n",
        ERROR,
        ERROR,
    ),
    (
        "`mcollective_assert`",
        "tasks: [{mcollective_assert: {action: a.b, nodes: [n], expression: [a, ==, 1]}}]\n",
        WARNING,
        ERROR,
    ),
    ("`bolt` tasks", "tasks: [{bolt: {task: x}}]\n", ERROR, ERROR),
    ("timeouts of webhook", "tasks: [{webhook: {uri: 'http://a', timeout: 5}}]\n", FINE, FINE),
    (
        "authorities trusted",
        "tasks: [{webhook: {uri: 'https://a', choria_tls: true}}]\n",
        FINE,
        FINE,
    ),
    ("secrets in logs", "inputs: {a: {type: secret}}\n", ERROR, FINE),
]


@pytest.fixture(scope="module")
def kinds() -> Kinds:
    plugins = Plugins()
    plugins.load_installed()
    return kinds_of(plugins)


@pytest.mark.parametrize(
    ("row", "text", "old", "strict"), ROWS, ids=[f"{row[0]}-{row[2]}" for row in ROWS]
)
def test_a_book_is_taken_as_the_page_says(
    kinds: Kinds, row: str, text: str, old: str, strict: str
) -> None:
    assert any(line.startswith("| ") and row in line for line in PAGE.read_text().splitlines())
    assert _taken(HEAD + text, kinds) == old
    assert _taken(f"schema: 1\n{HEAD}{text}", kinds) == strict


def test_every_row_has_a_cell_for_each_kind_of_book() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]

    assert len(rows) > 60
    assert {row.replace("\\|", "").count("|") for row in rows} == {5}


def _taken(text: str, kinds: Kinds) -> str:
    try:
        read = parse_book(text, kinds, file="book.yaml")
    except InvalidConfigError:
        return ERROR
    return WARNING if read.warnings else FINE
