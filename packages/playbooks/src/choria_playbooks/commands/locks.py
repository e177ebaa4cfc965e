"""``choria playbook locks``: who has the locks of a book, and taking one away."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from choria_core.commands.option_groups import with_option_groups
from choria_core.errors import LockError, UsageError
from choria_core.event_loop import run_async
from choria_playbooks.commands.book_command import book_of
from choria_playbooks.commands.open_book import BookFile
from choria_playbooks.commands.run_options import SetupOptions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from choria_core.playbook.lock import LockView
    from choria_core.plugins import Plugins
    from choria_playbooks.book.model import Book
    from choria_playbooks.commands.book_locks import LockOffice, SeenLock

_HEADERS = ("lock", "state", "holder", "since", "token")


@with_option_groups
def locks(
    context: typer.Context,
    book: BookFile,
    *,
    setup: SetupOptions,
    path: Annotated[
        str,
        typer.Option("--break", metavar="PATH", help="Take this lock away from who has it."),
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before --break.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show who has the locks that a playbook takes.

    Those whose keys have templates are known when it runs, and can only be broken by name.
    Ends with 3 where a data store could not be asked, and with 4 where --break came too late.
    """
    from choria_playbooks.commands.input_values import input_values

    setup.refuse_modulepath()
    found = book_of(context, book)
    given = input_values(context, found, setup.documents or [])
    desk = _Desk(found, given, context.obj, setup)
    if path:
        _break(desk, path, is_certain=yes, as_json=as_json)
    else:
        _show(desk.ask(lambda office: office.see()), as_json=as_json)


class _Desk:
    """Opens what it takes to ask the stores of a book, and closes it again."""

    def __init__(
        self, book: "Book", given: dict[str, Any], plugins: "Plugins", setup: SetupOptions
    ) -> None:
        self.book = book
        self._given = given
        self._plugins = plugins
        self._setup = setup

    def ask(self, question: "Callable[[LockOffice], Awaitable[Any]]") -> Any:
        """The answer to one question."""
        return run_async(self._ask(question))

    async def _ask(self, question: "Callable[[LockOffice], Awaitable[Any]]") -> Any:
        from choria_core.commands.client_setup import client_config
        from choria_core.commands.filter_options import NetworkOptions
        from choria_core.playbook.workbench import Workbench
        from choria_playbooks.commands.book_locks import LockOffice

        network = NetworkOptions(config=self._setup.config)
        async with Workbench(
            plugins=self._plugins, load_config=lambda: client_config(network)
        ) as bench:
            return await question(LockOffice(self.book, self._given, bench))


def _show(rows: "list[SeenLock]", *, as_json: bool) -> None:
    """Print locks; the errors of stores that could not be asked come last."""
    if as_json:
        _print_json([_document(row) for row in rows])
    elif not rows:
        typer.echo("the playbook takes no locks")
    else:
        from choria_core.presentation.table import table

        typer.echo(table(_HEADERS, map(_cells, rows)), nl=False)
    errors = {str(row.error): row.error for row in rows if row.error is not None}
    if errors:
        raise ExceptionGroup("stores could not be asked", list(errors.values()))


def _break(desk: _Desk, path: str, *, is_certain: bool, as_json: bool) -> None:
    """Take a lock away, once somebody is sure.

    Raises:
        UsageError: the book has no such lock, or there is nobody to ask.
        LockError: nobody has it.
    """
    from choria_core.playbook.lock_texts import describe_holder
    from choria_core.presentation.safe_text import one_line
    from choria_playbooks.commands.asking import is_sure

    store, key = _split(desk.book, path)
    if not is_certain and not sys.stdin.isatty():
        raise UsageError(
            "--break asks first, which needs a terminal: give --yes where you are sure"
        )
    view: LockView | None = desk.ask(lambda office: office.view(store, key))
    if view is None:
        raise LockError(f"nobody has the lock {path}: there is nothing to break")
    who = one_line(describe_holder(view.holder))
    if not is_certain and not is_sure(f"{who} has the lock {path}. Take it away?"):
        typer.echo("it was left alone", err=True)
        raise typer.Exit(1)
    if not desk.ask(lambda office: office.take_away(store, view)):
        raise LockError(f"{who} has given the lock {path} back in the meantime; nothing was broken")
    if as_json:
        _print_json([{"lock": path, "state": "broken", "token": view.token, **_holder(view)}])
    else:
        typer.echo(f"{path} was taken from {who}")


def _split(book: "Book", path: str) -> tuple[str, str]:
    """The store and the key of a lock of the command line."""
    from choria_core.config.value import nearest
    from choria_playbooks.book.names import split_path

    parts = split_path(path)
    known = [lock.path for lock in book.locks]
    if parts is None or parts[0] not in book.data_stores:
        meant = nearest(path, known)
        hint = f"did you mean {meant}?" if meant else "name a data store of the book and a key"
        raise UsageError(f"--break: {path!r} is no lock of {book.file}: {hint}")
    return parts


def _state(row: "SeenLock") -> str:
    lock = row.lock
    if row.error is not None:
        return "not reached"
    if not lock.is_shared:
        return "within a run"
    if not lock.is_known:
        return "not known yet"
    return "held" if row.view else "free"


def _cells(row: "SeenLock") -> tuple[str, ...]:
    who = since = token = ""
    if row.view is not None:
        from choria_core.playbook.lock_texts import UNKNOWN

        holder, who = row.view.holder, UNKNOWN
        token = str(row.view.token or "")
        if holder is not None:
            who = f"{holder.name}\nprocess {holder.pid} on {holder.host}\nplaybook {holder.book}"
            since = _since(holder.time)
    return (row.lock.spec.path, _state(row), who, since, token)


def _since(time: float) -> str:
    from choria_core.timestamps import format_rfc3339_ms

    return format_rfc3339_ms(int(time * 1000))


def _document(row: "SeenLock") -> dict[str, Any]:
    spec, view = row.lock.spec, row.view
    return {
        "lock": spec.path,
        "store": spec.store,
        "key": spec.key,
        "step": row.lock.step,
        "state": _state(row).replace(" ", "_"),
        "token": view.token if view else 0,
        **(_holder(view) if view else {"holder": None}),
    }


def _holder(view: "LockView") -> dict[str, Any]:
    holder = view.holder
    if holder is None:
        return {"holder": None}
    return {
        "holder": {
            "name": holder.name,
            "host": holder.host,
            "pid": holder.pid,
            "playbook": holder.book,
            "since": _since(holder.time),
        }
    }


def _print_json(rows: list[dict[str, Any]]) -> None:
    import json

    typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
