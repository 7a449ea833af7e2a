"""Planning a flight in a real browser on the real service: draw, read figures, take files."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from flight.formats import read_mission
from tests.support.browser import fits, keep_screenshot, no_script_errors, opened_page, settle
from tests.support.seed import seed
from tests.support.server import RunningServer, running_server

pytestmark = pytest.mark.e2e

WALL = {
    "type": "Feature",
    "properties": {},
    "geometry": {"type": "LineString", "coordinates": [[136.625, 36.594], [136.6253, 36.594]]},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    dist = Path(__file__).parents[2] / "api" / "web" / "dist" / "index.html"
    assert dist.is_file(), "the pages are not built; run make web"
    home = seed(tmp_path_factory.mktemp("flight") / "home").home
    with running_server(home, worker=False) as running:
        yield running


@pytest.fixture
def english() -> Iterator[Page]:
    with opened_page(locale="en-GB") as page:
        yield page


def test_a_road_is_drawn_planned_and_taken_along(
    server: RunningServer, english: Page, tmp_path: Path
) -> None:
    page = english
    page.goto(server.base_url)
    with no_script_errors(page):
        page.get_by_role("link", name="Flight planning").click()
        expect(page.get_by_text("Draw on the map what must be seen")).to_be_visible()
        plan = page.get_by_role("button", name="Plan", exact=True)
        expect(plan).to_be_disabled()
        page.get_by_role("button", name="Draw on the map").click()
        chart = page.locator(".map")
        expect(chart).to_have_attribute("data-drawing", "LineString")
        chart.click(position={"x": 150, "y": 300})
        settle(page)  # two clicks close together would be a double one
        chart.dblclick(position={"x": 420, "y": 260})
        expect(page.get_by_role("button", name="Clear (1)")).to_be_enabled()
        settle(page)
        page.get_by_role("button", name="Take-off on the map").click()
        chart.click(position={"x": 200, "y": 400})
        expect(page.get_by_role("button", name="Take-off on the map ✓")).to_be_visible()
        page.get_by_label("Camera and lens").select_option("dji_m3e_wide@12.29")
        plan.click()
        result = page.locator(".flight-result")
        expect(result.locator("h2")).to_contain_text("Photos")
        expect(result.locator("h2")).to_have_text(re.compile(r"^(1[1-9]|[2-9]\d|\d{3,})\b"))
        expect(result.get_by_text("100.0 %")).to_be_visible()
        expect(result.locator(".findings").first).to_contain_text("warning")
        expect(result.locator(".card .hint").first).to_contain_text("No conflict found")
        expect(result.get_by_text("take-off is assumed")).to_have_count(0)
        keep_screenshot(page, "flight-page")
        with page.expect_download() as coming:
            result.get_by_role("button", name=".plan", exact=True).click()
    file = tmp_path / "road.plan"
    coming.value.save_as(file)
    assert coming.value.suggested_filename == "plan-1.plan"
    assert len(read_mission(file).items) > 10


def test_a_wall_from_a_file_is_shown_from_the_side_and_an_impossible_wish_is_refused(
    server: RunningServer, tmp_path: Path
) -> None:
    file = tmp_path / "wall.geojson"
    file.write_text(json.dumps(WALL), encoding="utf-8")
    with opened_page(locale="ja-JP", width_px=360, height_px=740) as page:
        page.goto(f"{server.base_url}/app/flight")
        with no_script_errors(page):
            page.get_by_label("飛行パターン").select_option("facade")
            page.get_by_label("GeoJSON を読み込む").set_input_files(file)
            page.get_by_label("カメラ・レンズ").select_option("dji_m3e_tele@29.9")
            page.get_by_label("必要な分解能 mm/px").fill("1")
            page.get_by_role("button", name="計画する").click()
            expect(page.get_by_role("img", name="側面図（測線 × 高さ）")).to_be_visible()
            expect(page.locator(".side-view circle").nth(5)).to_be_attached()
            keep_screenshot(page, "flight-page-phone")
        page.get_by_label("ひびわれ幅 mm（分解能の代わり）").fill("0.001")
        page.get_by_role("button", name="計画する").click()
        expect(page.get_by_role("alert")).to_be_visible()
        empty = tmp_path / "empty.geojson"
        empty.write_text("{}", encoding="utf-8")
        page.get_by_label("GeoJSON を読み込む").set_input_files(empty)
        expect(page.get_by_text("対象となる図形がありません")).to_be_visible()
        fits(page, 360)
