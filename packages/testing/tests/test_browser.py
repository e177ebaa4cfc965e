"""The browser of the test kit."""

from pathlib import Path

import pytest

from choria_testing.browser import Browser, require_browser


async def test_a_page_is_shown_and_its_complaints_are_heard(
    browser: Browser, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    page.write_text("<p>Hello</p><script>console.error('broken')</script>")

    await browser.open(page.as_uri())

    assert await browser.run("return document.body.innerText") == "Hello"
    assert ["broken" in one for one in await browser.complaints()] == [True]
    assert await browser.requests() == [page.as_uri()]


async def test_the_window_is_as_new_for_every_test(browser: Browser) -> None:
    assert await browser.run("return [document.body.innerText, innerWidth]") == ["", 1280]
    assert await browser.complaints() == []


def test_without_a_browser_a_test_is_skipped_and_says_what_to_install() -> None:
    with pytest.raises(pytest.skip.Exception, match="apt-get install chromium chromium-driver"):
        require_browser({"PATH": "/nowhere"})


def test_without_a_browser_a_test_fails_in_ci() -> None:
    with pytest.raises(pytest.fail.Exception, match="chromium is not there"):
        require_browser({"PATH": "/nowhere", "CI": "1"})
