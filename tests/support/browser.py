"""Drive Debian's Chromium; nothing is downloaded."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

CHROMIUM = "chromium"
WAIT_MS = 45_000
"""Longest wait for the page, on a busy machine."""
FLAGS = (
    "--no-sandbox",  # tests run as root in containers
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def opened_page(*, locale: str, width_px: int = 1440, height_px: int = 860) -> Iterator[Page]:
    """Open an empty page; an error in its scripts fails the test that looks at ``page_errors``."""
    program = shutil.which(CHROMIUM)
    if program is None:
        pytest.fail("Chromium is missing; run make services, or install Debian's chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        try:
            context = browser.new_context(  # of its own, so that it may have a second tab
                viewport={"width": width_px, "height": height_px},
                locale=locale,
                accept_downloads=True,
            )
            page = context.new_page()
            page.set_default_timeout(WAIT_MS)
            expect.set_options(timeout=WAIT_MS)
            yield page
        finally:
            browser.close()


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
