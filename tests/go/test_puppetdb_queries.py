"""The Go client and ours ask PuppetDB the same."""

import asyncio
import contextlib
import os
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from choria_core.client.call import with_agent
from choria_core.client.client import Client
from choria_core.discovery.request import DiscoveryRequest
from choria_core.filters.grammar import parse_filter
from choria_core.network_config.host import Host, HostNames
from choria_core.network_config.load import load_client
from choria_core.protocol.messages import Filter
from choria_testing.authorities import FOR_CLIENTS, FOR_SERVERS, Authority

CALLER = "alice.mcollective"

QUESTIONS: list[tuple[tuple[str, ...], Filter]] = [
    ((), parse_filter()),
    (("-F", "os.family=RedHat"), parse_filter(facts=["os.family=RedHat"])),
    (("-F", "cpus=4", "-F", "virtual!=true"), parse_filter(facts=["cpus=4", "virtual!=true"])),
    (("-F", "a!=b"), parse_filter(facts=["a!=b"])),
    (("-F", "load>=1.5"), parse_filter(facts=["load>=1.5"])),
    (("-F", "os=/Red/"), parse_filter(facts=["os=/Red/"])),
    (("-C", "roles::web_server"), parse_filter(classes=["roles::web_server"])),
    (("-C", "/roles/"), parse_filter(classes=["/roles/"])),
    (("-A", "puppet", "-A", "/she/"), parse_filter(agents=["puppet", "/she/"])),
    (("-I", "a.example", "-I", "/^web1/"), parse_filter(identities=["a.example", "/^web1/"])),
    (("-I", "pql: nodes[certname] { }"), parse_filter(identities=["pql: nodes[certname] { }"])),
]


@contextlib.asynccontextmanager
async def puppetdb(folder: Path, asked: list[str]) -> AsyncIterator[int]:
    """Answers every query with two nodes; yields its port."""

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.query["query"])
        return web.json_response([{"certname": "a.example"}, {"certname": "b.example"}])

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=folder / "ca.pem")
    context.load_cert_chain(folder / "localhost.pem", folder / "localhost.key")
    context.verify_mode = ssl.CERT_REQUIRED
    application = web.Application()
    application.router.add_get("/pdb/query/v4", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def test_both_clients_ask_the_same(choria_go: Path, tmp_path: Path) -> None:
    _write_certificates(tmp_path)
    asked: list[str] = []
    async with puppetdb(tmp_path, asked) as port:
        file = _configure(tmp_path, port)
        variables = {"HOME": str(tmp_path), "USER": "alice", "MCOLLECTIVE_CERTNAME": CALLER}
        names = HostNames(host_name=lambda: "client.example")
        config = load_client(file, host=Host(names, variables))
        async with Client(config) as client:
            for words, wanted in QUESTIONS:
                command = ("find", "--dm", "choria", *words, "--config", str(file))
                theirs = await _run_go(choria_go, command, variables)
                request = DiscoveryRequest(filter=with_agent(wanted, "rpcutil"), method="choria")
                assert await client.discover(request) == theirs.split()
                assert theirs.split() == ["a.example", "b.example"]

    for theirs, ours in zip(asked[::2], asked[1::2], strict=True):
        assert ours == theirs
    assert len(asked) == 2 * len(QUESTIONS)


async def _run_go(program: Path, words: tuple[str, ...], variables: dict[str, str]) -> str:
    process = await asyncio.create_subprocess_exec(
        program,
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**variables, "PATH": os.environ["PATH"]},
    )
    out, problem = await process.communicate()
    assert process.returncode == 0, problem.decode() + out.decode()
    return out.decode()


def _configure(folder: Path, port: int) -> Path:
    file = folder / "client.cfg"
    lines = {
        "identity": "client.example",
        "plugin.choria.use_srv": "false",
        "plugin.choria.puppetdb_host": "localhost",
        "plugin.choria.puppetdb_port": port,
        "plugin.security.provider": "file",
        "plugin.security.file.certificate": folder / f"{CALLER}.pem",
        "plugin.security.file.key": folder / f"{CALLER}.key",
        "plugin.security.file.ca": folder / "ca.pem",
        "loglevel": "fatal",
    }
    file.write_text("".join(f"{key} = {value}\n" for key, value in lines.items()))
    return file


def _write_certificates(folder: Path) -> None:
    valid = (time.time() - 60, time.time() + 3600)
    authority = Authority.root("an authority", valid=valid)
    (folder / "ca.pem").write_bytes(authority.pem)
    for name in ("localhost", CALLER):
        leaf = authority.issue(name, purposes=(FOR_CLIENTS, FOR_SERVERS), valid=valid)
        key = leaf.key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        (folder / f"{name}.pem").write_bytes(leaf.pem)
        (folder / f"{name}.key").touch(mode=0o600)
        (folder / f"{name}.key").write_bytes(key)
