"""Prints a call in the form that was asked for."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from choria_core.commands.call_options import Form, ShowOptions
from choria_core.commands.client_setup import Output
from choria_core.ddl.aggregates import Summaries
from choria_core.errors import RemoteProtocolError, WorkError
from choria_core.presentation import call_documents as documents
from choria_core.presentation.call_report import failures_text, footer, summaries_text
from choria_core.presentation.reply_condition import ReplyCondition
from choria_core.presentation.reply_text import Display, is_shown, reply_table, reply_text
from choria_core.presentation.safe_text import one_line

if TYPE_CHECKING:
    from choria_core.client.records import CallStats, NodeReply
    from choria_core.ddl.document import ActionDdl
    from choria_core.protocol.messages import Version


class ReplyPrinter:
    """Takes the replies of one call as they come, and prints them.

    Args:
        show: what is asked for.
        action: description of what is called.
        version: of the protocol.
        output: where to.

    Raises:
        UsageError: two forms are asked for, or the expression over replies is malformed.
    """

    def __init__(
        self, show: ShowOptions, action: "ActionDdl", version: "Version", output: Output
    ) -> None:
        self._show = show
        self._form = show.form
        self._action = action
        self._version = version
        self._output = output
        self._replies: list[NodeReply] = []
        self._condition = ReplyCondition(show.filter_replies) if show.filter_replies else None
        self._undecided = ""

    @property
    def is_for_people(self) -> bool:
        """Whether scripts are unlikely to read it."""
        return self._form in {Form.TEXT, Form.TABLE}

    def looking(self, method: str) -> None:
        """Nodes are looked for."""
        if self._form is Form.JSON_LINES:
            self._output.write(documents.discovery_line(method=method))

    def found(self, method: str, stats: "CallStats") -> None:
        """It is known who is called."""
        if self._form is Form.JSON_LINES:
            self._output.write(
                documents.discovery_line(
                    method=method,
                    found=len(stats.discovered),
                    seconds=stats.discover_ns / 1_000_000_000,
                )
            )

    def take(self, replies: "Sequence[NodeReply]", stats: "CallStats") -> None:
        """Nodes answered."""
        wanted = [reply for reply in replies if self._is_wanted(reply)]
        self._replies += wanted
        if self._form is Form.JSON_LINES:
            lines = (documents.result_line(reply, stats, self._version) for reply in wanted)
            self._output.write("".join(lines))

    def failed(self, problem: str) -> None:
        """The call cannot go on."""
        if self._form is Form.JSON_LINES:
            self._output.write(documents.error_line(problem))

    def nobody(self, stats: "CallStats") -> None:
        """There is nobody to call, which a program that reads this must not take for all."""
        if self._form is Form.JSON:
            self._write_json(stats)
        elif self._form is Form.SENDERS:
            self._write_senders()

    def finish(self, stats: "CallStats") -> None:
        """The call is over.

        Raises:
            WorkError: the expression could not be told of a reply.
        """
        if self._show.sort:
            self._replies.sort(key=lambda reply: reply.sender)
        match self._form:
            case Form.JSON:
                self._write_json(stats)
            case Form.JSON_LINES:
                self._output.write(documents.summaries_line(self._summaries().documents()))
                self._output.write(documents.stats_line(stats))
            case Form.TABLE:
                self._output.write(reply_table(self._replies, self._action) + "\n")
            case Form.SENDERS:
                self._write_senders()
            case Form.TEXT:
                self._write_text(stats)
        if self._undecided:
            raise WorkError(
                f"--filter-replies could not be told of some replies: {self._undecided}"
            )

    def _is_wanted(self, reply: "NodeReply") -> bool:
        if self._condition is None:
            return True
        try:
            return self._condition.holds(reply)
        except RemoteProtocolError as error:
            self._undecided = f"{one_line(reply.sender)}: {error}"
            return True

    def _write_json(self, stats: "CallStats") -> None:
        from choria_core.client.records import CallResult

        result = CallResult(stats=stats, replies=tuple(self._replies))
        self._output.write(documents.call_json(result, self._summaries().documents()))

    def _write_senders(self) -> None:
        names = [reply.sender for reply in self._replies if reply.is_ok]
        if self._show.as_json:
            self._output.write(documents.names_json(names))
        else:
            self._output.write("".join(f"{one_line(name)}\n" for name in names))

    def _write_text(self, stats: "CallStats") -> None:
        """At once, as a terminal is much slower line by line."""
        show, paint = self._show, self._output.paint
        display = Display(show.display.value) if show.display else Display.DDL
        parts = [
            reply_text(reply, self._action, verbose=show.verbose, paint=paint)
            for reply in self._replies
            if is_shown(reply, display, self._action)
        ]
        parts += (
            summaries_text(self._summaries().lines(), self._action, paint=paint),
            failures_text(self._replies, paint=paint),
            "\n" + footer(stats, verbose=show.verbose, paint=paint),
        )
        self._output.write("".join(parts))

    def _summaries(self) -> Summaries:
        summaries = Summaries(self._action)
        for reply in self._replies:
            summaries.add(reply.data)
        return summaries
