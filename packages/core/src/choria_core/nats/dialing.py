"""Finds a server that takes us: at first, and again after each loss.

Both the order of attempts and the meaning of failures live here, so that a
connector only has to know how to try one server::

    dialer = Dialer(endpoint, attempt, tell)
    link = await dialer.first(timeout_seconds=None)
    ...
    link = await dialer.again(lived_seconds=12.5)

Servers are tried in their order, then, after a delay, again.
"""

import asyncio
import os
import random
import ssl
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from choria_core.backoff import Backoff
from choria_core.errors import (
    AuthenticationError,
    ChoriaError,
    ConfigError,
    ConnectError,
    TransportError,
)
from choria_core.nats.endpoint import Endpoint, ServerAddress
from choria_core.nats.transport import ConnectionState, StateChange, StateListener

Link = TypeVar("Link")

STEADY_SECONDS: Final = 5.0
"""A connection that lived less long does not end the growth of the delays: a
server that takes us and throws us out at once must not be hammered."""

_REFUSALS: Final = ("authorization", "authentication expired", "authentication revoked")
_CERTIFICATE_ALERTS: Final = ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED", "DECRYPT_ERROR")


class Dialer(Generic[Link]):
    """Tries the servers of one endpoint until one takes us."""

    def __init__(
        self,
        endpoint: Endpoint,
        attempt: Callable[[ServerAddress], Awaitable[Link]],
        tell: StateListener,
        *,
        backoff: Backoff = Backoff(),  # noqa: B008 - it is frozen
    ) -> None:
        """Prepare to dial; nothing is tried yet.

        Args:
            endpoint: whose servers are tried.
            attempt: tries one server; it raises a ChoriaError when that fails, whose
                text leaves the server's name out.
            tell: told of every failed attempt.
            backoff: the delays between two rounds.
        """
        self._endpoint = endpoint
        self._attempt = attempt
        self._tell = tell
        self._backoff = backoff
        self._rounds = 0
        self._last_failure = ""

    async def first(self, *, timeout_seconds: float | None) -> Link:
        """The first link.

        Raises:
            ConnectError: no server was reached within ``timeout_seconds``.
            AuthenticationError: every server that can be reached refuses us.
            ConfigError: a credentials or certificate file is unusable.
        """
        try:
            async with asyncio.timeout(timeout_seconds):
                return await self._search(is_first=True)
        except TimeoutError:
            text = f"no server of {self._endpoint} could be reached within {timeout_seconds:g} s"
            raise ConnectError(
                f"{text}; last: {self._last_failure}" if self._last_failure else text
            ) from None

    async def again(self, *, lived_seconds: float) -> Link:
        """A new link, however long that takes; refusals are told and tried again.

        Args:
            lived_seconds: how long the lost link had lived.
        """
        if lived_seconds >= STEADY_SECONDS:
            self._rounds = 0
        else:
            await self._pause()
        return await self._search(is_first=False)

    async def _search(self, *, is_first: bool) -> Link:
        while True:
            refusals: list[AuthenticationError] = []
            for server in self._endpoint.servers:
                try:
                    return await self._attempt(server)
                except ChoriaError as error:
                    if is_first and isinstance(error, ConfigError):
                        raise
                    if isinstance(error, AuthenticationError):
                        refusals.append(AuthenticationError(f"{server}: {error}"))
                    self._note(server, str(error))
            if is_first and refusals:
                raise refusals[0]
            await self._pause()

    async def _pause(self) -> None:
        delay = self._backoff.delay(self._rounds, random.random())  # noqa: S311 - it is jitter
        self._rounds += 1
        await asyncio.sleep(delay)

    def _note(self, server: ServerAddress, cause: str) -> None:
        self._last_failure = f"{server}: {cause}"
        self._tell(StateChange(ConnectionState.DISCONNECTED, str(server), cause))


def explain(error: Exception, *, timeout_seconds: float) -> ChoriaError:
    """What a failed attempt to connect means, whatever a library raised.

    Args:
        error: as raised.
        timeout_seconds: how long the attempt was allowed to take.
    """
    match error:
        case ChoriaError():
            return error
        case ssl.SSLError():
            return _explain_tls(error)
        case TimeoutError():
            return ConnectError(
                f"no answer within {timeout_seconds:g} s; "
                "if the server expects TLS at once, set tls_handshake_first"
            )
        case OSError():
            return ConnectError(_explain_os(error))
    return ConnectError(f"{type(error).__name__}: {error}")


def explain_server_error(text: str) -> TransportError:
    """What an error line of the server means while we connect; ``text`` is what it says."""
    if any(words in text.lower() for words in _REFUSALS):
        return AuthenticationError(f"the server refuses our login ({text})")
    return ConnectError(f"the server says: {text}")


def _explain_os(error: OSError) -> str:
    """The system's words for ``error``; asyncio's own say only which address it was."""
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return error.strerror or str(error) or type(error).__name__


def _explain_tls(error: ssl.SSLError) -> TransportError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return AuthenticationError(f"the server's certificate is refused: {error.verify_message}")
    reason = error.reason or str(error)
    if "ALERT" in reason and any(word in reason for word in _CERTIFICATE_ALERTS):
        return AuthenticationError(f"the server refuses our certificate: {_words(reason)}")
    return ConnectError(f"TLS failed: {_words(reason)}")


def _words(reason: str) -> str:
    """OpenSSL's ``TLSV13_ALERT_CERTIFICATE_REQUIRED`` for people."""
    return reason.replace("_", " ").lower()
