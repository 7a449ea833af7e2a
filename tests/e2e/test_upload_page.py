"""The crew's pages on site: add photos, see what is wrong, what is covered, start the work."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.axe import barriers
from tests.support.browser import (
    fits,
    keep_screenshot,
    no_script_errors,
    opened_page,
    until,
    wait_for_image,
)
from tests.support.seed import seed
from tests.support.server import RunningServer, running_server
from tests.support.sortie import Shot, sortie
from tests.support.upload_story import slow_line, wait_for

pytestmark = pytest.mark.e2e

DIST = Path(__file__).parents[2] / "api" / "web" / "dist" / "index.html"
GOOD = 20
UNDER_WAY = ".file-list li:is([data-phase=sending], [data-phase=asking], [data-phase=queued])"
EXPECTED = {
    "DJI_0101.JPG": "rejected",  # cut off
    "DJI_0102.JPG": "rejected",  # no position
    "DJI_0103.JPG": "arrived",  # soft, but kept
    "DJI_0104.JPG": "arrived",  # dark, but kept
    "DJI_0105.JPG": "arrived",
    "DJI_0106.JPG": "arrived",  # on no map: no height
    "DJI_0107.DNG": "foreign",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Say what somebody holds in their hands, and which words they read."""

    locale: str
    width_px: int
    height_px: int
    scheme: str
    new_survey: str
    covered: str
    cut_off: str
    soft: str
    no_height: str
    missing: str


