"""The task ``graphite_event``: a mark in the graphs of Graphite."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Annotated, ClassVar

from choria_core.config.schema import Setting
from choria_core.playbook.task import Outcome, TaskRun
from choria_playbooks.tasks.web_server import names_server, server_of
from choria_playbooks.tasks.webhook import MessageOptions, WebhookOptions, WebhookTask


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphiteEventOptions(MessageOptions):
    """What a book may say of an event."""

    what: Annotated[str, Setting("what happens, in a few words")]
    data: Annotated[str, Setting("more about it")]
    graphite: Annotated[str, Setting("http or https address that takes events")]
    tags: Annotated[tuple[str, ...], Setting("words by which graphs choose events")] = ("choria",)

    def check(self) -> Iterator[tuple[str, str, str]]:
        """What types cannot tell."""
        yield from MessageOptions.check(self)
        if not names_server(self.graphite):
            yield "graphite", "is no address of a web server", "begin with https:// and a host"


class GraphiteEventTask:
    """Sends the event as a webhook does, with the time of each try.

    Args:
        clock: unix seconds.
    """

    Options: ClassVar[type] = GraphiteEventOptions

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._webhook = WebhookTask()

    async def run(self, options: GraphiteEventOptions, run: TaskRun) -> Outcome:
        """Send it; raises what a webhook does."""
        common = {item.name: getattr(options, item.name) for item in fields(MessageOptions)}
        event = {
            "what": options.what,
            "tags": ",".join(options.tags),
            "when": int(self._clock()),
            "data": options.data,
        }
        return await self._webhook.run(
            WebhookOptions(uri=options.graphite, data=event, **common), run
        )

    def foretell(self, options: GraphiteEventOptions) -> str:
        """Whom it would tell."""
        return f"would send an event to {server_of(options.graphite)}"
