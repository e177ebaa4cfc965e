"""How the Consul store finds its agent, trusts it and is let in."""

import asyncio
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from choria_core.broker.free_port import pick_port
from choria_core.errors import AuthenticationError, ConfigError, ConnectError, WorkError
from choria_core.playbook.workbench import Workbench
from choria_plugin_consul.options import ConsulOptions
from choria_plugin_consul.store import ConsulStore
from choria_testing.certificates import Certificates, make_certificates
from choria_testing.consul_agent import ConsulAgent
from choria_testing.datastore import ALICE, StoreTests
from choria_testing.fixtures import MakeConsul
from choria_testing.json_api import ask_json
from choria_testing.real_server import HOST

MakeStore = Callable[..., ConsulStore]

TLS_SETTINGS = """
ports {{ https = {port} }}
tls {{ defaults {{
  ca_file = "{ca}" cert_file = "{cert}" key_file = "{key}" verify_incoming = true
}} }}
"""

ACL_SETTINGS = """
acl {{ enabled = true default_policy = "allow" tokens {{ initial_management = "{token}" }} }}
"""


class TestAccess(StoreTests):
    @pytest.fixture
    def make_store(self, bench: Workbench) -> Any:
        def make(**options: Any) -> ConsulStore:
            return ConsulStore("pb", ConsulOptions(**options), bench)

        return make

    async def test_tls_is_checked_both_ways(
        self, make_consul: MakeConsul, make_store: MakeStore, bench: Workbench, key: str
    ) -> None:
        made = make_certificates(bench.folder)
        port = pick_port(HOST)
        await make_consul(settings=tls_settings(made, port))
        url = f"https://{HOST}:{port}"
        us = {"cert": made.client.cert_file.name, "key": made.client.key_file.name}

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

    async def test_every_question_carries_the_token(
        self,
        make_consul: MakeConsul,
        make_store: MakeStore,
        monkeypatch: pytest.MonkeyPatch,
        bench: Workbench,
        key: str,
    ) -> None:
        """Also a transaction; and the book's token wins over the environment's."""
        token = str(uuid.uuid4())
        agent = await make_consul(settings=ACL_SETTINGS.format(token=token))
        let_others_only_read(agent, token)
        store = make_store(url=agent.http_url, token=token)
        with pytest.raises(AuthenticationError, match="does not let us lock"):
            await make_store(url=agent.http_url).acquire(key, ALICE, timeout_seconds=30)

        monkeypatch.setenv("CONSUL_HTTP_TOKEN", str(uuid.uuid4()))
        await (await store.acquire(key, ALICE, timeout_seconds=0)).release()
        await store.write(key, "alpha")

        bench.environment["CONSUL_HTTP_TOKEN"] = token
        bench.environment["CONSUL_HTTP_ADDR"] = agent.http_url
        assert await make_store().read(key) == "alpha"

        with pytest.raises(AuthenticationError) as caught:
            await make_store(token="hunter2").write(key, "bravo")
        assert "hunter2" not in str(caught.value)

    async def test_another_datacenter_is_asked_for(
        self, consul: ConsulAgent, make_store: MakeStore, key: str
    ) -> None:
        """By every question: there is none such here."""
        store = make_store(url=consul.http_url, dc="moon")
        for wrong in (
            store.read(key),
            store.write(key, "alpha"),
            store.delete(key),
            store.acquire(key, ALICE, timeout_seconds=0),
        ):
            with pytest.raises(ConnectError, match="No path to datacenter"):
                await wrong

    async def test_an_agent_that_is_not_there_is_an_error_at_once(
        self, make_store: MakeStore, key: str
    ) -> None:
        url = f"http://{HOST}:{pick_port(HOST)}"
        store = make_store(url=url)
        with pytest.raises(ConnectError, match=url):
            await store.open()
        with pytest.raises(ConnectError, match=url):
            await store.acquire(key, ALICE, timeout_seconds=60)

    async def test_a_server_that_is_no_consul_is_an_error(
        self, make_store: MakeStore, key: str
    ) -> None:
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
                with pytest.raises(WorkError, match="does not answer as Consul does"):
                    await wrong


@pytest.mark.parametrize(
    ("ttl", "seconds"), [(10, 10), (20, 20), (-30, 30), (1, 10), (0, 10), (1e9, 86400)]
)
def test_old_books_wrote_any_ttl(ttl: float, seconds: int) -> None:
    assert ConsulOptions(ttl=ttl).ttl_seconds == seconds


def tls_settings(made: Certificates, port: int) -> str:
    server = made.server
    return TLS_SETTINGS.format(
        port=port, ca=made.ca_file, cert=server.cert_file, key=server.key_file
    )


def let_others_only_read(agent: ConsulAgent, token: str) -> None:
    """Whoever shows no token may make sessions, and read keys."""
    url = f"{agent.http_url}/v1/acl"
    rules = 'key_prefix "" { policy = "read" }'
    policy = {"Name": "readers", "Rules": rules}
    ask_json(f"{url}/policy?token={token}", policy, method="PUT")
    anonymous = {"Policies": [{"Name": "readers"}]}
    ask_json(
        f"{url}/token/00000000-0000-0000-0000-000000000002?token={token}", anonymous, method="PUT"
    )
