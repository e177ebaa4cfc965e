"""``choria playbook run``: do what a book says."""

import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import typer

from choria_core.commands.option_groups import with_option_groups
from choria_core.errors import UsageError
from choria_core.event_loop import Stop, run_until_stopped
from choria_playbooks.commands.book_command import book_of
from choria_playbooks.commands.open_book import BookFile
from choria_playbooks.commands.run_options import (
    ChoiceOptions,
    RehearsalOptions,
    SetupOptions,
    TellingOptions,
)

if TYPE_CHECKING:
    from choria_core.plugins import Plugins
    from choria_playbooks.book.model import Book
    from choria_playbooks.commands.listening import Tally
    from choria_playbooks.engine.events import RunEnded
    from choria_playbooks.engine.request import Listener, RunRequest

_RUN_ID_BYTES: Final = 16


@with_option_groups
def run(
    context: typer.Context,
    book: BookFile,
    *,
    setup: SetupOptions,
    rehearsal: RehearsalOptions,
    choice: ChoiceOptions,
    tells: TellingOptions,
) -> None:
    """Run a playbook.

    Its inputs are options too: --help behind BOOK shows them.  Ends with 0 where it did its
    work, 1 where a task failed, 2 where the playbook or its inputs are wrong, 3 where a network
    or a data store could not be reached, 4 where a lock could not be had or was lost, 5 where
    the nodes are not those that it wants, and 128 and more where a signal stopped it.
    """
    setup.refuse_modulepath()
    rehearsal.require_sense()
    if choice.step:
        if rehearsal.check:
            raise UsageError("--step asks before what --check does not do: leave one of them out")
        from choria_playbooks.commands.asking import require_terminal

        require_terminal()
    found = book_of(context, book)
    request = _request(context, found, setup, rehearsal, choice)
    ended = _run(_Plan(request, context.obj, setup, asks=choice.step), tells)
    if ended.exit_code:
        raise typer.Exit(ended.exit_code)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is run, and with what.

    Attributes:
        asks: before each step.
    """

    request: "RunRequest"
    plugins: "Plugins"
    setup: SetupOptions
    asks: bool


def _request(
    context: typer.Context,
    book: "Book",
    setup: SetupOptions,
    rehearsal: RehearsalOptions,
    choice: ChoiceOptions,
) -> "RunRequest":
    """The run that the options ask for; only the questions are missing yet."""
    from choria_playbooks.commands.input_values import ask_for_secrets, input_values
    from choria_playbooks.commands.resuming import chosen_nodes, open_earlier, words_of
    from choria_playbooks.engine.request import RunRequest

    values = input_values(context, book, setup.documents or [])
    earlier = None if choice.resume is None else open_earlier(choice.resume, book)
    only_nodes = chosen_nodes(choice.limit, earlier)
    if earlier is not None:
        values = earlier.completed(book, values)
    return RunRequest(
        book=book,
        inputs=values | ask_for_secrets(book, values),
        caller=caller(),
        run_id=os.urandom(_RUN_ID_BYTES).hex(),
        check=rehearsal.check,
        resolve=rehearsal.resolve,
        tags=frozenset(words_of(choice.tags)),
        skip_tags=frozenset(words_of(choice.skip_tags)),
        start_at=choice.start_at,
        resume=None if earlier is None else earlier.resumption,
        only_nodes=only_nodes,
    )


def caller() -> str:
    """Who runs the book, as ``choria=rip.mcollective``."""
    name = os.environ.get("MCOLLECTIVE_CERTNAME")
    return f"choria={name or f'{_user()}.mcollective'}"


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # nobody knows the name of this number
        return str(os.getuid())


def _run(plan: _Plan, tells: TellingOptions) -> "RunEnded":
    """Run the book, and say how that ended."""
    from choria_playbooks.commands.listening import Tally, chosen_level, listening
    from choria_playbooks.engine.events import Level

    request, tally = plan.request, Tally()
    with listening(tells, request.book, is_check=request.check, asks=plan.asks) as listeners:
        ended = run_until_stopped(
            lambda stop: _run_until(stop, plan, (*listeners, tally)), signals=_signals()
        )
    if not tells.as_json:
        _print_end(request, ended, tally, is_silent=chosen_level(tells, request.book) > Level.ERROR)
    return ended


def _signals() -> Sequence[int]:
    """Those that end the run; a hang-up does not where somebody said so, as nohup does."""
    own = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        own.append(signal.SIGHUP)
    return own


async def _run_until(stop: Stop, plan: _Plan, listeners: "Sequence[Listener]") -> "RunEnded":
    from dataclasses import replace

    from choria_core.commands.client_setup import client_config
    from choria_core.commands.filter_options import NetworkOptions
    from choria_core.playbook.workbench import Workbench
    from choria_playbooks.engine.run import run_book

    request = plan.request
    if plan.asks:
        from choria_playbooks.commands.asking import Questions

        request = replace(request, confirm=Questions(stop))
    network = NetworkOptions(config=plan.setup.config)
    async with Workbench(
        plugins=plan.plugins,
        load_config=lambda: client_config(network),
        is_closed=request.check and not request.resolve,
    ) as bench:
        return await run_book(request, bench=bench, listeners=listeners, stop=stop)


def _print_end(
    request: "RunRequest", ended: "RunEnded", tally: "Tally", *, is_silent: bool
) -> None:
    """What came of the run, and why it failed where the log ``is_silent``."""
    from choria_playbooks.commands.listening import heard, say_error
    from choria_playbooks.view.summary import summary_lines

    if not request.check:
        data = request.book.metadata
        lines = summary_lines(
            name=data.name,
            version=data.version,
            started=tally.started,
            is_ok=ended.is_ok,
            tasks=tally.tasks,
            run_seconds=ended.run_seconds,
        )
        with heard(sys.stdout):
            typer.echo("\n".join(lines))
    if ended.error and is_silent:
        with heard(sys.stderr):
            say_error(ended.error)
