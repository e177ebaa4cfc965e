"""PuppetDB, as a small server that answers at its query endpoint."""

import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Callable, Sequence

import pytest
from aiohttp import web

from choria_core.discovery.puppetdb import find_in_puppetdb
from choria_core.discovery.request import DiscoveryRequest
from choria_core.errors import AuthenticationError, ConnectError, WorkError
from choria_core.filters.grammar import parse_filter
from choria_core.network_config.brokers import SrvRecord
from choria_core.network_config.client_config import ClientConfig
from choria_testing.certificates import Certificates, KeyedCertificate
from packages.core.tests.discovery.conftest import MakeClientConfig

Answer = Callable[[web.Request], web.Response]


@contextlib.asynccontextmanager
async def puppetdb(answer: Answer, certificates: Certificates) -> AsyncIterator[int]:
    """Serves HTTPS to those who show a certificate; yields its port."""

    async def handle(request: web.Request) -> web.Response:
        return answer(request)

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificates.ca_file)
    context.load_cert_chain(certificates.server.cert_file, certificates.server.key_file)
    context.verify_mode = ssl.CERT_REQUIRED
    application = web.Application()
    application.router.add_get("/pdb/query/v4", handle)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def nodes(*found: tuple[str, str | None]) -> Answer:
    """Answers with nodes."""
    document = [{"certname": name, "deactivated": when} for name, when in found]
    return lambda _: web.json_response(document)


def secured(
    make_config: MakeClientConfig,
    certificates: Certificates,
    port: int,
    own: KeyedCertificate | None = None,
    host: str = "localhost",
) -> ClientConfig:
    """A client with a certificate."""
    own = own or certificates.client
    return make_config(
        {
            "plugin.choria.puppetdb_host": host,
            "plugin.choria.puppetdb_port": port,
            "plugin.security.file.certificate": own.cert_file,
            "plugin.security.file.key": own.key_file,
            "plugin.security.file.ca": certificates.ca_file,
        },
        MCOLLECTIVE_CERTNAME="alice.mcollective",
    )


async def find(config: ClientConfig, request: DiscoveryRequest | None = None) -> list[str]:
    return await find_in_puppetdb((request or DiscoveryRequest()).completed(config), config)


async def test_active_nodes_are_found(
    make_config: MakeClientConfig, certificates: Certificates
) -> None:
    asked: list[str] = []

    def answer(request: web.Request) -> web.Response:
        asked.append(request.query["query"])
        return nodes(("a", None), ("b", "2026-01-01T00:00:00Z"), ("c", None))(request)

    async with puppetdb(answer, certificates) as port:
        config = secured(make_config, certificates, port)
        wanted = parse_filter(facts=["os.family=RedHat"])
        found = await find(config, DiscoveryRequest(filter=wanted, collective="uk"))

    assert found == ["a", "c"]
    assert len(asked) == 1
    assert asked[0].endswith('and (inventory {facts.os.family = "RedHat"}) }')
    assert '= "uk"' in asked[0]


async def test_named_nodes_are_not_asked_for(make_config: MakeClientConfig) -> None:
    wanted = parse_filter(identities=["a", "b"], agents=["puppet"])

    assert await find(make_config(), DiscoveryRequest(filter=wanted)) == ["a", "b"]


@pytest.mark.parametrize(
    ("status", "text", "problem"),
    [
        (400, "PQL parse error", "answers 400: PQL parse error"),
        (302, "", "answers 302"),
        (200, "<html>", "did not answer with nodes"),
        (200, json.dumps([{"name": "a"}]), "did not answer with nodes"),
    ],
)
async def test_other_answers_are_told(
    make_config: MakeClientConfig,
    certificates: Certificates,
    status: int,
    text: str,
    problem: str,
) -> None:
    def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text=text, headers={"Location": "/elsewhere"})

    async with puppetdb(answer, certificates) as port:
        with pytest.raises(WorkError, match=problem):
            await find(secured(make_config, certificates, port))


async def test_a_stranger_is_not_believed(
    make_config: MakeClientConfig, certificates: Certificates
) -> None:
    async with puppetdb(nodes(("a", None)), certificates) as port:
        config = secured(make_config, certificates, port)
        other = certificates.other_ca_file
        config = make_config(
            {
                "plugin.choria.puppetdb_host": "localhost",
                "plugin.choria.puppetdb_port": port,
                "plugin.security.file.certificate": certificates.client.cert_file,
                "plugin.security.file.key": certificates.client.key_file,
                "plugin.security.file.ca": other,
            },
            MCOLLECTIVE_CERTNAME="alice.mcollective",
        )
        with pytest.raises(AuthenticationError, match="PuppetDB at https://localhost"):
            await find(config)


async def test_a_certificate_that_is_refused_ends_it(
    make_config: MakeClientConfig, certificates: Certificates
) -> None:
    async with puppetdb(nodes(("a", None)), certificates) as port:
        config = secured(make_config, certificates, port, own=certificates.stranger)
        with pytest.raises((ConnectError, AuthenticationError), match="PuppetDB at https"):
            await find(config)


async def test_where_nobody_listens_it_says_so(
    make_config: MakeClientConfig, certificates: Certificates
) -> None:
    async with puppetdb(nodes(), certificates) as port:
        pass
    with pytest.raises(ConnectError, match="cannot be asked"):
        await find(secured(make_config, certificates, port))


async def test_dns_tells_where_it_is(
    make_config: MakeClientConfig, certificates: Certificates
) -> None:
    asked: list[str] = []
    async with puppetdb(nodes(("a", None)), certificates) as port:

        async def resolve(name: str, /) -> Sequence[SrvRecord]:
            asked.append(name)
            return [SrvRecord("elsewhere.", 1, priority=2), SrvRecord("localhost.", port)]

        config = make_config(
            {
                "plugin.choria.srv_domain": "example.net",
                "plugin.security.file.certificate": certificates.client.cert_file,
                "plugin.security.file.key": certificates.client.key_file,
                "plugin.security.file.ca": certificates.ca_file,
            },
            MCOLLECTIVE_CERTNAME="alice.mcollective",
        )
        request = DiscoveryRequest().completed(config)
        assert await find_in_puppetdb(request, config, resolve=resolve) == ["a"]

    assert asked == ["_x-puppet-db._tcp.example.net"]
