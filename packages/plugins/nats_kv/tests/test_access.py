"""How the NATS store finds its servers, is let in, and gets its bucket."""

import shutil
from pathlib import Path
from typing import Any

import nats
import pytest

from choria_core.broker.server import Broker
from choria_core.config.record import RecordReader
from choria_core.config.yaml_text import read_yaml
from choria_core.errors import (
    AuthenticationError,
    ConfigError,
    ConnectError,
    KeyMissingError,
    LocalProtocolError,
    PayloadTooLargeError,
    WorkError,
)
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.jetstream import NANOSECONDS, JetStream
from choria_core.nats.lean_transport import connect
from choria_core.network_config.client_config import ClientConfig
from choria_core.network_config.host import Host, HostNames
from choria_core.network_config.load import load_client
from choria_core.playbook.workbench import Workbench
from choria_core.plugins import Plugins
from choria_plugin_nats_kv.options import NatsKvOptions
from choria_plugin_nats_kv.store import NatsKvStore
from choria_testing.certificates import Certificates
from choria_testing.datastore import ALICE, StoreTests
from choria_testing.fixtures import MakeBroker
from choria_testing.network_files import NetworkFiles
from choria_testing.secured_brokers import SecuredBroker


def read_options(text: str) -> tuple[Any, list[str]]:
    document = read_yaml(text)
    reader = RecordReader(NatsKvOptions, unknown="warn")
    assert document.root is not None
    options = reader.record(NatsKvOptions, document.root, "", document.root.location)
    return options, [str(problem) for problem in reader.problems]


