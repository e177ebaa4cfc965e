"""Who may change a fleet, and how."""

import asyncio
from typing import Any

import aiohttp
import pytest

from choria_core.errors import UsageError
from choria_emulator.watch.outline import Outline
from choria_emulator.watch.watch import Watch

MEANT = {"X-Choria-Control": "1"}


class Fleet:
    """What is asked of a fleet."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.storms = 0
        self.has_begun = asyncio.Event()
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    async def resize(self, size: int) -> None:
        self.has_begun.set()
        await self.may_go_on.wait()
        if size == 13:
            raise UsageError("13 nodes need more open files than there are")
        self.sizes.append(size)

    async def storm(self) -> None:
        self.storms += 1


@pytest.fixture
def fleet() -> Fleet:
    return Fleet()


def watch_over(fleet: Fleet, *, is_controlled: bool = True) -> Watch:
    return Watch(
        outline=Outline(name="node"),
        host="127.0.0.1",
        port=0,
        resize=fleet.resize if is_controlled else None,
        storm=fleet.storm if is_controlled else None,
        most_instances=2_000,
    )


async def ask(
    client: aiohttp.ClientSession,
    watch: Watch,
    path: str,
    document: Any = None,
    *,
    headers: dict[str, str] | None = None,
) -> tuple[int, dict[str, Any]]:
    address = f"http://127.0.0.1:{watch.port}{path}"
    async with client.post(address, json=document, headers=MEANT | (headers or {})) as answer:
        return answer.status, await answer.json()


async def test_the_fleet_grows_and_shrinks(client: aiohttp.ClientSession, fleet: Fleet) -> None:
    async with watch_over(fleet) as watch:
        answers = [await ask(client, watch, "/fleet", {"instances": n}) for n in (2_000, 0)]

    assert answers == [(200, {"done": {"instances": 2_000}}), (200, {"done": {"instances": 0}})]
    assert fleet.sizes == [2_000, 0]


async def test_all_connections_are_cut(client: aiohttp.ClientSession, fleet: Fleet) -> None:
    async with watch_over(fleet) as watch:
        answer = await ask(client, watch, "/storm", {})

    assert answer == (200, {"done": {"storm": True}})
    assert fleet.storms == 1


@pytest.mark.parametrize(
    "document",
    [
        {"instances": -1},
        {"instances": 2_001},
        {"instances": 1.5},
        {"instances": "5"},
        {"instances": True},
        {"instances": 5, "other": 1},
        {"instances": 10**400},
        {},
        [5],
        None,
    ],
)
async def test_a_size_that_is_none_is_refused(
    client: aiohttp.ClientSession, fleet: Fleet, document: object
) -> None:
    async with watch_over(fleet) as watch:
        status, body = await ask(client, watch, "/fleet", document or [])

    assert (status, body) == (400, {"error": 'say {"instances": N}, N from 0 to 2000'})
    assert fleet.sizes == []


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"Origin": "http://elsewhere.example"}, "only the page of this fleet"),
        ({"Origin": "null"}, "only the page of this fleet"),
        ({"Sec-Fetch-Site": "cross-site"}, "only the page of this fleet"),
        ({"Sec-Fetch-Site": "same-site"}, "only the page of this fleet"),
        ({"Host": "rebound.example", "Origin": "http://rebound.example"}, "opened by its address"),
        ({"Host": "[half"}, "opened by its address"),
    ],
)
@pytest.mark.parametrize("path", ["/fleet", "/storm"])
async def test_the_page_of_a_stranger_is_refused(
    client: aiohttp.ClientSession, fleet: Fleet, path: str, headers: dict[str, str], reason: str
) -> None:
    async with watch_over(fleet) as watch:
        status, body = await ask(client, watch, path, {"instances": 5}, headers=headers)

    assert status == 403
    assert reason in body["error"]
    assert (fleet.sizes, fleet.storms) == ([], 0)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
async def test_the_own_page_is_obeyed_under_every_name_of_this_machine(
    client: aiohttp.ClientSession, fleet: Fleet, host: str
) -> None:
    async with watch_over(fleet) as watch:
        own = f"{host}:{watch.port}"
        headers = {"Host": own, "Origin": f"http://{own}", "Sec-Fetch-Site": "same-origin"}
        status, _ = await ask(client, watch, "/fleet", {"instances": 5}, headers=headers)

    assert status == 200


async def test_a_form_cannot_send_what_is_wanted(
    client: aiohttp.ClientSession, fleet: Fleet
) -> None:
    async with watch_over(fleet) as watch:
        address = f"http://127.0.0.1:{watch.port}/storm"
        async with client.post(address, data={"a": "b"}) as answer:
            status, body = answer.status, await answer.json()

    assert (status, body) == (403, {"error": "the header X-Choria-Control is missing"})
    assert fleet.storms == 0


async def test_a_fleet_that_is_not_controlled_says_so(
    client: aiohttp.ClientSession, fleet: Fleet
) -> None:
    async with watch_over(fleet, is_controlled=False) as watch:
        answers = [
            await ask(client, watch, path, {"instances": 5}) for path in ("/fleet", "/storm")
        ]

    assert [status for status, _ in answers] == [403, 403]
    assert all("not controlled from here" in body["error"] for _, body in answers)


async def test_what_the_fleet_cannot_do_is_told(
    client: aiohttp.ClientSession, fleet: Fleet
) -> None:
    async with watch_over(fleet) as watch:
        answer = await ask(client, watch, "/fleet", {"instances": 13})
        afterwards = await ask(client, watch, "/fleet", {"instances": 14})

    assert answer == (422, {"error": "13 nodes need more open files than there are"})
    assert afterwards[0] == 200


async def test_one_change_is_made_at_a_time(client: aiohttp.ClientSession, fleet: Fleet) -> None:
    fleet.may_go_on.clear()
    async with watch_over(fleet) as watch, asyncio.TaskGroup() as group:
        first = group.create_task(ask(client, watch, "/fleet", {"instances": 5}))
        await fleet.has_begun.wait()
        status, body = await ask(client, watch, "/storm", {})
        fleet.may_go_on.set()
        assert (await first)[0] == 200

    assert (status, body) == (409, {"error": "the fleet is being changed already: wait a moment"})
    assert fleet.storms == 0


async def test_a_long_document_is_not_read(client: aiohttp.ClientSession, fleet: Fleet) -> None:
    async with watch_over(fleet) as watch:
        status, _ = await ask(client, watch, "/fleet", {"instances": "5" * 5_000})

    assert status == 413


async def test_to_look_at_it_is_not_to_change_it(
    client: aiohttp.ClientSession, fleet: Fleet
) -> None:
    async with watch_over(fleet) as watch:
        for path in ("/fleet", "/storm"):
            async with client.get(f"http://127.0.0.1:{watch.port}{path}", headers=MEANT) as answer:
                assert answer.status == 405
