"""The live page in a real browser."""

import asyncio
from urllib.parse import urlsplit

import pytest
from msgspec.structs import replace

from choria_emulator.watch.watch import Watch
from choria_testing.browser import Browser
from choria_testing.programs import run_choria
from tests.browser.conftest import Fleet, watch_over

CHARTS = ("nodes", "messages", "latency", "memory")
STAGE_IS = "return document.getElementById('stage').textContent === arguments[0]"
TILE_IS = "return document.querySelector(arguments[0] + ' .value')?.textContent === arguments[1]"
TOTAL_IS = (
    "return document.querySelector(`[data-total=${arguments[0]}] dd`)?.textContent === arguments[1]"
)
WIDTH = "return document.documentElement.scrollWidth"
LINES = "return [...document.querySelectorAll('#chart-%s path')].map(p => p.getTotalLength())"


@pytest.fixture
def fleet() -> Fleet:
    return Fleet()


def run_a_while(watch: Watch, fleet: Fleet) -> None:
    """A minute in which all nodes connect, and answer now and then."""
    for tick in range(120):
        watch.show(fleet.look(replies=2_000 if tick > 30 and tick % 12 < 4 else 0))


async def look_at(browser: Browser, watch: Watch) -> None:
    await browser.open(f"http://127.0.0.1:{watch.port}/")


async def test_the_page_shows_what_is_pushed_after_it_was_opened(
    browser: Browser, fleet: Fleet
) -> None:
    async with watch_over(fleet) as watch:
        watch.show(fleet.look(joining=1_234))
        await look_at(browser, watch)
        await browser.until(TILE_IS, "#tile-nodes", "1,234")
        await browser.until(STAGE_IS, "connecting: 1,234 of 5,000 connected")
        assert await browser.run("return document.getElementById('failure').innerText") == (
            "The last attempt to connect failed: 127.0.0.1:4222 refused the connection"
        )

        watch.show(fleet.look(joining=9_999, replies=7))

        await browser.until(TILE_IS, "#tile-nodes", "5,000")
        await browser.until(STAGE_IS, "ready")
        assert await browser.run("return document.title") == "5,000/5,000 node"
        assert await browser.run("return document.getElementById('failure').hidden")
        assert await browser.complaints() == []


async def test_a_page_that_comes_first_waits_for_the_fleet(browser: Browser, fleet: Fleet) -> None:
    async with watch_over(fleet) as watch:
        await look_at(browser, watch)
        assert await browser.run("return document.getElementById('stage').textContent") == "waiting"

        watch.show(fleet.look())

        await browser.until(TILE_IS, "#tile-nodes", "500")


async def test_totals_and_tables_tell_of_everything(browser: Browser, fleet: Fleet) -> None:
    async with watch_over(fleet) as watch:
        run_a_while(watch, fleet)
        await look_at(browser, watch)
        await browser.until(STAGE_IS, "ready")
        text = await browser.run("return document.body.innerText")

    assert "up 1 min 0 s · 10 agents · 1 collective · seed 42" in text.replace("\u202f", " ")
    rows = [row.replace("\u202f", " ").split("\t") for row in text.splitlines()]
    assert ["0", "4100", "2,500", "2,500", "2,500", "46.7 MiB", "19.1 KiB"] in rows
    assert ["broker-one", "5,000", "70,000", "241 MiB", "31 %", *["56,000"] * 2, "0"] in rows
    totals = await browser.run(
        "return Object.fromEntries([...document.querySelectorAll('#totals > div')]"
        ".map(one => [one.dataset.total, one.querySelector('dd').textContent]))"
    )
    assert (totals["connects"], totals["replies"], totals["losses"]) == ("5,000", "56,000", "0")
    assert len(totals) == 19


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_chart_draws_lines_and_names_its_axes(
    browser: Browser, fleet: Fleet, scheme: str
) -> None:
    await browser.prefer(scheme)
    async with watch_over(fleet) as watch:
        run_a_while(watch, fleet)
        await look_at(browser, watch)
        await browser.until(STAGE_IS, "ready")

        for chart in CHARTS:
            lengths = await browser.run(LINES % chart)
            ticks = await browser.run(
                f"return [...document.querySelectorAll('#chart-{chart} .tick')]"
                ".map(one => one.textContent)"
            )
            label = await browser.run(
                f"return document.querySelector('#chart-{chart} svg').getAttribute('aria-label')"
            )
            assert all(length > 50 for length in lengths)
            assert {"now", "\u22121 min"} <= set(ticks)
            assert len(ticks) >= 7
            assert ":" in label
            await every_line_is_painted(browser, f"#chart-{chart} svg")


