"""A fleet as one would write it with nats-py: a client for each node.

    python -m bench.emulation.nats_py_fleet URL COUNT

Each has the agents and subscriptions of an emulated node, and reads and writes its messages
with core's codec.  The program prints a line when all are there, and ends with the process
that started it.
"""

import asyncio
import os
import sys
import time
from typing import Final

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg

from bench.emulation.names import AGENTS, node_name, node_subjects
from choria_core.errors import ProtocolError
from choria_core.event_loop import run_async
from choria_core.parent_watch import until_parent_ends
from choria_core.protocol.base64_text import request_payload
from choria_core.protocol.codec import codec_of, decode_transport, reply_headers, seal_reply
from choria_core.protocol.discovery_body import PONG, is_ping
from choria_core.protocol.messages import Filter, Reply, Request
from choria_core.protocol.rpc_body import (
    RpcReply,
    StatusCode,
    decode_rpc_request,
    encode_rpc_reply,
    pack_fields,
    unpack_fields,
)
from choria_emulator.embedded.limits import raise_file_limit

AT_ONCE: Final = 50
"""So many connect at a time, which brokers take well."""

READY: Final = "ready"

_DIGITS: Final = "0123456789"


class Node:
    """One node with its connection."""

    def __init__(self, name: str, client: Client, url: str) -> None:
        self._name = name
        self._client = client
        self._url = url

    async def take(self, message: Msg) -> None:
        """Answer a request."""
        try:
            transport = decode_transport(message.data)
            codec = codec_of(transport.version)
            secure = codec.decode_secure_request(transport.document())
            request = codec.decode_request(secure.signed)
        except ProtocolError:
            return
        if not self._is_meant(request.filter):
            return
        reply = Reply(
            request_id=request.request_id,
            sender=self._name,
            agent=request.agent,
            time_ns=time.time_ns(),
            payload=answer(request),
        )
        headers = reply_headers(
            transport, sender=self._name, hop=(self._url, self._name, self._url)
        )
        body = codec.encode_transport(seal_reply(codec, reply), headers)
        await self._client.publish(transport.headers.reply_to, body)

    def _is_meant(self, wanted: Filter) -> bool:
        if not set(wanted.agent) <= set(AGENTS):
            return False
        return not wanted.identity or self._name in wanted.identity


def answer(request: Request) -> bytes:
    """What the agent says."""
    if request.agent == "discovery":
        return PONG if is_ping(request_payload(request.payload)) else b""
    asked = decode_rpc_request(request.payload)
    if asked.action != "generate":
        problem = f"unknown action {asked.action}"
        return encode_rpc_reply(RpcReply(statuscode=StatusCode.UNKNOWN_ACTION, statusmsg=problem))
    size = int(unpack_fields(asked.data).get("size", 20))
    text = (_DIGITS * (size // len(_DIGITS) + 1))[:size]
    return encode_rpc_reply(
        RpcReply(
            action=asked.action,
            statuscode=StatusCode.OK,
            statusmsg="OK",
            data=pack_fields({"message": text}),
        )
    )


async def connected(url: str, name: str, slots: asyncio.Semaphore) -> Client:
    """The connection of a node, when the broker has all its subscriptions."""
    async with slots:
        client = await nats.connect(url, name=name, max_reconnect_attempts=-1)
        node = Node(name, client, url)
        for subject in node_subjects(name):
            await client.subscribe(subject, cb=node.take)
        await client.flush()
        return client


async def main(url: str, count: int, *, parent: int) -> None:
    """Connect all, and answer for ever."""
    raise_file_limit()
    slots = asyncio.Semaphore(AT_ONCE)
    names = map(node_name, range(1, count + 1))
    clients = await asyncio.gather(*(connected(url, name, slots) for name in names))
    print(READY, flush=True)
    await until_parent_ends(parent)
    await asyncio.gather(*(client.close() for client in clients))


if __name__ == "__main__":
    run_async(main(sys.argv[1], int(sys.argv[2]), parent=os.getppid()))
