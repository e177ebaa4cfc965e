"""The agents of one node: a request goes in, the payload of its reply comes out.

    host = AgentHost(agents, node=node, authorizer=authorizer)
    payload = await host.answer(opened)

A process that speaks for many nodes makes one host for each; what is large, the
agents with their descriptions, they share.
"""

import asyncio
import dataclasses
import functools
from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec import Raw, Struct

from choria_core.agents.agent import ActionError, AgentRequest, RawAgent
from choria_core.agents.declaration import DeclaredAction
from choria_core.agents.loading import LoadedAgent
from choria_core.agents.node import Node
from choria_core.audit.trail import AuditTrail
from choria_core.authorization.authorizer import AuthorizationRequest, Authorizer
from choria_core.ddl.document import Metadata
from choria_core.ddl.inputs import RefusedInputError
from choria_core.errors import LocalProtocolError, RemoteProtocolError
from choria_core.node.opening import OpenedRequest
from choria_core.protocol.messages import Request
from choria_core.protocol.rpc_body import (
    RpcReply,
    RpcRequest,
    StatusCode,
    decode_rpc_request,
    encode_rpc_reply,
    pack_fields,
    unpack_fields,
)
from choria_core.telemetry.logs import get_logger

NOT_AUTHORIZED: Final = "You are not authorized to call this agent or action"

_SHOWN: Final = 64
_NOTHING: Final = Raw(b"{}")
_log = get_logger("choria.agents")


class AgentHost:
    """Runs the agents of one node.

    Args:
        agents: by name, shared with other nodes of the process.
        node: whom they act for.
        authorizer: asked before each action, shared as well; None allows everything.
        audit: told of each action that is about to run; None for nobody.
    """

    __slots__ = ("_agents", "_audit", "_authorizer", "_node")

    def __init__(
        self,
        agents: Mapping[str, LoadedAgent],
        *,
        node: Node,
        authorizer: Authorizer | None = None,
        audit: AuditTrail | None = None,
    ) -> None:
        self._agents = agents
        self._audit = audit
        self._node = node
        self._authorizer = authorizer

    @property
    def names(self) -> tuple[str, ...]:
        """All agents, in the order of the alphabet."""
        return tuple(sorted(self._agents))

    def metadata(self) -> tuple[Metadata, ...]:
        """What the agents say of themselves, by name."""
        return tuple(self._agents[name].metadata for name in self.names)

    def subscriptions(self) -> Iterator[tuple[str, bool]]:
        """Each agent's name, and whether it is a service."""
        return ((one.name, one.service) for one in self.metadata())

    async def answer(self, opened: OpenedRequest) -> bytes | None:
        """Do what a request asks.

        Args:
            opened: taken by the node's gate.

        Returns:
            The payload of the reply; None where nothing is to be answered: no such
            agent, or a raw agent that failed, was too slow, or did not want to.
        """
        agent = self._agents.get(opened.request.agent)
        if agent is None:
            _log.info("no_such_agent", **_about(opened.request))
            return None
        request = AgentRequest(self._node, opened.request)
        if isinstance(agent.instance, RawAgent):
            return await _answer_raw(agent, agent.instance, request, opened.payload)
        return _payload(await self._answer_rpc(agent, request, opened.payload))

    async def _answer_rpc(
        self, agent: LoadedAgent, request: AgentRequest, payload: bytes
    ) -> RpcReply:
        try:
            call = decode_rpc_request(payload)
        except RemoteProtocolError as error:
            return _failure("", StatusCode.INVALID_DATA, f"Could not process request: {error}")
        if call.agent != agent.name:
            _log.warning("agents_differ", body=call.agent[:_SHOWN], **_about(request.request))
            return _failure(call.action[:_SHOWN], StatusCode.ABORTED, NOT_AUTHORIZED)
        action = agent.actions.get(call.action)
        if action is None:
            problem = f"Unknown action {call.action[:_SHOWN]} for agent {agent.name}"
            return _failure(call.action[:_SHOWN], StatusCode.UNKNOWN_ACTION, problem)
        if not self._is_allowed(call, request.request):
            return _failure(call.action, StatusCode.ABORTED, NOT_AUTHORIZED)
        if self._audit is not None:
            self._audit.record(request.request, call, action.ddl)
        try:
            arguments = _arguments(action, call)
        except RefusedInputError as error:
            return _failure(call.action, error.status, str(error))
        return await _run(agent, action, request, arguments)

    def _is_allowed(self, call: RpcRequest, request: Request) -> bool:
        if self._authorizer is None:
            return True
        asked = AuthorizationRequest(
            agent=call.agent,
            action=call.action,
            caller=request.caller,
            request_id=request.request_id,
            facts=self._node.facts,
            classes=self._node.classes,
        )
        try:
            decision = self._authorizer.decide(asked)
        except (Exception, SystemExit):  # noqa: BLE001 -- whatever it raises does not allow
            _log.exception("authorizer_failed", action=call.action, **_about(request))
            return False
        if not decision.allowed:
            _log.warning("denied", action=call.action, reason=decision.reason, **_about(request))
        return decision.allowed


