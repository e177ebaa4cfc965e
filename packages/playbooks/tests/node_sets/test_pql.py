"""Nodes that PuppetDB answers with: a real server on this machine, asked over HTTPS."""

import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from choria_core.errors import (
    AuthenticationError,
    ChoriaError,
    ConnectError,
    NodesError,
    WorkError,
)
from choria_core.network_config.client_config import ClientConfig
from choria_core.network_config.host import Host, HostNames
from choria_core.network_config.load import load_client
from choria_core.playbook.workbench import Workbench
from choria_playbooks.node_sets.pql import PqlNodes
from choria_testing.certificates import Certificates
from choria_testing.network_files import write_config
from packages.playbooks.tests.node_sets.conftest import resolved
from packages.playbooks.tests.rpc.conftest import installed, problems_of

QUERY = 'inventory[certname] { facts.os.family = "RedHat" }'
OPTIONS = json.dumps({"query": QUERY})

Answer = Callable[[], web.Response]


class PuppetDb:
    """Serves HTTPS to those who show a certificate.

    Attributes:
        port: of 127.0.0.1.
        answer: what it gives.
        asked: path, query and the asker's certificate (DER) of each request.
    """

    def __init__(self) -> None:
        self.port = 0
        self.answer: Answer = lambda: web.json_response([])
        self.asked: list[tuple[str, str, bytes]] = []

    async def handle(self, request: web.Request) -> web.Response:
        """Remember a request, and answer it."""
        transport = request.transport
        assert transport is not None
        certificate = transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
        self.asked.append((request.path, request.query["query"], certificate))
        return self.answer()


@contextlib.asynccontextmanager
async def serving(certificates: Certificates) -> AsyncIterator[PuppetDb]:
    """A server that was started."""
    database = PuppetDb()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificates.ca_file)
    context.load_cert_chain(certificates.server.cert_file, certificates.server.key_file)
    context.verify_mode = ssl.CERT_REQUIRED
    application = web.Application()
    application.router.add_get("/pdb/query/v4", database.handle)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        database.port = runner.addresses[0][1]
        yield database
    finally:
        await runner.cleanup()


def bench_of(
    certificates: Certificates, folder: Path, port: int, *, host: str = "localhost"
) -> Workbench:
    """Of a run whose client has a certificate."""
    own = certificates.client
    file = write_config(
        folder / "client.cfg",
        "identity = client.example",
        "plugin.choria.use_srv = false",
        "plugin.security.provider = file",
        f"plugin.security.file.certificate = {own.cert_file}",
        f"plugin.security.file.key = {own.key_file}",
        f"plugin.security.file.ca = {certificates.ca_file}",
        f"plugin.choria.puppetdb_host = {host}",
        f"plugin.choria.puppetdb_port = {port}",
    )
    environment = {"HOME": str(folder), "USER": "alice", "MCOLLECTIVE_CERTNAME": "a.mcollective"}

    def load() -> ClientConfig:
        names = HostNames(host_name=lambda: "machine.example.net")
        return load_client(file, host=Host(names, environment, None, is_root=False))

    return Workbench(plugins=installed(), load_config=load, environment={}, folder=folder)


async def test_rows_that_are_not_deactivated_are_nodes(
    certificates: Certificates, tmp_path: Path
) -> None:
    rows = [
        {"certname": "b.example", "deactivated": None},
        {"certname": "gone.example", "deactivated": "2026-01-01T00:00:00Z"},
        {"certname": "a.example", "facts": {"os": {}}},
        {"certname": "b.example"},
    ]
    async with serving(certificates) as database:
        database.answer = lambda: web.json_response(rows)
        async with bench_of(certificates, tmp_path, database.port) as bench:
            found = await resolved(PqlNodes, OPTIONS, bench)

    assert found == ["b.example", "a.example", "b.example"]
    ((path, query, shown),) = database.asked
    assert (path, query) == ("/pdb/query/v4", QUERY)
    own = certificates.client.cert_file.read_text()
    assert ssl.DER_cert_to_PEM_cert(shown) in own


async def test_no_rows_are_no_nodes(certificates: Certificates, tmp_path: Path) -> None:
    async with (
        serving(certificates) as database,
        bench_of(certificates, tmp_path, database.port) as bench,
    ):
        assert await resolved(PqlNodes, OPTIONS, bench) == []


@pytest.mark.parametrize(
    ("status", "text", "error", "problem"),
    [
        (400, "PQL parse error at line 1", WorkError, "answers 400: PQL parse error at line 1"),
        (503, "", WorkError, "answers 503"),
        (302, "", WorkError, "answers 302"),
        (200, "<html>", WorkError, "did not answer with nodes"),
        (200, '[{"name": "a"}]', WorkError, "did not answer with nodes"),
        (200, '[{"certname": "a b"}]', NodesError, "PuppetDB gives what are no names of nodes"),
    ],
)
async def test_other_answers_are_told(
    certificates: Certificates,
    tmp_path: Path,
    status: int,
    text: str,
    error: type[ChoriaError],
    problem: str,
) -> None:
    async with serving(certificates) as database:
        database.answer = lambda: web.Response(
            status=status, text=text, headers={"Location": "/elsewhere"}
        )
        async with bench_of(certificates, tmp_path, database.port) as bench:
            with pytest.raises(error, match=problem):
                await resolved(PqlNodes, OPTIONS, bench)


async def test_a_stranger_is_not_believed(certificates: Certificates, tmp_path: Path) -> None:
    stranger = replace(certificates, ca_file=certificates.other_ca_file)
    async with (
        serving(certificates) as database,
        bench_of(stranger, tmp_path, database.port) as bench,
    ):
        with pytest.raises(AuthenticationError, match="PuppetDB at https://localhost"):
            await resolved(PqlNodes, OPTIONS, bench)
    assert database.asked == []


async def test_where_nobody_listens_it_says_so(certificates: Certificates, tmp_path: Path) -> None:
    async with serving(certificates) as database:
        pass
    async with bench_of(certificates, tmp_path, database.port) as bench:
        with pytest.raises(ConnectError, match="cannot be asked"):
            await resolved(PqlNodes, OPTIONS, bench)


@pytest.mark.parametrize("text", ["{}", "query: ''", "query: '  '"])
def test_a_query_is_required(text: str) -> None:
    (told,) = problems_of(PqlNodes.Options, text)
    assert "query: is required" in told or "query: is empty" in told
