"""What a book may say of an etcd store.  Pure."""

from dataclasses import dataclass
from typing import Annotated, Final

from choria_core.config.schema import Setting
from choria_core.playbook.options import SECONDS

LEAST_TTL_SECONDS: Final = 2.0
"""etcd grants none that is shorter than one and a half of its elections."""

MOST_TTL_SECONDS: Final = 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EtcdOptions:
    """What a book may say of an etcd store."""

    url: Annotated[str, Setting("of the server; several of a cluster with commas between them")] = (
        "http://127.0.0.1:2379"
    )
    user: Annotated[str, Setting("who we are; empty where etcd asks nobody")] = ""
    password: Annotated[str, Setting("of the user", secret=True)] = ""
    ca: Annotated[str, Setting("PEM file of the authorities to trust; empty for the system's")] = ""
    cert: Annotated[str, Setting("PEM file of our certificate")] = ""
    key: Annotated[str, Setting("PEM file of the certificate's key")] = ""
    verify: Annotated[bool, Setting("check the server's certificate")] = True
    timeout: Annotated[
        float, Setting("how long to wait for a lock", grammar=SECONDS, minimum=0)
    ] = 120.0
    ttl: Annotated[
        float, Setting("a lock lives so long from each renewal; at least 2 s", grammar=SECONDS)
    ] = 10.0

    @property
    def ttl_seconds(self) -> int:
        """The life of a lock as etcd takes it: old books wrote what they liked, unread."""
        return int(min(max(abs(self.ttl), LEAST_TTL_SECONDS), MOST_TTL_SECONDS))
