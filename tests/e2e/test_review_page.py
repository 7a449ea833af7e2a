"""The review page in a real browser, on the real service: look, decide, hand over."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import (
    fits,
    keep_screenshot,
    map_at_rest,
    no_script_errors,
    opened_page,
    until,
)
from tests.support.seed import Seeded, SeededSurvey, seed, seed_another
from tests.support.server import RunningServer, running_server

pytestmark = pytest.mark.e2e

DIST = Path(__file__).parents[2] / "api" / "web" / "dist" / "index.html"


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    """Give two surveys that are looked at; one test decides about the one on the map."""
    return seed(tmp_path_factory.mktemp("reviewed") / "home")


@pytest.fixture
def survey(seeded: Seeded, request: pytest.FixtureRequest) -> SeededSurvey:
    """Give a survey for this test alone."""
    return seed_another(seeded.home, request.function.__name__)


@pytest.fixture(scope="module")
def server(seeded: Seeded) -> Iterator[RunningServer]:
    assert DIST.is_file(), "the pages are not built; run make web"
    with running_server(seeded.home, worker=False) as running:
        yield running


@pytest.fixture(params=["en-GB", "ja-JP"])
def page(request: pytest.FixtureRequest) -> Iterator[Page]:
    with opened_page(locale=request.param) as page:
        yield page


@pytest.fixture
def english() -> Iterator[Page]:
    with opened_page(locale="en-GB") as page:
        yield page


def open_survey(page: Page, server: RunningServer, survey: SeededSurvey) -> None:
    page.goto(f"{server.base_url}/app/surveys/{survey.survey_id}")
    expect(page.locator(".map")).to_have_attribute("data-drawn", "true")
    expect(page.locator("[data-defect]")).to_have_count(len(survey.defects))


def shades_of_the_map(page: Page) -> np.ndarray:
    """Give the pixels that the map shows at rest, (H, W, 3) uint8."""
    encoded = np.frombuffer(map_at_rest(page).screenshot(), dtype=np.uint8)
    return cv2.imdecode(encoded, cv2.IMREAD_COLOR)


def is_drawn(page: Page) -> bool:
    """Tell whether the map shows more than one flat colour."""
    return until(page, lambda: bool(shades_of_the_map(page).std() > 5), bool)


def test_from_the_list_of_surveys_to_an_exported_decision(
    server: RunningServer, seeded: Seeded, english: Page
) -> None:
    """The acceptance of the first page: mosaic drawn, defect confirmed, export contains it."""
    page = english
    with no_script_errors(page):
        page.goto(server.base_url)
        page.locator(".surveys li", has_text="bridge-12").get_by_role("link", name="Open").click()
        expect(page.locator(".map")).to_have_attribute("data-drawn", "true")
        assert is_drawn(page), "the map is one flat colour: no mosaic is drawn"

        page.locator("[data-defect]").first.click()
        panel = page.locator(".panel")
        expect(panel.locator("img.chip")).to_be_visible()
        expect(panel.get_by_text("Nobody has decided yet.")).to_be_visible()
        expect(panel.get_by_role("button", name="Confirm")).to_be_disabled()
        page.get_by_label("Your name").fill("Kanazawa Hanako")
        panel.get_by_role("button", name="Confirm").click()
        expect(panel.locator("h2 .state")).to_have_text("confirmed")
        expect(panel.locator(".history")).to_contain_text("Kanazawa Hanako")
        keep_screenshot(page, "review-confirmed")

        confirmed_id = page.url.rsplit("/", 1)[-1]
        with page.expect_download() as download:
            page.get_by_role("link", name="CSV").click()
    rows = exported(Path(download.value.path()))
    assert [row["defect_id"] for row in rows if row["state"] == "confirmed"] == [confirmed_id]
    assert len(rows) == len(seeded.mapped.defects)


def exported(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def test_a_local_frame_is_drawn_like_a_map_and_says_what_it_is(
    server: RunningServer, seeded: Seeded, page: Page
) -> None:
    with no_script_errors(page):
        open_survey(page, server, seeded.local)
        assert is_drawn(page)
        expect(page.locator(".title")).to_contain_text(re.compile("local frame|局所座標"))
        language = page.locator("html").get_attribute("lang")
        keep_screenshot(page, f"review-local-{language}")


def test_rejecting_needs_a_reason_and_leaves_the_work_list(
    server: RunningServer, survey: SeededSurvey, english: Page
) -> None:
    page = english
    open_survey(page, server, survey)
    page.locator("[data-defect]").nth(1).click()
    page.get_by_label("Your name").fill("Noto Taro")
    page.locator(".verdict").get_by_label("Reason").select_option("shadow")
    page.get_by_role("button", name="Reject").click()
    expect(page.locator(".panel h2 .state")).to_have_text("rejected")
    expect(page.locator(".history")).to_contain_text("shadow")
    rejected_id = page.url.rsplit("/", 1)[-1]
    page.get_by_role("link", name="Work list").click()
    expect(page.locator("tbody tr")).to_have_count(len(survey.defects) - 1)
    expect(page.locator(f"tr[data-defect='{rejected_id}']")).to_have_count(0)
    keep_screenshot(page, "worklist")


def test_keys_step_and_decide_but_not_while_somebody_types(
    server: RunningServer, survey: SeededSurvey, english: Page
) -> None:
    page = english
    open_survey(page, server, survey)
    page.keyboard.press("j")
    expect(page.locator("[data-defect][aria-current=true]")).to_have_count(1)
    first = page.url
    page.keyboard.press("j")
    expect(page).not_to_have_url(first)
    page.keyboard.press("k")
    expect(page).to_have_url(first)
    page.get_by_label("Your name").fill("")
    page.get_by_label("Your name").press_sequentially("crc jk")  # c and r are letters here
    expect(page).to_have_url(first)
    expect(page.locator(".panel h2 .state")).to_have_text("needs review")
    page.locator(".panel h2").click()
    page.keyboard.press("c")
    expect(page.locator(".panel h2 .state")).to_have_text("confirmed")


def test_a_second_engineer_is_told_that_the_defect_has_changed(
    server: RunningServer, survey: SeededSurvey, english: Page
) -> None:
    page = english
    open_survey(page, server, survey)
    defect = survey.defects[0]
    page.locator(f"[data-defect='{defect.defect_id}']").click()
    page.get_by_label("Your name").fill("Second Engineer")
    verdict = {"action": "reject", "reviewer": "First", "expected_version": 1, "reason": "stain"}
    status, _ = server.call(
        f"/api/defects/{defect.defect_id}/verdicts", method="POST", body=verdict
    )
    assert status == 201
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("alert")).to_contain_text("Somebody else changed this defect")
    expect(page.locator(".panel h2 .state")).to_have_text("rejected")
    expect(page.locator(".history li.decided")).to_have_count(1)


def test_the_language_can_be_switched_and_is_kept(
    server: RunningServer, seeded: Seeded, english: Page
) -> None:
    page = english
    page.goto(server.base_url)
    expect(page.get_by_role("heading", name="Surveys")).to_be_visible()
    page.get_by_role("button", name="日本語").click()
    expect(page.get_by_role("heading", name="調査一覧")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="調査一覧")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "ja")


def test_filters_narrow_the_list_and_the_page_fits_a_phone(
    server: RunningServer, seeded: Seeded
) -> None:
    with opened_page(locale="ja-JP", width_px=360, height_px=740) as page, no_script_errors(page):
        open_survey(page, server, seeded.mapped)
        page.get_by_label("損傷の種類").select_option("spall")
        expect(page.locator("[data-defect]")).to_have_count(1)
        fits(page, 360)
        keep_screenshot(page, "review-phone")
