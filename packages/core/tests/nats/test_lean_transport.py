"""What the lean connector adds to the contract: sinks, chunks and frames of one's own."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from choria_core.broker.server import Broker
from choria_core.errors import DisconnectedError, LocalProtocolError, PermissionsError
from choria_core.nats import wire
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.lean_transport import LeanTransport, connect
from choria_core.nats.transport import ConnectionState
from choria_testing.fixtures import MakeBroker
from choria_testing.transport_logs import StateLog

SECONDS = 10.0


@pytest.fixture
def states() -> StateLog:
    """What became of the connection."""
    return StateLog()


@pytest_asyncio.fixture
async def lean(broker: Broker, states: StateLog) -> AsyncIterator[LeanTransport]:
    """A connection."""
    endpoint = parse_endpoint(broker.url)
    async with await connect(
        endpoint, name="test", on_state=states, timeout_seconds=SECONDS
    ) as opened:
        yield opened


class Log:
    """A sink that remembers, and lets wait."""

    def __init__(self) -> None:
        self.seen: list[wire.Delivery] = []
        self._more = asyncio.Event()

    def __call__(self, delivery: wire.Delivery) -> None:
        self.seen.append(delivery)
        self._more.set()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(SECONDS):
            while len(self.seen) < count:
                self._more.clear()
                await self._more.wait()


async def test_a_sink_gets_the_bytes_of_every_message(lean: LeanTransport) -> None:
    log = Log()
    lean.add_sink("a.*", log)
    header = b"NATS/1.0\r\nH: v\r\n\r\n"
    lean.send(
        wire.publish(b"a.x", b"re.ply", header, b"\x00\r\n")
        + wire.publish(b"b.x", b"", b"", b"elsewhere")
        + wire.publish(b"a.y", b"", b"", b"")
    )
    await log.until(2)

    assert log.seen == [(b"a.x", b"re.ply", header, b"\x00\r\n"), (b"a.y", b"", b"", b"")]


async def test_frames_follow_what_was_said_before_them(lean: LeanTransport) -> None:
    """An interest of the same turn of the loop is known when the frames arrive."""
    for number in range(50):
        log = Log()
        lean.add_sink(f"n{number}", log)
        await_publish = asyncio.ensure_future(lean.publish(f"n{number}", b"first"))
        await asyncio.sleep(0)  # the publish is buffered, not written
        lean.send(wire.publish(b"n%d" % number, b"", b"", b"second"))
        await await_publish
        await log.until(2)
        assert [body for *_, body in log.seen] == [b"first", b"second"]


async def test_after_chunk_is_called_once_the_messages_of_a_read_were_handed_over(
    lean: LeanTransport,
) -> None:
    log = Log()
    counts: list[int] = []
    lean.add_sink("a", log)
    await lean.flush()
    lean.after_chunk.append(lambda: counts.append(len(log.seen)))
    lean.send(b"".join(wire.publish(b"a", b"", b"", b"x" * 100) for _ in range(1_000)))
    await log.until(1_000)
    await lean.flush()

    assert counts[-1] == 1_000
    assert counts == sorted(counts)
    assert len(counts) < 500  # not once a message


async def test_an_ended_sink_is_not_called_again(lean: LeanTransport) -> None:
    log, other = Log(), Log()
    subscription = lean.add_sink("a", log)
    lean.add_sink("a", other)
    lean.send(wire.publish(b"a", b"", b"", b"1"))
    await other.until(1)

    subscription.end()
    subscription.end()
    lean.send(wire.publish(b"a", b"", b"", b"2"))
    await other.until(2)

    assert len(log.seen) == 1


async def test_of_a_queue_one_sink_gets_each_message(lean: LeanTransport) -> None:
    logs = [Log(), Log(), Log()]
    for log in logs:
        lean.add_sink("a", log, queue="q")
    lean.send(b"".join(wire.publish(b"a", b"", b"", b"%d" % n) for n in range(100)))
    await lean.flush()

    seen = sorted(int(body) for log in logs for *_, body in log.seen)
    assert seen == list(range(100))


async def test_sinks_are_called_again_after_a_lost_connection(
    broker: Broker, lean: LeanTransport, states: StateLog
) -> None:
    log = Log()
    lean.add_sink("a", log)
    ended = Log()
    lean.add_sink("a", ended).end()
    before = lean.connections
    await broker.restart()
    await states.until(ConnectionState.CONNECTED, count=2)
    lean.send(wire.publish(b"a", b"", b"", b"again"))
    await log.until(1)

    assert lean.connections == before + 1
    assert ended.seen == []


async def test_frames_are_lost_while_the_connection_is_down(
    broker: Broker, lean: LeanTransport, states: StateLog
) -> None:
    """Nothing is kept back, to arrive later than the caller knows."""
    await broker.stop()
    await states.until(ConnectionState.DISCONNECTED)
    log = Log()
    lean.add_sink("a", log)
    lean.send(wire.publish(b"a", b"", b"", b"lost"))
    with pytest.raises(DisconnectedError):
        await lean.publish("a", b"refused")
    await broker.start()
    await lean.wait_connected()
    lean.send(wire.publish(b"a", b"", b"", b"arrives"))
    await log.until(1)

    assert [body for *_, body in log.seen] == [b"arrives"]


@pytest.mark.parametrize("subject", ["", "a b", "a\r\nPUB x 0"])
async def test_an_impossible_subject_is_no_interest(lean: LeanTransport, subject: str) -> None:
    with pytest.raises(LocalProtocolError):
        lean.add_sink(subject, Log())


async def test_inboxes_are_the_connections_own(lean: LeanTransport) -> None:
    inboxes = {lean.new_inbox() for _ in range(100)}

    assert len(inboxes) == 100
    assert all(inbox.startswith("_INBOX.") for inbox in inboxes)


async def test_what_the_server_forbids_is_told_at_once_and_the_connection_lives(
    make_broker: MakeBroker,
) -> None:
    user = '{user: u, password: p, permissions: {publish: {deny: ["no.>"]}}}'
    broker = await make_broker(extra_config=f"authorization {{ users: [{user}] }}")
    endpoint = parse_endpoint(f"nats://u:p@127.0.0.1:{broker.port}")
    async with await connect(endpoint, name="test") as lean:
        with pytest.raises(PermissionsError, match=r'Permissions Violation for Publish to "no\.a"'):
            await lean.request("no.a", timeout_seconds=60.0)
        await lean.publish("no.b")
        await lean.flush()

        assert lean.complaint == 'Permissions Violation for Publish to "no.b"'
        assert lean.connections == 1


async def test_a_connection_that_rests_reads_on_at_the_next_turn(lean: LeanTransport) -> None:
    log = Log()
    lean.add_sink("a", log)
    rests = 0

    def rest() -> None:
        nonlocal rests
        rests += 1
        lean.rest()
        lean.rest()  # twice is once

    lean.after_chunk.append(rest)
    for _ in range(20):
        lean.send(wire.publish(b"a", b"", b"", b"x" * 50_000) * 20)

    await log.until(400)
    assert rests > 1
    await lean.flush()


async def test_a_closed_connection_needs_no_rest(lean: LeanTransport) -> None:
    lean.after_chunk.append(lean.rest)
    await lean.close()

    lean.rest()

    assert not lean.is_connected
