"""The NATS subjects and queue groups of a Choria network.  Pure.

Every function raises ``LocalProtocolError`` for a name that cannot be part of
a subject; what documents name is checked where they are read.
"""

from hashlib import md5
from typing import Final

from choria_core.errors import LocalProtocolError
from choria_core.protocol.names import is_agent, is_identity, is_subject, require

MACHINE_TRANSITIONS: Final = "choria.machine.transition"
"""State changes of autonomous agents."""

NO_REPLY: Final = "dev.null"
"""Reply subject of requests that nobody answers, as registration."""


def broadcast(collective: str, agent: str) -> str:
    """Requests to every node of a collective that has ``agent``."""
    return f"{_name(collective)}.broadcast.agent.{_agent(agent)}"


def service(collective: str, agent: str) -> str:
    """Requests to one of the nodes that run the service ``agent``; the agent is the queue group."""
    return f"{_name(collective)}.broadcast.service.{_agent(agent)}"


def node(collective: str, identity: str) -> str:
    """Requests to one node."""
    return f"{_name(collective)}.node.{_name(identity)}"


def replies(collective: str, caller: str, request_id: str) -> str:
    """Replies to one request of ``caller``."""
    return f"{reply_prefix(collective, caller)}.{_agent(request_id)}"


def reply_prefix(collective: str, caller: str) -> str:
    """What the reply subjects of ``caller`` begin with; brokers let others not listen there."""
    hashed = md5(caller.encode(), usedforsecurity=False).hexdigest()
    return f"{_name(collective)}.reply.{hashed}"


def inbox_prefix(collective: str, unique_id: str = "") -> str:
    """What a client's NATS inboxes begin with; ``unique_id`` is its token's."""
    prefix = f"{_name(collective)}.reply"
    return f"{prefix}.{_agent(unique_id)}" if unique_id else prefix


def registration(collective: str) -> str:
    """Where nodes publish what they are, unless configured otherwise."""
    return broadcast(collective, "registration")


def federation_requests(cluster: str) -> str:
    """Where clients of another network hand requests to ``cluster``."""
    return f"choria.federation.{_name(cluster)}.federation"


def federation_request_group(cluster: str) -> str:
    """Queue group of the federation brokers there."""
    return f"{_name(cluster)}_federation"


def federation_replies(cluster: str) -> str:
    """Where nodes of ``cluster`` send replies for another network."""
    return f"choria.federation.{_name(cluster)}.collective"


def federation_reply_group(cluster: str) -> str:
    """Queue group of the federation brokers there."""
    return f"{_name(cluster)}_collective"


def lifecycle_event(kind: str, component: str) -> str:
    """Events of one kind, as ``startup``, of one component, as ``server``."""
    return f"choria.lifecycle.event.{_agent(kind)}.{_agent(component)}"


def machine_watcher_state(watcher: str) -> str:
    """States of one kind of watcher of autonomous agents."""
    return f"choria.machine.watcher.{_agent(watcher)}.state"


def raw_target(subject: str) -> str:
    """A subject out of the configuration or a template, as it is."""
    require(is_subject(subject), "subject", subject, LocalProtocolError)
    return subject


def _name(name: str) -> str:
    require(is_identity(name), "name in a subject", name, LocalProtocolError)
    return name


def _agent(name: str) -> str:
    require(is_agent(name), "token of a subject", name, LocalProtocolError)
    return name
