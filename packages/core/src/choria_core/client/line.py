"""A client's way into the network: who asks, and the connections that it has."""

import asyncio
import math
import secrets
import time
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Final

from choria_core.client.intake import Intake
from choria_core.client.reply_reader import QuickReplies, ReplyReader, SignedReplies
from choria_core.client.sealing import Envelope
from choria_core.errors import DisconnectedError, PayloadTooLargeError, PermissionsError
from choria_core.nats import wire
from choria_core.nats.lean_transport import LeanTransport
from choria_core.network.party import Party
from choria_core.network_config.client_config import ClientConfig
from choria_core.protocol import subjects
from choria_core.protocol.messages import Version
from choria_core.protocol.record_rules import MAX_TTL_SECONDS, MIN_TTL_SECONDS
from choria_core.security.ksuid import RANDOM_BYTES, make_ksuid

FEDERATED_AT_ONCE: Final = 200
"""Targets that one message to a federation has at most."""

FRAMES_AT_ONCE: Final = 100
"""Messages that are written before the event loop gets a turn to read."""

BYTES_AT_ONCE: Final = 4 << 20
"""So much is written before the broker must have taken it."""


class Line:
    """Open connections of one caller.

    Args:
        config: of the client.
        party: who asks.
        transports: the first publishes, all of them receive.
    """

    def __init__(
        self, config: ClientConfig, party: Party, transports: Sequence[LeanTransport]
    ) -> None:
        self.party = party
        self._config = config
        self._transports = transports
        self._publisher = transports[0]
        self._clusters = config.brokers.federation_collectives

    def envelope(self, agent: str, collective: str, *, reply_to: str = "") -> Envelope:
        """What a new request has around it.

        Args:
            agent: whom it is for.
            collective: where those are.
            reply_to: where replies go; empty for a subject of its own.

        Raises:
            LocalProtocolError: a name cannot be part of a subject.
        """
        request_id = _new_request_id(self.party.version)
        own = subjects.replies(collective, self.party.caller, request_id)
        return Envelope(
            party=self.party,
            request_id=request_id,
            agent=agent,
            collective=collective,
            ttl_seconds=min(max(self._config.ttl_seconds, MIN_TTL_SECONDS), MAX_TTL_SECONDS),
            reply_to=reply_to or own,
            server=self._publisher.server.url,
        )

    def intake(self, envelope: Envelope) -> Intake:
        """Where the replies to a request come, to be opened before it is published."""
        return Intake(self._transports, envelope.reply_to, group=self.party.caller)

    def reader(self, envelope: Envelope, asked: Iterable[str] = ()) -> ReplyReader:
        """What reads the replies to a request, most of which are from those that were asked."""
        trust = self.party.reply_trust
        if trust is not None:
            return SignedReplies(
                self.party.version, envelope.request_id, trust=trust, now=time.time
            )
        return QuickReplies(self.party.version, envelope.request_id, known=asked)

    async def publish(
        self, envelope: Envelope, document: bytes, targets: Sequence[str]
    ) -> AsyncIterator[None]:
        """Publish a sealed request to subjects: the same bytes to each.

        It yields now and then, so that replies are looked at meanwhile; when it ends, the
        broker has everything.

        Raises:
            DisconnectedError: the connection is down.
            PayloadTooLargeError: the broker takes no message so large.
            LocalProtocolError: a target cannot be a subject.
        """
        publisher = self._publisher
        unconfirmed = 0
        for portion in self._portions(envelope, document, targets):
            publisher.send(portion)
            unconfirmed += len(portion)
            if unconfirmed >= BYTES_AT_ONCE:
                await publisher.flush()
                unconfirmed = 0
            else:
                await asyncio.sleep(0)
            yield
        await publisher.flush()

    def check(self) -> None:
        """Say why nobody can have answered, if there is a reason.

        Raises:
            DisconnectedError: a connection is down.
            PermissionsError: the broker forbids what we do.
        """
        for transport in self._transports:
            if not transport.is_connected:
                raise DisconnectedError(f"the connection to {transport.server.url} is lost")
            if transport.complaint:
                raise PermissionsError(f"{transport.server.url}: {transport.complaint}")

    def _portions(
        self, envelope: Envelope, document: bytes, targets: Sequence[str]
    ) -> Iterator[bytes]:
        """Frames, joined to what is written at once."""
        if self._clusters:
            clusters = [subjects.federation_requests(cluster) for cluster in self._clusters]
            for group in _groups(targets, FEDERATED_AT_ONCE):
                body = self._sized(envelope.close(document, tuple(group)))
                yield wire.publish_to_each([cluster.encode() for cluster in clusters], body)
        else:
            body = self._sized(envelope.close(document))
            for group in _groups(targets, FRAMES_AT_ONCE):
                yield wire.publish_to_each([target.encode() for target in group], body)

    def _sized(self, body: bytes) -> bytes:
        limit = self._publisher.server.max_payload_bytes
        if len(body) > limit:
            raise PayloadTooLargeError("the request", len(body), limit)
        return body


def _groups(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _new_request_id(version: Version) -> str:
    if version is Version.V1:
        return uuid.uuid4().hex
    return make_ksuid(now=math.floor(time.time()), entropy=secrets.token_bytes(RANDOM_BYTES))
