"""A command whose options come from the book that it is given.

``choria playbook run BOOK --help`` shows the inputs of the book as typed options.  What was given
for them is found by :func:`given_inputs`.
"""

import gc
import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
import typer.core
import typer.main

from choria_core.commands.client_setup import COLLECT_EVERY
from choria_core.commands.plain_values import let_pass
from choria_core.errors import UsageError
from choria_playbooks.commands.open_book import open_book

if TYPE_CHECKING:
    from choria_playbooks.book.model import Book
    from choria_playbooks.book.reading import ReadBook
    from choria_playbooks.inputs.input import Input

PANEL: Final = "Inputs of the playbook"
_BOOK: Final = "choria.playbook.book"
_OPTIONS: Final = "choria.playbook.options"
_GIVEN: Final = "choria.playbook.given"
_ENDINGS: Final = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class InputOption:
    """An option of an input.

    Attributes:
        input: its name.
        source: what the option's value is: ``value``, or for secrets ``file`` or ``env``.
        key: of the parameter.
    """

    input: str
    source: str
    key: str


class BookCommand(typer.core.TyperCommand):
    """Reads the book while the command line is parsed, and takes its inputs as options."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As typer's, with the options of the book that ``args`` name."""
        gc.set_threshold(COLLECT_EVERY)  # what is loaded from here on stays to the end
        file = book_file(args, self._options_with_values())
        if file is not None:
            found = open_book(file, ctx.find_root().obj)
            ctx.meta[_BOOK] = found
            taken = {name for one in self.params for name in one.opts}
            ctx.meta[_OPTIONS] = _made(found.book.inputs, taken)
        rest = super().parse_args(ctx, args)
        made: tuple[list[Any], list[InputOption]] = ctx.meta.get(_OPTIONS, ([], []))
        ctx.meta[_GIVEN] = {option: ctx.params.pop(option.key, None) for option in made[1]}
        return rest

    def get_params(self, ctx: Any) -> list[Any]:
        """Those of the command and of the book."""
        own = super().get_params(ctx)
        return [*own, *ctx.meta.get(_OPTIONS, ([], []))[0]]

    def _options_with_values(self) -> frozenset[str]:
        return frozenset(
            name
            for one in self.params
            if not getattr(one, "is_flag", False) and one.param_type_name == "option"
            for name in one.opts
        )


def book_of(context: typer.Context, file: Path) -> "Book":
    """The book that was read while the command line was parsed.

    Args:
        context: of the command.
        file: the book, as the parser understood the command line.

    Raises:
        UsageError: another file was taken for the book, as its options were not known yet.
    """
    found: ReadBook | None = context.meta.get(_BOOK)
    if found is None or found.book.file != str(file):
        raise UsageError(f"write the playbook before its inputs: {context.command_path} {file} …")
    return found.book


def given_inputs(context: typer.Context) -> "Mapping[InputOption, Any]":
    """What was given for the options of the book; those that were not given are left out."""
    given: Mapping[InputOption, Any] = context.meta.get(_GIVEN, {})
    return {option: value for option, value in given.items() if value not in (None, [], ())}


def book_file(words: Sequence[str], options: frozenset[str]) -> Path | None:
    """The word of a command line that names the book.

    Args:
        words: of the command line.
        options: names of options that take a value.
    """
    plain = list(_plain_words(words, options))
    files = [word for word in plain if word.word.endswith(_ENDINGS)]
    words_in_order = [*(word for word in files if not word.may_be_value), *files, *plain]
    likely = [Path(word.word) for word in words_in_order]
    return next((file for file in likely if file.is_file()), likely[0] if likely else None)


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a command line that is no option, nor the value of one that we know.

    Attributes:
        may_be_value: it stands behind an option that may be the book's.
    """

    word: str
    may_be_value: bool


def _plain_words(words: Sequence[str], options: frozenset[str]) -> Iterator[_Word]:
    before = ""
    for word in words:
        if word.startswith("-") and word != "-":
            before = "" if "=" in word else word
            continue
        if before not in options:
            yield _Word(word, may_be_value=before not in {"", "--"})
        before = ""


def _made(inputs: "Mapping[str, Input]", taken: set[str]) -> tuple[list[Any], list[InputOption]]:
    """Parameters for the parser, and what they stand for."""
    parameters: list[inspect.Parameter] = []
    options: list[InputOption] = []
    used = {"--help", *taken}
    for number, one in enumerate(inputs.values()):
        if one.dynamic:
            continue
        for source, names, kind in _forms(one):
            if used.intersection(names):
                continue  # an option of ours has the name: --input gives the value
            used.update(names)
            option = InputOption(one.name, source, f"input_{number}_{source}")
            options.append(option)
            parameters.append(_parameter(option, names, kind, one))
    return _typer_options(parameters), options


def _forms(one: "Input") -> Iterator[tuple[str, list[str], Any]]:
    """How an input is given: the source of the value, names, type."""
    from choria_playbooks.inputs.command_line import is_repeatable, option_of, secret_options_of
    from choria_playbooks.inputs.input import InputType

    if one.is_secret:
        file, variable = secret_options_of(one)
        yield "file", [file], str | None
        yield "env", [variable], str | None
    elif one.type is InputType.BOOLEAN:
        yield "value", [option_of(one), f"--no-{option_of(one)[2:]}"], bool | None
    else:
        yield "value", [option_of(one)], list[str] | None if is_repeatable(one) else str | None


def _parameter(option: InputOption, names: list[str], kind: Any, one: "Input") -> inspect.Parameter:
    is_flag = len(names) > 1
    metavar = {"file": "FILE", "env": "VARIABLE"}.get(option.source, one.name.upper())
    info = typer.Option(
        *(["/".join(names)] if is_flag else names),
        metavar=None if is_flag else metavar,
        help=_help(one, option.source),
        rich_help_panel=PANEL,
        show_default=False,
    )
    return inspect.Parameter(
        option.key,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[kind, info],
    )


def _help(one: "Input", source: str) -> str:
    from choria_playbooks.inputs.command_line import help_of

    words = {"file": "in a file", "env": "in an environment variable"}
    told = ", ".join(text for text in (help_of(one), words.get(source, "")) if text)
    return _without_markup(f"{told}; else from {one.data}" if one.data else told)


def _without_markup(text: str) -> str:
    """A text of a book, safe in help that knows markup."""
    from choria_core.presentation.safe_text import one_line

    return one_line(text).replace("[", r"\[")


def _typer_options(parameters: list[inspect.Parameter]) -> list[Any]:
    """Typer's own parameters for a function that takes ``parameters``."""

    def function(**_given: object) -> None:
        """Stand for the book."""

    function.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by inspect
    function.__annotations__ = {one.name: one.annotation for one in parameters}
    app = typer.Typer(add_completion=False)
    app.command()(function)
    made: list[Any] = typer.main.get_command(app).params
    let_pass(made)
    return made