async def test_the_page_is_dark_for_who_likes_it_dark(browser: Browser, fleet: Fleet) -> None:
    async with watch_over(fleet) as watch:
        watch.show(fleet.look())
        grounds = []
        for scheme in ("light", "dark"):
            await browser.prefer(scheme)
            await look_at(browser, watch)
            await browser.until(TILE_IS, "#tile-nodes", "500")
            colour = "return getComputedStyle(document.body).backgroundColor"
            grounds.append(await browser.run(colour))

    assert grounds == ["rgb(244, 246, 248)", "rgb(15, 21, 27)"]


@pytest.mark.parametrize("width", [320, 360, 768, 1280, 1920])
async def test_no_width_needs_scrolling_sideways(
    browser: Browser, fleet: Fleet, width: int
) -> None:
    await browser.resize(width, 800)
    async with watch_over(fleet) as watch:
        run_a_while(watch, fleet)
        await look_at(browser, watch)
        await browser.until(STAGE_IS, "ready")

        assert await browser.run(WIDTH) == width


async def test_a_chart_follows_the_width_of_its_window(browser: Browser, fleet: Fleet) -> None:
    async with watch_over(fleet) as watch:
        run_a_while(watch, fleet)
        await look_at(browser, watch)
        await browser.until(STAGE_IS, "ready")
        await browser.resize(500, 800)

        await browser.until(
            "const drawn = document.querySelector('#chart-nodes svg');"
            "return drawn.viewBox.baseVal.width === Math.floor(drawn.getBoundingClientRect().width)"
            " && drawn.viewBox.baseVal.width < 480"
        )


async def test_the_pointer_reads_values_of_the_past(browser: Browser, fleet: Fleet) -> None:
    legend = "return document.querySelector('#chart-nodes .legend').innerText"
    async with watch_over(fleet) as watch:
        for _ in range(118):
            watch.show(fleet.look(joining=40))
        await look_at(browser, watch)
        await browser.until(TILE_IS, "#tile-nodes", "4,720")
        now = await browser.run(legend)
        await browser.hover("#chart-nodes svg")
        then = await browser.until(
            f"if (document.querySelector('#chart-nodes .pointer')) {{ {legend} }}"
        )

    assert "4,720" in now
    assert "4,720" not in then
    assert "5,000" in then


async def test_nothing_is_fetched_from_elsewhere(browser: Browser, fleet: Fleet) -> None:
    async with watch_over(fleet) as watch:
        watch.show(fleet.look())
        await look_at(browser, watch)
        await browser.until(TILE_IS, "#tile-nodes", "500")
        asked = await browser.requests()
        own = f"127.0.0.1:{watch.port}"

    assert {urlsplit(address).netloc for address in asked} == {own}
    assert f"http://{own}/events" in asked


async def test_content_from_elsewhere_would_be_refused(browser: Browser, fleet: Fleet) -> None:
    async with watch_over(fleet) as watch:
        watch.show(fleet.look())
        await look_at(browser, watch)
        await browser.until(TILE_IS, "#tile-nodes", "500")
        outcome = await browser.run(
            "return fetch('http://127.0.0.1:9/').then(() => 'fetched', () => 'refused')"
        )

    assert outcome == "refused"
    assert any("Content Security Policy" in one for one in await browser.complaints())


async def test_the_page_finds_an_emulator_that_was_restarted(
    browser: Browser, fleet: Fleet
) -> None:
    async with watch_over(fleet) as watch:
        watch.show(fleet.look(joining=5_000))
        port = watch.port
        await look_at(browser, watch)
        await browser.until(STAGE_IS, "ready")
    await browser.until(STAGE_IS, "no connection to the emulator")

    again = Fleet(wanted=77)
    async with watch_over(again, port=port) as watch:
        watch.show(again.look())
        await browser.until(STAGE_IS, "ready")
        await browser.until(TILE_IS, "#tile-nodes", "77")
        drawn = await browser.run("return document.querySelectorAll('#chart-nodes path').length")

    assert drawn == 3


async def test_a_page_left_open_does_not_grow(browser: Browser, fleet: Fleet) -> None:
    async with watch_over(fleet) as watch:
        await look_at(browser, watch)
        for _ in range(3_000):
            watch.show(fleet.look())
        await browser.until(STAGE_IS, "ready")
        await browser.until("return document.getElementById('about').innerText.includes('25')")
        points = (
            "return document.querySelector('#chart-nodes path').getAttribute('d').split('L').length"
        )

        assert await browser.run(points) <= 1_201


