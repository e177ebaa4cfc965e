"""The tasks ``mcollective`` and ``choria``: an action of an agent on many nodes."""

import contextlib
from typing import ClassVar

from choria_core.client.call import find_action
from choria_core.playbook.task import Outcome, TaskRun
from choria_playbooks.tasks.rpc_options import (
    RpcOptions,
    call_request,
    rpc_arguments,
    share_text,
    unknown_properties,
)
from choria_playbooks.tasks.rpc_replies import Gathering


class RpcTask:
    """Asks the nodes that it is given, without looking for others.

    It does well when all answer that they did, and their data is as asserted; ``max_fail``
    lets some of them fail.
    """

    Options: ClassVar[type] = RpcOptions

    async def run(self, options: RpcOptions, run: TaskRun) -> Outcome:
        """Ask, and tell of each node as it answers.

        Raises:
            UsageError: nobody describes the agent, or the action takes other properties.
            ConnectError, AuthenticationError: no broker lets us in.
            DisconnectedError, PermissionsError: nobody answered, for this reason.
        """
        client = await run.bench.client()
        ddl = client.ddls.find(options.agent)
        action = find_action(ddl, options.agent_action)
        for problem in unknown_properties(action, options.properties):
            run.warn(problem)
        arguments = rpc_arguments(action, options.properties)
        call = client.call(call_request(options, ddl, arguments))
        gathering = Gathering(options, action, call, run)
        is_known = False
        async with contextlib.aclosing(call.chunks()) as chunks:
            async for replies in chunks:
                if not is_known:
                    is_known = True
                    run.waiting_for(call.nodes)
                gathering.take(replies)
                if call.is_between_batches and gathering.has_too_many_failures:
                    break
        return gathering.finish()

    def foretell(self, options: RpcOptions) -> str:
        """Whom it would ask for what."""
        count = len(set(options.nodes))
        batches = ""
        if options.batch_size is not None and options.nodes_at_a_time:
            batches = f", {share_text(options.batch_size)} at a time"
        return f"would call {options.agent}#{options.agent_action} on {count} nodes{batches}"
