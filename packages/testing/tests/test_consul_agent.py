"""Consul for tests is real, keeps or forgets as it was told, and takes sessions at once."""

import base64
import urllib.error
import urllib.parse

import pytest

from choria_testing.consul_agent import ConsulAgent
from choria_testing.fixtures import MakeConsul
from choria_testing.json_api import ask_json


def put(agent: ConsulAgent, key: str, value: str, **parameters: str) -> bool:
    query = urllib.parse.urlencode(parameters)
    return ask_json(f"{agent.http_url}/v1/kv/{key}?{query}", value, method="PUT") is True


def read(agent: ConsulAgent, key: str) -> str | None:
    try:
        answer = ask_json(f"{agent.http_url}/v1/kv/{key}")
    except urllib.error.HTTPError as error:
        error.close()
        return None
    assert isinstance(answer, list)
    return base64.b64decode(answer[0]["Value"]).decode()


def new_session(agent: ConsulAgent, ttl: str) -> str:
    answer = ask_json(f"{agent.http_url}/v1/session/create", {"TTL": ttl}, method="PUT")
    assert isinstance(answer, dict)
    session: str = answer["ID"]
    return session


async def test_it_keeps_values(consul: ConsulAgent) -> None:
    assert put(consul, "testing/colour", "green")

    assert read(consul, "testing/colour") == '"green"'
    assert consul.token is None


async def test_the_shared_one_is_still_there(consul: ConsulAgent) -> None:
    assert consul.is_running


async def test_a_session_holds_a_key_as_soon_as_the_agent_is_ready(make_consul: MakeConsul) -> None:
    agent = await make_consul()

    first, second = new_session(agent, "10s"), new_session(agent, "10s")

    assert put(agent, "lock", "mine", acquire=first)
    assert not put(agent, "lock", "mine", acquire=second)
    assert put(agent, "lock", "mine", release=first)
    assert put(agent, "lock", "mine", acquire=second)


@pytest.mark.parametrize("keeps_data", [False, True], ids=["forgets", "keeps"])
async def test_a_kill_leaves_what_was_asked_for(
    make_consul: MakeConsul, *, keeps_data: bool
) -> None:
    agent = await make_consul(keeps_data=keeps_data)
    put(agent, "colour", "green")
    url = agent.http_url

    await agent.kill()
    assert not agent.is_running
    await agent.start()

    assert agent.http_url == url
    assert read(agent, "colour") == ('"green"' if keeps_data else None)


async def test_a_restart_takes_the_same_port(make_consul: MakeConsul) -> None:
    agent = await make_consul()
    url = agent.http_url

    await agent.restart()

    assert agent.http_url == url
    assert agent.is_ready()


async def test_settings_are_consuls_own(make_consul: MakeConsul) -> None:
    agent = await make_consul(settings='session_ttl_min = "1s"')

    assert new_session(agent, "1s")


async def test_two_know_nothing_of_each_other(make_consul: MakeConsul) -> None:
    first, second = await make_consul(), await make_consul()

    put(first, "colour", "green")

    assert read(second, "colour") is None
