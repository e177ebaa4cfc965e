"""Nodes that PuppetDB knows, asked over HTTPS with the client's own certificate."""

import ssl
from typing import Any, Final

import aiohttp
import msgspec
import structlog
from msgspec import Struct

from choria_core.discovery.pql import pql_of
from choria_core.discovery.request import DiscoveryRequest, only_identities
from choria_core.errors import AuthenticationError, ConnectError, WorkError
from choria_core.nats.tls_context import make_context
from choria_core.network.connection import tls_settings
from choria_core.network.dns import look_up_srv
from choria_core.network_config.brokers import SrvResolver
from choria_core.network_config.client_config import ClientConfig
from choria_core.network_config.host import srv_domain
from choria_core.network_config.this_host import this_host

PATH: Final = "/pdb/query/v4"
RECORD: Final = "_x-puppet-db._tcp"
DEFAULT_HOST: Final = "puppet"

PATIENCE_SECONDS: Final = 30.0
"""Of a whole query: PuppetDB takes its time, which has nothing to do with how nodes answer."""

LARGEST_BYTES: Final = 64 << 20

_SAID_CHARS: Final = 200


class _Node(Struct, frozen=True):
    certname: str
    deactivated: Any = None


_nodes: Final = msgspec.json.Decoder(list[_Node])


async def find_in_puppetdb(
    request: DiscoveryRequest, config: ClientConfig, *, resolve: SrvResolver = look_up_srv
) -> list[str]:
    """The certificate names of all nodes that match and are not deactivated.

    Args:
        request: complete; nodes that it names plainly come back without a question.
        config: says where PuppetDB is, and has the certificate.
        resolve: asks DNS, where the configuration does not say.

    Raises:
        UsageError: PuppetDB cannot answer such a filter.
        ConfigError: a certificate cannot be used.
        ConnectError: PuppetDB cannot be reached.
        AuthenticationError: we refuse its certificate, or it ours.
        WorkError: it answers with an error, or something else than nodes.
    """
    named = only_identities(request.filter)
    if named:
        return list(named)
    query = pql_of(request.filter, request.collective)
    return await ask_puppetdb(query, config, resolve=resolve)


async def ask_puppetdb(
    query: str, config: ClientConfig, *, resolve: SrvResolver = look_up_srv
) -> list[str]:
    """The certificate names in the answer to a query, without deactivated nodes.

    Args:
        query: whose rows have a ``certname``, and may have ``deactivated``.
        config: says where PuppetDB is, and has the certificate.
        resolve: asks DNS, where the configuration does not say.

    Raises:
        ConfigError: a certificate cannot be used.
        ConnectError: PuppetDB cannot be reached.
        AuthenticationError: we refuse its certificate, or it ours.
        WorkError: it answers with an error, or something else than nodes.
    """
    settings = tls_settings(config)
    context = None if settings is None else make_context(settings)
    scheme = "http" if context is None else "https"
    host, port = await _address(config, resolve)
    url = f"{scheme}://{host}:{port}{PATH}"
    structlog.get_logger("discovery").debug("PuppetDB is asked", url=url, query=query)
    answer = await _ask(url, query, context)
    try:
        found = _nodes.decode(answer)
    except (ValueError, RecursionError) as error:
        raise WorkError(f"PuppetDB at {url} did not answer with nodes: {error}") from error
    return [node.certname for node in found if not node.deactivated]


async def _address(config: ClientConfig, resolve: SrvResolver) -> tuple[str, int]:
    """Where PuppetDB is: configured, found by DNS, or where Puppet has it by default."""
    discovery = config.discovery
    if discovery.puppetdb_host:
        return discovery.puppetdb_host, discovery.puppetdb_port
    brokers = config.brokers
    domain = ""
    if brokers.use_srv:
        domain = srv_domain(brokers.srv_domain, config.identity, this_host().names)
    records = await resolve(f"{RECORD}.{domain}") if domain else ()
    for record in sorted(records, key=lambda record: (record.priority, -record.weight)):
        return record.host.removesuffix("."), record.port
    return DEFAULT_HOST, discovery.puppetdb_port


async def _ask(url: str, query: str, context: ssl.SSLContext | None) -> bytes:
    timeout = aiohttp.ClientTimeout(total=PATIENCE_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(
                url, params={"query": query}, ssl=context or True, allow_redirects=False
            ) as response,
        ):
            answer = await _content(response, url)
            if response.status != 200:
                said = answer[:_SAID_CHARS].decode("utf-8", "replace")
                raise WorkError(f"PuppetDB at {url} answers {response.status}: {said}")
            return answer
    except aiohttp.ClientSSLError as error:
        raise AuthenticationError(f"PuppetDB at {url}: {error}") from error
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        cause = str(error) or f"no answer within {PATIENCE_SECONDS:g} s"
        raise ConnectError(f"PuppetDB at {url} cannot be asked: {cause}") from error


async def _content(response: aiohttp.ClientResponse, url: str) -> bytes:
    parts = []
    size = 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > LARGEST_BYTES:
            raise WorkError(f"PuppetDB at {url} answers with more than {LARGEST_BYTES >> 20} MiB")
        parts.append(part)
    return b"".join(parts)
