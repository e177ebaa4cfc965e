"""SRV records, asked of DNS."""

from collections.abc import Sequence

import dns.asyncresolver
import dns.exception
import dns.resolver

from choria_core.errors import TransportError
from choria_core.network_config.brokers import SrvRecord

LOOKUP_SECONDS = 5.0
"""For one name, all name servers and tries together."""


async def look_up_srv(name: str, /) -> Sequence[SrvRecord]:
    """The SRV records of ``name``; none where there are none.

    Raises:
        TransportError: no name server answered.
    """
    try:
        answer = await dns.asyncresolver.resolve(name, "SRV", lifetime=LOOKUP_SECONDS)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return ()
    except (dns.exception.DNSException, OSError) as error:
        raise TransportError(f"DNS does not answer: {error}") from error
    return [
        SrvRecord(str(record.target).removesuffix("."), record.port, record.priority, record.weight)
        for record in answer
    ]
