"""SRV records, from a name server that answers real questions over UDP."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, cast

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from choria_core.errors import TransportError
from choria_core.network.dns import SrvLookup
from choria_core.network_config.brokers import SrvRecord

NAME = "_mcollective-server._tcp.example.net"


class NameServer(asyncio.DatagramProtocol):
    """Answers every question with the same records, or with a code."""

    def __init__(self, records: Iterable[str], code: dns.rcode.Rcode) -> None:
        self._records = tuple(records)
        self._code = code
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        question = dns.message.from_wire(data)
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.RA
        answer.set_rcode(self._code)
        if self._records:
            name = question.question[0].name
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "SRV", *self._records))
        assert self._transport is not None
        self._transport.sendto(answer.to_wire(), addr)


Serve = Callable[..., contextlib.AbstractAsyncContextManager[SrvLookup]]


@pytest.fixture
def serve() -> Serve:
    """Starts a name server, and gives a lookup that asks it."""

    @contextlib.asynccontextmanager
    async def start(
        *records: str, code: dns.rcode.Rcode = dns.rcode.NOERROR
    ) -> AsyncIterator[SrvLookup]:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: NameServer(records, code), local_addr=("127.0.0.1", 0)
        )
        try:
            yield SrvLookup("127.0.0.1", port=transport.get_extra_info("sockname")[1])
        finally:
            transport.close()

    return start


async def test_records_are_told_with_priority_and_weight(serve: Serve) -> None:
    async with serve("10 5 4222 one.example.net.", "20 7 4223 two.example.net.") as look_up:
        found = await look_up(NAME)

    assert sorted(found, key=lambda record: record.priority) == [
        SrvRecord("one.example.net", 4222, priority=10, weight=5),
        SrvRecord("two.example.net", 4223, priority=20, weight=7),
    ]


async def test_a_name_that_is_not_there_has_no_records(serve: Serve) -> None:
    async with serve(code=dns.rcode.NXDOMAIN) as look_up:
        assert await look_up(NAME) == ()


async def test_a_name_without_such_records_has_none(serve: Serve) -> None:
    async with serve() as look_up:
        assert await look_up(NAME) == ()


async def test_a_name_server_that_fails_is_told(serve: Serve) -> None:
    async with serve(code=dns.rcode.SERVFAIL) as look_up:
        with pytest.raises(TransportError, match="DNS does not answer"):
            await look_up(NAME)
