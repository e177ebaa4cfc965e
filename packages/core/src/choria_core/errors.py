"""Every error the toolkit raises on purpose.

    ChoriaError
    ├── UsageError                   the command line asks for something impossible
    ├── ConfigError                  the operator must change a setting
    ├── PluginError                  an installed distribution is at fault
    ├── WorkError                    the work itself failed and a retry will not help
    │   └── KeyMissingError          a data store has no such key
    ├── LockError                    a lock could not be had, or was lost
    │   ├── LockTimeoutError         somebody else kept it too long
    │   └── LockLostError            it is no longer certain that we hold it
    ├── NodesError                   the nodes are not those that a playbook wants
    ├── TransportError               the network or the peer is at fault
    │   ├── ConnectError             no server could be reached in time
    │   ├── AuthenticationError      a server refused our credentials or certificate
    │   ├── DisconnectedError        the connection is down at this moment
    │   ├── NoRespondersError        nobody listens on the requested subject
    │   ├── RequestTimeoutError      nobody answered in time
    │   ├── PayloadTooLargeError     the message exceeds the server's max_payload
    │   └── JetStreamError           JetStream answered with an error code
    └── ProtocolError                bytes or call order broke the protocol
        ├── LocalProtocolError       our caller did it: fix the code
        └── RemoteProtocolError      the peer did it: drop, count, go on
            └── RefusedError         the peer may not do what it asks; has a reason

The class tells the reader of the error what to do; ``exit_code`` is what the
``choria`` command ends with when the error reaches it.
"""

from enum import StrEnum
from typing import ClassVar


class ChoriaError(Exception):
    """Base of all deliberate errors. Anything else that escapes is a bug."""

    exit_code: ClassVar[int] = 1


class UsageError(ChoriaError):
    """The command line asks for something that cannot be done."""

    exit_code = 2


class ConfigError(ChoriaError):
    """One or more settings must change before the program can start."""

    exit_code = 2


class PluginError(ChoriaError):
    """A plugin could not be loaded or broke its contract."""

    def __init__(self, plugin: str, problem: str) -> None:
        super().__init__(f"plugin {plugin}: {problem}")
        self.plugin = plugin
        self.problem = problem


class WorkError(ChoriaError):
    """The work could not be finished and trying again will not help."""


class KeyMissingError(WorkError):
    """A data store has no value of this key."""


class LockError(ChoriaError):
    """A lock could not be had, or was lost."""

    exit_code = 4


class LockTimeoutError(LockError):
    """Somebody else had the lock as long as we could wait."""


class LockLostError(LockError):
    """It is no longer certain that we hold the lock: whatever it guards must stop."""


class NodesError(ChoriaError):
    """The nodes are not those that a playbook wants: too few, silent, or without an agent."""

    exit_code = 5


class TransportError(ChoriaError):
    """The network or the peer is at fault; retrying may help."""

    exit_code = 3


class ConnectError(TransportError):
    """No server of the endpoint could be reached in the time allowed."""


class AuthenticationError(TransportError):
    """A server refused our credentials or our certificate, or we refused its."""


class DisconnectedError(TransportError):
    """The connection is down at this moment; the transport is reconnecting."""


class PermissionsError(TransportError):
    """The server does not allow us to publish where we must.

    Trying again helps once somebody grants it: servers take new permissions
    without a restart.
    """


class NoRespondersError(TransportError):
    """Nobody listens on the requested subject (NATS status 503)."""

    def __init__(self, subject: str) -> None:
        super().__init__(f"nobody answers on {subject}")
        self.subject = subject


class RequestTimeoutError(TransportError):
    """Nobody answered a request in time."""

    def __init__(self, subject: str, seconds: float) -> None:
        super().__init__(f"no answer on {subject} within {seconds:g} s")
        self.subject = subject
        self.seconds = seconds


class PayloadTooLargeError(TransportError):
    """Header and body together exceed the server's ``max_payload``."""

    def __init__(self, subject: str, size_bytes: int, limit_bytes: int) -> None:
        super().__init__(
            f"message on {subject} has {size_bytes} bytes, the server takes {limit_bytes}"
        )
        self.subject = subject
        self.size_bytes = size_bytes
        self.limit_bytes = limit_bytes


class JetStreamError(TransportError):
    """JetStream answered with an error.

    Attributes:
        code: HTTP-like class of the error (400, 404, 503).
        err_code: the exact cause, for example 10059 for an unknown stream.
        description: the server's own words.
    """

    def __init__(self, code: int, err_code: int, description: str) -> None:
        super().__init__(f"{description} (JetStream error {err_code})")
        self.code = code
        self.err_code = err_code
        self.description = description


class ProtocolError(ChoriaError):
    """Bytes or call order broke a protocol."""


class LocalProtocolError(ProtocolError):
    """Our own caller broke the protocol: a bug to fix."""


class RemoteProtocolError(ProtocolError):
    """The peer broke the protocol: drop what it sent, count it, go on."""

    exit_code = 3


class Refusal(StrEnum):
    """Why a message was refused; the values name counters."""

    UNSIGNED = "unsigned"
    MALFORMED = "malformed"
    BAD_SIGNATURE = "bad_signature"
    UNTRUSTED = "untrusted"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    WRONG_KEY = "wrong_key"
    WRONG_PURPOSE = "wrong_purpose"
    WRONG_NAME = "wrong_name"
    NOT_ALLOWED = "not_allowed"
    DELEGATED = "delegated"
    REPLAYED = "replayed"
    OVERLOADED = "overloaded"


class RefusedError(RemoteProtocolError):
    """The peer may not do what it asks: its message is dropped without an answer.

    Attributes:
        reason: to be counted.
    """

    def __init__(self, reason: Refusal, problem: str) -> None:
        super().__init__(problem)
        self.reason = reason
