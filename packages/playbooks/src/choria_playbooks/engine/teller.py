"""Tells listeners what happens, with secrets hidden."""

import time
from collections.abc import Callable, Sequence

from choria_core.errors import ChoriaError
from choria_core.presentation.safe_text import lines
from choria_playbooks.engine.events import Event, Level, Line
from choria_playbooks.engine.masking import Masking
from choria_playbooks.engine.request import Listener


class Teller:
    """The voice of a run; it keeps what it is told until the run has begun.

    A listener that fails, as a report that can no longer be written, breaks off no step from
    within: the run is stopped, so that it cleans up, and fails in the end.

    Args:
        listeners: are told everything, each at once.
        clock: unix seconds.

    Attributes:
        masking: knows the secrets.
        now: unix seconds.
        failure: the first error of a listener; None while there was none.
        on_failure: told of it.
    """

    def __init__(
        self,
        listeners: Sequence[Listener],
        *,
        masking: Masking,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.masking = masking
        self.now = clock
        self.failure: ChoriaError | None = None
        self.on_failure: Callable[[ChoriaError], None] | None = None
        self._listeners = tuple(listeners)
        self._early: list[Event] | None = [] if self._listeners else None

    def begin(self, event: Event) -> None:
        """The first event, which comes before all that was told already."""
        early, self._early = self._early, None
        for one in (event, *(early or ())):
            self.tell(one)

    def tell(self, event: Event) -> None:
        """An event whose texts were masked."""
        if self._early is not None:
            self._early.append(event)
            return
        for listener in self._listeners:
            try:
                listener(event)
            except ChoriaError as error:
                self._fail(error)

    def line(
        self, level: Level, context: str, text: str, *, step: str = "", is_output: bool = False
    ) -> None:
        """Something for people; each line of the text is an event, safe for a terminal."""
        for one in lines(self.masking.text(text)):
            self.tell(
                Line(
                    time=self.now(),
                    level=level,
                    context=context,
                    text=one,
                    step=step,
                    is_output=is_output,
                )
            )

    def _fail(self, error: ChoriaError) -> None:
        if self.failure is None:
            self.failure = error
            if self.on_failure is not None:
                self.on_failure(error)
