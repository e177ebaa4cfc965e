"""``choria playbook``: run books, and look at them."""

import typer

from choria_playbooks.commands.book_command import BookCommand
from choria_playbooks.commands.check import check
from choria_playbooks.commands.list_books import list_books
from choria_playbooks.commands.locks import locks
from choria_playbooks.commands.report import report
from choria_playbooks.commands.run import run
from choria_playbooks.commands.schema import schema
from choria_playbooks.commands.show import show

app = typer.Typer()
app.command("run", cls=BookCommand)(run)
app.command("check")(check)
app.command("show")(show)
app.command("list")(list_books)
app.command("locks", cls=BookCommand)(locks)
app.command("report")(report)
app.command("schema")(schema)


@app.callback()
def _group() -> None:
    """Run playbooks, and look at them: what they would do, what they did."""
