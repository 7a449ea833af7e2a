"""Among more surveys than a page holds each is found: by looking further, or by its asset."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from inspection.domain.asset import Asset, AssetKind
from inspection.domain.mission import Surface, Survey
from inspection.store import assets, surveys
from inspection.store.engine import create_engine, writing
from tests.e2e.test_accessibility import barriers
from tests.support.browser import keep_screenshot, no_script_errors, opened_page
from tests.support.seed import Seeded, database_url, seed
from tests.support.server import RunningServer, running_server

pytestmark = pytest.mark.e2e

NEWER = 128
WORDS = {
    "en-GB": ("Find a survey", "Show more", "surveys", "No survey is of such an asset."),
    "ja-JP": ("調査を探す", "さらに表示", "件の調査", "該当する調査はありません。"),
}
TRY = {"en-GB": ("Try and compare", "Survey"), "ja-JP": ("試す・比べる", "試す調査")}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    """Give two surveys that were processed, and many newer ones of other assets."""
    seeded = seed(tmp_path_factory.mktemp("many") / "home")
    engine = create_engine(database_url(seeded.home))
    with writing(engine) as connection:
        for number in range(NEWER):
            name = f"road-{number:03}"
            assets.save(
                connection, Asset(asset_id=name, name=f"市道 {number}", kind=AssetKind.OTHER)
            )
            surveys.save(
                connection,
                Survey(
                    survey_id=uuid.uuid5(uuid.NAMESPACE_OID, name),
                    asset_id=name,
                    surface=Surface.STRIP,
                    gsd_m_per_px=0.002,
                    created_at=datetime.now(UTC) + timedelta(seconds=number),
                ),
            )
    engine.dispose()
    return seeded


@pytest.fixture(scope="module")
def server(filled: Seeded) -> Iterator[RunningServer]:
    dist = Path(__file__).parents[2] / "api" / "web" / "dist" / "index.html"
    assert dist.is_file(), "the pages are not built; run make web"
    with running_server(filled.home, worker=False) as running:
        yield running


@pytest.fixture(params=sorted(WORDS))
def opened(request: pytest.FixtureRequest, server: RunningServer) -> Iterator[tuple[Page, str]]:
    with (
        opened_page(locale=request.param, width_px=1200, height_px=760) as page,
        no_script_errors(page),
    ):
        yield page, request.param


def test_a_survey_of_long_ago_is_found(
    opened: tuple[Page, str], server: RunningServer, filled: Seeded
) -> None:
    page, locale = opened
    find, more, counted, nothing = WORDS[locale]
    cards = page.locator(".surveys > li")
    page.goto(server.base_url)
    expect(cards).to_have_count(100)
    expect(page.get_by_role("status")).to_have_text(f"100 / {NEWER + 2} {counted}")
    assert barriers(page) == []
    keep_screenshot(page, f"find-survey-{locale}")
    page.get_by_role("button", name=more).click()
    expect(cards).to_have_count(NEWER + 2)
    expect(page.get_by_role("button", name=more)).to_have_count(0)
    page.get_by_label(find).fill(filled.mapped.asset_id.upper())
    expect(cards.first).to_contain_text(filled.mapped.asset_id)
    expect(page.get_by_role("status")).to_have_text(f"1 / 1 {counted}")
    page.get_by_label(find).fill("100%")
    expect(page.get_by_text(nothing)).to_be_visible()
    expect(cards).to_have_count(0)
    page.get_by_label(find).fill("")
    expect(cards).to_have_count(NEWER + 2)
    expect(page.get_by_label(find)).to_be_focused()


def test_a_model_is_tried_on_a_survey_of_long_ago(
    opened: tuple[Page, str], server: RunningServer, filled: Seeded
) -> None:
    page, locale = opened
    find, (tab, label) = WORDS[locale][0], TRY[locale]
    page.goto(f"{server.base_url}/app/admin/models")
    page.get_by_role("button", name=tab).click()
    options = page.locator("label", has_text=label).locator("option")
    expect(page.get_by_label(find)).to_be_visible()
    expect(options).to_have_count(0)
    page.get_by_label(find).fill(filled.mapped.asset_id)
    expect(options).to_have_count(1)
    expect(page.locator(".map")).to_have_attribute("data-drawn", "true")
    assert barriers(page) == []
    keep_screenshot(page, f"find-survey-of-trial-{locale}")
    page.get_by_label(find).fill("nowhere")
    expect(page.get_by_text(WORDS[locale][3])).to_be_visible()
    expect(options).to_have_count(0)
    page.get_by_label(find).fill("")
    expect(page.get_by_text(WORDS[locale][3])).to_have_count(0)
    expect(page.get_by_label(find)).to_be_focused()
