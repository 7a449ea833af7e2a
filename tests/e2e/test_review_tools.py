"""What a reviewer does beside confirming: classes, undo, many at once, a queue, a ruler."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import keep_screenshot, no_script_errors, opened_page, settle, until
from tests.support.seed import GSD_M_PER_PX, SeededSurvey, seed, seed_another
from tests.support.server import RunningServer, running_server

pytestmark = pytest.mark.e2e

DIST = Path(__file__).parents[2] / "api" / "web" / "dist" / "index.html"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seed(tmp_path_factory.mktemp("tools") / "home").home


@pytest.fixture
def survey(home: Path, request: pytest.FixtureRequest) -> SeededSurvey:
    """Give a survey for this test alone."""
    return seed_another(home, request.function.__name__)


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[RunningServer]:
    assert DIST.is_file(), "the pages are not built; run make web"
    with running_server(home, worker=False) as running:
        yield running


@pytest.fixture
def page(server: RunningServer, survey: SeededSurvey) -> Iterator[Page]:
    """Open the survey, with a name typed in."""
    with opened_page(locale="en-GB") as opened:
        opened.goto(f"{server.base_url}/app/surveys/{survey.survey_id}")
        expect(opened.locator(".map")).to_have_attribute("data-drawn", "true")
        opened.locator("[data-defect]").first.click()
        opened.get_by_label("Your name").fill("Kaga Jiro")
        expect(opened).to_have_url(re.compile("/defects/"))
        yield opened


def state_of(server: RunningServer, defect_id: object) -> tuple[str, str, int]:
    _, found = server.call(f"/api/defects/{defect_id}")
    return found["state"], found["damage_class"], len(found["history"])


def test_a_class_is_changed_and_every_step_is_undone_by_one_more(
    server: RunningServer, page: Page
) -> None:
    defect_id = page.url.rsplit("/", 1)[-1]
    state = page.locator(".panel h2 .state")
    with no_script_errors(page):
        page.get_by_label("New class").select_option("spall")
        page.get_by_label("Note").fill("edge broken away")
        page.get_by_role("button", name="Change class").click()
        expect(page.locator(".panel h2")).to_contain_text("Spalling")
        expect(page.locator(".history")).to_contain_text("edge broken away")
        page.locator(".panel h2").click()
        page.keyboard.press("c")
        expect(state).to_have_text("confirmed")
        keep_screenshot(page, "review-tools")
        page.keyboard.press("u")
        expect(state).to_have_text("needs review")
        page.get_by_role("button", name="Undo").click()
        expect(page.locator(".panel h2")).not_to_contain_text("Spalling")
        expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    assert state_of(server, defect_id) == ("candidate", "crack", 4)  # nothing is taken back


def test_an_undo_goes_back_to_the_defect_it_concerns(server: RunningServer, page: Page) -> None:
    page.get_by_role("button", name="Reject").click()
    expect(page.locator(".panel h2 .state")).to_have_text("rejected")
    decided = page.url
    page.locator(".panel h2").click()
    page.keyboard.press("j")
    expect(page).not_to_have_url(decided)
    page.keyboard.press("u")
    expect(page).to_have_url(decided)
    expect(page.locator(".panel h2 .state")).to_have_text("needs review")


def test_many_are_decided_together_and_somebody_else_s_decision_stands(
    server: RunningServer, survey: SeededSurvey, page: Page
) -> None:
    ids = {str(defect.defect_id) for defect in survey.defects}
    with no_script_errors(page):
        page.get_by_role("button", name=re.compile("Decide together")).click()
        dialog = page.get_by_role("dialog")
        expect(dialog.locator("li")).to_have_count(len(ids))
        expect(dialog.locator("img").first).to_have_js_property("complete", True)
        keep_screenshot(page, "review-batch")
        dialog.get_by_role("checkbox").first.uncheck()
        expect(dialog.get_by_role("heading")).to_have_text(f"Decide together: {len(ids) - 1}")
    body = {"action": "confirm", "reviewer": "First", "expected_version": 1}
    # somebody confirms one of the ticked ones meanwhile
    address = str(dialog.locator("li img").nth(1).get_attribute("src"))
    kept = address.split("/")[3]
    status, _ = server.call(f"/api/defects/{kept}/verdicts", method="POST", body=body)
    assert status == 201
    dialog.get_by_label("Reason").select_option("joint")
    dialog.get_by_role("button", name="Reject").click()
    expect(dialog.get_by_role("status")).to_contain_text(f"{len(ids) - 2} / {len(ids) - 1}")
    expect(dialog.locator(".trouble li")).to_have_count(1)
    dialog.get_by_role("button", name="Close").click()
    expect(page.locator(".list .state.rejected")).to_have_count(len(ids) - 2)
    states = [state_of(server, defect_id)[0] for defect_id in ids]
    assert sorted(states) == sorted(["confirmed", "candidate", *["rejected"] * (len(ids) - 2)])
    assert state_of(server, kept) == ("confirmed", state_of(server, kept)[1], 1)


def test_the_queue_and_the_filters(page: Page, survey: SeededSurvey) -> None:
    count = len(survey.defects)
    rows = page.locator("button[data-defect]")
    expect(rows).to_have_count(count)

    def order() -> list[str | None]:
        return [rows.nth(i).get_attribute("data-defect") for i in range(count)]

    by_size = order()
    page.get_by_label(re.compile("^Order")).select_option("urgent")
    expect(rows).to_have_count(count)
    page.locator(".panel h2").click()
    page.keyboard.press("c")
    expect(page.locator(".panel h2 .state")).to_have_text("confirmed")
    expect(rows.last.locator(".state")).to_have_text("confirmed")  # decided ones come last
    page.get_by_label(re.compile("^Order")).select_option("size")
    assert until(page, order, lambda now: now == by_size) == by_size
    widest = max(
        defect.latest.measurement.width_mm.value or 0
        for defect in survey.defects
        if defect.latest.measurement.width_mm is not None
    )
    page.get_by_label("Width from, mm (or possibly)").fill(f"{3 * widest:.0f}")
    expect(rows).to_have_count(1)  # the spall has no width; every crack is surely thinner
    page.get_by_label("Width from, mm (or possibly)").fill("")
    expect(rows).to_have_count(count)
    slider = page.get_by_label(re.compile("Confidence from"))
    slider.focus()
    slider.press("End")
    shown = sum(defect.latest.confidence >= 0.95 for defect in survey.defects)
    expect(rows).to_have_count(shown)


def test_a_length_is_read_off_the_mosaic(page: Page) -> None:
    with no_script_errors(page):
        page.get_by_role("button", name="Measure a length").click()
        expect(page.get_by_text("Read off the picture")).to_be_visible()
        chart = page.locator(".map")
        before = page.url
        chart.click(position={"x": 120, "y": 400})
        settle(page)  # two clicks close together would be a double one
        chart.dblclick(position={"x": 320, "y": 400})
        settle(page)
        shown = page.locator(".map-tools output")
        expect(shown).to_have_text(re.compile(r"^[\d.]+ (mm|m)$"))
        value, unit = shown.inner_text().split()
        length_m = float(value) / (1000 if unit == "mm" else 1)
        assert 200 * GSD_M_PER_PX / 16 * 0.9 < length_m < 200 * GSD_M_PER_PX * 20
        assert page.url == before  # a measuring click chooses no defect
        keep_screenshot(page, "review-ruler")
        page.get_by_role("button", name="Measure an area").click()
        for x_px in (120, 320):
            chart.click(position={"x": x_px, "y": 300})
            settle(page)
        chart.dblclick(position={"x": 320, "y": 500})
        expect(shown).to_have_text(re.compile(r"(cm²|m²)$"))
        page.get_by_role("button", name="Measure an area").click()
        expect(shown).to_have_count(0)
