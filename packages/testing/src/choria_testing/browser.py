"""A real browser without a screen: Chromium, driven by Selenium.

    async def test_the_page_greets(browser: Browser) -> None:
        await browser.open(url)
        await browser.until("return document.title === 'Hello'")
        assert await browser.complaints() == []

Selenium waits where asyncio must not, so each call runs in a thread, and a server in the test's
own loop can answer.  The browser reaches this machine alone.
"""

import asyncio
import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

import pytest

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

PATIENCE_SECONDS: Final = 30.0
"""After so long without what a test waits for, it fails rather than hangs."""

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_DRIVER: Final = "chromedriver"
_INSTALL: Final = "apt-get install chromium chromium-driver"
_OPTIONS: Final = (
    "--headless=new",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",  # it is small in containers
    "--disable-extensions",
    "--disable-gpu",
    "--disable-sync",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    "--no-first-run",
)
_LOGS: Final = {"browser": "ALL", "performance": "ALL"}

P = ParamSpec("P")
R = TypeVar("R")


def require_browser(environment: Mapping[str, str] = os.environ) -> tuple[str, str]:
    """The paths of the browser and of its driver; without them the test skips.

    It fails where CI is set: a suite that quietly skips there would be green without
    having run.
    """
    path = environment.get("PATH")
    browser = next(filter(None, (shutil.which(name, path=path) for name in _NAMES)), None)
    driver = shutil.which(_DRIVER, path=path)
    if browser and driver:
        return browser, driver
    reason = f"{_DRIVER if browser else _NAMES[0]} is not there: type  {_INSTALL}"
    if environment.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


class Browser:
    """One window of a browser.  Made by :func:`open_browser`."""

    def __init__(self, driver: "Chrome") -> None:
        self._driver = driver

    async def reset(self) -> None:
        """An empty window of 1,280 by 900 pixels, light, without logs: as new for a test."""
        await self.open("about:blank")
        await self.resize(1_280, 900)
        await self.prefer("light")
        await self.complaints()
        await self.requests()

    async def open(self, url: str) -> None:
        """Load a page."""
        await self._do(self._driver.get, url)

    async def run(self, script: str, *arguments: object) -> Any:
        """What the script returns: a body of JavaScript with ``arguments``, and ``return``."""
        return await self._do(self._driver.execute_script, script, *arguments)

    async def until(self, script: str, *arguments: object) -> Any:
        """What the script returns, once that is something.

        Raises:
            AssertionError: half a minute passed without it.
        """
        return await self._do(self._until, script, *arguments)

    async def click(self, selector: str) -> None:
        """Click the element that a CSS selector finds, which must be seen."""
        await self._do(lambda: self._element(selector).click())

    async def write(self, selector: str, text: str) -> None:
        """Type into a field, in place of what stands there, as a person would."""
        from selenium.webdriver import Keys

        def write() -> None:
            field = self._element(selector)
            field.click()
            field.send_keys(Keys.CONTROL, "a")
            field.send_keys(text)

        await self._do(write)

    async def hover(self, selector: str) -> None:
        """Move the pointer onto the middle of an element."""
        from selenium.webdriver import ActionChains

        def hover() -> None:
            ActionChains(self._driver).move_to_element(self._element(selector)).perform()

        await self._do(hover)

    async def resize(self, width: int, height: int) -> None:
        """Give the page so many CSS pixels."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await self._command("Emulation.setDeviceMetricsOverride", size)

    async def prefer(self, scheme: str) -> None:
        """Let the user prefer ``light`` or ``dark``."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        await self._command("Emulation.setEmulatedMedia", {"features": [feature]})

    async def screenshot(self, selector: str = "") -> bytes:
        """A PNG of the window, or of one element."""
        if not selector:
            return await self._do(self._driver.get_screenshot_as_png)
        return await self._do(lambda: self._element(selector).screenshot_as_png)

    async def complaints(self) -> list[str]:
        """What the console was told since the last look, but for what is mere information."""
        entries = await self._do(self._driver.get_log, "browser")
        return [one["message"] for one in entries if one["level"] in {"WARNING", "SEVERE"}]

    async def requests(self) -> list[str]:
        """The addresses that pages asked for since the last look."""
        entries = await self._do(self._driver.get_log, "performance")
        events = [json.loads(entry["message"])["message"] for entry in entries]
        sent = (event for event in events if event["method"] == "Network.requestWillBeSent")
        return [event["params"]["request"]["url"] for event in sent]

    async def _command(self, name: str, parameters: Mapping[str, object]) -> None:
        await self._do(self._driver.execute_cdp_cmd, name, dict(parameters))

    async def _do(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return await asyncio.to_thread(call, *args, **kwargs)

    def _element(self, selector: str) -> Any:
        from selenium.webdriver.common.by import By

        return self._driver.find_element(By.CSS_SELECTOR, selector)

    def _until(self, script: str, *arguments: object) -> Any:
        from selenium.common.exceptions import TimeoutException
        from selenium.webdriver.support.wait import WebDriverWait

        wait = WebDriverWait(self._driver, PATIENCE_SECONDS, poll_frequency=0.05)
        try:
            return wait.until(lambda driver: driver.execute_script(script, *arguments))
        except TimeoutException:
            text = self._driver.execute_script("return document.body.innerText")
            raise AssertionError(f"never came true: {script}\nThe page says:\n{text}") from None


@contextlib.contextmanager
def open_browser() -> Iterator[Browser]:
    """A window, which closes with the block; without a browser, see :func:`require_browser`."""
    browser, driver = require_browser()
    from selenium.webdriver import Chrome, ChromeOptions, ChromeService

    with tempfile.TemporaryDirectory(prefix="choria-browser-", ignore_cleanup_errors=True) as home:
        options = ChromeOptions()
        options.binary_location = browser
        for option in (*_OPTIONS, f"--user-data-dir={Path(home) / 'profile'}"):
            options.add_argument(option)
        if os.geteuid() == 0:
            options.add_argument("--no-sandbox")  # which Chromium refuses to root
        options.set_capability("goog:loggingPrefs", dict(_LOGS))
        window = Chrome(options=options, service=ChromeService(executable_path=driver))
        try:
            yield Browser(window)
        finally:
            window.quit()
