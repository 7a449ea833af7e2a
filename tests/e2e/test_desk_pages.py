"""The desks of planners and admins in a real browser: progress, people, log, jobs, storage."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from api import passwords
from inspection.domain.account import Role
from inspection.domain.review import Action, Verdict
from inspection.store import reviews, sheets
from inspection.store.engine import create_engine, writing
from inspection.store.scope import HOME
from tests.e2e.test_accessibility import barriers
from tests.support.browser import keep_screenshot, no_script_errors, opened_page
from tests.support.people import PASSWORD, add_person
from tests.support.prefecture import invent_bridges
from tests.support.seed import Seeded, seed
from tests.support.server import RunningServer, running_server

pytestmark = pytest.mark.e2e

PEOPLE = {"kanri": Role.ADMIN, "keikaku": Role.PLANNER, "hanako": Role.ENGINEER}


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    filled = seed(tmp_path_factory.mktemp("desks") / "home")
    engine = create_engine(filled.database_url)
    now = datetime.now(UTC)
    with writing(engine) as connection:
        sheets.save(connection, invent_bridges(40))
        for number, defect in enumerate(filled.mapped.defects[:2]):
            verdict = Verdict(
                verdict_id=defect.defect_id,
                defect_id=defect.defect_id,
                action=Action.CONFIRM,
                reviewer="金沢",
                decided_at=now,
                expected_version=1,
                note=str(number),
            )
            reviews.record(connection, verdict)
    stored = passwords.hashed(PASSWORD)
    for name, role in PEOPLE.items():
        add_person(engine, role, HOME, now, name=name, password_hash=stored)
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


def test_a_planner_sees_what_waits_and_records_what_was_done(server: RunningServer) -> None:
    with opened_page(locale="ja-JP", height_px=1500) as page:
        page.goto(f"{server.base_url}/app/dashboard")
        sign_in(page, "keikaku")
        with no_script_errors(page):
            expect(page.get_by_role("heading", name="点検と措置の進捗")).to_be_visible()
            waiting = page.locator(".waiting tbody tr")
            expect(waiting).to_have_count(2)
            expect(page.locator("[data-phase=whole]")).to_contain_text("≥")
            keep_screenshot(page, "dashboard-ja")
            waiting.first.get_by_role("button", name="措置を記録").click()
            dialog = page.get_by_role("dialog", name="措置を記録")
            dialog.get_by_label("段階").select_option("finished")
            dialog.get_by_label("備考").fill("契約 12 号")
            assert barriers(page) == []
            keep_screenshot(page, "dashboard-measure-ja")
            dialog.get_by_role("button", name="記録する").click()
            expect(waiting).to_have_count(1)
            expect(page.locator("[data-phase=repair]")).to_contain_text("0 日")
            finished = page.locator(".bars-finished figcaption")
            expect(finished).to_contain_text("1")
            page.get_by_role("button", name="日別").click()
            expect(page.locator(".bars-ends").first).to_contain_text("-")
            page.get_by_text("数値を表で見る").click()
            expect(page.locator(".bars-finished")).to_be_visible()
            assert barriers(page) == []
            first = page.locator(".urgent tbody tr").first
            asset = first.get_attribute("data-asset")
            first.get_by_role("button").click()
            dialog.get_by_role("button", name="記録する").click()
            expect(dialog).to_have_count(0)
            row = page.locator(f"[data-asset='{asset}']")
            expect(row).to_contain_text("着手")
            row.get_by_role("button").click()
            dialog.get_by_role("button", name="取り消す").click()
            dialog.get_by_label("取り消す理由").fill("別の橋だった")
            dialog.get_by_role("button", name="取り消す").click()
            expect(row).to_contain_text("未着手")


def test_the_dashboard_by_night_in_english_for_one_town_and_on_a_phone(
    server: RunningServer,
) -> None:
    with opened_page(locale="en-GB", height_px=1500) as page, no_script_errors(page):
        page.emulate_media(color_scheme="dark")
        page.goto(f"{server.base_url}/app/dashboard")
        sign_in(page, "hanako")
        expect(page.locator(".municipalities tbody tr").nth(3)).to_be_visible()
        everything = page.locator("[data-share=inspectedShare] b").inner_text()
        page.get_by_role("combobox", name="Municipality").select_option("七尾市")
        expect(page.locator(".municipalities tbody tr")).to_have_count(1)
        expect(page.locator("[data-share=inspectedShare] b")).not_to_have_text(everything)
        expect(page.get_by_role("button", name="Record a measure")).to_have_count(0)
        assert barriers(page) == []
        keep_screenshot(page, "dashboard-dark-en")
        page.set_viewport_size({"width": 360, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        keep_screenshot(page, "dashboard-phone")
