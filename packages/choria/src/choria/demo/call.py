"""The playbook of the demonstration: read, run, and listened to."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from typing import Final

from choria.demo.network_files import DemoFiles
from choria_core.errors import WorkError
from choria_core.event_loop import Stop
from choria_core.playbook.workbench import Workbench
from choria_core.plugins import Plugins
from choria_playbooks.book.offered_kinds import kinds_of
from choria_playbooks.book.reading import read_book
from choria_playbooks.engine.events import Event, LockTaken, NodeDone
from choria_playbooks.engine.request import RunRequest
from choria_playbooks.engine.run import run_book
from choria_playbooks.view.tree import Said, Tree

BOOK: Final = "demo_book.yaml"
_RUN_ID_BYTES: Final = 16


@dataclass(slots=True)
class BookTally:
    """A listener that keeps what there is to show.

    Attributes:
        tell: called with each line that stays.
        tree: what is being done.
        said: lines that stay.
        called: replies of nodes that were called.
        failed: of these, that failed.
        token: of the lock; 0 before it was taken.
    """

    tell: Callable[[Said], None]
    tree: Tree = field(default_factory=Tree)
    said: list[Said] = field(default_factory=list)
    called: int = 0
    failed: int = 0
    token: int = 0

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if isinstance(event, NodeDone):
            self.called += 1
            self.failed += not event.result.is_ok
        elif isinstance(event, LockTaken):
            self.token = event.token
        for said in self.tree.take(event):
            self.said.append(said)
            self.tell(said)


async def call_fleet(
    demo_files: DemoFiles, *, nodes: int, plugins: Plugins, tally: BookTally
) -> None:
    """Run the book on the nodes of the network.

    Args:
        demo_files: have the client's configuration.
        nodes: how many there must be.
        plugins: have stores, node sets and tasks.
        tally: is told of all.

    Raises:
        WorkError: it did not do its work, or not on all nodes.
    """
    with as_file(files("choria.demo") / BOOK) as file:
        book = read_book(file, kinds_of(plugins)).book
    request = RunRequest(
        book=book,
        inputs={"nodes": nodes},
        caller=f"choria={demo_files.read_client().certname}",
        run_id=os.urandom(_RUN_ID_BYTES).hex(),
    )
    async with Workbench(
        plugins=plugins,
        load_config=demo_files.read_client,
        environment={},
        folder=demo_files.folder,
    ) as bench:
        ended = await run_book(request, bench=bench, listeners=(tally,), stop=Stop())
    if not ended.is_ok:
        raise WorkError(f"the playbook failed: {ended.error or 'a task failed'}")
    if tally.called != nodes or tally.failed:
        raise WorkError(f"{tally.called} of {nodes} nodes answered, {tally.failed} with a failure")
