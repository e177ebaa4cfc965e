"""The ``choria`` program: subcommands from plugins, errors into exit codes.

Exit codes: 0 done, 1 the work failed, 2 wrong usage or configuration,
3 network or peer, 130 interrupted.  Only :func:`main` prints errors.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer
import typer.main

from choria_core.command_group import CommandGroup
from choria_core.commands.plain_values import let_plain_values_pass
from choria_core.errors import ChoriaError
from choria_core.plugins import Plugins, disabled_by
from choria_core.standard_streams import ready_standard_streams

INTERRUPTED = 130
DEBUG_OPTION = "--debug"


def main(arguments: Sequence[str] | None = None, *, plugins: Plugins | None = None) -> int:
    """Run ``choria`` and return its exit code.

    Args:
        arguments: without the program's name; the process's own when None.
        plugins: those to use; the installed ones when None.
    """
    ready_standard_streams()
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = _take_debug(words)
    try:
        if plugins is None:
            plugins = installed_plugins()
        code = build(plugins).main(words, "choria", standalone_mode=False, obj=plugins)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return _quiet_end()
    except Exception as error:  # noqa: BLE001 - the one place where errors end
        return _report(error, debug=debug)
    return code if isinstance(code, int) else 0


def installed_plugins() -> Plugins:
    """The installed plugins, but those that the environment switches off."""
    plugins = Plugins(disabled=disabled_by())
    plugins.load_installed()
    return plugins


def build(plugins: Plugins) -> CommandGroup:
    """Assemble the program from what ``plugins`` offer."""
    app = typer.Typer(name="choria", cls=CommandGroup, rich_markup_mode="rich")
    app.callback(invoke_without_command=True)(_root)
    group = typer.main.get_command(app)
    assert isinstance(group, CommandGroup)
    let_plain_values_pass(group)
    group.offer(plugins.commands())
    return group


def _root(
    context: typer.Context,
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Show the installed versions and end.")
    ] = False,
    debug: Annotated[  # noqa: ARG001 - taken from the arguments before they are parsed
        bool, typer.Option(DEBUG_OPTION, help="Show tracebacks; may stand anywhere.")
    ] = False,
) -> None:
    """Tools for Choria networks."""
    if version:
        typer.echo("\n".join(_versions()))
        raise typer.Exit
    _warn_of_problems(context.obj)
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def _versions() -> Iterator[str]:
    from importlib.metadata import distributions

    found = {item.name: item.version for item in distributions() if item.name}
    for name in sorted(found):
        if name == "choria" or name.startswith("choria-"):
            yield f"{name} {found[name]}"


def _warn_of_problems(plugins: Plugins) -> None:
    for problem in plugins.problems():
        _say(f"warning: {problem}", "yellow")


def _take_debug(words: list[str]) -> bool:
    """Take ``--debug`` out of the words before any ``--``; whether it was there."""
    end = words.index("--") if "--" in words else len(words)
    kept = [word for word in words[:end] if word != DEBUG_OPTION]
    words[:end] = kept
    return len(kept) < end


def _quiet_end() -> int:
    """The reader of our output went away: end without a word."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def _report(error: Exception, *, debug: bool) -> int:
    """Print an error for people and return its exit code."""
    if debug:
        _print_traceback(error)
    deliberate = _deliberate(error)
    if not deliberate:
        hint = "" if debug else f"; {DEBUG_OPTION} shows where"
        _print_error(f"unexpected {type(error).__name__}: {_one_line(error)}{hint}")
        return 1
    for one in deliberate:
        _print_error(_text(one))
    return deliberate[0].exit_code


def _deliberate(error: Exception) -> list[ChoriaError | typer.TyperException]:
    """The errors raised on purpose; none if there is any other among them."""
    leaves = list(_leaves(error))
    known = [leaf for leaf in leaves if isinstance(leaf, ChoriaError | typer.TyperException)]
    return known if len(known) == len(leaves) else []


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _text(error: ChoriaError | typer.TyperException) -> str:
    if isinstance(error, ChoriaError):
        return str(error)
    context: typer.Context | None = getattr(error, "ctx", None)
    hint = f" (see {context.command_path} --help)" if context else ""
    message = " ".join(error.format_message().split())
    return message and message.rstrip(".") + hint


def _one_line(error: Exception) -> str:
    """What a foreign error says, without line breaks and secrets."""
    from choria_core.telemetry.redaction import redact_text

    return redact_text(" ".join(str(error).split()))


def _print_traceback(error: Exception) -> None:
    import traceback

    from choria_core.telemetry.redaction import redact_text

    typer.echo(redact_text("".join(traceback.format_exception(error))), err=True, nl=False)


def _print_error(text: str) -> None:
    """Print one error.  An empty text stands for help that is already shown."""
    if text:
        _say(f"error: {text}", "red")


def _say(text: str, colour: str) -> None:
    """Print to standard error, coloured on a terminal that may have colours."""
    typer.secho(text, err=True, fg=None if os.environ.get("NO_COLOR") else colour)
