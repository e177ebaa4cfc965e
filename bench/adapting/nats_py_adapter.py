"""An adapter as one would write it with nats-py: a subscription's callback publishes.

    python -m bench.adapting.nats_py_adapter URL [codec]

It opens and writes messages with the standard library's JSON, or with core's codec, gives each
an id as ours does, and has every publish acknowledged.  The program prints a line when it
reads, and ends when told to.
"""

import asyncio
import base64
import json
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import nats
from nats.aio.msg import Msg
from nats.js.api import PubAck

from bench.adapting.names import ADAPTER, GROUP, INGEST, READY, STREAM
from choria_core.errors import ProtocolError
from choria_core.event_loop import run_until_stopped
from choria_core.protocol.adapter_output import adapter_output, encode_adapter_output
from choria_core.protocol.codec import codec_of, decode_transport
from choria_plugin_adapter.unwrapping import message_id

MOST_PENDING: Final = 100_000
"""Publishes that may wait for their acknowledgement."""

CODEC: Final = "codec"

Unwrapped = tuple[str, bytes, bytes]
"""Sender, id and output."""

_is_identity: Final = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*").fullmatch


def unwrapped_by_json(body: bytes) -> Unwrapped:
    """By the standard library.  Raises ValueError, KeyError or TypeError for what is no message."""
    secure = json.loads(base64.b64decode(json.loads(body)["data"]))
    request = json.loads(secure["message"])
    envelope = request["envelope"]
    sender, request_id, data = envelope["senderid"], envelope["requestid"], request["message"]
    if not _is_identity(sender):
        raise ValueError(sender)
    moment = datetime.fromtimestamp(envelope["time"], tz=UTC)
    output = {
        "protocol": "choria:adapters:choria_streams:output:1",
        "data": data,
        "sender": sender,
        "time": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "requestid": request_id,
    }
    identity = message_id(ADAPTER, request_id, sender, data)
    return sender, identity, json.dumps(output, separators=(",", ":")).encode()


def unwrapped_by_codec(body: bytes) -> Unwrapped:
    """By core's codec.  Raises ProtocolError for what is no message."""
    transport = decode_transport(body)
    codec = codec_of(transport.version)
    secure = codec.decode_secure_request(transport.document())
    output = adapter_output(codec.decode_request(secure.signed))
    identity = message_id(ADAPTER, output.requestid, output.sender, output.data)
    return output.sender, identity, encode_adapter_output(output)


async def _adapt(url: str, unwrapped: Callable[[bytes], Unwrapped], stop: asyncio.Event) -> None:
    connection = await nats.connect(url)
    jetstream = connection.jetstream(publish_async_max_pending=MOST_PENDING)

    def acknowledged(answer: asyncio.Future[PubAck]) -> None:
        answer.result()  # a failed one is not to be passed over

    async def take(message: Msg) -> None:
        try:
            sender, identity, output = unwrapped(message.data)
        except (ProtocolError, ValueError, KeyError, TypeError):
            return
        answer = await jetstream.publish_async(
            f"{STREAM}.{sender}", output, headers={"Nats-Msg-Id": identity.decode()}
        )
        answer.add_done_callback(acknowledged)

    await connection.subscribe(INGEST, queue=GROUP, cb=take)
    await connection.flush()
    print(READY, flush=True)
    await stop.wait()
    await connection.close()


if __name__ == "__main__":
    chosen = unwrapped_by_codec if CODEC in sys.argv[2:] else unwrapped_by_json
    run_until_stopped(lambda stop: _adapt(sys.argv[1], chosen, stop))
