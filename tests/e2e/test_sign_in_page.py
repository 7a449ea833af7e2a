"""Signing in, in a real browser on the real service: who one is, what one may, and out again."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from api import passwords
from inspection.domain.account import Role
from inspection.store.engine import create_engine
from inspection.store.scope import HOME
from tests.support.browser import fits, keep_screenshot, no_script_errors, opened_page
from tests.support.people import PASSWORD, add_person
from tests.support.seed import Seeded, seed
from tests.support.server import RunningServer, running_server

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    filled = seed(tmp_path_factory.mktemp("gated") / "home")
    engine = create_engine(filled.database_url)
    stored = passwords.hashed(PASSWORD)
    for name, role in (("hanako", Role.ENGINEER), ("mieru", Role.VIEWER)):
        add_person(engine, role, HOME, datetime.now(UTC), name=name, password_hash=stored)
    engine.dispose()
    return filled


@pytest.fixture(scope="module")
def server(seeded: Seeded) -> Iterator[RunningServer]:
    dist = Path(__file__).parents[2] / "api" / "web" / "dist" / "index.html"
    assert dist.is_file(), "the pages are not built; run make web"
    with running_server(seeded.home, worker=False) as running:
        yield running


@pytest.fixture
def english() -> Iterator[Page]:
    with opened_page(locale="en-GB") as page:
        yield page


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    page.get_by_label("Account").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_an_engineer_signs_in_decides_under_their_name_and_signs_out(
    server: RunningServer, seeded: Seeded, english: Page
) -> None:
    page = english
    review = f"{server.base_url}/app/surveys/{seeded.mapped.survey_id}"
    page.goto(review)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.get_by_text("bridge-12")).to_have_count(0)
    keep_screenshot(page, "sign-in")
    sign_in(page, "hanako", "a wrong password")
    expect(page.get_by_role("alert")).to_contain_text("name and password do not fit")
    sign_in(page, "hanako")
    with no_script_errors(page):
        expect(page.locator(".person")).to_contain_text("点検 hanako")
        expect(page.locator(".map")).to_have_attribute("data-drawn", "true")
        page.locator("[data-defect]").first.click()
        panel = page.locator(".panel")
        expect(panel.locator("img.chip")).to_be_visible()
        expect(page.get_by_label("Your name")).to_have_count(0)
        panel.get_by_role("button", name="Confirm").click()
        expect(panel.locator("h2 .state")).to_have_text("confirmed")
        expect(panel.locator(".history")).to_contain_text("点検 hanako")
        keep_screenshot(page, "review-signed-in")
        page.reload()
        expect(page.locator(".person")).to_contain_text("点検 hanako")
    (cookie,) = page.context.cookies()
    assert cookie["httpOnly"] and cookie["sameSite"] == "Lax"
    assert "tenken_session" not in page.evaluate("document.cookie")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto(review)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_viewer_sees_and_decides_nothing(
    server: RunningServer, seeded: Seeded, english: Page
) -> None:
    page = english
    page.goto(server.base_url)
    sign_in(page, "mieru")
    expect(page.locator(".surveys li")).to_have_count(2)
    expect(page.get_by_role("button", name="Upload and process")).to_have_count(0)
    page.goto(f"{server.base_url}/app/surveys/{seeded.mapped.survey_id}")
    page.locator("[data-defect]").last.click()
    expect(page.get_by_text("Only an engineer can decide.")).to_be_visible()
    expect(page.locator(".verdict button")).to_have_count(0)
    page.keyboard.press("c")
    expect(page.locator(".panel h2 .state")).not_to_have_text("confirmed")


def test_the_page_speaks_japanese_and_fits_a_phone(server: RunningServer) -> None:
    with opened_page(locale="ja-JP", width_px=360, height_px=740) as page:
        page.goto(server.base_url)
        expect(page.get_by_role("heading", name="ログイン")).to_be_visible()
        page.get_by_label("アカウント名").fill("mieru")
        page.get_by_label("パスワード").fill(PASSWORD)
        keep_screenshot(page, "sign-in-phone")
        page.get_by_label("パスワード").press("Enter")
        expect(page.get_by_role("button", name="ログアウト")).to_be_visible()
        fits(page, 360)
        keep_screenshot(page, "signed-in-phone")
