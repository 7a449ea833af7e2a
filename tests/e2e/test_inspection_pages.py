"""From a reviewed survey to a public record in a browser: diagnose, send back, approve, publish.

Two people work, an engineer in Japanese by day and an approver in English by night.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, ViewportSize, expect

from api import passwords
from inspection.domain.account import Role
from inspection.pipeline.appraisal import appraise_defect
from inspection.store import grades, sheets
from inspection.store.engine import create_engine, writing
from inspection.store.scope import HOME
from tests.support.axe import barriers
from tests.support.browser import WAIT_MS, fits, keep_screenshot, no_script_errors, opened_page
from tests.support.people import PASSWORD, add_person
from tests.support.prefecture import invent_bridges
from tests.support.released import settle
from tests.support.seed import Seeded, seed
from tests.support.server import RunningServer, running_server

pytestmark = pytest.mark.e2e

PEOPLE = {"gishi": Role.ENGINEER, "kacho": Role.PLANNER, "etsuran": Role.VIEWER}
PAGE = "/app/inspections/of/bridge-12/2026"


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    filled = seed(tmp_path_factory.mktemp("inspections") / "home")
    engine = create_engine(filled.database_url)
    now = datetime.now(UTC)
    with writing(engine) as connection:
        settle(connection, filled.mapped)
        sheets.save(connection, invent_bridges(60))
        found = [appraise_defect(connection, one, today=now.date()) for one in filled.local.defects]
        proposed = [one.grade for one in found if one.grade is not None]
        grades.save(connection, filled.local.survey_id, proposed)
    stored = passwords.hashed(PASSWORD)
    for name, role in PEOPLE.items():
        approver = role is Role.PLANNER
        add_person(engine, role, HOME, now, name=name, password_hash=stored, approver=approver)
    engine.dispose()
    return filled


@pytest.fixture(scope="module")
def server(seeded: Seeded) -> Iterator[RunningServer]:
    dist = Path(__file__).parents[2] / "api" / "web" / "dist" / "index.html"
    assert dist.is_file(), "the pages are not built; run make web"
    with running_server(seeded.home, worker=False) as running:
        yield running


def sign_in(page: Page, name: str) -> None:
    page.locator("input[autocomplete=username]").fill(name)
    page.locator("input[type=password]").fill(PASSWORD)
    page.locator(".sign-in button[type=submit]").click()
    expect(page.locator(".person")).to_contain_text(name)


def card(page: Page, name: str) -> Locator:
    return page.locator("section.card").and_(page.get_by_role("region", name=name, exact=True))


def state(page: Page, code: str) -> None:
    expect(page.locator(f".title [data-state={code}]")).to_be_visible()


def test_from_a_diagnosis_to_the_open_data_and_back(server: RunningServer) -> None:
    with opened_page(locale="ja-JP", height_px=1400) as one:
        other = somebody_else(one)
        with no_script_errors(one), no_script_errors(other):
            an_engineer_diagnoses(one, server)
            an_approver_sends_back(other, server)
            the_engineer_answers(one)
            the_approver_approves(other)
            the_record_is_downloaded_and_published(other)
        what_is_public_is_listed_and_withdrawn(other)
        other.context.close()


def somebody_else(page: Page) -> Page:
    """Open a page of another person in the same browser."""
    browser = page.context.browser
    assert browser is not None
    viewport: ViewportSize = {"width": 1440, "height": 1400}
    other = browser.new_context(locale="en-GB", viewport=viewport, accept_downloads=True).new_page()
    other.set_default_timeout(WAIT_MS)
    return other


def an_engineer_diagnoses(page: Page, server: RunningServer) -> None:
    page.goto(f"{server.base_url}/app")
    sign_in(page, "gishi")
    page.get_by_role("link", name="承認・公開").click()
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(1)
    page.get_by_label("台帳だけの点検も表示").check()
    expect(rows.nth(20)).to_be_visible()
    assert barriers(page) == []
    keep_screenshot(page, "inspections-list-ja")
    page.get_by_label("年度").fill("２０２６")
    row = page.locator("[data-inspection=bridge-12]")
    expect(row).to_contain_text("台帳の記載")
    row.get_by_role("link").click()
    form = card(page, "健全性を診断する")
    form.get_by_role("combobox").select_option("III")
    form.get_by_label("理由").fill("桁端の剥離・鉄筋露出")
    keep_screenshot(page, "inspection-diagnose-ja")
    form.get_by_role("button", name="診断を記録").click()
    expect(card(page, "状況")).to_contain_text("桁端の剥離・鉄筋露出")
    expect(card(page, "確定した損傷").locator("[data-defect]")).to_have_count(3)
    expect(card(page, "承認の判断")).to_contain_text("承認の権限がある人だけ")
    assert barriers(page) == []


def an_approver_sends_back(page: Page, server: RunningServer) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(f"{server.base_url}{PAGE}")
    sign_in(page, "kacho")
    state(page, "diagnosed")
    expect(card(page, "Changed since the last decision")).to_contain_text("first time")
    links = page.get_by_role("link", name="See the evidence")
    expect(links).to_have_count(3)
    keep_screenshot(page, "inspection-waiting-dark-en")
    links.first.click()
    expect(page.locator(".panel img.chip")).to_be_visible()
    page.go_back()
    decide = card(page, "Decide")
    expect(decide.get_by_role("button", name="Approve")).to_be_disabled()
    decide.get_by_label("Reason").fill("Take photo 3 again, please.")
    decide.get_by_role("button", name="Send back").click()
    state(page, "sent_back")
    expect(card(page, "How it stands")).to_contain_text("Take photo 3 again")
    assert barriers(page) == []


def the_engineer_answers(page: Page) -> None:
    page.reload()
    state(page, "sent_back")
    keep_screenshot(page, "inspection-returned-ja")
    assert barriers(page) == []
    decide = card(page, "承認の判断")
    decide.get_by_label("理由").fill("再撮影しても同じでした。")
    decide.get_by_role("button", name="このままでよいと答える").click()
    state(page, "diagnosed")
    form = card(page, "健全性を診断する")
    form.get_by_role("combobox").select_option("II")
    form.get_by_label("理由").fill("断面欠損は軽微")
    form.get_by_role("button", name="診断を記録").click()
    change = page.locator(".changes [data-part=diagnosis]").first
    expect(change).to_contain_text("III")
    expect(change.locator("ins")).to_have_text("II")


def the_approver_approves(page: Page) -> None:
    page.reload()
    state(page, "diagnosed")
    decide = card(page, "Decide")
    decide.get_by_label("Remarks").fill("次回点検までに断面修復が望ましい。")
    decide.get_by_label("Reason").fill("Checked.")
    keep_screenshot(page, "inspection-changes-dark-en")
    decide.get_by_role("button", name="Approve").click()
    state(page, "approved")
    expect(page.locator(".history li").first).to_contain_text("Checked.")


def the_record_is_downloaded_and_published(page: Page) -> None:
    with page.expect_download() as downloading:
        page.locator("[data-form=xlsx]").click()
    assert downloading.value.suggested_filename == "record-bridge-12-2026.xlsx"
    public = card(page, "Publication")
    expect(public.locator("[data-column=position]")).to_contain_text("exact")
    public.get_by_label("Blur the place").check()
    expect(public.locator("[data-column=position]")).to_contain_text("mesh")
    public.get_by_label("Reason").fill("Regular release.")
    assert barriers(page) == []
    public.scroll_into_view_if_needed()
    keep_screenshot(page, "inspection-publication-dark-en")
    public.get_by_role("button", name="Publish").click()
    state(page, "published")
    expect(public.get_by_role("columnheader", name="Public now")).to_be_visible()
    expect(public.locator("[data-column=position]")).to_contain_text("mesh")


def what_is_public_is_listed_and_withdrawn(page: Page) -> None:
    page.get_by_role("link", name="← Approvals").click()
    expect(page.locator("nav.tabs [aria-current=page]")).to_have_text("Public")
    row = page.locator("[data-inspection=bridge-12]")
    expect(row).to_contain_text("Regular release.")
    row.get_by_role("link").click()
    public = card(page, "Publication")
    public.get_by_label("Reason").fill("A mistake in the ledger.")
    public.get_by_role("button", name="Withdraw").click()
    state(page, "approved")
    page.set_viewport_size({"width": 360, "height": 740})
    fits(page, 360)
    keep_screenshot(page, "inspection-phone")
    page.goto(page.url.split("/app/")[0] + "/app/inspections/public")
    expect(page.locator(".card.empty")).to_contain_text("Nothing is public.")
    keep_screenshot(page, "inspections-none-phone")
    assert barriers(page) == []


def test_whoever_may_only_look_sees_it_all_and_decides_nothing(server: RunningServer) -> None:
    with opened_page(locale="en-GB") as page, no_script_errors(page):
        page.goto(f"{server.base_url}{PAGE}")
        sign_in(page, "etsuran")
        expect(page.locator("[data-defect]")).to_have_count(3)
        expect(page.get_by_role("button", name="Approve")).to_have_count(0)
        expect(page.get_by_role("button", name="Keep the diagnosis")).to_have_count(0)
        expect(page.get_by_role("button", name="Publish")).to_have_count(0)


def test_the_queue_is_narrowed_by_grade(server: RunningServer, seeded: Seeded) -> None:
    with opened_page(locale="ja-JP") as page, no_script_errors(page):
        page.goto(f"{server.base_url}/app/surveys/{seeded.local.survey_id}")
        sign_in(page, "gishi")
        count = page.locator(".list .count[role=status]")
        expect(count).to_contain_text("4 / 4")
        narrow = page.get_by_label("損傷程度（最悪）")
        letters = narrow.locator("option")
        expect(letters.nth(1)).to_contain_text("(")
        worst = str(letters.nth(1).get_attribute("value"))
        narrow.select_option(worst)
        rows = page.locator("[data-defect]")
        expect(count).not_to_contain_text("4 / 4")
        expect(rows.first).to_contain_text(f"程度 {worst}")
        expect(page.locator(".map")).to_have_attribute("data-drawn", "true")
        assert barriers(page) == []
        keep_screenshot(page, "review-grade-ja")


def test_a_photo_is_left_out_and_put_back_on_a_phone(server: RunningServer, seeded: Seeded) -> None:
    with opened_page(locale="ja-JP", width_px=360, height_px=1400) as page, no_script_errors(page):
        page.goto(f"{server.base_url}/app/surveys/{seeded.mapped.survey_id}/upload")
        sign_in(page, "gishi")
        left = card(page, "除外した写真")
        left.get_by_text("すべての写真から選ぶ").click()
        photos = left.locator("[data-photo]")
        expect(photos.first).to_be_visible()
        name = str(photos.first.get_attribute("data-photo"))
        left.get_by_label("ファイル名で探す").fill(name)
        expect(photos).to_have_count(1)
        photos.get_by_role("button", name="除外する").click()
        photos.get_by_label("除外する理由").fill("別の橋の写真")
        assert barriers(page) == []
        keep_screenshot(page, "photo-leave-out-phone-ja")
        photos.get_by_role("button", name="除外する").click()
        out = left.locator(f"[data-left-out='{name}']")
        expect(out).to_contain_text("別の橋の写真")
        fits(page, 360)
        assert barriers(page) == []
        keep_screenshot(page, "photo-left-out-phone-ja")
        out.get_by_role("button", name="戻す").click()
        out.get_by_label("戻す理由").fill("同じ橋だった")
        out.get_by_role("button", name="戻す").click()
        expect(out).to_have_count(0)
