"""Any text is a book or a list of problems, and reading it does nothing else."""

import builtins
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from choria_core.config.problems import InvalidConfigError
from choria_playbooks.book.kinds import Kinds
from choria_playbooks.book.lint import lint
from choria_playbooks.book.parsing import ReadBook, parse_book

_BOOKS = Path(__file__).parent.parent / "books"
_TEXTS = tuple(file.read_text() for file in sorted(_BOOKS.rglob("*.yaml")))
_HEAD = "name: a\nversion: 1.0.0\nauthor: b\ndescription: c\n"
_WORDS = (
    *("tasks", "hooks", "nodes", "inputs", "data_stores", "locks", "uses", "task_lists", "schema"),
    *("shell", "data", "choria", "block", "parallel", "playbook", "command", "loop", "when"),
    *("lock", "register", "type", "memory", "String", "Secret", "pre_book", "list", "arguments"),
    *("{{ inputs.a }}", "{{ item }}", "{{ registered.x.y }}", "{{ lock.token }}", "{{ batch }}"),
    *("inputs.a = 1", "10%", ":shellsafe", "/(/", "m/x", "serial", "limit", "uses", "options"),
)


def _read(text: str, kinds: Kinds) -> ReadBook | None:
    """The book, or None where it has problems, each of which names its place."""
    try:
        read = parse_book(text, kinds, file="book.yaml")
    except InvalidConfigError as error:
        _check(error)
        return None
    lint(read.book, kinds)
    return read


def _check(error: InvalidConfigError) -> None:
    assert error.problems
    assert all(problem.file == "book.yaml" and problem.text for problem in error.problems)


_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 10**20)
    | st.floats(allow_nan=True)
    | st.sampled_from(_WORDS)
    | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(_WORDS) | st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=25,
)


def _flow(value: Any) -> str:
    """A value as YAML in brackets."""
    match value:
        case dict():
            pairs = (f"{_flow(key)}: {_flow(item)}" for key, item in value.items())
            return "{" + ", ".join(pairs) + "}"
        case list():
            return "[" + ", ".join(_flow(item) for item in value) + "]"
        case str():
            return "'" + value.replace("'", "''").replace("\n", " ") + "'"
        case None:
            return "~"
    return str(value).lower()


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(max_size=200))
@example("")
@example("a: *a")
@example("a: &a [*a]")
@example("\ufeff")
@example("schema: 1\nschema: 1")
@example("? [a]\n: b")
@example("!!python/object:os.system x")
@example("- " * 400)
@example("tasks: " + "[" * 300)
def test_any_text_is_a_book_or_has_problems(kinds: Kinds, text: str) -> None:
    _read(text, kinds)
    _read(_HEAD + text, kinds)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.dictionaries(st.sampled_from(_WORDS[:9]), _values, max_size=6),
    st.sampled_from(["", "schema: 1\n"]),
)
def test_any_values_are_a_book_or_have_problems(
    kinds: Kinds, value: dict[str, object], schema: str
) -> None:
    value.pop("schema", None)
    lines = "".join(f"{key}: {_flow(item)}\n" for key, item in value.items())
    _read(f"{_HEAD}{schema}{lines}", kinds)


def _mutated(text: str, chance: random.Random) -> str:
    """``text`` with a few lines or letters lost, doubled, moved or replaced."""
    for _ in range(chance.randint(1, 4)):
        lines = text.split("\n")
        one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        at = chance.randrange(len(text) + 1)
        text = chance.choice(_MUTATIONS)(text, lines, (one, other, at), chance)
    return text


_Mutation = Callable[[str, list[str], tuple[int, int, int], random.Random], str]


def _replace_word(
    _text: str, lines: list[str], places: tuple[int, int, int], chance: random.Random
) -> str:
    key, colon, _ = lines[places[0]].partition(":")
    lines[places[0]] = f"{key}{colon} {chance.choice(_WORDS)}"
    return "\n".join(lines)


def _swap(
    _text: str, lines: list[str], places: tuple[int, int, int], _chance: random.Random
) -> str:
    one, other, _ = places
    lines[one], lines[other] = lines[other], lines[one]
    return "\n".join(lines)


def _drop(
    _text: str, lines: list[str], places: tuple[int, int, int], _chance: random.Random
) -> str:
    return "\n".join(lines[: places[0]] + lines[places[0] + 1 :])


def _indent(
    _text: str, lines: list[str], places: tuple[int, int, int], _chance: random.Random
) -> str:
    lines[places[0]] = f"  {lines[places[0]]}"
    return "\n".join(lines)


def _letter(
    text: str, _lines: list[str], places: tuple[int, int, int], chance: random.Random
) -> str:
    at = places[2]
    return text[:at] + chance.choice("{}[]:,-#&*!|>'\"%@ \n\t\0\ufffeaé0") + text[at + 1 :]


_MUTATIONS: tuple[_Mutation, ...] = (_replace_word, _swap, _drop, _indent, _letter)


def test_mutated_books_are_books_or_have_problems(kinds: Kinds) -> None:
    chance = random.Random(7)
    read = sum(
        _read(_mutated(chance.choice(_TEXTS), chance), kinds) is not None for _ in range(600)
    )
    assert 0 < read < 600


def test_reading_opens_no_file(kinds: Kinds, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise AssertionError("a file was opened")

    _read(_TEXTS[0], kinds)  # whatever is imported late is imported now
    monkeypatch.setattr(builtins, "open", refuse)
    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(Path, "stat", refuse)
    monkeypatch.setattr("os.open", refuse)
    monkeypatch.setattr("subprocess.Popen", refuse)
    monkeypatch.setattr("socket.socket", refuse)
    assert all(_read(text, kinds) is not None for text in _TEXTS)


def test_aliases_cannot_make_much_of_little_text(kinds: Kinds) -> None:
    lines = ["macros:", "  a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for level in range(1, 20):
        many = ", ".join([f"*a{level - 1}"] * 10)
        lines.append(f"  a{level}: &a{level} [{many}]")
    with pytest.raises(InvalidConfigError, match="once its aliases are written out"):
        parse_book(_HEAD + "\n".join(lines), kinds)
