"""What brokers take, and what agents know of that."""

from choria_core.nats.endpoint import ServerAddress
from choria_emulator.node.broker import Broker
from choria_emulator.node.emulated_agents import Limits


def test_a_broker_that_takes_little_does_not_limit_the_nodes_of_another() -> None:
    limits = Limits()
    large, small = (Broker(ServerAddress(name, 4222), limits) for name in ("large", "small"))
    large.takes(1 << 20)
    small.takes(20_000)
    assert limits.max_payload_bytes == large.max_payload_bytes == 1 << 20
    assert small.max_payload_bytes == 20_000
