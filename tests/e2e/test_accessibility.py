"""No page has a barrier that axe-core calls serious, by day and by night, in both languages."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from api import passwords
from inspection.domain.account import Role
from inspection.store import prices, sheets
from inspection.store.engine import create_engine, writing
from inspection.store.scope import HOME
from tests.support.axe import barriers
from tests.support.browser import opened_page
from tests.support.people import PASSWORD, add_person
from tests.support.prefecture import PRICES, invent_bridges
from tests.support.seed import Seeded, seed
from tests.support.server import RunningServer, running_server

pytestmark = pytest.mark.e2e

WEB = Path(__file__).parents[2] / "api" / "web"


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    filled = seed(tmp_path_factory.mktemp("reachable") / "home")
    engine = create_engine(filled.database_url)
    with writing(engine) as connection:
        sheets.save(connection, invent_bridges(40))
        prices.replace_list(connection, "made-up", PRICES)
    stored = passwords.hashed(PASSWORD)
    add_person(engine, Role.ADMIN, HOME, datetime.now(UTC), name="kanri", password_hash=stored)
    engine.dispose()
    return filled


@pytest.fixture(scope="module")
def server(seeded: Seeded) -> Iterator[RunningServer]:
    assert (WEB / "dist" / "index.html").is_file(), "the pages are not built; run make web"
    with running_server(seeded.home, worker=False) as running:
        yield running


def sign_in(page: Page) -> None:
    page.locator("input[autocomplete=username]").fill("kanri")
    page.locator("input[type=password]").fill(PASSWORD)
    page.locator(".sign-in button[type=submit]").click()
    expect(page.locator(".person")).to_contain_text("kanri")


def open_surveys(page: Page) -> None:
    expect(page.locator(".surveys li").first).to_be_visible()


def open_upload(page: Page) -> None:
    page.locator(".surveys li", has_text="bridge-12").get_by_role("link").nth(1).click()
    expect(page.locator(".strip li").first).to_be_visible()


def back_to_surveys(page: Page) -> None:
    page.locator(".upload .title a").click()
    expect(page.locator(".surveys li").first).to_be_visible()


def open_defect(page: Page) -> None:
    page.locator(".surveys li", has_text="bridge-12").get_by_role("link").first.click()
    expect(page.locator(".map")).to_have_attribute("data-drawn", "true")
    page.locator("[data-defect]").first.click()
    expect(page.locator(".panel img.chip")).to_be_visible()


def open_work_list(page: Page) -> None:
    page.goto(f"{page.url.split('/defects/')[0]}/worklist")
    expect(page.locator("tbody tr").first).to_be_visible()


def open_flight(page: Page) -> None:
    page.locator("header a[href='/app/flight']").click()
    expect(page.locator(".wish select").first).to_be_visible()


def open_planner(page: Page) -> None:
    page.locator("header a[href='/app/planner']").click()
    page.locator(".places tbody tr").first.get_by_role("button").click()
    expect(page.locator(".points li").first).to_be_visible()


def open_programme(page: Page) -> None:
    page.get_by_role("tab").nth(1).click()
    page.locator(".terms button[type=submit]").click()
    expect(page.locator(".money tbody tr").first).to_be_visible()


def open_inspections(page: Page) -> None:
    page.locator("header a[href='/app/inspections/waiting']").click()
    expect(page.locator(".inspections h1")).to_be_visible()
    page.locator(".inspections .fields input[type=checkbox]").check()
    expect(page.locator("[data-inspection]").first).to_be_visible()


def open_inspection(page: Page) -> None:
    page.locator("[data-inspection] a").first.click()
    expect(page.locator(".title [data-state]")).to_be_visible()


def open_public_figures(page: Page) -> None:
    page.locator("header a[href='/app/open']").click()
    expect(page.locator(".open h1")).to_be_visible()


ROAD: tuple[Callable[[Page], None], ...] = (
    sign_in,
    open_surveys,
    open_upload,
    back_to_surveys,
    open_defect,
    open_work_list,
    open_flight,
    open_planner,
    open_programme,
    open_inspections,
    open_inspection,
    open_public_figures,
)


@pytest.mark.parametrize(("locale", "scheme"), [("en-GB", "dark"), ("ja-JP", "light")])
def test_no_page_keeps_anybody_out(server: RunningServer, locale: str, scheme: str) -> None:
    found: dict[str, list[str]] = {}
    with opened_page(locale=locale) as page:
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.goto(server.base_url)
        expect(page.locator(".sign-in")).to_be_visible()
        found["signed out"] = barriers(page)
        for step in ROAD:
            step(page)
            found[step.__name__] = barriers(page)
    assert {name: grave for name, grave in found.items() if grave} == {}


def test_the_planner_is_reached_and_worked_by_keyboard_alone(server: RunningServer) -> None:
    with opened_page(locale="en-GB") as page:
        page.goto(f"{server.base_url}/app/planner")
        page.locator("input[autocomplete=username]").focus()
        page.keyboard.type("kanri")
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.locator(".places tbody tr").first).to_be_visible()
        expect(page.get_by_role("slider").first).to_be_visible()
        wanted = ["Programme", "slider", "places"]
        for _ in range(60):
            page.keyboard.press("Tab")
            here = page.evaluate(
                "(() => { const e = document.activeElement; return e.textContent.trim() + '|' + "
                "(e.type === 'range' ? 'slider' : '') + '|' + "
                "(e.closest('.places') ? 'places' : ''); })()"
            )
            if wanted and wanted[0] in here.split("|"):
                wanted.pop(0)
            if not wanted:
                break
        assert wanted == [], f"not reached by Tab: {wanted}"
        page.keyboard.press("Enter")
        expect(page.locator(".points li").first).to_be_visible()


def test_a_barrier_would_be_found(server: RunningServer) -> None:
    with opened_page(locale="en-GB") as page:
        page.goto(server.base_url)
        expect(page.locator(".sign-in")).to_be_visible()
        page.evaluate(
            "document.querySelector('label').replaceWith(document.createElement('input'))"
        )
        assert any("label" in barrier for barrier in barriers(page))