TABLET = Device(
    locale="en-GB",
    width_px=820,
    height_px=1180,
    scheme="light",
    new_survey="Create and add photos",
    covered="shows cracks of this width",
    cut_off="Cut off",
    soft="Too soft",
    no_height=": 1 (no height 1)",
    missing="Start processing",
)
PHONE = Device(
    locale="ja-JP",
    width_px=360,
    height_px=740,
    scheme="dark",
    new_survey="作成して写真を登録",
    covered="この幅まで写っている割合",
    cut_off="途中で切れている",
    soft="ぶれ・ピンぼけ",
    no_height=": 1 (高さなし 1)",
    missing="処理を開始",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    assert DIST.is_file(), "the pages are not built; run make web"
    home = tmp_path_factory.mktemp("crew") / "home"
    seed(home)
    with running_server(home, worker=False) as running:
        yield running


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a camera card: a good flight, and one file for everything that goes wrong."""
    folder = tmp_path_factory.mktemp("card") / "DCIM"
    inner = folder / "101MEDIA"
    inner.mkdir(parents=True)
    flight = sortie(5, 4)
    bad = {
        "DJI_0101.JPG": Shot(seed=101).jpeg()[:9_000],
        "DJI_0102.JPG": Shot(seed=102, placed=False).jpeg(),
        "DJI_0103.JPG": Shot(seed=103, east_m=5.5, blur_px=3.0).jpeg(),
        "DJI_0104.JPG": Shot(seed=104, north_m=2.0, light=0.08).jpeg(),
        "DJI_0105.JPG": flight["DJI_0003.JPG"],
        "DJI_0106.JPG": Shot(seed=106, height_m=None).jpeg(),
        "DJI_0107.DNG": b"raw",
        "flight.MRK": b"1 2 3",
        "._DJI_0001.JPG": b"what macOS leaves",
    }
    for name, content in flight.items():
        (folder / name).write_bytes(content)
    for name, content in bad.items():
        (inner / name).write_bytes(content)
    return folder


def line(page: Page, name: str) -> Locator:
    return page.locator(f".file-list li[data-path$='{name}']")


def drop(page: Page, folder: Path) -> None:
    """Drop a folder from outside of the browser, as the file manager does."""
    box = page.locator(".drop").bounding_box()
    assert box is not None
    where = {"x": box["x"] + box["width"] / 2, "y": box["y"] + 20}
    data = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
    hand = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        hand.send("Input.dispatchDragEvent", {"type": kind, **where, "data": data})
    hand.detach()


def begin(page: Page, server: RunningServer, device: Device) -> None:
    """Create a survey of an asset that is known."""
    page.emulate_media(color_scheme="dark" if device.scheme == "dark" else "light")
    page.goto(server.base_url)
    page.locator("form input[list]").fill("bridge-12")
    expect(page.locator("form input[readonly]")).to_have_value("点検橋 bridge-12")
    page.get_by_role("button", name=device.new_survey).click()
    expect(page.locator(".drop")).to_be_visible()


def check_the_copy(page: Page) -> None:
    """See that the second file of the same bytes is told from the first one, by name."""
    page.locator(".file-list").evaluate("list => { list.scrollTop = 7 * 46; }")
    copy = line(page, "DJI_0003.JPG")
    expect(copy).to_have_attribute("data-phase", "copy")
    expect(copy).to_contain_text("DCIM/101MEDIA/DJI_0105.JPG")


def check_fates(page: Page, device: Device) -> None:
    """See of each file what became of it, and of the poor ones why, with a picture."""
    expect(
        page.locator(f".send-sum[data-files='{GOOD + 7}'][data-over='{GOOD + 7}']")
    ).to_be_visible()
    page.locator(".file-list").evaluate("list => { list.scrollTop = 0; }")
    for name, phase in EXPECTED.items():
        expect(line(page, name)).to_have_attribute("data-phase", phase)
    strip = page.locator(".strip li")
    expect(strip).to_have_count(4)
    for reason in ("truncated", "no_gps", "soft", "soft dark"):
        expect(page.locator(f".strip li[data-reason='{reason}']")).to_have_count(1)
    expect(page.locator(".strip")).to_contain_text(device.cut_off)
    expect(page.locator(".strip")).to_contain_text(device.soft)
    expect(page.locator(".strip img")).to_have_count(4)
    for picture in page.locator(".strip img").all():
        wait_for_image(picture)


def covered_percent(page: Page) -> int:
    return int(page.locator(".covered b").inner_text().split()[0])


def check_coverage(page: Page, device: Device) -> None:
    """See what is covered at two widths, and which photos are on no map."""
    wanted = page.locator(".coverage input").first
    wanted.fill("0.2")
    expect(page.locator(".covered")).to_contain_text("0 %")
    wanted.fill("5")
    expect(page.locator(".covered")).to_contain_text(device.covered)
    expect(page.locator(".covered b")).not_to_have_text("0 %")
    share = until(page, lambda: covered_percent(page), lambda share: 30 <= share < 100)
    assert 30 <= share < 100
    expect(page.locator(".coverage-map")).to_have_attribute("data-drawn", "true")
    expect(page.locator(".unplaced summary")).to_contain_text(device.no_height)
    for reach in ("able", "soft", "coarse"):
        expect(page.locator(f".levels [data-reach={reach}] b")).not_to_have_text("0 %")


def check_processing(page: Page, device: Device) -> None:
    """Start the work, see its stages, stop it, and be able to start again."""
    page.get_by_role("button", name=device.missing).click()
    expect(page.locator(".stages li")).to_have_count(5)
    expect(page.locator(".working")).to_be_visible()
    page.locator(".card button", has_text="Stop" if device.locale == "en-GB" else "中止").click()
    expect(page.locator(".working")).to_have_count(0)
    expect(page.locator(".stages")).to_have_count(0)


def replace_what_was_cut_off(page: Page, card: Path) -> None:
    """Copy the file anew from the card: it is sent as another one, and nothing else is."""
    broken = card / "101MEDIA" / "DJI_0101.JPG"
    before, moment = broken.read_bytes(), broken.stat()
    broken.write_bytes(Shot(seed=101, east_m=1.0).jpeg())
    try:
        page.get_by_label("Choose a folder").set_input_files(str(card))
        expect(
            page.locator(f".send-sum[data-files='{GOOD + 8}'][data-over='{GOOD + 8}']")
        ).to_be_visible()
        page.locator(".file-list").evaluate("list => { list.scrollTop = list.scrollHeight; }")
        named = ".file-list li[data-path$='DJI_0101.JPG']"
        expect(page.locator(f"{named}[data-phase=arrived]")).to_be_attached()
        page.locator(".file-list").evaluate("list => { list.scrollTop = 0; }")
        expect(page.locator(f"{named}[data-phase=rejected]")).to_be_attached()
        expect(page.locator(".strip li[data-reason=truncated] .good")).to_be_visible()
    finally:
        broken.write_bytes(before)
        os.utime(broken, ns=(moment.st_atime_ns, moment.st_mtime_ns))


@pytest.mark.parametrize("device", [TABLET, PHONE], ids=["tablet", "phone"])
def test_the_crew_on_site(server: RunningServer, card: Path, device: Device) -> None:
    with (
        opened_page(
            locale=device.locale, width_px=device.width_px, height_px=device.height_px
        ) as page,
        no_script_errors(page),
    ):
        begin(page, server, device)
        drop(page, card)
        check_fates(page, device)
        check_the_copy(page)
        check_coverage(page, device)
        name = f"crew-{device.width_px}"
        page.locator(".title").first.scroll_into_view_if_needed()
        keep_screenshot(page, name)
        page.locator(".coverage h2").scroll_into_view_if_needed()
        keep_screenshot(page, f"{name}-coverage")
        assert barriers(page) == []
        fits(page, device.width_px, ".page")
        check_processing(page, device)
        if device is TABLET:
            replace_what_was_cut_off(page, card)


def test_the_same_folder_again_sends_nothing(server: RunningServer, card: Path) -> None:
    with opened_page(locale="en-GB") as page, no_script_errors(page):
        begin(page, server, TABLET)
        drop(page, card)
        over = page.locator(f".send-sum[data-over='{GOOD + 7}']")
        expect(over).to_be_visible()
        page.reload()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
        drop(page, card)
        expect(over).to_be_visible()
        expect(line(page, "DJI_0001.JPG")).to_have_attribute("data-phase", "here")
        assert [one for one in asked if one.startswith(("PATCH", "DELETE"))] == []
        assert sum("photos/known" in one for one in asked) <= GOOD // 2, "it was not asked in bulk"


def test_sending_can_be_paused_and_ended(server: RunningServer, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(40):
        (folder / f"P{number:02d}.JPG").write_bytes(Shot(seed=500 + number).jpeg())
    with opened_page(locale="en-GB") as page, no_script_errors(page):
        begin(page, server, TABLET)
        with slow_line(page):
            drop(page, folder)
            page.get_by_role("button", name="Pause").click()
            expect(page.get_by_text("Paused")).to_be_visible()
            expect(page.locator(UNDER_WAY)).to_have_count(0)
            over = page.locator(".send-sum").get_attribute("data-over")
            page.wait_for_timeout(800)  # long enough for many of them to be sent
            assert page.locator(".send-sum").get_attribute("data-over") == over != "40"
            page.get_by_role("button", name="Resume").click()
            wait_for(page, at_least=5)
            page.get_by_role("button", name="Cancel").click()
            expect(page.locator(".file-list li[data-phase=ended]").first).to_be_visible()
            expect(page.get_by_role("button", name="Pause")).to_have_count(0)
