"""An engineer splits, merges, redraws, draws and measures, by pointer and by keyboard, ja and en."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import shapely
from playwright.sync_api import Page, expect

from inspection.store.blobs import FolderBlobs
from tests.e2e.test_accessibility import barriers
from tests.support.browser import keep_screenshot, no_script_errors, opened_page
from tests.support.seed import GSD_M_PER_PX, Seeded, SeededSurvey, keep_seeded_views, seed
from tests.support.server import RunningServer, running_server

pytestmark = pytest.mark.e2e

DIST = Path(__file__).parents[2] / "api" / "web" / "dist" / "index.html"
CLOSE_UP_M = 60 * GSD_M_PER_PX
"""What the map shows around the chosen defect (MosaicMap)."""

WORDS: dict[str, dict[str, str]] = {
    "en-GB": {
        "name": "Your name", "save": "Save", "split": "Split", "merge": "Merge", "redraw": "Redraw",
        "draw": "Draw a missed defect", "width": "Measure a width", "undo": "Undo", "point":
        "Point at the cross", "end": "End the drawing", "here": "Measure at the cross", "add":
        "Add a defect to merge", "class": "Class of the missed defect", "anew": "Draw anew",
        "superseded": "superseded", "confirmed": "confirmed", "meanwhile": "What happened meanwhile",
    },
    "ja-JP": {
        "name": "点検者名", "save": "確定して保存", "split": "分割", "merge": "結合", "redraw": "描き直し",
        "draw": "見落としを追加", "width": "幅を測る", "undo": "元に戻す", "point": "十字に点を置く",
        "end": "描き終わる", "here": "十字の位置で測る", "add": "結合する損傷を加える",
        "class": "追加する損傷の分類", "anew": "新しく描く", "superseded": "置換済み",
        "confirmed": "確定", "meanwhile": "この間の変更",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    """Give two surveys whose photos can be read; each test takes defects of its own."""
    filled = seed(tmp_path_factory.mktemp("edited") / "home")
    blobs = FolderBlobs(filled.home / "blobs")
    for survey in (filled.mapped, filled.local):
        keep_seeded_views(blobs, survey)
    return filled


@pytest.fixture(scope="module")
def server(seeded: Seeded) -> Iterator[RunningServer]:
    assert DIST.is_file(), "the pages are not built; run make web"
    with running_server(seeded.home, worker=False) as running:
        yield running


@dataclass
class Desk:
    """A page with the review of one survey, in one language."""

    page: Page
    server: RunningServer
    survey: SeededSurvey
    locale: str

    def say(self, word: str) -> str:
        return WORDS[self.locale][word]

    def button(self, word: str) -> Any:
        return self.page.get_by_role("button", name=self.say(word), exact=True)

    def open(self, defect_id: object, name: str = "佐藤 花子") -> None:
        """Open a defect and say who decides."""
        url = f"{self.server.base_url}/app/surveys/{self.survey.survey_id}/defects/{defect_id}"
        self.page.goto(url)
        expect(self.page.locator(".map")).to_have_attribute("data-drawn", "true")
        self.page.get_by_label(self.say("name"), exact=True).fill(name)
        self.page.locator(".panel h2").click()
        self.page.wait_for_timeout(400)  # the map comes to rest

    def screen(self, point_px: tuple[float, float]) -> tuple[float, float]:
        """Find where the map shows a pixel of the mosaic, from how it shows the chosen defect."""
        defect_id = self.page.url.rsplit("/", 1)[-1]
        _, found = self.server.call(f"/api/defects/{defect_id}")
        x0, y0, x1, y1 = shapely.geometry.shape(found["outline"]).bounds
        frame = self.page.locator(".map").bounding_box()
        assert frame is not None
        width, height = x1 - x0 + 2 * CLOSE_UP_M, y1 - y0 + 2 * CLOSE_UP_M
        resolution = max(width / frame["width"], height / frame["height"], GSD_M_PER_PX / 2)
        (x, y), *_ = self.survey.mosaic.grid.to_surface([point_px])
        return (
            frame["x"] + frame["width"] / 2 + (x - (x0 + x1) / 2) / resolution,
            frame["y"] + frame["height"] / 2 - (y - (y0 + y1) / 2) / resolution,
        )

    def click(self, point_px: tuple[float, float], *, twice: bool = False) -> None:
        x, y = self.screen(point_px)
        self.page.mouse.move(x, y)
        (self.page.mouse.dblclick if twice else self.page.mouse.click)(x, y)
        self.page.wait_for_timeout(300)  # two clicks close together would be a double one

    def save(self) -> str:
        """Save what is previewed; give the defect that is shown then."""
        before = self.page.url
        expect(self.page.locator(".edit-measure li").first).to_be_visible()
        self.button("save").click()
        expect(self.page.locator(".edit-panel")).to_have_count(0)
        del before
        return self.page.url.rsplit("/", 1)[-1]

    def listed(self) -> set[str]:
        _, found = self.server.call(f"/api/surveys/{self.survey.survey_id}/defects")
        return {one["defect_id"] for one in found["defects"]}


@pytest.fixture(params=["en-GB", "ja-JP"])
def desk(request: pytest.FixtureRequest, server: RunningServer, seeded: Seeded) -> Iterator[Desk]:
    survey = seeded.mapped if request.param == "en-GB" else seeded.local
    with opened_page(locale=request.param) as page:
        yield Desk(page=page, server=server, survey=survey, locale=request.param)


def test_look(desk: Desk) -> None:
    with no_script_errors(desk.page):
        desk.open(desk.survey.defects[0].defect_id)
        desk.page.keyboard.press("s")
        desk.click((560, 60))
        desk.click((560, 260))
        desk.page.wait_for_timeout(4000)
        keep_screenshot(desk.page, "edit-debug")
        expect(desk.page.locator(".edit-measure li")).to_have_count(2, timeout=1000)
        keep_screenshot(desk.page, f"edit-split-{desk.locale[:2]}")
        print(barriers(desk.page))
        shown = desk.save()
        desk.page.wait_for_timeout(800)
        keep_screenshot(desk.page, f"edit-split-done-{desk.locale[:2]}")
        print(shown, desk.listed())
        desk.page.keyboard.press("w")
        desk.page.wait_for_timeout(500)
        desk.click((285, 150))
        expect(desk.page.locator(".edit-panel output")).to_be_visible()
        keep_screenshot(desk.page, f"edit-width-{desk.locale[:2]}")
