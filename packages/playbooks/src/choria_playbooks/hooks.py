"""What playbooks contribute to the ``choria`` program."""

from collections.abc import Iterable

from choria_core.hookspecs import TaskPlugin, hookimpl


@hookimpl
def choria_tasks() -> Iterable[TaskPlugin]:
    """Kinds of tasks."""
    return [
        TaskPlugin("choria", "choria_playbooks.tasks.rpc:RpcTask"),
        TaskPlugin("mcollective", "choria_playbooks.tasks.rpc:RpcTask"),
    ]
