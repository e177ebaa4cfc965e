"""One try of a task, as its kind sees it."""

from collections.abc import Sequence

from choria_core.playbook.outcome import HostResult
from choria_core.playbook.task import TaskRun
from choria_core.playbook.workbench import Workbench
from choria_playbooks.engine.events import Level, NodeDone, NodesWaiting
from choria_playbooks.engine.stores import StepStores
from choria_playbooks.engine.telling import Place, hidden_result

SILENT = HostResult(is_ok=False, error="no answer when the task was ended", kind="silent")


class Try(TaskRun):
    """See :class:`TaskRun`.

    Args:
        place: of the step.
        stores: as the step sees them.
    """

    __slots__ = ("_id", "_place", "_results", "_stores", "_teller", "_waiting")

    def __init__(self, place: Place, stores: StepStores) -> None:
        self._place = place
        self._id = place.id
        self._teller = place.frame.session.teller
        self._stores = stores
        self._waiting: dict[str, None] = {}
        self._results: dict[str, HostResult] = {}

    @property
    def book(self) -> str:
        """Name of the playbook."""
        return self._place.frame.context.book.metadata.name

    @property
    def description(self) -> str:
        """Of the task."""
        return self._place.description

    @property
    def caller(self) -> str:
        """Who runs the book."""
        return self._place.frame.session.request.caller

    @property
    def lock_token(self) -> int | None:
        """Of the innermost lock."""
        return self._place.frame.lock_token

    @property
    def bench(self) -> Workbench:
        """What the run lends."""
        return self._place.frame.session.bench

    @property
    def stores(self) -> StepStores:
        """The book's data stores."""
        return self._stores

    def line(self, text: str) -> None:
        """A line of output."""
        self._say(Level.INFO, text, is_output=True)

    def warn(self, text: str) -> None:
        """Something that people should know."""
        self._say(Level.WARN, text, is_output=False)

    def waiting_for(self, nodes: Sequence[str]) -> None:
        """These nodes are asked."""
        self._waiting.update(dict.fromkeys(nodes))
        teller = self._teller
        shown = tuple(nodes)
        if teller.masking.has_secrets:
            shown = tuple(teller.masking.text(node) for node in nodes)
        teller.tell(NodesWaiting(time=teller.now(), id=self._id, nodes=shown))

    def answered(self, node: str, result: HostResult) -> None:
        """One of them is done."""
        # Done for each node of large fleets: see that it stays quick.
        self._results[node] = result
        teller = self._teller
        if self._place.no_log:
            result = hidden_result(result)
        if teller.masking.has_secrets:
            node, result = teller.masking.text(node), teller.masking.result(result)
        teller.tell(NodeDone(time=teller.now(), id=self._id, node=node, result=result))

    def so_far(self) -> dict[str, HostResult]:
        """What is known of nodes where the try was broken off."""
        if not self._waiting and not self._results:
            return {}
        return {**dict.fromkeys(self._waiting, SILENT), **self._results}

    def _say(self, level: Level, text: str, *, is_output: bool) -> None:
        if self._place.no_log:
            return
        self._teller.line(level, self._place.context, text, step=self._id, is_output=is_output)
