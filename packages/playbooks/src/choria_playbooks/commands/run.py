"""``choria playbook run``: run a book."""

import asyncio
import os
import signal
import sys
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from choria_core.commands.filter_options import NetworkOptions
from choria_core.commands.option_groups import with_option_groups
from choria_core.errors import UsageError
from choria_core.event_loop import Stop, run_until_stopped
from choria_playbooks.commands.book_command import read_book_of
from choria_playbooks.commands.input_values import ask_for_secrets, input_values
from choria_playbooks.commands.listening import Tally, listening
from choria_playbooks.commands.open_book import BookFile, open_book
from choria_playbooks.commands.run_options import (
    ChoiceOptions,
    RehearsalOptions,
    TellingOptions,
)

if TYPE_CHECKING:
    from choria_core.network_config.client_config import ClientConfig
    from choria_playbooks.book.model import Book
    from choria_playbooks.engine.request import Confirm, Listener, Resumption, RunRequest

STOPS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@with_option_groups
def run(
    context: typer.Context,
    book: BookFile,
    *,
    inputs: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            metavar="JSON",
            help="Values of inputs, as JSON or as @FILE of JSON or YAML; they win over options.",
        ),
    ] = None,
    rehearsal: RehearsalOptions,
    choice: ChoiceOptions,
    tells: TellingOptions,
    network: NetworkOptions,
) -> None:
    """Run a playbook.

    Its inputs are options too: ``choria playbook run BOOK --help`` shows them.  Ends with 1
    where a task failed, 2 where the playbook or its inputs are wrong, 3 where a network or a
    store cannot be reached, 4 where a lock cannot be had or was lost, 5 where the nodes are not
    as they must be, and with 129, 130 or 143 where a signal ended it.
    """
    found = read_book_of(context) or open_book(book, context.obj)
    if rehearsal.resolve and not rehearsal.check:
        raise UsageError("--resolve says more of what would happen: it needs --check")
    resume = _resumption(choice, found.book)
    values = {
        **(resume.inputs if resume else {}),
        **input_values(context, found.book, inputs or []),
    }
    if not rehearsal.check:
        values |= ask_for_secrets(found.book, values)
    request = _request(found.book, values, choice, rehearsal, resume)
    tally = Tally()
    with listening(tells, found.book, is_check=rehearsal.check, asks=choice.step) as listeners:
        code = run_until_stopped(
            lambda stop: _run(request, context, network, [*listeners, tally], stop),
            signals=STOPS,
        )
    if not (tells.as_json or rehearsal.check):
        _print_summary(found.book, tally)
    if tally.ended is not None and tally.ended.error:
        typer.secho(f"error: {tally.ended.error}", err=True, fg="red" if _has_colours() else None)
    raise typer.Exit(code)


def _request(
    book: "Book",
    values: Mapping[str, Any],
    choice: ChoiceOptions,
    rehearsal: RehearsalOptions,
    resume: "Resumption | None",
) -> "RunRequest":
    from choria_playbooks.engine.request import RunRequest

    return RunRequest(
        book=book,
        inputs=values,
        run_id=uuid.uuid4().hex,
        check=rehearsal.check,
        resolve=rehearsal.resolve,
        tags=_words(choice.tags),
        skip_tags=_words(choice.skip_tags),
        start_at=choice.start_at,
        confirm=_confirm() if choice.step else None,
        resume=resume,
        only_nodes=_only_nodes(choice, resume),
    )


async def _run(
    request: "RunRequest",
    context: typer.Context,
    network: NetworkOptions,
    listeners: "list[Listener]",
    stop: Stop,
) -> int:
    """Run it; the exit code."""
    from choria_core.playbook.workbench import Workbench
    from choria_playbooks.engine.run import run_book

    bench = Workbench(
        plugins=context.obj,
        load_config=lambda: _config(network),
        is_closed=request.check and not request.resolve,
    )
    async with bench:
        ended = await run_book(request, bench=bench, listeners=listeners, stop=stop)
    return 128 + stop.signal if stop.signal else ended.exit_code


def _config(network: NetworkOptions) -> "ClientConfig":
    from choria_core.commands.client_setup import client_config

    return client_config(network)


def _resumption(choice: ChoiceOptions, book: "Book") -> "Resumption | None":
    """What an earlier run did.

    Raises:
        UsageError: it ran another book, or this one before it was changed.
    """
    if choice.resume is None:
        return None
    from choria_playbooks.commands.report import open_report
    from choria_playbooks.report.reading import resumption

    found = resumption(open_report(choice.resume))
    if found.digest != book.digest:
        raise UsageError(
            f"--resume: {choice.resume} is of another playbook, or {book.file} was changed since; "
            "run it from its beginning, or choose steps with --start-at"
        )
    return found


def _only_nodes(choice: ChoiceOptions, resume: "Resumption | None") -> frozenset[str] | None:
    if not choice.limit:
        return None
    if choice.limit != "@failed":
        return _words(choice.limit)
    if resume is None:
        raise UsageError("--limit @failed: say by --resume REPORT of which run")
    if not resume.failed_nodes:
        raise UsageError(f"--limit @failed: no node failed in the run of {choice.resume}")
    return resume.failed_nodes


def _words(text: str) -> frozenset[str]:
    return frozenset(word.strip() for word in text.split(",") if word.strip())


def _confirm() -> "Confirm":
    """Asks on the terminal before a step."""
    if not sys.stdin.isatty():
        raise UsageError("--step asks before each step: it needs a terminal")

    async def confirm(description: str) -> str:
        while True:
            typer.echo(f"? {description}  [Y]es, [s]kip, [a]ll that follow, s[t]op: ", nl=False)
            word = (await _typed_line()).strip().lower()
            answer = _ANSWERS.get(word)
            if answer is not None:
                return answer

    return confirm


_ANSWERS: Final = {
    "": "yes",
    "y": "yes",
    "yes": "yes",
    "s": "skip",
    "skip": "skip",
    "a": "all",
    "all": "all",
    "t": "stop",
    "stop": "stop",
}


async def _typed_line() -> str:
    """A line of standard input, waited for without keeping the loop."""
    loop = asyncio.get_running_loop()
    typed: asyncio.Future[str] = loop.create_future()

    def read() -> None:
        if not typed.done():
            typed.set_result(sys.stdin.readline() or "stop")

    loop.add_reader(sys.stdin.fileno(), read)
    try:
        return await typed
    finally:
        loop.remove_reader(sys.stdin.fileno())


def _print_summary(book: "Book", tally: Tally) -> None:
    from choria_playbooks.view.summary import summary_lines

    if tally.ended is None:
        return
    typer.echo()
    for line in summary_lines(
        name=book.metadata.name,
        version=book.metadata.version,
        started=tally.started,
        is_ok=tally.ended.is_ok,
        tasks=tally.tasks,
        run_seconds=tally.ended.run_seconds,
    ):
        typer.echo(line)


def _has_colours() -> bool:
    return not os.environ.get("NO_COLOR")