async def _answer_raw(
    agent: LoadedAgent, instance: RawAgent, request: AgentRequest, payload: bytes
) -> bytes | None:
    try:
        answer = instance.answer(request, payload)
        if answer is None or isinstance(answer, bytes):
            return answer
        async with asyncio.timeout(agent.metadata.timeout):
            return await answer
    except TimeoutError:
        _log.warning("agent_too_slow", **_about(request.request))
    except BaseException as error:
        if _is_our_end(error):
            raise
        _log.exception("agent_failed", **_about(request.request))
    return None


def _is_our_end(error: BaseException) -> bool:
    """Whether the node's work is ended; an agent may raise CancelledError as well."""
    task = asyncio.current_task()
    is_cancelled = isinstance(error, asyncio.CancelledError | GeneratorExit)
    return is_cancelled and (task is None or task.cancelling() > 0)


def _arguments(action: DeclaredAction, call: RpcRequest) -> dict[str, Any]:
    """Raises RefusedInputError."""
    try:
        data = unpack_fields(call.data)
    except RemoteProtocolError as error:
        problem = f"Could not process request: {error}"
        raise RefusedInputError(StatusCode.INVALID_DATA, problem) from None
    return action.arguments(data)


async def _run(
    agent: LoadedAgent, action: DeclaredAction, request: AgentRequest, arguments: dict[str, Any]
) -> RpcReply:
    """Run an action; whatever becomes of it is a reply."""
    name = action.ddl.action
    given = (agent.instance, request) if action.takes_request else (agent.instance,)
    limit = asyncio.timeout(agent.metadata.timeout)
    try:
        if action.is_quick:
            result: object = action.method(*given, **arguments)
        else:
            async with limit:
                result = await _result(agent, action, given, arguments)
        return RpcReply(action=name, statuscode=StatusCode.OK, statusmsg="OK", data=_data(result))
    except ActionError as error:
        return _failure(name, error.status, error.message, _failed_data(error, request))
    except BaseException as error:
        if _is_our_end(error):
            raise
        if isinstance(error, TimeoutError) and limit.expired():
            _log.warning("action_too_slow", action=name, **_about(request.request))
            problem = f"{agent.name}#{name} was not done within {agent.metadata.timeout} s"
        else:
            _log.exception("action_failed", action=name, **_about(request.request))
            problem = f"{agent.name}#{name} failed unexpectedly; the node's log says why"
        return _failure(name, StatusCode.UNKNOWN_ERROR, problem)


async def _result(
    agent: LoadedAgent,
    action: DeclaredAction,
    given: tuple[object, ...],
    arguments: dict[str, Any],
) -> object:
    if action.is_async:
        return await action.method(*given, **arguments)
    return await agent.threads.run(functools.partial(action.method, *given, **arguments))


def _data(result: object) -> Raw:
    """Raises LocalProtocolError."""
    if result is None:
        return _NOTHING
    if isinstance(result, Struct | Mapping):
        return pack_fields(result)
    if dataclasses.is_dataclass(result):
        return pack_fields(
            {field.name: getattr(result, field.name) for field in dataclasses.fields(result)}
        )
    raise LocalProtocolError(f"a result has fields, a {type(result).__name__} has none")


def _failed_data(error: ActionError, request: AgentRequest) -> Raw:
    """What a failed action sends all the same, where JSON can hold it."""
    try:
        return _data(error.result)
    except LocalProtocolError as problem:
        _log.warning("unwritable_result", problem=str(problem), **_about(request.request))
        return _NOTHING


def _failure(action: str, status: StatusCode, message: str, data: Raw = _NOTHING) -> RpcReply:
    return RpcReply(action=action, statuscode=status, statusmsg=message, data=data)


def _payload(reply: RpcReply) -> bytes:
    """The reply as JSON, whatever an agent wrote into its message."""
    try:
        return encode_rpc_reply(reply)
    except LocalProtocolError as error:
        _log.warning("unwritable_reply", action=reply.action, problem=str(error))
        return encode_rpc_reply(_failure("", StatusCode.UNKNOWN_ERROR, "the reply is no text"))


def _about(request: Request) -> dict[str, str]:
    """What a log line about a request tells of it."""
    return {"agent": request.agent, "caller": request.caller, "request": request.request_id}
