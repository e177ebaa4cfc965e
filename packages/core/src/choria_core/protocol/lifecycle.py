"""Events that servers publish about themselves.  Pure.

An event is a CloudEvent around a small document of Choria's; the older form is
that document alone.

Source: go-choria, lifecycle; CloudEvents 1.0.
"""

from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct, json

from choria_core.errors import LocalProtocolError, RemoteProtocolError
from choria_core.protocol.json_documents import decode_document, encode_document
from choria_core.protocol.names import is_agent, is_identity, require

SOURCE: Final = "io.choria.lifecycle"
PREFIX: Final = "io.choria.lifecycle.v1."

MAX_TIMESTAMP: Final = 253_402_300_799
"""The end of the year 9999, after which RFC 3339 has no words."""

Timestamp = Annotated[int, Meta(ge=0, le=MAX_TIMESTAMP)]


class Event(Struct, frozen=True, gc=False, kw_only=True):
    """Something happened to a program.

    Attributes:
        kind: startup, shutdown, alive, provisioned, upgraded, governor, or newer.
        event_id: unique.
        identity: of the node.
        component: of the node, as ``server``.
        timestamp: unix seconds.
        version: of the program; shutdowns do not tell it.
    """

    kind: str
    event_id: str
    identity: str
    component: str
    timestamp: int
    version: str = ""


class _EventData(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    protocol: str
    id: str
    identity: str
    component: str
    timestamp: Timestamp
    version: str = ""


class _CloudEvent(Struct, frozen=True, gc=False, kw_only=True):
    specversion: Literal["1.0"]
    id: str
    source: Literal["io.choria.lifecycle"]
    type: str
    subject: str
    datacontenttype: Literal["application/json"]
    time: str
    data: _EventData


class _AnyForm(Struct, frozen=True, gc=False):
    specversion: str = ""


_forms: Final = json.Decoder(_AnyForm)
_cloud_events: Final = json.Decoder(_CloudEvent)
_bare_events: Final = json.Decoder(_EventData)


def decode_event(document: bytes) -> Event:
    """Read an event of either form.

    Raises:
        RemoteProtocolError: it is none.
    """
    if not decode_document(_forms, document).specversion:
        return _event(decode_document(_bare_events, document))
    cloud = decode_document(_cloud_events, document)
    if cloud.type != cloud.data.protocol:
        raise RemoteProtocolError("an event of two types")
    return _event(cloud.data)


def encode_event(event: Event) -> bytes:
    """Write an event as a CloudEvent.

    Raises:
        LocalProtocolError: a name or the time is impossible.
    """
    data = _data(event)
    moment = datetime.fromtimestamp(event.timestamp, tz=UTC)
    return encode_document(
        _CloudEvent(
            specversion="1.0",
            id=event.event_id,
            source=SOURCE,
            type=data.protocol,
            subject=event.identity,
            datacontenttype="application/json",
            time=f"{moment:%Y-%m-%dT%H:%M:%S}Z",
            data=data,
        )
    )


def encode_bare_event(event: Event) -> bytes:
    """Write an event in the older form.

    Raises:
        LocalProtocolError: a name or the time is impossible.
    """
    return encode_document(_data(event))


def _event(data: _EventData) -> Event:
    kind = data.protocol.removeprefix(PREFIX)
    if kind == data.protocol or not data.id:
        raise RemoteProtocolError("not a lifecycle event")
    require(is_agent(kind), "kind of event", kind, RemoteProtocolError)
    require(is_identity(data.identity), "identity", data.identity, RemoteProtocolError)
    require(is_agent(data.component), "component", data.component, RemoteProtocolError)
    return Event(
        kind=kind,
        event_id=data.id,
        identity=data.identity,
        component=data.component,
        timestamp=data.timestamp,
        version=data.version,
    )


def _data(event: Event) -> _EventData:
    require(is_agent(event.kind), "kind of event", event.kind, LocalProtocolError)
    require(is_identity(event.identity), "identity", event.identity, LocalProtocolError)
    require(is_agent(event.component), "component", event.component, LocalProtocolError)
    if not event.event_id or not 0 <= event.timestamp <= MAX_TIMESTAMP:
        raise LocalProtocolError("an event without an id, or of an impossible time")
    return _EventData(
        protocol=f"{PREFIX}{event.kind}",
        id=event.event_id,
        identity=event.identity,
        component=event.component,
        timestamp=event.timestamp,
        version=event.version,
    )