async def test_the_fleet_is_resized_from_the_page(browser: Browser, fleet: Fleet) -> None:
    async with watch_over(fleet) as watch, asyncio.TaskGroup() as group:
        telling = group.create_task(keep_telling(watch, fleet))
        await look_at(browser, watch)
        await browser.until(STAGE_IS, "ready")
        await browser.write("#instances", "1500")
        await browser.click("#resize button")

        await browser.until(TILE_IS, "#tile-nodes", "1,500")
        answer = await browser.until("return document.getElementById('control-answer').innerText")
        telling.cancel()

    assert fleet.wanted == 1_500
    assert answer == "The fleet shall have 1,500 nodes."


async def test_a_size_that_cannot_be_is_explained(browser: Browser, fleet: Fleet) -> None:
    async with watch_over(fleet) as watch:
        watch.show(fleet.look())
        await look_at(browser, watch)
        await browser.until(TILE_IS, "#tile-nodes", "500")
        await browser.write("#instances", "99999999")
        await browser.click("#resize button")
        answer = await browser.until("return document.getElementById('control-answer').innerText")

    assert answer.startswith("That did not work: say")
    assert fleet.wanted == 5_000


async def test_all_connections_are_cut_only_when_sure(browser: Browser, fleet: Fleet) -> None:
    async with watch_over(fleet) as watch:
        watch.show(fleet.look(joining=5_000))
        await look_at(browser, watch)
        await browser.until(STAGE_IS, "ready")
        await browser.click("#storm-ask")
        await browser.click("#storm-leave")
        assert fleet.storms == 0
        await browser.click("#storm-ask")
        await browser.click("#storm-do")
        answer = await browser.until("return document.getElementById('control-answer').innerText")
        watch.show(fleet.look(joining=10))
        await browser.until(TILE_IS, "#tile-nodes", "10")

    assert answer == "All connections were cut."
    assert fleet.storms == 1


async def test_a_fleet_that_is_not_controlled_offers_no_buttons(
    browser: Browser, fleet: Fleet
) -> None:
    async with watch_over(fleet, is_controlled=False) as watch:
        watch.show(fleet.look())
        await look_at(browser, watch)
        await browser.until(TILE_IS, "#tile-nodes", "500")

        assert await browser.run("return document.getElementById('control').hidden")


async def test_names_from_outside_stay_text(browser: Browser) -> None:
    fleet = Fleet()
    shown = fleet.look()
    odd = replace(shown.brokers[0], name="<b id='odd'>x</b>")
    async with watch_over(fleet) as watch:
        watch.show(replace(shown, brokers=(odd,)))
        await look_at(browser, watch)
        await browser.until(TILE_IS, "#tile-nodes", "500")

        assert await browser.run("return document.getElementById('odd')") is None
        assert "<b id='odd'>x</b>" in await browser.run("return document.body.innerText")


async def every_line_is_painted(browser: Browser, chart: str) -> None:
    """Without any one of its lines a chart looks different."""
    whole = await browser.screenshot(chart)
    count = await browser.run(f"return document.querySelectorAll('{chart} path').length")
    assert count >= 2
    for number in range(count):
        line = f"document.querySelectorAll('{chart} path')[{number}].style"
        await browser.run(f"{line}.visibility = 'hidden'")
        assert await browser.screenshot(chart) != whole
        await browser.run(f"{line}.visibility = ''")


async def keep_telling(watch: Watch, fleet: Fleet) -> None:
    while True:
        watch.show(fleet.look())
        await asyncio.sleep(0.05)


async def test_the_page_of_a_real_fleet_resizes_and_cuts_it(browser: Browser) -> None:
    words = ("--instances", "40", "--workers", "1", "--http-port", "0")
    async with run_choria("emulate", *words) as program:
        told = await program.said("live page: ")
        await browser.open(told.partition(": ")[2])
        await browser.until(STAGE_IS, "ready")
        await browser.until(TILE_IS, "#tile-nodes", "40")

        await browser.write("#instances", "55")
        await browser.click("#resize button")
        await browser.until(TILE_IS, "#tile-nodes", "55")
        await browser.until("return document.getElementById('storm-ask').disabled === false")
        await browser.click("#storm-ask")
        await browser.click("#storm-do")

        await browser.until(TOTAL_IS, "cuts", "55")
        await browser.until(TOTAL_IS, "connects", "110")
        await browser.until(STAGE_IS, "ready")
        assert await browser.complaints() == []
        program.terminate()
        await browser.until(STAGE_IS, "no connection to the emulator")
        assert await program.ended() == 0
