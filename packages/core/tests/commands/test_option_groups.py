"""Groups of options become options of a command."""

import inspect
from dataclasses import dataclass
from typing import Annotated

import pytest
import typer

from choria_core.commands.option_groups import with_option_groups
from choria_core.commands.rpc import rpc


@dataclass(frozen=True)
class Pair:
    left: Annotated[str, typer.Option(help="One.")] = "l"
    right: Annotated[int, typer.Option(help="Other.")] = 2


def test_a_command_gets_the_group_and_the_line_its_fields() -> None:
    got: list[object] = []

    @with_option_groups
    def command(name: str, *, pair: Pair) -> None:
        got.append((name, pair))

    assert list(inspect.signature(command).parameters) == ["name", "left", "right"]
    command("x", left="a", right=3)
    assert got == [("x", Pair("a", 3))]


def test_two_options_of_one_name_are_refused_at_once() -> None:
    def command(*, left: str = "", pair: Pair) -> None:
        raise AssertionError

    with pytest.raises(ValueError, match="duplicate parameter name: 'left'"):
        with_option_groups(command)


def test_every_option_of_a_call_says_what_it_is() -> None:
    for parameter in inspect.signature(rpc).parameters.values():
        if parameter.name != "context":
            (described,) = parameter.annotation.__metadata__
            assert described.help, parameter.name
