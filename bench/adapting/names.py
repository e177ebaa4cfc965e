"""What all adapters of this bench have in common.  Pure."""

from typing import Final

INGEST: Final = "mcollective.broadcast.agent.registration"
ADAPTER: Final = "bench"
GROUP: Final = f"nats_ingest_{ADAPTER}"
STREAM: Final = "REG"
SUBJECTS: Final = f"{STREAM}.>"
TOPIC: Final = f"{STREAM}.%s"

HOST: Final = "localhost"
"""Also the name in certificates."""

READY: Final = "ready"
"""What the nats-py program prints when it reads."""
