"""Plain values of a command line pass unchecked, and come out as typer's own do."""

import enum
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
import typer.main

from choria_core.commands.plain_values import let_plain_values_pass
from choria_testing.fresh_process import run_fresh


class Colour(enum.StrEnum):
    RED = "red"


def taken(words: Sequence[str], *, passing: bool) -> Any:
    """What a command is given for ``words``, or why it is refused."""
    app = typer.Typer(add_completion=False)
    seen: list[Any] = []

    @app.command("paint")
    def paint(
        file: Annotated[Path, typer.Argument()],
        *,
        name: str = "none",
        label: str | None = None,
        tag: list[str] | None = None,
        pair: tuple[str, int] | None = None,
        count: int = 1,
        colour: Colour | None = None,
        there: Annotated[Path | None, typer.Option(exists=True, dir_okay=False)] = None,
        folder: Annotated[Path | None, typer.Option(file_okay=False)] = None,
        real: Annotated[Path | None, typer.Option(resolve_path=True)] = None,
        upper: Annotated[str, typer.Option(parser=str.upper)] = "none",
        shy: bool = False,
        maybe: bool | None = None,
    ) -> None:
        seen.append((file, name, label, tag, pair, count, colour, there, folder, real, upper))
        seen.append((shy, maybe))

    @app.callback()
    def group() -> None:
        pass

    command = typer.main.get_group(app)
    if passing:
        let_plain_values_pass(command)
    try:
        command.main(["paint", *words], "paint", standalone_mode=False)
    except typer.TyperException as error:
        return error.format_message()
    return seen


@pytest.mark.parametrize(
    "words",
    [
        "here",
        "absent",
        ".",
        "-",
        "",
        "here --name x --label y --tag a --tag b --pair a 1 --count 7 --colour red",
        "here --there here --folder . --real here --upper x --shy --maybe",
        "here --no-maybe",
        "here --count seven",
        "here --pair a b",
        "here --colour blue",
        "here --there absent",
        "here --there .",
        "here --folder here",
        "here --folder absent",
        "here --real ../here",
        "here --name",
        "x" * 300,
    ],
)
def test_values_are_what_typer_makes_of_them(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").touch()
    monkeypatch.chdir(tmp_path)

    assert taken(words.split(), passing=True) == taken(words.split(), passing=False)


def test_another_typer_checks_as_before() -> None:
    """One that keeps its checks elsewhere."""
    command: Any = typer.main.get_command(_app())
    [option] = [one for one in command.params if one.name == "name"]
    del option._runtime_param

    let_plain_values_pass(command)

    assert not hasattr(option, "_runtime_param")


def test_a_command_with_plain_values_does_without_pydantic() -> None:
    script = """
import contextlib, io, json, sys
from choria_core.cli import main
with contextlib.redirect_stdout(io.StringIO()):
    code = main(["plugin", "list"])
print(json.dumps([code, "pydantic" in sys.modules]))
"""

    assert run_fresh(script) == [0, False]


def _app() -> typer.Typer:
    app = typer.Typer(add_completion=False)

    @app.command()
    def greet(name: str = "none") -> None:
        typer.echo(json.dumps(name))

    return app
