"""SRV records, asked of DNS; dnspython is imported when somebody asks."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from choria_core.errors import TransportError
from choria_core.network_config.brokers import SrvRecord

if TYPE_CHECKING:
    from dns.asyncresolver import Resolver

LOOKUP_SECONDS = 5.0
"""For one name, all name servers and tries together."""


class SrvLookup:
    """Asks the name servers of the system, or others.

    Args:
        servers: addresses of name servers; the system's when empty.
        port: of those servers.
    """

    def __init__(self, *servers: str, port: int = 53) -> None:
        self._servers = servers
        self._port = port

    async def __call__(self, name: str, /) -> Sequence[SrvRecord]:
        """The SRV records of ``name``; none where there are none.

        Raises:
            TransportError: no name server answered.
        """
        import dns.exception
        import dns.resolver

        try:
            answer = await self._resolver().resolve(name, "SRV", lifetime=LOOKUP_SECONDS)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return ()
        except (dns.exception.DNSException, OSError) as error:
            raise TransportError(f"DNS does not answer: {error}") from error
        return [
            SrvRecord(
                str(record.target).removesuffix("."), record.port, record.priority, record.weight
            )
            for record in answer
        ]

    def _resolver(self) -> "Resolver":
        """One that knows the name servers of this moment."""
        from dns.asyncresolver import Resolver

        if not self._servers:
            return Resolver()
        resolver = Resolver(configure=False)
        resolver.nameservers = list(self._servers)
        resolver.port = self._port
        return resolver


look_up_srv = SrvLookup()
"""By the name servers of the system."""
