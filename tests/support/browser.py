"""Drive Debian's Chromium; nothing is downloaded."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

T = TypeVar("T")

CHROMIUM = "chromium"
WAIT_MS = 120_000
"""Longest wait for the page, on a busy machine."""
FLAGS = (
    "--no-sandbox",  # tests run as root in containers
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class SharedBrowser:
    """Hold one browser for many pages; it starts with the first of them.

    Pages share no cookie, no storage and no cache: each is in a context of its own.
    """

    def __init__(self) -> None:
        """Start nothing yet."""
        self._stack = ExitStack()
        self._browser: Browser | None = None

    def get(self) -> Browser:
        """Give the browser, a new one where the last one ended."""
        if self._browser is None or not self._browser.is_connected():
            self.close()
            self._browser = self._stack.enter_context(running_browser())
        return self._browser

    def close(self) -> None:
        """End the browser."""
        self._browser = None
        self._stack.close()


_shared: list[SharedBrowser] = []


@contextmanager
def one_browser() -> Iterator[None]:
    """Let all pages that are opened while the context lasts be of one browser."""
    shared = SharedBrowser()
    _shared.append(shared)
    try:
        yield
    finally:
        _shared.remove(shared)
        shared.close()


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Run a browser for as long as the context lasts."""
    program = shutil.which(CHROMIUM)
    if program is None:
        pytest.fail("Chromium is missing; run make services, or install Debian's chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened_page(*, locale: str, width_px: int = 1440, height_px: int = 860) -> Iterator[Page]:
    """Open an empty page; an error in its scripts fails the test that looks at ``page_errors``."""
    with ExitStack() as stack:
        browser = _shared[-1].get() if _shared else stack.enter_context(running_browser())
        context = browser.new_context(  # of its own, so that it may have a second tab
            viewport={"width": width_px, "height": height_px},
            locale=locale,
            accept_downloads=True,
        )
        stack.callback(context.close)
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        expect.set_options(timeout=WAIT_MS)
        yield page


@contextmanager
def no_script_errors(page: Page) -> Iterator[None]:
    """Fail when a script of the page throws or writes an error to the console."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "console",
        lambda message: errors.append(message.text) if message.type == "error" else None,
    )
    yield
    assert errors == []


def keep_screenshot(page: Page, name: str) -> Path:
    """Keep a picture of the page for people: ``tests/e2e/screenshots`` (not in git)."""
    folder = Path(__file__).parents[1] / "e2e" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.png"
    page.screenshot(path=path)
    return path


SETTLED = """() => new Promise(done => setTimeout(
    () => requestAnimationFrame(() => requestAnimationFrame(done)), 300))"""
"""Longer than a click waits for a second one, and than a map glides: 250 ms by the page's clock."""


def settle(page: Page) -> None:
    """Let what the page has begun come to its end: a glide of the map, a click that stays alone.

    The page itself waits, so that a busy page, whose own timers are late, waits longer.
    """
    page.evaluate(SETTLED)


def until(page: Page, ask: Callable[[], T], wanted: Callable[[T], bool]) -> T:
    """Ask until the answer is the wanted one, but no longer than pages are waited for.

    Gives the last answer, so that a test that asserts something of it says what it was.
    """
    ends_s = time.monotonic() + WAIT_MS / 1000
    while not wanted(answer := ask()) and time.monotonic() < ends_s:
        page.wait_for_timeout(100)  # the page goes on meanwhile, and tells what happens
    return answer


def map_at_rest(page: Page) -> Locator:
    """Wait until the map of the page has come to rest with everything drawn; give it."""
    chart = page.locator(".map")
    for _ in range(2):  # what comes into view by a glide is fetched after it
        expect(chart).to_have_attribute("data-drawn", "true")
        settle(page)
    expect(chart).to_have_attribute("data-drawn", "true")
    return chart


def fits(page: Page, width_px: int, selector: str = "html") -> None:
    """Fail when the page stays wider than the screen."""
    ask = "selector => document.querySelector(selector).scrollWidth"
    wide = until(page, lambda: int(page.evaluate(ask, selector)), lambda wide: wide <= width_px)
    assert wide <= width_px, f"the page is {wide} px wide on a screen of {width_px} px"


def wait_for_image(image: Locator, least_px: int = 1) -> None:
    """Wait until an image has its pixels, at least so many in a row."""
    image.scroll_into_view_if_needed()
    width_px = until(
        image.page,
        lambda: int(image.evaluate("e => e.complete ? e.naturalWidth : 0")),
        lambda width_px: width_px >= least_px,
    )
    assert width_px >= least_px, f"an image is {width_px} px wide"
