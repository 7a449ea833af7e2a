"""What an engineer sees of one defect, in a browser: widths, photos, last inspection, history."""

import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.test_accessibility import barriers
from tests.support.browser import (
    keep_screenshot,
    map_at_rest,
    no_script_errors,
    opened_page,
    settle,
    until,
    wait_for_image,
)
from tests.support.server import RunningServer, running_server
from tests.support.visited import WIDTHS_MM, Visited, visit_twice

pytestmark = pytest.mark.e2e

DIST = Path(__file__).parents[2] / "api" / "web" / "dist" / "index.html"
SIX_PAGES_ON = re.compile(r"^0\.[3-6]\d* m: [\d.]+ ± [\d.]+ mm$")
"""What the chart says after seven keys: about half a metre from the beginning."""


@pytest.fixture(scope="module")
def visited(tmp_path_factory: pytest.TempPathFactory) -> Visited:
    return visit_twice(tmp_path_factory.mktemp("evidence") / "home")


@pytest.fixture(scope="module")
def server(visited: Visited) -> Iterator[RunningServer]:
    assert DIST.is_file(), "the pages are not built; run make web"
    with running_server(visited.home, worker=False) as running:
        yield running


@pytest.fixture(params=[("en-GB", "light"), ("ja-JP", "dark")], ids=["en", "ja"])
def page(request: pytest.FixtureRequest) -> Iterator[Page]:
    locale, scheme = request.param
    with opened_page(locale=locale, height_px=1000) as opened:
        opened.emulate_media(color_scheme=scheme)
        yield opened


@pytest.fixture
def english() -> Iterator[Page]:
    with opened_page(locale="en-GB", height_px=1000) as opened:
        yield opened


def open_crack(page: Page, server: RunningServer, visited: Visited, crack: int) -> None:
    survey_id, defect_id = visited.visits[1].survey_id, visited.defects[crack].defect_id
    page.goto(f"{server.base_url}/app/surveys/{survey_id}/defects/{defect_id}")
    expect(page.locator(".map")).to_have_attribute("data-drawn", "true")
    expect(page.locator(".panel .width-chart .curve").first).to_be_attached()
    expect(page.locator(".panel .seen-in")).to_have_count(3)


def language_of(page: Page) -> str:
    return str(page.locator("html").get_attribute("lang"))


def pixels_of(place: Locator) -> np.ndarray:
    encoded = np.frombuffer(place.screenshot(), dtype=np.uint8)
    return cv2.imdecode(encoded, cv2.IMREAD_COLOR).astype(np.int64)


