"""Who tells how the demonstration goes: a live view on a terminal, lines elsewhere."""

import contextlib
from collections.abc import Iterator
from typing import Final, Protocol

from rich.console import Console
from rich.live import Live
from rich.text import Text

from choria.demo.progress import Progress
from choria.demo.screen import Screen, said_text
from choria_core.telemetry.logs import configure
from choria_playbooks.view.tree import Said

_DRAWS_PER_SECOND: Final = 8
_LOG_LEVEL: Final = "warn"
_DEEPEST: Final = 1
_BEGUN: Final = "▸"


class Teller(Protocol):
    """Shows how the demonstration goes."""

    def showing(self, progress: Progress) -> contextlib.AbstractContextManager[None]:
        """Show ``progress`` within the block."""

    def step(self, text: str) -> None:
        """Tell what is done from now on."""

    def say(self, said: Said) -> None:
        """Tell what the playbook has to say."""


class LineTeller:
    """Prints lines.

    Args:
        console: where.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextlib.contextmanager
    def showing(self, _progress: Progress) -> Iterator[None]:
        """Lines show nothing in between."""
        yield

    def step(self, text: str) -> None:
        """Print a line."""
        self._console.print(Text.assemble(("• ", "cyan"), text), soft_wrap=True)

    def say(self, said: Said) -> None:
        """Print a line below the step; what is within batches is not told."""
        if said.depth > _DEEPEST or said.mark == _BEGUN:
            return
        self._console.print(Text("  ").append_text(said_text(said)), soft_wrap=True)


class ScreenTeller:
    """Draws all there is a few times a second, and takes it away in the end.

    Args:
        console: a terminal.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextlib.contextmanager
    def showing(self, progress: Progress) -> Iterator[None]:
        """Draw within the block; log lines stand above what is drawn."""
        live = Live(
            Screen(progress),
            console=self._console,
            refresh_per_second=_DRAWS_PER_SECOND,
            transient=True,
        )
        with live:
            configure(_LOG_LEVEL)  # now that standard error goes through the view
            yield
        configure(_LOG_LEVEL)

    def step(self, text: str) -> None:
        """Nothing: what is drawn has it."""

    def say(self, said: Said) -> None:
        """Nothing: what is drawn has it."""
