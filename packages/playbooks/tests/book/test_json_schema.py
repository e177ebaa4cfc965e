"""JSON schemas take the books that are taken, and refuse what is wrong in form."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from choria_core.config.ruby_yaml import read_ruby_yaml
from choria_core.config.yaml_nodes import plain
from choria_playbooks.book.json_schema import book_schema
from choria_playbooks.book.kinds import Kinds

Problems = Callable[[str], list[str]]

_BOOKS = Path(__file__).parent.parent / "books"
_FILES = sorted(_BOOKS.rglob("*.yaml"))
_HEAD = "name: example\nversion: 1.0.0\nauthor: somebody\ndescription: does things\n"


def _value(text: str) -> Any:
    root = read_ruby_yaml(text).root
    assert root is not None
    return plain(root)


def _validator(kinds: Kinds, *, strict: bool) -> Draft202012Validator:
    return Draft202012Validator(book_schema(kinds, strict=strict))


@pytest.mark.parametrize("strict", [True, False])
def test_schemas_are_valid_themselves(kinds: Kinds, *, strict: bool) -> None:
    Draft202012Validator.check_schema(book_schema(kinds, strict=strict))


@pytest.mark.parametrize("file", _FILES, ids=lambda file: file.stem)
def test_good_books_pass(file: Path, kinds: Kinds) -> None:
    value = _value(file.read_text())
    validator = _validator(kinds, strict=value.get("schema") == 1)
    assert [error.message for error in validator.iter_errors(value)] == []


_WRONG = [
    "taks: []\n",
    "hooks: {on_succes: []}\n",
    "hooks: {tasks: []}\n",
    "hooks:\n",
    "tasks: {}\n",
    "tasks: [shell]\n",
    "tasks: [{}]\n",
    "tasks: [{shel: {command: ls}}]\n",
    "tasks: [{bolt: {task: a}}]\n",
    "tasks: [{shell: {}}]\n",
    "tasks: [{shell: }]\n",
    "tasks: [{shell: {command: ls, tries: 0}}]\n",
    "tasks: [{shell: {command: ls, tries: many}}]\n",
    "tasks: [{shell: {command: ls, tries: '{{ inputs.a }}'}}]\n",
    "tasks: [{shell: {command: ls, fail_ok: maybe}}]\n",
    "tasks: [{data: {action: erase, key: a/b}}]\n",
    "tasks: [{mcollective: {action: a.b, nodes: web}}]\n",
    "nodes: {a: {}}\n",
    "nodes: {a: {type: nowhere}}\n",
    "nodes: {a: {type: choria, at_least: -1}}\n",
    "data_stores: {a: {type: consol}}\n",
    "data_stores: {a: {type: file, file: a}}\n",
    "data_stores: {a: {type: consul, ttl: [1]}}\n",
    "inputs: {a: {type: Strnig}}\n",
    "inputs: {a: {type: String, required: maybe}}\n",
    "loglevel: loud\n",
    "locks: kv\n",
    "uses: [a]\n",
]
_WRONG_IN_OLD = [
    "tasks: [{block: []}]\n",
    "tasks: [{shell: {command: ls, when: inputs.a}}]\n",
    "nodes: {a: {type: choria, random: true}}\n",
    "inputs: {a: {type: Secret}}\n",
    "task_lists: {}\n",
    "data_stores: {kv: {type: memory}}\nlocks: [{path: kv/a}]\n",
]
_WRONG_IN_STRICT = [
    "tasks: [{shell: {command: ls, cwdd: /}}]\n",
    "tasks: [{shell: {command: ls}, choria: {action: a.b, nodes: [c]}}]\n",
    "tasks: [{mcollective_assert: {action: a.b, nodes: [a]}}]\n",
    "tasks: [{block: {tasks: [], serial: 1}}]\n",
    "tasks: [{block: {tasks: [], nodes: a}}]\n",
    "tasks: [{block: {rescue: []}}]\n",
    "tasks: [{parallel: {tasks: [], serial: 1}}]\n",
    "tasks: [{tasks: {arguments: {}}}]\n",
    "tasks: [{shell: {command: ls, loop: many}}]\n",
    "tasks: [{shell: {command: ls, register: 'a b'}}]\n",
    "tasks: [{shell: {command: ls, lock: {timeout: 1}}}]\n",
    "inputs: {a: {}}\n",
    "inputs: {'a b': {type: String}}\n",
    "on_fail: continue\n",
    "run_as: deployer.bob\n",
    "hooks: {on_fail: }\n",
    "task_lists: {a: {arguments: {}}}\n",
]


def _refused(kinds: Kinds, text: str, *, strict: bool) -> bool:
    return not _validator(kinds, strict=strict).is_valid(_value(text))


@pytest.mark.parametrize("text", [*_WRONG, *_WRONG_IN_OLD])
def test_old_books_that_are_wrong_are_refused_by_both(
    kinds: Kinds, problems: Problems, text: str
) -> None:
    assert _refused(kinds, _HEAD + text, strict=False)
    assert problems(text)


@pytest.mark.parametrize("text", [*_WRONG, *_WRONG_IN_STRICT])
def test_strict_books_that_are_wrong_are_refused_by_both(
    kinds: Kinds, problems: Problems, text: str
) -> None:
    assert _refused(kinds, f"{_HEAD}schema: 1\n{text}", strict=True)
    assert problems(f"schema: 1\n{text}")


@pytest.mark.parametrize("text", [*_WRONG_IN_STRICT[:3], "on_fail: continue\n", "inputs: {a: }\n"])
def test_old_books_may_say_more(kinds: Kinds, problems: Problems, text: str) -> None:
    assert not _refused(kinds, _HEAD + text, strict=False)
    assert problems(text) == []


@pytest.mark.parametrize("key", ["name", "version", "author", "description", "schema"])
def test_what_is_required_is_missed(kinds: Kinds, key: str) -> None:
    value = _value(f"{_HEAD}schema: 1\n")
    assert _validator(kinds, strict=True).is_valid(value)
    del value[key]
    assert not _validator(kinds, strict=True).is_valid(value)


def test_templates_may_stand_for_values_of_other_types(kinds: Kinds) -> None:
    text = "tasks: [{choria: {action: a.b, nodes: '{{ nodes.a }}', silent: '{{ inputs.a }}'}}]\n"
    assert not _refused(kinds, f"{_HEAD}schema: 1\n{text}", strict=True)
