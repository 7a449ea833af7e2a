"""Tell the story of an upload that everything goes wrong with, in a real browser.

A folder of photos is sent to a real service that is killed twice, over a network that is cut, from
a page that is reloaded, from two tabs at once, while one file becomes another one.
"""

import hashlib
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import CDPSession, Locator, Page, expect
from sqlalchemy import select

from inspection.store import keys
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine, reading
from inspection.store.upload_tables import uploads
from tests.support.browser import opened_page
from tests.support.redis import free_port
from tests.support.seed import database_url
from tests.support.server import RunningServer, running_server
from tests.support.tus import photo

LONG_MS = 900_000
SLOW_BYTES_PER_S = 50_000
"""Of the network until the page is reloaded: a large photo is on its way for three quarters of a
minute, longer than a busy machine takes for the small ones that are waited for meanwhile."""

SMALL_PX, LARGE_PX = 48, 1400
LARGE = "DJI_0001.JPG"
"""The photo that changes while it is on its way; the first of the folder."""


@dataclass
class Site:
    """Hold the crew's folder and the service that is killed and started again on its port."""

    home: Path
    folder: Path
    server: RunningServer
    stack: ExitStack
    told: list[str] = field(default_factory=list)

    def kill(self) -> None:
        """Kill the service as a power cut would, and start it again."""
        self.server.process.send_signal(signal.SIGKILL)
        assert self.server.process.wait(120) == -signal.SIGKILL
        self.stack.close()
        port = urlsplit(self.server.base_url).port or 0
        self.server = self.stack.enter_context(running_server(self.home, worker=False, port=port))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Say what is at the service in the end.

    Attributes:
        source: digest of each file of the folder, by name.
        photos: digests of the photos that the survey has, by name.
        kept: digests of the bytes that the service keeps.
        begun: how many uploads were begun for each digest.
        unfinished: uploads that have not ended, and pieces that lie about.
        rejections: files that were set aside.
        seconds: how long it took.
    """

    source: dict[str, str]
    photos: dict[str, str]
    kept: list[str]
    begun: Counter[str]
    unfinished: list[str]
    rejections: int
    seconds: float


def fill(folder: Path, count: int) -> None:
    """Write photos, each another one, the first of them large."""
    folder.mkdir()
    for number in range(1, count + 1):
        size_px = LARGE_PX if number == 1 else SMALL_PX
        (folder / f"DJI_{number:04d}.JPG").write_bytes(photo(number, size_px))


def send_through_trouble(work: Path, *, photos: int, cut_s: float) -> Outcome:
    """Send a folder through everything; give what the service has in the end."""
    folder, home, began_s = work / "DCIM", work / "home", time.monotonic()
    fill(folder, photos)
    with ExitStack() as stack, opened_page(locale="en-GB") as page:
        server = stack.enter_context(running_server(home, worker=False, port=free_port()))
        site = Site(home=home, folder=folder, server=server, stack=stack)
        page.on("dialog", lambda dialog: dialog.accept())  # "leave this page?"
        survey_id = begin_survey(page, server)
        first_tab(page, site, photos)
        second_tab(page, site, photos, cut_s)
        return found(site, survey_id, time.monotonic() - began_s)


def begin_survey(page: Page, server: RunningServer) -> str:
    """Create a survey and go to the page where photos are added; give its identifier."""
    page.goto(server.base_url)
    page.get_by_label("Asset ID").fill("quay-1")
    page.get_by_label("Surface").select_option("strip")
    page.get_by_label("Pixel size, mm").fill("2")
    page.get_by_role("button", name="Create and add photos").click()
    expect(page.locator(".drop")).to_be_visible()
    return page.url.split("/")[-2]


def first_tab(page: Page, site: Site, photos: int) -> None:
    """Begin over a slow line; the service is killed, then the page reloaded, the large one half."""
    with slow_line(page):
        choose(page, site.folder)
        wait_for(page, at_least=photos // 30)
        expect(row(page, LARGE)).to_have_attribute("data-phase", "sending")
        site.kill()
        wait_for(page, at_least=photos // 15)
        expect(row(page, LARGE)).to_have_attribute("data-phase", "sending")
        page.reload()
    (site.folder / LARGE).write_bytes(photo(9_999, LARGE_PX))
    site.told = unfinished(site.home)
    assert len(site.told) >= 1, "nothing was half sent: the story lost its point"


def second_tab(page: Page, site: Site, photos: int, cut_s: float) -> None:
    """Add the same folder in two tabs, cut the network, kill the service once more."""
    other = page.context.new_page()
    other.on("dialog", lambda dialog: dialog.accept())
    other.goto(page.url)
    for tab in (page, other):
        choose(tab, site.folder)
    wait_for(page, at_least=photos // 2)
    page.context.set_offline(True)
    expect(page.get_by_text("The service cannot be reached.")).to_be_visible()
    time.sleep(cut_s)
    page.context.set_offline(False)
    wait_for(page, at_least=2 * photos // 3)
    site.kill()
    for tab in (page, other):
        expect(tab.locator(f".send-sum[data-good='{photos}']")).to_be_visible(timeout=LONG_MS)
        expect(tab.get_by_text("Everything is there.")).to_be_visible()


@contextmanager
def slow_line(page: Page) -> Iterator[None]:
    """Let the page send slowly for as long as the context lasts."""
    line: CDPSession = page.context.new_cdp_session(page)
    conditions = {"offline": False, "latency": 0, "downloadThroughput": -1}
    line.send(
        "Network.emulateNetworkConditions",
        {**conditions, "uploadThroughput": SLOW_BYTES_PER_S},
    )
    yield
    line.send("Network.emulateNetworkConditions", {**conditions, "uploadThroughput": -1})
    line.detach()


def choose(page: Page, folder: Path) -> None:
    """Choose the folder, as a person does who may not drop it."""
    page.bring_to_front()  # a tab behind another one takes no files
    page.get_by_label("Choose a folder").set_input_files(str(folder))


def row(page: Page, name: str) -> Locator:
    """Find the line of a file in the list."""
    return page.locator(f".file-list li[data-path$='{name}']")


def wait_for(page: Page, *, at_least: int) -> None:
    """Wait until so many files are over."""
    page.wait_for_function(
        "most => Number(document.querySelector('.send-sum')?.dataset.over ?? 0) >= most",
        arg=at_least,
        timeout=LONG_MS,
        polling=100,  # a tab behind another one draws no frames to wait for
    )


def unfinished(home: Path) -> list[str]:
    """List the uploads that have not ended, and pieces that lie about."""
    engine = create_engine(database_url(home))
    try:
        with reading(engine) as connection:
            rows = connection.execute(select(uploads).where(uploads.c.state == "receiving"))
            open_ones = [f"{one.name} at {one.offset_bytes}" for one in rows]
    finally:
        engine.dispose()
    return open_ones + list(FolderBlobs(home / "blobs").keys(keys.UPLOADS))


def found(site: Site, survey_id: str, seconds: float) -> Outcome:
    """Look at what the service has: its answers, its rows, its bytes."""
    _, survey = site.server.call(f"/api/surveys/{survey_id}")
    blobs = FolderBlobs(site.home / "blobs")
    engine = create_engine(database_url(site.home))
    with reading(engine) as connection:
        begun = Counter(connection.execute(select(uploads.c.sha256_promised)).scalars())
    engine.dispose()
    return Outcome(
        source={path.name: digest(path.read_bytes()) for path in site.folder.iterdir()},
        photos={one["name"]: one["sha256"] for one in survey["photos"]},
        kept=[digest(blobs.read_bytes(key)) for key in blobs.keys("photos/")],
        begun=begun,
        unfinished=unfinished(site.home),
        rejections=len(survey["rejections"]),
        seconds=seconds,
    )


def digest(content: bytes) -> str:
    """Give the sha256 of bytes."""
    return hashlib.sha256(content).hexdigest()
