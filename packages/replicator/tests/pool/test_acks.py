"""What the source is told of each message."""

import json

import pytest

from choria_replicator.pool.acks import REDELIVERY, PoolAcks


def test_acknowledgements_go_together_and_are_counted() -> None:
    acks = PoolAcks()
    acks.acknowledge(b"$JS.ACK.1")
    acks.acknowledge(b"$JS.ACK.2")

    assert acks.take() == b"PUB $JS.ACK.1 0\r\n\r\nPUB $JS.ACK.2 0\r\n\r\n"
    assert acks.settled == 2
    assert acks.take() == b""


@pytest.mark.parametrize(
    ("deliveries", "seconds"), [(1, 0.5), (2, 1.0), (3, 2.0), (10, REDELIVERY.cap_seconds)]
)
def test_a_refused_message_comes_again_later_each_time(deliveries: int, seconds: float) -> None:
    acks = PoolAcks()
    acks.refuse(b"$JS.ACK.1", deliveries, 0.0)

    control, body, rest = acks.take().split(b"\r\n")

    assert control == b"PUB $JS.ACK.1 %d" % len(body)
    assert rest == b""
    assert body.startswith(b"-NAK ")
    assert json.loads(body.removeprefix(b"-NAK ")) == {"delay": seconds * 1e9}
    assert acks.settled == 0
