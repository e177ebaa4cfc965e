"""What came of an RPC task, gathered reply by reply."""

import functools
import json
from collections.abc import Mapping, Sequence
from typing import Final

from choria_core.client.call import Call
from choria_core.client.records import NodeReply
from choria_core.ddl.aggregates import Summaries
from choria_core.ddl.document import ActionDdl
from choria_core.playbook.task import HostResult, Outcome, TaskRun
from choria_playbooks.conditions.condition import Condition
from choria_playbooks.conditions.paths import find
from choria_playbooks.tasks.rpc_options import RpcOptions

FAILED: Final = "failed"
SILENT: Final = "silent"
ASSERT: Final = "assert"
UNASKED: Final = "unasked"

MOST_LINES: Final = 100
"""So many nodes are told of one by one, well or ill; the rest are counted."""

_MOST_NAMES: Final = 10
_WORDS: Final = {
    FAILED: "failed",
    ASSERT: "not as asserted",
    SILENT: "did not answer",
    UNASKED: "not asked any more",
}


class Gathering:
    """Replies of one call.

    Args:
        options: of the task.
        action: description of what is called.
        call: that gives the replies.
        run: told of each node.
    """

    def __init__(self, options: RpcOptions, action: ActionDdl, call: Call, run: TaskRun) -> None:
        self._options = options
        self._call = call
        self._run = run
        self._summaries = Summaries(action) if options.wants_summary else None
        self._rows: list[Mapping[str, object]] = []
        self._results: dict[str, HostResult] = {}
        self._good = 0
        self._told = 0

    def take(self, replies: Sequence[NodeReply]) -> None:
        """What nodes answered."""
        # Done for each node of large fleets: see that it stays quick.
        options, rows, results = self._options, self._rows, self._results
        agent, action, request_id = options.agent, options.agent_action, self._call.request_id
        assertion, summaries = options.assertion, self._summaries
        answered, keep = self._run.answered, self._keep
        for reply in replies:
            sender, status, data = reply.sender, reply.statuscode, reply.data
            rows.append(
                {
                    "agent": agent,
                    "action": action,
                    "sender": sender,
                    "statuscode": status,
                    "statusmsg": reply.statusmsg,
                    "data": data,
                    "requestid": request_id,
                }
            )
            if status:
                keep(sender, _failure(reply))
                continue
            if summaries is not None:
                summaries.add(data)
            if assertion is not None and not assertion.matches(data):
                keep(sender, _not_as_asserted(data, assertion))
                continue
            self._good += 1
            results[sender] = result = HostResult(is_ok=True, value=data)
            answered(sender, result)
            if not options.silent and self._told < MOST_LINES:
                self._tell(sender, result, reply.statusmsg)

    @property
    def has_too_many_failures(self) -> bool:
        """Whether those that were asked suffice to break ``max_fail``; asked between batches."""
        options = self._options
        return (
            options.max_fail is not None and self._call.asked - self._good > options.most_failures
        )

    def finish(self) -> Outcome:
        """The outcome, once the call is over."""
        self._add_missing()
        bad = [name for name, result in self._results.items() if not result.is_ok]
        is_ok = self._good > 0 and len(bad) <= self._options.most_failures
        untold = len(bad if self._options.silent else self._results) - self._told
        if untold > 0:
            self._run.line(f"and so on: {untold} more")
        message = self._message(bad, is_ok=is_ok)
        return Outcome(is_ok=is_ok, message=message, data=self._rows, results=self._results)

    def _keep(self, node: str, result: HostResult) -> None:
        """What came of a node that did not do well."""
        self._results[node] = result
        self._run.answered(node, result)
        if self._told < MOST_LINES:
            self._tell(node, result, "")

    def _tell(self, node: str, result: HostResult, said: str) -> None:
        self._told += 1
        if result.is_ok:
            self._run.line(f"{node}: {said}")
        else:
            self._run.warn(f"{node}: {result.error}")

    def _add_missing(self) -> None:
        """Those that gave no reply, or none that can be read."""
        call, known = self._call, self._results
        silent = set(call.stats.no_responses)
        for name in call.nodes[: call.asked]:
            if name not in known:
                self._keep(name, _SILENT if name in silent else _UNREADABLE)
        for name in call.nodes[call.asked :]:
            if name not in known:
                self._keep(name, _UNASKED)

    def _message(self, bad: Sequence[str], *, is_ok: bool) -> str:
        options, stats = self._options, self._call.stats
        what = f"{options.agent}#{options.agent_action}"
        request = f"request {stats.request_id}"
        seconds = f"{stats.request_ns / 1e9:.2f} s"
        of_all = f"{len(bad)} of {counted(len(self._results))}"
        if not is_ok:
            return f"{request} for {what} failed on {of_all}: {self._by_kind(bad)}"
        if options.wants_summary and (summary := self._summary()):
            return summary
        told = f"{request} for {what} did well on {counted(self._good)} in {seconds}"
        return f"{told}; {of_all} were allowed to fail: {self._by_kind(bad)}" if bad else told

    def _summary(self) -> str:
        """All aggregates in one; empty where there is nothing to be summed up."""
        merged: dict[str, object] = {}
        for document in self._summaries.documents().values() if self._summaries else ():
            merged.update(document)
        return f"Summary for {self._run.description}: {json.dumps(merged)}" if merged else ""

    def _by_kind(self, bad: Sequence[str]) -> str:
        parts = []
        for kind, words in _WORDS.items():
            names = [name for name in bad if self._results[name].kind == kind]
            if names:
                parts.append(f"{len(names)} {words} ({named(names)})")
        return "; ".join(parts) or "nobody answered"


def counted(nodes: int) -> str:
    """So many nodes, in words."""
    return f"{nodes} node{'' if nodes == 1 else 's'}"


def named(names: Sequence[str]) -> str:
    """Some names in a line, and how many more there are."""
    more = len(names) - _MOST_NAMES
    shown = ", ".join(names[:_MOST_NAMES])
    return f"{shown} and {more} more" if more > 0 else shown


def _failure(reply: NodeReply) -> HostResult:
    return HostResult(
        is_ok=False,
        value=reply.data,
        error=reply.statusmsg or f"status {reply.statuscode}",
        kind=FAILED,
        details={"statuscode": reply.statuscode},
    )


def _not_as_asserted(data: Mapping[str, object], assertion: Condition) -> HostResult:
    return HostResult(is_ok=False, value=data, error=_why_not(assertion, data), kind=ASSERT)


def _why_not(assertion: Condition, data: Mapping[str, object]) -> str:
    doubts = "; ".join(assertion.term.doubts(functools.partial(find, data)))
    return doubts or f"{assertion.text} is not true"


_SILENT: Final = HostResult(is_ok=False, error="no answer", kind=SILENT)
_UNREADABLE: Final = HostResult(is_ok=False, error="its reply cannot be read", kind=FAILED)
_UNASKED: Final = HostResult(
    is_ok=False, error="not asked, as too many others had failed", kind=UNASKED
)
