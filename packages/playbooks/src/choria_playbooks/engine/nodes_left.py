"""Whether a task has nodes left to be done on."""

from choria_core.config.yaml_nodes import ListNode, MapNode
from choria_playbooks.book.model import TaskSpec
from choria_playbooks.engine.frame import Frame

NO_NODES = "no nodes are left for it"


class NoNodesError(Exception):
    """A task has no nodes, which is fine; never leaves the engine."""


def require_nodes(spec: TaskSpec, filled: MapNode, frame: Frame) -> None:
    """Let a task go on that has nodes, or shall fail for having none.

    Args:
        spec: of the task.
        filled: its options, filled in.
        frame: around it.

    Raises:
        NoNodesError: a template gave no nodes at all, and that is fine: by the operator's
            limit, because the book says that a set may be empty, or as all of a batch failed.
    """
    found = filled.get("nodes")
    is_empty = isinstance(found, ListNode) and not found.items
    if not is_empty or spec.options.get("nodes") is found:
        return
    context, batch = frame.context, frame.batch
    if batch is not None and batch.is_lost:
        raise NoNodesError
    if context.session.request.only_nodes is not None or any(
        one.empty_ok for one in context.book.nodes.values()
    ):
        raise NoNodesError
