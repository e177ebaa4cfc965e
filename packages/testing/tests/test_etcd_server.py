"""etcd for tests is real, keeps what it was told, and leaves nothing behind."""

import base64

from choria_testing.etcd_server import EtcdServer
from choria_testing.fixtures import MakeEtcd
from choria_testing.json_api import ask_json
from choria_testing.peers import require_peer


def put(server: EtcdServer, key: str, value: str) -> None:
    ask_json(f"{server.http_url}/v3/kv/put", {"key": encoded(key), "value": encoded(value)})


def read(server: EtcdServer, key: str) -> str | None:
    answer = ask_json(f"{server.http_url}/v3/kv/range", {"key": encoded(key)})
    assert isinstance(answer, dict)
    found = answer.get("kvs", [])
    return base64.b64decode(found[0]["value"]).decode() if found else None


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


async def test_it_keeps_values(etcd: EtcdServer) -> None:
    put(etcd, "testing/colour", "green")

    assert read(etcd, "testing/colour") == "green"


async def test_the_shared_one_is_still_there(etcd: EtcdServer) -> None:
    assert etcd.is_running


async def test_it_comes_back_from_a_kill_on_its_port_with_its_data(make_etcd: MakeEtcd) -> None:
    server = await make_etcd()
    put(server, "colour", "green")
    url = server.http_url

    await server.kill()
    assert not server.is_running
    await server.start()

    assert server.http_url == url
    assert read(server, "colour") == "green"


async def test_it_comes_back_from_a_restart_with_its_data(make_etcd: MakeEtcd) -> None:
    server = await make_etcd()
    put(server, "colour", "green")

    await server.restart()

    assert read(server, "colour") == "green"


async def test_two_know_nothing_of_each_other(make_etcd: MakeEtcd) -> None:
    first, second = await make_etcd(), await make_etcd()

    put(first, "colour", "green")

    assert read(second, "colour") is None


async def test_its_folder_goes_with_it() -> None:
    async with EtcdServer(require_peer("etcd")) as server:
        assert (server.folder / "data").is_dir()

    assert not server.folder.exists()
