"""What a book may say of a Consul store.  Pure."""

from dataclasses import dataclass
from typing import Annotated, Final

from choria_core.config.schema import Setting
from choria_core.playbook.options import SECONDS

LEAST_TTL_SECONDS: Final = 10.0
"""Consul takes none below, unless its operator says so."""

MOST_TTL_SECONDS: Final = 86400.0
MOST_LOCK_DELAY_SECONDS: Final = 60.0
DEFAULT_URL: Final = "http://localhost:8500"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsulOptions:
    """What a book may say of a Consul store."""

    url: Annotated[
        str, Setting(f"of the agent; empty for CONSUL_HTTP_ADDR, else {DEFAULT_URL}")
    ] = ""
    token: Annotated[
        str, Setting("access token; empty for CONSUL_HTTP_TOKEN, else none", secret=True)
    ] = ""
    dc: Annotated[str, Setting("datacenter; empty for the agent's own")] = ""
    ca: Annotated[str, Setting("PEM file of the authorities to trust; empty for the system's")] = ""
    cert: Annotated[str, Setting("PEM file of our certificate")] = ""
    key: Annotated[str, Setting("PEM file of the certificate's key")] = ""
    verify: Annotated[bool, Setting("check the agent's certificate")] = True
    timeout: Annotated[
        float, Setting("how long to wait for a lock", grammar=SECONDS, minimum=0)
    ] = 120.0
    ttl: Annotated[
        float, Setting("a lock lives so long from each renewal; at least 10 s", grammar=SECONDS)
    ] = LEAST_TTL_SECONDS
    lock_delay: Annotated[
        float,
        Setting(
            "how long Consul keeps a lock from everybody when its holder died",
            grammar=SECONDS,
            minimum=0,
            maximum=MOST_LOCK_DELAY_SECONDS,
        ),
    ] = 15.0

    @property
    def ttl_seconds(self) -> int:
        """The life of a lock as Consul takes it: old books wrote what they liked."""
        return int(min(max(abs(self.ttl), LEAST_TTL_SECONDS), MOST_TTL_SECONDS))
