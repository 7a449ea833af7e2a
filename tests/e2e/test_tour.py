"""The newcomer's tour of the README: from nothing to an exported work list, in ten steps."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner
from playwright.sync_api import Locator, Page, expect

from inspection.cli import tenken
from tests.support.browser import keep_screenshot, no_script_errors, opened_page
from tests.support.server import RunningServer, running_server

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]

ROOT = Path(__file__).parents[2]
LONG_MS = 600_000
"""Longest wait for five small photos; half a minute on an idle machine."""
RENDER = ["datasets", "synth", "--length-m", "6", "--width-m", "4", "--out"]


@dataclass
class Newcomer:
    """Somebody in front of an empty system, with a folder of photos."""

    page: Page
    server: RunningServer
    folder: Path

    @property
    def panel(self) -> Locator:
        return self.page.locator(".panel")


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Newcomer]:
    assert (ROOT / "api" / "web" / "dist" / "index.html").is_file(), "run make web"
    rendered = CliRunner().invoke(tenken, [*RENDER, str(tmp_path / "tour")])
    assert rendered.exit_code == 0, rendered.output
    folder = tmp_path / "tour" / "photos"
    with (
        running_server(tmp_path / "home", worker=True) as server,
        opened_page(locale="en-GB", width_px=1200, height_px=760) as page,
        no_script_errors(page),
    ):
        yield Newcomer(page, server, folder)


def open_the_pages(one: Newcomer) -> None:
    one.page.goto(one.server.base_url)
    expect(one.page.get_by_text("There is no survey yet.")).to_be_visible()
    keep_screenshot(one.page, "tour-empty")


def describe_the_survey(one: Newcomer) -> None:
    one.page.get_by_label("Asset ID").fill("bridge-1")
    one.page.get_by_label("Asset name").fill("Tour bridge")
    one.page.get_by_role("button", name="Create and add photos").click()


def choose_the_photos(one: Newcomer) -> None:
    photos = sorted(one.folder.glob("*.JPG"))
    one.page.get_by_label("Choose photos").set_input_files(photos)
    expect(one.page.get_by_text("Everything is there.")).to_be_visible()
    expect(one.page.locator(".coverage-map")).to_have_attribute("data-drawn", "true")
    keep_screenshot(one.page, "tour-survey")


def upload_and_process(one: Newcomer) -> None:
    one.page.get_by_role("button", name="Start processing").click()
    expect(one.page.locator(".stages li")).to_have_count(5)


def watch_it_work(one: Newcomer) -> None:
    expect(one.page.locator(".stages [data-state=working]")).to_have_count(1)
    expect(one.page.get_by_text("unknown (nothing like it")).to_be_visible()
    expect(one.page.get_by_role("link", name="See the result")).to_be_visible(timeout=LONG_MS)
    expect(one.page.locator(".stages [data-state=done]")).to_have_count(5)
    one.page.get_by_role("link", name="See the result").click()
    expect(one.page.locator("button[data-defect]").first).to_be_visible()
    expect(one.page.locator(".map")).to_have_attribute("data-drawn", "true")


def look_at_a_defect(one: Newcomer) -> None:
    one.page.locator("button[data-defect]").first.click()
    expect(one.panel.locator("img.chip")).to_have_js_property("complete", True)
    expect(one.panel.locator("dl")).to_contain_text("Length")
    keep_screenshot(one.page, "tour-defect")


def confirm_it(one: Newcomer) -> None:
    one.page.get_by_label("Your name").fill("Noto Hanako")
    one.page.get_by_role("button", name="Confirm", exact=True).click()
    expect(one.panel.locator("h2 .state")).to_have_text("confirmed")


def undo_and_confirm_again(one: Newcomer) -> None:
    one.page.get_by_role("button", name="Undo").click()
    expect(one.panel.locator("h2 .state")).to_have_text("needs review")
    one.page.get_by_role("button", name="Confirm", exact=True).click()
    expect(one.panel.locator("h2 .state")).to_have_text("confirmed")
    expect(one.panel.locator(".history li.decided")).to_have_count(3)


def open_the_work_list(one: Newcomer) -> None:
    one.page.get_by_role("link", name="Work list").click()
    expect(one.page.locator("tbody .state.confirmed")).to_have_count(1)
    keep_screenshot(one.page, "tour-worklist")


def export_it(one: Newcomer) -> None:
    with one.page.expect_download() as coming:
        one.page.get_by_role("link", name="XLSX").click()
    file = one.folder / "worklist.xlsx"
    coming.value.save_as(file)
    cells = [cell.value for sheet in openpyxl.load_workbook(file) for row in sheet for cell in row]
    assert "Tour bridge" in cells and any("confirm" in str(cell) for cell in cells)


TOUR: tuple[Callable[[Newcomer], None], ...] = (
    open_the_pages,
    describe_the_survey,
    choose_the_photos,
    upload_and_process,
    watch_it_work,
    look_at_a_defect,
    confirm_it,
    undo_and_confirm_again,
    open_the_work_list,
    export_it,
)


def test_ten_steps_from_nothing_to_a_work_list(newcomer: Newcomer) -> None:
    for step in TOUR:
        step(newcomer)


def test_the_readme_tells_these_ten_steps() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    tour = text.partition("## A tour in ten steps")[2].partition("\n## ")[0]
    told = re.findall(r"^\d+\. \*\*(.+?)\.\*\*", tour, re.MULTILINE)
    assert " ".join(RENDER) in tour
    assert told == [step.__name__.replace("_", " ").capitalize() for step in TOUR]
    pictures = re.findall(r"\]\((docs/pictures/tour-[a-z]+\.png)\)", tour)
    assert len(pictures) == 4
    for picture in pictures:
        assert (ROOT / picture).is_file(), f"{picture} is missing"
