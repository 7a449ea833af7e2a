"""The benchmark of the page on a small installation: every figure is taken, and it makes sense."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.benchmarks import web_scale
from tests.support.browser import opened_page, until
from tests.support.installation import large_installation

pytestmark = [pytest.mark.e2e, pytest.mark.services, pytest.mark.timeout(3600)]

DIST = Path(__file__).parents[2] / "api" / "web" / "dist" / "index.html"
FOUR_THOUSAND = re.compile("^4000 / 4000")


def test_a_crowded_survey_is_looked_at_filtered_and_walked() -> None:
    assert DIST.is_file(), "the pages are not built; run make web"
    with large_installation(side_px=6_000, defects=4_000, painted=20) as installed:
        figures = web_scale.measure(installed, moves=6, steps=4, picture=None)
        assert 0 < figures.first_view < 30_000
        assert len(figures.filters) == len(web_scale.CHOICES) and min(figures.filters) > 0
        assert len(figures.nexts) == 4 and 0 < max(figures.nexts) < 30_000
        names = [name for name, _, _ in web_scale.rows(figures)]
        assert len(names) == len(set(names)) == 4
        with opened_page(locale="ja-JP") as page:
            page.goto(f"{installed.server.base_url}/app/surveys/{installed.large.survey_id}")
            note = page.locator(".map-note")
            note.wait_for()
            expect(note).to_contain_text("大きい損傷のみ")
            expect(page.locator(".list .count[role=status]")).to_have_text(FOUR_THOUSAND)
            rows = page.locator("[data-defect]")
            expect(rows.first).to_be_visible()
            drawn = until(page, rows.count, lambda drawn: 0 < drawn < 60)
            assert 0 < drawn < 60, "only the rows in view are in the page"
