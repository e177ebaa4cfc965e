"""How the etcd store finds its servers, trusts them and is let in."""

import asyncio
import re
from pathlib import Path
from typing import Any, ClassVar

import pytest

from choria_core.broker.free_port import pick_port
from choria_core.errors import AuthenticationError, ConfigError, ConnectError, WorkError
from choria_core.playbook.workbench import Workbench
from choria_plugin_etcd.options import EtcdOptions
from choria_plugin_etcd.store import EtcdStore
from choria_testing.certificates import Certificates, make_certificates
from choria_testing.datastore import ALICE, StoreTests
from choria_testing.etcd_server import EtcdServer
from choria_testing.fixtures import MakeEtcd
from choria_testing.json_api import ask_json
from choria_testing.peers import require_peer
from choria_testing.real_server import HOST

ROOT = {"name": "root", "password": "geheim"}


class SecureEtcd(EtcdServer):
    """Listens for TLS as well, and wants certificates."""

    port_kinds: ClassVar[tuple[str, ...]] = ("client", "peer", "secure")

    def __init__(self, program: Path, certificates: Certificates) -> None:
        super().__init__(program)
        self._certificates = certificates

    @property
    def https_url(self) -> str:
        return f"https://{HOST}:{self._ports['secure']}"

    def arguments(self, ports: dict[str, int]) -> list[str]:
        made = self._certificates
        plain = f"http://{HOST}:{ports['client']}"
        secure = f"https://{HOST}:{ports['secure']}"
        return [
            *super().arguments(ports),
            f"--listen-client-urls={plain},{secure}",
            f"--cert-file={made.server.cert_file}",
            f"--key-file={made.server.key_file}",
            f"--trusted-ca-file={made.ca_file}",
            "--client-cert-auth",
        ]


class TestAccess(StoreTests):
    @pytest.fixture
    def make_store(self, bench: Workbench) -> Any:
        def make(**options: Any) -> EtcdStore:
            return EtcdStore("pb", EtcdOptions(**options), bench)

        return make

    async def test_tls_is_checked_both_ways(
        self, make_store: Any, bench: Workbench, key: str
    ) -> None:
        made = make_certificates(bench.folder)
        us = {"cert": made.client.cert_file.name, "key": made.client.key_file.name}
        async with SecureEtcd(require_peer("etcd"), made) as server:
            url = server.https_url
            store = make_store(url=url, ca="ca.pem", **us)
            await store.open()
            lock = await store.acquire(key, ALICE, timeout_seconds=0)
            assert lock.is_held()
            await lock.release()
            await make_store(url=url, verify=False, **us).open()

            with pytest.raises(AuthenticationError):  # we do not trust it
                await make_store(url=url, **us).open()
            for strange in ({}, {"cert": "stranger.pem", "key": "stranger-key.pem"}):
                with pytest.raises((AuthenticationError, ConnectError)):  # nor it us
                    await make_store(url=url, ca="ca.pem", **strange).open()
            with pytest.raises(ConfigError, match=r"missing\.pem"):
                await make_store(url=url, ca="missing.pem", **us).open()

    async def test_users_sign_in_and_again_when_they_were_forgotten(
        self, make_etcd: MakeEtcd, make_store: Any, key: str
    ) -> None:
        server = await make_etcd()
        want_passwords(server)
        store = make_store(url=server.http_url, user="root", password="geheim", ttl=30)
        await store.write(key, "alpha")
        lock = await store.acquire(f"{key}/lock", ALICE, timeout_seconds=0)

        await server.restart()  # it knows our password, and not that we gave it

        assert await store.read(key) == "alpha"
        assert lock.is_held()
        await lock.release()

    async def test_who_may_not_is_refused_at_once(
        self, make_etcd: MakeEtcd, make_store: Any, key: str
    ) -> None:
        server = await make_etcd()
        want_passwords(server)
        url = server.http_url
        for user, password in (("", ""), ("root", "hunter2"), ("guest", "guest")):
            store = make_store(url=url, user=user, password=password)
            for wrong in (
                store.read(key),
                store.write(key, "alpha"),
                store.acquire(key, ALICE, timeout_seconds=60),
            ):
                with pytest.raises(AuthenticationError) as caught:
                    await wrong
                assert "hunter2" not in str(caught.value)

    async def test_another_server_of_the_cluster_is_asked(
        self, make_etcd: MakeEtcd, make_store: Any, key: str
    ) -> None:
        server = await make_etcd()
        dead = f"http://{HOST}:{pick_port(HOST)}"
        store = make_store(url=f"{dead}, {server.http_url}")
        await store.open()
        await (await store.acquire(key, ALICE, timeout_seconds=0)).release()

        await server.kill()

        with pytest.raises(ConnectError):
            await store.read(key)

    async def test_a_server_that_is_no_etcd_is_an_error(self, make_store: Any, key: str) -> None:
        async def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            if length := re.search(rb"content-length: (\d+)", head):
                await reader.readexactly(int(length[1]))
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nwelcome"
            )
            writer.close()

        async with await asyncio.start_server(welcome, HOST, 0) as server:
            port = server.sockets[0].getsockname()[1]
            store = make_store(url=f"http://{HOST}:{port}")
            for wrong in (store.open(), store.read(key), store.write(key, "alpha")):
                with pytest.raises(WorkError, match="does not answer as etcd does"):
                    await wrong


@pytest.mark.parametrize(
    ("ttl", "seconds"), [(10, 10), (20, 20), (-30, 30), (1, 2), (0, 2), (1e9, 86400)]
)
def test_old_books_wrote_any_ttl(ttl: float, seconds: int) -> None:
    assert EtcdOptions(ttl=ttl).ttl_seconds == seconds


def want_passwords(server: EtcdServer) -> None:
    """There are ``root``, who may do everything, and ``guest``, who may do nothing."""
    url = f"{server.http_url}/v3/auth"
    ask_json(f"{url}/user/add", ROOT)
    ask_json(f"{url}/user/add", {"name": "guest", "password": "guest"})
    ask_json(f"{url}/role/add", {"name": "root"})
    ask_json(f"{url}/user/grant", {"user": "root", "role": "root"})
    ask_json(f"{url}/enable", {})
