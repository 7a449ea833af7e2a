"""An engineer splits, merges, redraws, draws and measures, by pointer and by keyboard."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import shapely
from playwright.sync_api import Page, expect

from inspection.store.blobs import FolderBlobs
from tests.e2e.test_accessibility import barriers
from tests.support.browser import (
    WAIT_MS,
    keep_screenshot,
    map_at_rest,
    no_script_errors,
    opened_page,
    settle,
)
from tests.support.seed import GSD_M_PER_PX, Seeded, SeededSurvey, keep_seeded_views, seed
from tests.support.server import RunningServer, running_server

pytestmark = pytest.mark.e2e

DIST = Path(__file__).parents[2] / "api" / "web" / "dist" / "index.html"
CLOSE_UP_M = 60 * GSD_M_PER_PX
"""What the map shows around the chosen defect (MosaicMap)."""

WORDS: dict[str, dict[str, str]] = {
    "en-GB": {
        "name": "Your name", "save": "Save", "point": "Point at the cross",
        "end": "End the drawing", "add": "Add a defect to merge",
        "class": "Class of the missed defect", "anew": "Draw anew", "superseded": "superseded",
        "confirmed": "confirmed", "meanwhile": "What happened meanwhile",
    },
    "ja-JP": {
        "name": "点検者名", "save": "確定して保存", "point": "十字に点を置く",
        "end": "描き終わる", "add": "結合する損傷を加える",
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
        map_at_rest(self.page)

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
        settle(self.page)  # two clicks close together would be a double one

    def drag(self, start_px: tuple[float, float], end_px: tuple[float, float]) -> None:
        mouse = self.page.mouse
        mouse.move(*self.screen(start_px))
        mouse.down()
        mouse.move(*self.screen(end_px), steps=5)
        mouse.up()

    def save(self) -> str:
        """Save what is previewed; give the defect that is shown then."""
        expect(self.page.locator(".edit-measure li").first).to_be_visible()
        self.button("save").click()
        expect(self.page.locator(".edit-panel")).to_have_count(0)
        return self.page.url.rsplit("/", 1)[-1]

    def listed(self) -> set[str]:
        _, found = self.server.call(f"/api/surveys/{self.survey.survey_id}/defects")
        return {one["defect_id"] for one in found["defects"]}


@pytest.fixture(params=["en-GB", "ja-JP"])
def desk(request: pytest.FixtureRequest, server: RunningServer, seeded: Seeded) -> Iterator[Desk]:
    survey = seeded.mapped if request.param == "en-GB" else seeded.local
    with opened_page(locale=request.param) as page:
        yield Desk(page=page, server=server, survey=survey, locale=request.param)


def rows(page: Page) -> Any:
    return page.locator(".edit-measure li")


def test_every_tool_by_pointer_and_every_edit_taken_back(desk: Desk) -> None:
    crack, other, _, spall = (defect.defect_id for defect in desk.survey.defects)
    page, before, name = desk.page, desk.listed(), desk.locale[:2]
    with no_script_errors(page):
        desk.open(crack)
        page.keyboard.press("s")
        desk.click((560, 60))
        desk.click((560, 260))
        expect(rows(page)).to_have_count(2)
        for part in rows(page).all():
            expect(part).to_contain_text(re.compile(r"8\.\d\d ± [\d.]+ mm"))
        assert barriers(page) == []
        keep_screenshot(page, f"edit-split-{name}")
        part_id = desk.save()
        assert part_id in desk.listed() - before
        assert str(crack) not in desk.listed()
        expect(page.locator(".edit-history")).to_contain_text("佐藤 花子")
        page.keyboard.press("u")
        expect(page).to_have_url(re.compile(str(crack)))
        expect(page.locator(".list [data-defect]")).to_have_count(len(before))
        assert desk.listed() == before

        page.keyboard.press("m")
        page.get_by_label(desk.say("add")).select_option(str(other))
        expect(page.locator(".edit-picks li")).to_have_count(2)
        expect(rows(page)).to_have_count(1)
        keep_screenshot(page, f"edit-merge-{name}")
        whole_id = desk.save()
        assert desk.listed() == (before - {str(crack), str(other)}) | {whole_id}
        expect(page.locator(".list [data-defect]")).to_have_count(len(before) - 1)
        page.keyboard.press("u")
        expect(page.locator(".list [data-defect]")).to_have_count(len(before))
        assert desk.listed() == before

        desk.open(spall)
        page.keyboard.press("d")
        desk.drag((1340, 260), (1400, 300))  # a corner of the spall as the machine drew it
        expect(rows(page)).to_contain_text("m²")
        desk.button("anew").click()
        expect(rows(page)).to_have_count(0)
        for point in ((1160, 160), (1290, 150), (1320, 250)):
            desk.click(point)
        desk.click((1210, 280), twice=True)
        expect(rows(page)).to_have_count(1)
        keep_screenshot(page, f"edit-redraw-{name}")
        assert desk.save() == str(spall)
        _, shown = desk.server.call(f"/api/defects/{spall}")
        assert 0.02 < shown["area_m2"]["value"] < 0.08
        assert (shown["version"], shown["model_id"]) == (2, "hand")


def test_a_missed_crack_is_drawn_and_a_width_read_off(desk: Desk) -> None:
    page, before, name = desk.page, desk.listed(), desk.locale[:2]
    with no_script_errors(page):
        desk.open(desk.survey.defects[1].defect_id)
        page.keyboard.press("w")
        desk.click((970, 600))
        found = page.locator(".edit-panel output")
        expect(found).to_have_text(re.compile(r"^1[0-3]\.\d\d ± [\d.]+ mm$"))  # 6 px of 2 mm
        keep_screenshot(page, f"edit-width-{name}")
        desk.click((1040, 600))
        expect(found).not_to_have_text(re.compile(r"^1[0-3]\."))
        page.keyboard.press("n")
        expect(page.get_by_label(desk.say("class"))).to_have_value("crack")
        desk.click((902, 310))
        desk.click((978, 520))
        desk.click((962, 750), twice=True)
        expect(rows(page)).to_contain_text(re.compile(r"1[0-3]\.\d\d ± [\d.]+ mm"))
        assert barriers(page) == []
        keep_screenshot(page, f"edit-draw-{name}")
        made = desk.save()
        assert desk.listed() == before | {made}
        expect(page.locator(".panel h2 .state")).to_have_text(desk.say("confirmed"))


@pytest.mark.parametrize("desk", ["en-GB"], indirect=True)
def test_a_defect_is_drawn_and_cut_without_a_pointer(desk: Desk) -> None:
    """Arrow keys move the map under the cross; buttons put points there."""
    page, before = desk.page, desk.listed()
    with no_script_errors(page):
        desk.open(desk.survey.defects[2].defect_id)
        page.keyboard.press("n")
        page.get_by_label(desk.say("class")).select_option("spall")

        def point(*keys: str) -> None:
            page.locator(".map").focus()
            for key in keys:
                page.keyboard.press(key)
                settle(page)  # the map glides
            desk.button("point").press("Enter")

        point("ArrowUp")
        point("ArrowRight")
        point("ArrowDown")
        desk.button("end").press("Enter")
        expect(rows(page)).to_have_count(1)
        keep_screenshot(page, f"edit-keyboard-{desk.locale[:2]}")
        desk.button("save").press("Enter")
        expect(page.locator(".edit-panel")).to_have_count(0)
        (made,) = desk.listed() - before
        expect(page).to_have_url(re.compile(made))
        page.locator(".map").focus()
        page.keyboard.press("s")
        page.keyboard.press("Escape")
        expect(page.locator(".edit-panel")).to_have_count(0)
        page.keyboard.press("u")
        expect(page.locator(".panel h2 .state")).to_have_text(desk.say("superseded"))
        assert desk.listed() == before


@pytest.mark.parametrize("desk", ["ja-JP"], indirect=True)
def test_two_engineers_at_one_defect(desk: Desk) -> None:
    """Done when 4: the second is told who did what meanwhile, and nothing of either is lost."""
    crack, page = desk.survey.defects[0].defect_id, desk.page
    desk.open(crack, name="鈴木 一郎")
    page.keyboard.press("s")
    desk.click((560, 60))
    desk.click((560, 260))
    expect(rows(page)).to_have_count(2)
    assert page.context.browser is not None
    with page.context.browser.new_context(locale=desk.locale) as beside:
        first = beside.new_page()
        first.set_default_timeout(WAIT_MS)
        colleague = Desk(page=first, server=desk.server, survey=desk.survey, locale=desk.locale)
        colleague.open(crack, name="佐藤 花子")
        first.keyboard.press("c")
        expect(first.locator(".panel h2 .state")).to_have_text(desk.say("confirmed"))
        desk.button("save").click()
        told = page.locator(".edit-panel .meanwhile")
        expect(told).to_contain_text("佐藤 花子")
        expect(told).to_contain_text(desk.say("meanwhile"))
        keep_screenshot(page, f"edit-overtaken-{desk.locale[:2]}")
        assert barriers(page) == []
        expect(desk.button("save")).to_be_disabled()
        expect(page.locator(".panel h2 .state")).to_have_text(desk.say("confirmed"))
        assert str(crack) in desk.listed()
        # what the first decided is on the page now: the second cuts that
        page.keyboard.press("Escape")
        page.keyboard.press("s")
        desk.click((560, 60))
        desk.click((560, 260))
        expect(rows(page)).to_have_count(2)
        part = desk.save()
        _, shown = desk.server.call(f"/api/defects/{part}")
        assert shown["state"] == "confirmed"
        # and the first, who still looks at the whole, is told in turn
        first.keyboard.press("r")
        expect(first.locator(".verdict .meanwhile")).to_contain_text("鈴木 一郎")
        expect(first.locator(".panel h2 .state")).to_have_text(desk.say("superseded"))
        keep_screenshot(first, f"edit-superseded-{desk.locale[:2]}")
