"""What a book may say of a store in a NATS bucket.  Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final

from choria_core.config.schema import Setting
from choria_core.playbook.options import SECONDS

LEAST_TTL_SECONDS: Final = 1
"""The server's own: it takes no shorter life of a message."""

MOST_TTL_SECONDS: Final = 86400

_BUCKET: Final = re.compile(r"[a-zA-Z0-9_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class NatsKvOptions:
    """What a book may say of a store in a NATS bucket."""

    bucket: Annotated[str, Setting("name of the key-value bucket")]
    servers: Annotated[
        str,
        Setting(
            "URLs of NATS servers with commas between them; empty for the brokers, credentials "
            "and TLS of the Choria client configuration",
            secret=True,
        ),
    ] = ""
    credentials: Annotated[str, Setting("file of a user's JWT and seed, for `servers`")] = ""
    ca: Annotated[
        str, Setting("PEM file of the authorities to trust, for `servers`; empty for the system's")
    ] = ""
    cert: Annotated[str, Setting("PEM file of our certificate, for `servers`")] = ""
    key: Annotated[str, Setting("PEM file of the certificate's key")] = ""
    create: Annotated[bool, Setting("make the bucket where it is missing")] = False
    history: Annotated[
        int, Setting("of a bucket that is made: values kept of each key", minimum=1, maximum=64)
    ] = 1
    replicas: Annotated[
        int, Setting("of a bucket that is made: servers that keep it", minimum=1, maximum=5)
    ] = 1
    max_age: Annotated[
        float,
        Setting(
            "of a bucket that is made: values are forgotten after so long; 0 keeps them",
            grammar=SECONDS,
            minimum=0,
        ),
    ] = 0.0
    timeout: Annotated[
        float, Setting("how long to wait for a lock", grammar=SECONDS, minimum=0)
    ] = 120.0
    ttl: Annotated[
        float, Setting("a lock lives so long from each renewal; at least 1 s", grammar=SECONDS)
    ] = 10.0

    @property
    def ttl_seconds(self) -> int:
        """The life of a lock as the server takes it, in whole seconds."""
        return int(min(max(abs(self.ttl), LEAST_TTL_SECONDS), MOST_TTL_SECONDS))

    def check(self) -> Iterator[tuple[str, str, str]]:
        """What a type cannot say."""
        if not _BUCKET.fullmatch(self.bucket):
            yield "bucket", "is no name of a bucket", "use letters, digits, _ and -"
        if bool(self.cert) != bool(self.key):
            yield "cert", "belongs together with key", "give both or none"
        if not self.servers and (self.credentials or self.ca or self.cert):
            what = "is for servers of one's own"
            yield "servers", what, "give their URLs, or remove credentials, ca, cert and key"