class TestAccess(StoreTests):
    @pytest.fixture
    def make_store(self, bench: Workbench) -> Any:
        def make(servers: str, **options: Any) -> NatsKvStore:
            given = {"bucket": "pb", "create": True, **options}
            return NatsKvStore("pb", NatsKvOptions(servers=servers, **given), bench)

        return make

    async def test_other_clients_of_nats_see_the_same(
        self, broker: Broker, make_store: Any
    ) -> None:
        """What one writes the other reads, and deletes."""
        store = make_store(broker.url)
        await store.open()
        client = await nats.connect(broker.url)
        bucket = await client.jetstream().key_value("pb")
        await store.write("clusters/alpha.eu", "größe")
        await store.write("list", [1, "a"])
        await bucket.put("theirs", b"beta")

        assert (await bucket.get("clusters/alpha.eu")).value == "größe".encode()
        assert (await bucket.get("list")).value == b'[1,"a"]'
        assert await store.read("theirs") == "beta"
        await bucket.delete("theirs")
        with pytest.raises(KeyMissingError):
            await store.read("theirs")
        await store.delete("list")
        with pytest.raises(nats.js.errors.KeyNotFoundError):
            await bucket.get("list")
        await bucket.put("bytes", b"\xff")
        with pytest.raises(WorkError, match="no UTF-8"):
            await store.read("bytes")

        await client.close()
        await store.close()

    async def test_a_missing_bucket_is_refused_with_what_helps(
        self, broker: Broker, make_store: Any
    ) -> None:
        store = make_store(broker.url, create=False)

        with pytest.raises(ConfigError, match="no NATS bucket 'pb'; run `nats kv add pb`"):
            await store.open()
        await store.close()

    async def test_a_bucket_is_made_as_the_book_says(self, broker: Broker, make_store: Any) -> None:
        store = make_store(broker.url, history=5, max_age=3600)
        await store.open()
        again = make_store(broker.url, history=5, max_age=3600)
        await again.open()

        async with await connect(parse_endpoint(broker.url), name="test") as transport:
            config = (await JetStream(transport).stream_info("KV_pb")).config
        assert config["max_msgs_per_subject"] == 5
        assert config["max_age"] == 3600 * NANOSECONDS
        assert config["allow_msg_ttl"] is True
        for _ in range(2):
            await store.write("a", "alpha")
        lock = await store.acquire("lock", ALICE, timeout_seconds=0)
        await lock.release()
        await store.close()
        await again.close()

    async def test_one_that_another_run_makes_at_the_same_time_is_taken(
        self, broker: Broker, make_store: Any
    ) -> None:
        one, other = make_store(broker.url), make_store(broker.url, history=3)
        await one.open()
        await other.open()
        assert other._opened is not None

        info = await other._opened.create(other._options)

        assert info.config["max_msgs_per_subject"] == 1
        await one.close()
        await other.close()

    async def test_a_value_that_is_too_large_is_an_error(
        self, broker: Broker, make_store: Any
    ) -> None:
        store = make_store(broker.url)
        await store.open()

        with pytest.raises(PayloadTooLargeError):
            await store.write("a", "x" * (2 << 20))
        with pytest.raises(WorkError):
            await store.write("a", "\ud800")
        await store.close()

    async def test_servers_may_be_several_with_users(
        self, password_broker: SecuredBroker, make_store: Any
    ) -> None:
        user, password = password_broker.credentials.user, password_broker.credentials.password
        login = f"{user}:{password.replace(' ', '%20')}"
        url = f"nats://{login}@127.0.0.1:1, {password_broker.broker.url}"
        store = make_store(url)
        await store.open()
        await store.write("a", "alpha")
        await store.close()

        with pytest.raises((AuthenticationError, ConnectError)) as caught:
            await make_store(password_broker.broker.url).open()
        assert password not in str(caught.value)

    async def test_a_file_of_credentials_lets_us_in(
        self, jwt_broker: SecuredBroker, make_store: Any, bench: Workbench
    ) -> None:
        shutil.copy(jwt_broker.credentials.file, bench.folder / "user.creds")
        store = make_store(jwt_broker.broker.url, credentials="user.creds")
        await store.open()
        await store.write("a", "alpha")
        await store.close()

    async def test_tls_is_checked_both_ways(
        self, mutual_tls_broker: Broker, certificates: Certificates, make_store: Any
    ) -> None:
        own = {"cert": str(certificates.client.cert_file), "key": str(certificates.client.key_file)}
        url = mutual_tls_broker.url
        store = make_store(url, ca=str(certificates.ca_file), **own)
        await store.open()
        await store.write("a", "alpha")
        await store.close()

        with pytest.raises((AuthenticationError, ConnectError)):
            await make_store(url, ca=str(certificates.other_ca_file), **own).open()

    async def test_nobody_there_is_an_error(
        self, make_store: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("choria_plugin_nats_kv.store.CONNECT_SECONDS", 0.2)

        with pytest.raises(ConnectError):
            await make_store("nats://127.0.0.1:1").open()

    async def test_without_jetstream_it_says_so(
        self, make_broker: MakeBroker, make_store: Any
    ) -> None:
        broker = await make_broker(jetstream=False)
        store = make_store(broker.url)

        with pytest.raises(ConnectError, match="no JetStream answers"):
            await store.open()
        await store.close()

    async def test_a_bucket_that_somebody_removes_is_an_error(
        self, broker: Broker, make_store: Any
    ) -> None:
        store = make_store(broker.url)
        await store.open()
        client = await nats.connect(broker.url)
        await client.jetstream().delete_key_value("pb")
        await client.close()

        with pytest.raises(ConnectError, match="the bucket 'pb' is not there any more"):
            await store.write("a", "alpha")
        await store.close()

    async def test_unopened_it_says_so(self, make_store: Any) -> None:
        with pytest.raises(LocalProtocolError):
            await make_store("nats://127.0.0.1:1").read("a")


async def test_the_clients_configuration_names_brokers_and_certificates(
    make_broker: MakeBroker, tmp_path: Path
) -> None:
    files = NetworkFiles(tmp_path)
    broker = await make_broker(tls=files.broker_tls())
    lines = [
        "identity = client.example",
        f"plugin.choria.middleware_hosts = localhost:{broker.port}",
        *files.certified("alice.mcollective"),
    ]
    file = tmp_path / "client.cfg"
    file.write_text("\n".join(lines) + "\n")

    def config() -> ClientConfig:
        names = HostNames(host_name=lambda: "client.example")
        return load_client(file, host=Host(names, {"USER": "alice", "HOME": str(tmp_path)}))

    async with Workbench(
        plugins=Plugins(), load_config=config, environment={}, folder=tmp_path
    ) as bench:
        store = NatsKvStore("pb", NatsKvOptions(bucket="pb", create=True), bench)
        await store.open()
        await store.write("a", "alpha")
        lock = await store.acquire("lock", ALICE, timeout_seconds=0)

        assert await store.read("a") == "alpha"
        await lock.release()
        await store.close()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("servers: nats://a", ["bucket", "required"]),
        ("bucket: a b", ["bucket", "letters, digits"]),
        ("bucket: b\nservers: a\ncert: x", ["cert", "belongs together"]),
        ("bucket: b\nca: x", ["servers", "give their URLs"]),
        ("bucket: b\nhistory: 65", ["history", "64"]),
        ("bucket: b\nreplicas: 0", ["replicas", "1"]),
        ("bucket: b\nmax_age: -1", ["max_age"]),
    ],
)
def test_options_that_cannot_work_are_refused(text: str, words: list[str]) -> None:
    _, problems = read_options(text)

    assert len(problems) == 1
    assert all(word in problems[0] for word in words)


def test_a_book_may_say_everything() -> None:
    options, problems = read_options(
        "bucket: b\nservers: nats://a, b\ncredentials: x.creds\nca: ca.pem\ncert: c\nkey: k\n"
        "create: true\nhistory: 3\nreplicas: 3\nmax_age: 1d\ntimeout: 1m\nttl: 20\n"
    )

    assert not problems
    assert (options.max_age, options.timeout, options.ttl_seconds) == (86400, 60, 20)


@pytest.mark.parametrize(("ttl", "seconds"), [(10, 10), (-20, 20), (0.2, 1), (1e9, 86400)])
def test_any_ttl_becomes_one_that_servers_take(ttl: float, seconds: int) -> None:
    assert NatsKvOptions(bucket="b", ttl=ttl).ttl_seconds == seconds
