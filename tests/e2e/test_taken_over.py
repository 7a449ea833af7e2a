"""What was decided about a crack is seen at its parts, in both languages, and asked for again."""

from collections.abc import Iterator
from contextlib import nullcontext
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
AGAIN = {"en-GB": "Grade to be decided again", "ja-JP": "要再判定"}
DECIDE = {
    "en-GB": ("Decide the grade", "Reason", "Decide", "needs a reason"),
    "ja-JP": ("損傷程度を判定する", "理由", "この区分に決める", "理由が必要"),
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


def test_it_is_found_in_the_list_and_decided_in_the_panel(
    decided: Seeded, server: RunningServer, part: str
) -> None:
    """One part in each language; whoever is late is told, and chooses anew."""
    survey_id = decided.mapped.survey_id
    _, rows = server.call(f"/api/surveys/{survey_id}/queue?again=true")
    parts = [row["defect_id"] for row in rows["rows"]]
    assert len(parts) == 2 and part in parts
    for number, (locale, defect_id) in enumerate(zip(sorted(DECIDE), parts, strict=True)):
        form, why, save, reason = DECIDE[locale]
        # the browser itself writes a refusal into the console
        quiet = nullcontext if number else no_script_errors
        with opened_page(locale=locale) as page, quiet(page):
            page.emulate_media(color_scheme="dark" if number else "light")
            page.goto(f"{server.base_url}/app/surveys/{survey_id}")
            box = page.get_by_label(AGAIN[locale])
            expect(box.locator("..")).to_contain_text(f"({2 - number})")
            box.check()
            listed = page.locator(".queue .rows button")
            expect(listed).to_have_count(2 - number)
            expect(listed.first).to_contain_text("要再判定" if number else "decide again")
            page.locator(f"[data-defect='{defect_id}']").click()
            page.locator(".verdict input").first.fill("高橋")
            fields = page.get_by_role("form", name=form)
            fields.locator("select").select_option("a")
            expect(fields).to_contain_text(reason)
            expect(fields.get_by_role("button", name=save)).to_be_disabled()
            fields.get_by_label(why).fill("現地で確認")
            fields.scroll_into_view_if_needed()
            keep_screenshot(page, f"decide-again-{locale[:2]}")
            assert barriers(page) == []
            if number:  # a colleague is quicker
                _, seen = server.call(f"/api/defects/{defect_id}")
                (of,) = seen["gradable"]
                body = {
                    "scheme": of["scheme"], "grade": "d", "by": "鈴木", "note": "早い者勝ち",
                    "expected_version": seen["version"], "grade_version": of["version"],
                }  # fmt: skip
                path = f"/api/defects/{defect_id}/grades"
                assert server.call(path, method="POST", body=body)[0] == 201
                fields.get_by_role("button", name=save).click()
                expect(page.locator(".panel .grade").filter(has_text="鈴木")).to_be_visible()
            else:
                fields.get_by_role("button", name=save).click()
                mine = page.locator(".panel .grade").filter(has_text="高橋")
                expect(mine.locator("b")).to_have_text("a")
            expect(listed).to_have_count(1 - number)
            expect(page.locator(".panel .grade .hint")).to_have_count(0)
