"""What was decided about a crack is seen at its parts, in both languages, and asked for again."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import expect

from inspection.pipeline.decide import Judgement, decide
from inspection.pipeline.regrade import regrade
from inspection.store import defects, grades
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine, writing
from tests.e2e.test_accessibility import barriers
from tests.support.browser import keep_screenshot, no_script_errors, opened_page
from tests.support.edited import ACROSS_PX, line
from tests.support.seed import Seeded, database_url, keep_seeded_views, seed
from tests.support.server import RunningServer, running_server

pytestmark = pytest.mark.e2e

WORDS = {
    "en-GB": ("decide again", "Measure finished 2026-05-01", "recorded before the edit"),
    "ja-JP": ("改めて判定してください", "措置を完了 2026-05-01", "編集前の損傷に記録"),
}


class Now:
    def now(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    """Give a survey in which a person graded the first crack."""
    filled = seed(tmp_path_factory.mktemp("decided") / "home")
    keep_seeded_views(FolderBlobs(filled.home / "blobs"), filled.mapped)
    engine, survey = create_engine(database_url(filled.home)), filled.mapped
    crack = str(survey.defects[0].defect_id)
    with writing(engine) as connection:
        regrade(connection, defects.standing(connection, survey.asset_id), clock=Now())
        rows = grades.of_survey(connection, survey.survey_id)
        scheme = next(r.candidate.scheme for r in rows if r.candidate.subject_id == crack)
        judgement = Judgement(
            survey_id=survey.survey_id, scheme=scheme, subject_id=crack, decided="e", by="高橋",
            note="現地で確認",
        )  # fmt: skip
        decide(connection, judgement, clock=Now())
    engine.dispose()
    return filled


@pytest.fixture(scope="module")
def server(decided: Seeded) -> Iterator[RunningServer]:
    dist = Path(__file__).parents[2] / "api" / "web" / "dist" / "index.html"
    assert dist.is_file(), "the pages are not built; run make web"
    with running_server(decided.home, worker=False) as running:
        yield running


@pytest.fixture(scope="module")
def part(decided: Seeded, server: RunningServer) -> str:
    """Record a repair of the whole, cut it, and give a part."""
    survey, whole = decided.mapped, decided.mapped.defects[0].defect_id
    done = {
        "asset_id": survey.asset_id, "defect_id": str(whole), "stage": "finished",
        "day": "2026-05-01",
    }  # fmt: skip
    assert server.call("/api/measures", method="POST", body=done)[0] == 201
    body = {"editor": "佐藤", "expected_version": 1, "line": line(survey, ACROSS_PX)}
    status, made = server.call(f"/api/defects/{whole}/split", method="POST", body=body)
    assert status == 201
    return str(made["defects"][1]["defect_id"])


@pytest.mark.parametrize("locale", sorted(WORDS))
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_part_shows_what_it_took_over(
    decided: Seeded, server: RunningServer, part: str, locale: str, dark: bool
) -> None:
    again, finished, before = WORDS[locale]
    with opened_page(locale=locale) as page, no_script_errors(page):
        page.emulate_media(color_scheme="dark" if dark else "light")
        page.goto(f"{server.base_url}/app/surveys/{decided.mapped.survey_id}/defects/{part}")
        settled = page.locator(".panel .grade").filter(has_text=again)
        expect(settled).to_contain_text("高橋")
        expect(settled.locator("b")).to_have_text("e")
        expect(page.locator(".panel")).to_contain_text(finished)
        expect(page.locator(".panel")).to_contain_text(before)
        expect(page.locator(".panel .history").first).to_be_visible()  # asked for after a rest
        settled.scroll_into_view_if_needed()
        keep_screenshot(page, f"taken-over-{locale[:2]}-{'dark' if dark else 'light'}")
        assert barriers(page) == []