def dark_pixels(picture: np.ndarray) -> int:
    """Count what is as dark as the inside of a crack, in the middle of the map."""
    rows, columns = picture.shape[:2]
    middle = picture[rows // 8 : -rows // 4, columns // 8 : -columns // 8]
    blue, green, red = np.moveaxis(middle, 2, 0)
    return int(((np.maximum(blue, green) < 85) & (red < 150)).sum())


def test_the_evidence_is_whole_in_both_languages(
    server: RunningServer, visited: Visited, page: Page
) -> None:
    with no_script_errors(page):
        open_crack(page, server, visited, 0)
        chart = page.locator(".panel .width-chart")
        expect(chart.locator(".segments line")).to_have_count(2)
        expect(chart.locator(".greatest")).to_have_count(1)
        expect(chart.locator(".limits line")).to_have_count(2)
        expect(page.locator(".since .change")).to_be_visible()
        expect(page.locator(".history li.seen")).to_have_count(2)
        images = page.locator(".panel .seen-in img")
        expect(images).to_have_count(3)
        for image in images.all():
            wait_for_image(image, least_px=50)
        page.locator(".panel").evaluate("e => e.scrollTo(0, 0)")
        keep_screenshot(page, f"evidence-{language_of(page)}")
        assert barriers(page) == []
        chart.scroll_into_view_if_needed()
        chart.hover(position={"x": 150, "y": 60})
        keep_screenshot(page, f"evidence-chart-{language_of(page)}")
        page.locator(".evidence > button").click()
        dialog = page.locator("dialog.wide")
        expect(dialog.locator(".seen-in")).to_have_count(4)
        for image in dialog.locator(".seen-in img").all():
            wait_for_image(image)
        dialog.evaluate("e => e.scrollTo(0, 0)")
        dialog.locator(".width-chart").hover(position={"x": 400, "y": 80})
        keep_screenshot(page, f"evidence-side-by-side-{language_of(page)}")
        assert barriers(page) == []


def test_pointing_at_a_width_marks_the_place_on_the_map_and_in_the_photos(
    server: RunningServer, visited: Visited, english: Page
) -> None:
    page = english
    with no_script_errors(page):
        open_crack(page, server, visited, 0)
        chart = page.locator(".panel .width-chart")
        before = pixels_of(map_at_rest(page))

        def changed() -> np.ndarray:
            return np.abs(pixels_of(page.locator(".map")) - before).max(axis=2) > 40

        chart.focus()
        page.keyboard.press("Home")
        for _ in range(6):
            page.keyboard.press("PageUp")
        expect(chart).to_have_attribute("aria-valuetext", SIX_PAGES_ON)
        found = re.search(r": ([\d.]+) ± ([\d.]+) mm", str(chart.get_attribute("aria-valuetext")))
        assert found is not None
        width_mm, reach_mm = map(float, found.groups())
        assert abs(width_mm - WIDTHS_MM[1][0]) <= reach_mm < 1.0
        expect(page.locator(".panel .pointed").nth(1)).to_be_attached()
        assert until(page, lambda: changed().sum(), lambda pixels: pixels > 50) > 50
        map_at_rest(page)
        rows, columns = np.nonzero(changed())
        assert 50 < len(rows) < 3000  # a ring of 20 px, nothing else
        assert np.ptp(rows) < 60 and np.ptp(columns) < 60
        page.keyboard.press("Enter")  # the map goes there
        assert until(page, lambda: changed().sum(), lambda pixels: pixels > 3000) > 3000
        chart.evaluate("e => e.blur()")
        page.get_by_text("Width at every place").click()
        rows_shown = page.locator(".places-read tbody tr")
        expect(rows_shown.nth(200)).to_be_attached()
        expect(rows_shown.nth(100)).to_contain_text("fitted trough")
        expect(rows_shown.nth(100)).to_contain_text("visit1_")


def test_a_photo_is_looked_at_pixel_by_pixel_with_the_keyboard_alone(
    server: RunningServer, visited: Visited, english: Page
) -> None:
    page = english
    with no_script_errors(page):
        open_crack(page, server, visited, 0)
        best = page.locator(".panel .seen-in").first
        expect(best).to_contain_text("best")
        expect(best).to_contain_text("visit1_1.jpg")
        expect(best).to_contain_text("most widths read here")
        best.get_by_role("button").focus()
        page.keyboard.press("Enter")
        pixels = page.locator(".viewer .pixels")
        expect(pixels).to_be_focused()
        expect(pixels).to_have_attribute("data-drawn", "true")
        keep_screenshot(page, "evidence-viewer")
        settle(page)
        at = float(str(pixels.get_attribute("data-zoom")))
        for _ in range(3):
            before = str(pixels.get_attribute("data-zoom"))
            page.keyboard.press("+")
            expect(pixels).not_to_have_attribute("data-zoom", before)
        assert float(str(pixels.get_attribute("data-zoom"))) < at / 5
        for _ in range(2):
            page.keyboard.press("ArrowRight")
            settle(page)
        expect(pixels).to_have_attribute("data-drawn", "true")
        keep_screenshot(page, "evidence-viewer-near")
        page.get_by_role("button", name="Next").click()
        expect(page.locator(".viewer h2")).to_have_text("visit1_0.jpg")
        assert barriers(page) == []
        page.keyboard.press("Escape")
        expect(page.locator(".viewer")).to_have_count(0)


def test_the_last_inspection_is_swiped_over_the_map(
    server: RunningServer, visited: Visited, page: Page
) -> None:
    with no_script_errors(page):
        open_crack(page, server, visited, 2)  # there at the second visit only
        since = page.locator(".since")
        expect(since.locator(".change.new")).to_be_visible()
        since.get_by_role("button").click()
        outlines = page.locator(".swipe button")
        outlines.click()  # they would hide a crack of two pixels
        handle, shades = page.locator(".swipe input"), {}
        for key, value in (("Home", "0"), ("End", "100")):
            handle.focus()
            page.keyboard.press(key)
            expect(handle).to_have_value(value)
            shades[key] = dark_pixels(pixels_of(map_at_rest(page)))
        assert shades["Home"] > 1000, shades
        assert shades["End"] < shades["Home"] / 5, shades  # the crack was not there
        handle.fill("50")
        outlines.click()
        settle(page)
        keep_screenshot(page, f"evidence-swipe-{language_of(page)}")
        assert barriers(page) == []
        since.get_by_role("button").click()
        expect(handle).to_have_count(0)


def test_growth_has_its_uncertainty_and_the_history_every_decision(
    server: RunningServer, visited: Visited, english: Page
) -> None:
    page = english
    with no_script_errors(page):
        open_crack(page, server, visited, 1)
        since = page.locator(".since")
        expect(since.locator(".change")).to_have_text("no significant change")
        expect(since).to_contain_text("within its uncertainty")
        open_crack(page, server, visited, 0)
        expect(since.locator(".change")).to_have_text("grown")
        expect(since.locator("dd").first).to_have_text(re.compile(r"^\+1\.\d\d ± 0\.\d\d mm"))
        page.get_by_label("Your name").fill("Kaga Jiro")
        page.locator(".verdict").get_by_label("Reason").select_option("joint")
        page.get_by_role("button", name="Reject").click()
        expect(page.locator(".history li.decided")).to_have_count(1)
        page.locator(".panel h2").click()
        page.keyboard.press("u")
        decided = page.locator(".history li.decided")
        expect(decided).to_have_count(2)
        expect(decided.nth(1)).to_contain_text("Kaga Jiro rejected it")
        expect(decided.nth(1)).to_contain_text("joint")
        expect(decided.nth(1)).to_contain_text("The machine had said: Crack 80 %")
        expect(decided.nth(0)).to_contain_text("reopened it")
        expect(page.locator(".history li.seen")).to_have_count(2)
        page.locator(".history").scroll_into_view_if_needed()
        keep_screenshot(page, "evidence-history")
