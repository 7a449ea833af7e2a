"""Planning works in a real browser: ranks and reasons, other weights, a programme that is kept."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from inspection.store import prices, sheets
from inspection.store.engine import create_engine, writing
from tests.support.browser import fits, keep_screenshot, no_script_errors, opened_page, until
from tests.support.prefecture import PRICES, invent_bridges
from tests.support.seed import database_url, seed
from tests.support.server import RunningServer, running_server

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    dist = Path(__file__).parents[2] / "api" / "web" / "dist" / "index.html"
    assert dist.is_file(), "the pages are not built; run make web"
    home = seed(tmp_path_factory.mktemp("planner") / "home").home
    engine = create_engine(database_url(home))
    with writing(engine) as connection:
        sheets.save(connection, invent_bridges(300))
        prices.replace_list(connection, "made-up", PRICES)
    engine.dispose()
    with running_server(home, worker=False) as running:
        yield running


@pytest.fixture
def page() -> Iterator[Page]:
    with opened_page(locale="en-GB") as opened:
        yield opened


def first_assets(page: Page, count: int = 10) -> list[str]:
    rows = page.locator(".places tbody tr")
    expect(rows.nth(count)).to_be_visible()
    return [str(rows.nth(i).get_attribute("data-asset")) for i in range(count)]


def test_ranks_reasons_and_other_weights(server: RunningServer, page: Page) -> None:
    page.goto(server.base_url)
    with no_script_errors(page):
        page.get_by_role("link", name="Planning", exact=True).click()
        before = first_assets(page)
        expect(page.locator(".places .up, .places .down")).to_have_count(0)
        first = page.locator(".places tbody tr").first
        first.get_by_role("button").click()
        panel = page.get_by_label("Reasons", exact=True)
        expect(panel.get_by_text(before[0])).to_be_visible()
        expect(panel.locator(".points li").first).to_be_visible()
        keep_screenshot(page, "planner-ranking")
        slider = page.get_by_role("slider", name="Consequence C")
        slider.focus()
        slider.press("End")
        expect(page.locator(".places .up").first).to_be_visible()
        expect(page.get_by_role("slider", name="Likelihood L")).to_have_value("0")
        assert until(page, lambda: first_assets(page), lambda now: now != before) != before
        keep_screenshot(page, "planner-weights")
        page.get_by_role("button", name="Back to the model's own").click()
        expect(page.locator(".places .up, .places .down")).to_have_count(0)
        assert until(page, lambda: first_assets(page), lambda now: now == before) == before


def test_a_cell_of_the_matrix_shows_its_assets(server: RunningServer, page: Page) -> None:
    page.goto(f"{server.base_url}/app/planner")
    with no_script_errors(page):
        expect(page.locator(".matrix")).to_be_visible()
        cell = page.locator(".matrix button:not([disabled])").first
        count = int(cell.inner_text())
        cell.click()
        expect(page.locator(".places tbody tr")).to_have_count(count)
        expect(page.locator(".ranking .count")).to_contain_text(f"{count} /")
        cell.click()
        expect(page.locator(".places tbody tr").nth(count)).to_be_visible()


def test_a_programme_is_drawn_up_kept_compared_and_exported(
    server: RunningServer, page: Page, tmp_path: Path
) -> None:
    page.goto(f"{server.base_url}/app/planner")
    with no_script_errors(page):
        page.get_by_role("tab", name="Programme").click()
        draw = page.get_by_role("button", name="Draw up")
        page.get_by_label("Yearly budget, million yen").fill("much")
        expect(draw).to_be_disabled()
        page.get_by_label("Yearly budget, million yen").fill("150")
        draw.click()
        shown = page.locator(".programme")
        expect(shown.get_by_role("heading", name="Draft (not kept)")).to_be_visible()
        expect(shown.locator(".money tbody tr")).to_have_count(5)
        page.get_by_label("Name of the programme").fill("R9-13 案")
        page.get_by_role("button", name="Keep", exact=True).click()
        expect(shown.get_by_role("heading", name="R9-13 案")).to_be_visible()
        keep_screenshot(page, "planner-programme")
        page.get_by_label("Compare with").select_option("R9-13 案")
        page.get_by_label("Yearly budget, million yen").fill("60 60 60 60 60")
        draw.click()
        expect(shown.get_by_text("Differences (")).to_be_visible()
        expect(shown.locator(".findings li").first).to_contain_text("→")
        keep_screenshot(page, "planner-what-if")
        page.get_by_label("Name of the programme").fill("R9-13 案")
        keep = page.get_by_role("button", name="Keep", exact=True)
        expect(keep).to_be_disabled()  # nothing is overwritten unasked
        page.get_by_label("Replace the programme of that name").check()
        expect(keep).to_be_enabled()
        with page.expect_download() as coming:
            page.get_by_role("link", name="CSV").click()
    file = tmp_path / "programme.csv"
    coming.value.save_as(file)
    assert coming.value.suggested_filename == "R9-13 案.csv"
    with file.open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert len(rows) > 50 and all(row["reason"] for row in rows)
    assert any(row["fiscal_year"] for row in rows)


def test_it_is_usable_on_a_phone_in_japanese(server: RunningServer) -> None:
    with opened_page(locale="ja-JP", width_px=360, height_px=740) as page, no_script_errors(page):
        page.goto(f"{server.base_url}/app/planner")
        expect(page.locator(".places tbody tr").first).to_be_visible()
        fits(page, 360)
        keep_screenshot(page, "planner-phone")
        page.get_by_role("tab", name="修繕計画").click()
        page.get_by_label("年間予算（百万円）").fill("１５０")
        page.get_by_role("button", name="計画案を作成").click()
        expect(page.get_by_role("heading", name="計画案（未保存）")).to_be_visible()
        fits(page, 360)
        keep_screenshot(page, "planner-phone-programme")
