"""What residents see: published figures and files, without an account and without a secret."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import expect

from api import passwords
from inspection.domain.account import Role
from inspection.pipeline.approve import approve
from inspection.pipeline.publish import publish
from inspection.pipeline.snapshot import freeze
from inspection.store import sheets
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine, writing
from inspection.store.scope import HOME
from tests.support.browser import fits, keep_screenshot, no_script_errors, opened_page
from tests.support.people import PASSWORD, add_person
from tests.support.prefecture import invent_bridges
from tests.support.released import FISCAL_YEAR, SECRETS, AtNoon, settle
from tests.support.seed import Seeded, seed
from tests.support.server import RunningServer, running_server

pytestmark = pytest.mark.e2e

PUBLISHER = {
    "TENKEN_PUBLISHER_NAME": "石川県",
    "TENKEN_PUBLISHER_NAME_EN": "Ishikawa",
    "TENKEN_PUBLISHER_URI": "https://www.example.jp/",
    "TENKEN_PUBLISHER_EMAIL": "a@example.jp",
}


def filled(home: Path, *, frozen: bool) -> Seeded:
    """Fill a home with an account, and with two frozen months when asked for."""
    made = seed(home)
    engine = create_engine(made.database_url)
    stored = passwords.hashed(PASSWORD)
    add_person(engine, Role.ADMIN, HOME, datetime.now(UTC), name="kanri", password_hash=stored)
    if frozen:
        blobs = FolderBlobs(home / "blobs")
        may, june = (AtNoon(datetime(2026, month, 2, tzinfo=UTC)) for month in (5, 6))
        with writing(engine) as connection:
            sheets.save(connection, invent_bridges(8))
            settle(connection, made.mapped, soundness="III")
            freeze(connection, blobs, month=None, clock=may)
            approve(connection, "bridge-12", FISCAL_YEAR, by=SECRETS[1], why=SECRETS[4], clock=june)
            publish(connection, "bridge-12", FISCAL_YEAR, by=SECRETS[1], why=SECRETS[4], clock=june)
            freeze(connection, blobs, month=None, clock=june)
    engine.dispose()
    return made


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    home = filled(tmp_path_factory.mktemp("open") / "home", frozen=True).home
    with running_server(home, worker=False, environment=PUBLISHER) as running:
        yield running


@pytest.mark.parametrize(("locale", "width_px"), [("en-GB", 1100), ("ja-JP", 360)])
def test_anybody_reads_the_published_figures(
    server: RunningServer, locale: str, width_px: int
) -> None:
    with opened_page(locale=locale, width_px=width_px) as page, no_script_errors(page):
        page.goto(server.base_url)
        expect(page.locator(".sign-in")).to_be_visible()
        page.locator("header a[href='/app/open']").click()
        expect(page.locator(".levels").first).to_be_visible()
        expect(page.locator("main")).to_contain_text("2026-06")
        expect(page.locator("main")).to_contain_text("10.0 %")  # one of ten bridges is published
        for level, count in enumerate((0, 0, 1, 0)):
            expect(page.locator(".levels li b").nth(level)).to_have_text(str(count))
        line = page.locator("path.line-inspected").first
        expect(line).to_have_attribute("d", "M0.00,100.00L100.00,90.00")  # 0 % in May, 10 % in June
        words = page.locator("main").inner_text()
        assert not any(secret in words for secret in SECRETS)
        link = page.locator("a[href*='/opendata/2026-06/']").first
        with page.expect_download() as coming:
            link.click()
        assert coming.value.suggested_filename.startswith("2026-06-")
        fits(page, width_px)
        page.locator("main").evaluate("main => main.scrollTo(0, 0)")
        keep_screenshot(page, f"open-{locale[:2]}")


def test_nothing_published_is_said_and_the_rest_stays_closed(tmp_path: Path) -> None:
    home = filled(tmp_path / "home", frozen=False).home
    with running_server(home, worker=False) as server, opened_page(locale="en-GB") as page:
        page.goto(f"{server.base_url}/app/open")
        expect(page.get_by_text("No month is published yet.")).to_be_visible()
        page.goto(f"{server.base_url}/app/planner")
        expect(page.locator(".sign-in")).to_be_visible()
