"""What a survey will need is said before the work begins, and refused where it cannot finish."""

import math
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.capture import CapturePose, Photo
from inspection.domain.mission import Surface, Survey, SurveyState
from inspection.errors import NotEnoughRoom, Unavailable
from inspection.geo.frames import LocalFrame
from inspection.pipeline.conduct import conduct
from inspection.pipeline.forecast import (
    ANYWAY,
    Forecast,
    demand_memory,
    demand_room,
    detect_memory_mb,
    forecast,
)
from inspection.pipeline.room import Room, endless, memory_mb, room_here
from inspection.settings import DetectSettings, StoreSettings
from inspection.store import steps
from inspection.store.engine import writing
from tests.benchmarks.room import Needed, folder_mb
from tests.support.conducted import Site, photographed, site  # noqa: F401 fixtures
from tests.unit.pipeline.test_detect import Ear
from tests.unit.workers.conftest import START
from workers.outfit import outfit

SURVEY = Survey(survey_id=uuid.uuid4(), asset_id="a", created_at=START)
STRIP = replace(SURVEY, surface=Surface.STRIP, gsd_m_per_px=0.002)
FRAME = LocalFrame(lon_deg=136.6, lat_deg=36.5, height_ellipsoid_m=0.0)


def placed(east_m: float, north_m: float, *, height_m: float = 20.0, number: int = 0) -> Photo:
    """Take a photo of 4000 × 3000 px with a focal length of 4000 px, looking down."""
    lon, lat, _ = FRAME.to_lonlat_h(np.array([[east_m, north_m, 0.0]]))[0]
    pose = CapturePose(lon_deg=lon, lat_deg=lat, altitude_relative_m=height_m)
    return Photo(
        sha256=f"{number:064x}",
        name=f"{number}.jpg",
        width_px=4000,
        height_px=3000,
        focal_px=4000.0,
        pose=pose,
    )


def block(rows: int, columns: int, step_m: float) -> list[Photo]:
    return [
        placed(step_m * x, step_m * y, number=y * columns + x)
        for y in range(rows)
        for x in range(columns)
    ]


def mosaic_mpx(survey: Survey, photos: list[Photo]) -> float:
    return forecast(survey, photos, batch=4).mosaic_px / 1e6


def test_the_mosaic_of_a_block_is_what_lies_around_its_photos() -> None:
    """GSD 5 mm; 5 × 5 photos, 4 m apart: 16 m and, on both sides, half a diagonal of 5000 px."""
    side_m = 16 + 5000 * 0.005
    assert mosaic_mpx(SURVEY, block(5, 5, 4.0)) == pytest.approx(
        side_m**2 / 0.005**2 / 1e6, rel=0.01
    )


def test_photos_far_apart_give_no_more_than_their_own_pixels() -> None:
    assert mosaic_mpx(SURVEY, block(2, 2, 500.0)) == pytest.approx(4 * 12.0)
    coarse = replace(SURVEY, gsd_m_per_px=0.010)
    assert mosaic_mpx(coarse, block(2, 2, 500.0)) == pytest.approx(12.0)
    assert mosaic_mpx(coarse, block(5, 5, 4.0)) == pytest.approx(
        mosaic_mpx(SURVEY, block(5, 5, 4.0)) / 4, rel=0.01
    )


@pytest.mark.parametrize("surface", [Surface.FACADE, Surface.SOFFIT])
@pytest.mark.parametrize("height_m", [0.5, 2.0, 60.0])
def test_how_high_a_drone_is_says_nothing_about_a_wall(surface: Surface, height_m: float) -> None:
    """Of a metre above take-off pixels of a wall would be tiny, and the mosaic far too large."""
    photos = [placed(4.0 * x, 0.0, height_m=height_m, number=x) for x in range(6)]
    wall = replace(SURVEY, surface=surface)
    for survey in (wall, replace(wall, gsd_m_per_px=0.001)):
        assert mosaic_mpx(survey, photos) == pytest.approx(64.8)


@pytest.mark.parametrize(
    "silent",
    [
        lambda photo: replace(photo, pose=None),
        lambda photo: replace(photo, focal_px=None),
        lambda photo: replace(photo, pose=replace(photo.pose, altitude_relative_m=None)),
        lambda photo: replace(photo, pose=replace(photo.pose, altitude_relative_m=-3.0)),
    ],
)
def test_photos_that_do_not_say_where_overlap_by_little(silent: Callable[[Photo], Photo]) -> None:
    photos = [silent(photo) for photo in block(1, 6, 4.0)]
    for survey in (SURVEY, STRIP):
        assert mosaic_mpx(survey, photos) == pytest.approx(64.8)
        assert mosaic_mpx(survey, photos[:1]) == pytest.approx(12.0)


@given(count=st.integers(1, 40), more=st.integers(1, 40), batch=st.integers(1, 64))
def test_more_photos_and_larger_batches_never_need_less(count: int, more: int, batch: int) -> None:
    few, many = [block(1, n, 4.0) for n in (count, count + more)]
    less, larger = forecast(SURVEY, few, batch=batch), forecast(SURVEY, many, batch=batch + 1)
    for name in ("photo_px", "mosaic_px", "memory_mb", "disk_mb", "kept_mb"):
        assert getattr(less, name) <= getattr(larger, name)
    assert 0 < less.kept_mb < less.disk_mb
    assert math.isfinite(larger.memory_mb)


def test_the_network_needs_the_same_on_any_mosaic_and_more_for_larger_batches() -> None:
    """846 MB were measured at a batch of four (tests.benchmarks.detect_memory)."""
    assert 846 < detect_memory_mb(4) < 1.4 * 846
    assert detect_memory_mb(64) > 2 * detect_memory_mb(4)


NEEDED = Forecast(
    photos=36, photo_px=720_000_000, mosaic_px=9e8, memory_mb=1500.0, disk_mb=5000.0, kept_mb=2300.0
)


def test_what_is_needed_is_said_in_a_sentence() -> None:
    assert str(NEEDED) == (
        "36 photos of 720 Mpx in all and a mosaic of about 900 Mpx need about 1.5 GB of memory and "
        "5.0 GB of disk, 2.3 GB of which stay"
    )


def test_where_there_is_room_nothing_is_refused() -> None:
    demand_room(NEEDED, Room(memory_mb=1500.0, disk_mb=5000.0))
    demand_room(NEEDED, Room(memory_mb=None, disk_mb=1e9))  # nobody knows: it is tried
    demand_room(NEEDED, endless(Path("anywhere")))


def test_a_refusal_has_the_figures_and_the_cure() -> None:
    with pytest.raises(NotEnoughRoom) as memory:
        demand_room(NEEDED, Room(memory_mb=1499.0, disk_mb=1e9))
    assert str(memory.value) == (
        f"{NEEDED}; only 1.5 GB of memory are free: end other programs, or let a machine with "
        f"1.5 GB do it ({ANYWAY})"
    )
    with pytest.raises(NotEnoughRoom) as disk:
        demand_room(NEEDED, Room(memory_mb=1e6, disk_mb=4200.0))
    assert str(disk.value) == (
        f"{NEEDED}; only 4.2 GB of disk are free for unfinished files: free 800 MB, or choose a "
        f"coarser ground sample distance ({ANYWAY})"
    )
    assert isinstance(disk.value, Unavailable)  # another worker may have the room
    with pytest.raises(NotEnoughRoom, match="detection needs 900 MB; only 80 MB"):
        demand_memory(900.0, Room(memory_mb=80.0, disk_mb=0.0), "detection needs 900 MB")


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content)
    return folder


def test_the_smaller_of_machine_and_container_counts(tmp_path: Path) -> None:
    here = write(tmp_path / "proc", meminfo="MemTotal: 9 kB\nMemAvailable: 2000000 kB\n",
                 statm="500 1000 3\n")  # fmt: skip
    page_mb = 1000 * 4096 / 1e6
    container = write(
        tmp_path / "cgroup",
        memory__max="1000000000\n",
        memory__current="700000000\n",
        memory__stat="anon 5\ninactive_file 200000000\n",
    )

    def measured(cgroup: Path) -> float | None:
        return memory_mb(here / "meminfo", here / "statm", cgroup)

    assert measured(tmp_path / "none") == pytest.approx(2048 + page_mb, rel=1e-3)
    assert measured(container) == pytest.approx(500 + page_mb, rel=1e-3)
    write(container, memory__max="max\n")
    assert measured(container) == pytest.approx(2048 + page_mb, rel=1e-3)
    write(container, memory__max="9000000000000\n")
    assert measured(container) == pytest.approx(2048 + page_mb, rel=1e-3)


def test_a_machine_that_tells_nothing_is_not_refused(tmp_path: Path) -> None:
    gone = tmp_path / "none"
    assert memory_mb(gone, gone, gone) is None
    garbage = write(tmp_path / "proc", meminfo="MemAvailable: much\n", statm="")
    assert memory_mb(garbage / "meminfo", garbage / "statm", gone) is None
    assert memory_mb(write(garbage, meminfo="MemFree: 1 kB\n") / "meminfo", gone, gone) is None


def test_the_room_of_a_folder_that_is_not_there_yet_is_that_of_its_disk(tmp_path: Path) -> None:
    here = room_here(tmp_path / "not" / "yet")
    assert here.disk_mb == pytest.approx(room_here(tmp_path).disk_mb, rel=0.05)
    assert here.disk_mb > 0
    assert here.memory_mb is None or here.memory_mb > 10


@pytest.mark.parametrize(
    ("room", "words"),
    [
        (Room(memory_mb=50.0, disk_mb=1e6), "only 50 MB of memory are free"),
        (Room(memory_mb=1e6, disk_mb=0.5), "of disk are free for unfinished files"),
    ],
)
def test_a_survey_that_cannot_finish_is_refused_before_the_work_begins(
    site: Site,  # noqa: F811
    room: Room,
    words: str,
) -> None:
    ear = Ear()
    with writing(site.tools.engine) as connection:
        steps.forget(connection, site.survey_id, "mosaic")
    tight = replace(site.tools, room=lambda _folder: room, progress=ear)
    with pytest.raises(NotEnoughRoom, match=words):
        conduct(site.survey_id, tight)
    assert site.state() is SurveyState.FAILED
    assert ear.started == [] and site.loaded == []
    assert "need about" in ear.said[0]


def test_what_was_made_needs_no_room_any_more(site: Site) -> None:  # noqa: F811
    """The mosaic is there: no disk is asked for, only memory for the detection; then nothing."""
    with pytest.raises(NotEnoughRoom, match="detection needs"):
        conduct(site.survey_id, replace(site.tools, room=lambda _f: Room(memory_mb=5, disk_mb=0)))
    conduct(site.survey_id, replace(site.tools, room=lambda _f: Room(memory_mb=1e6, disk_mb=0)))
    conduct(site.survey_id, replace(site.tools, room=lambda _f: Room(memory_mb=5, disk_mb=0)))
    assert site.state() is SurveyState.PROCESSED


@pytest.mark.parametrize("demanded", [True, False])
def test_whoever_knows_better_may_try(tmp_path: Path, demanded: bool) -> None:
    store = StoreSettings(home=tmp_path / "home", demand_room=demanded)
    tools = outfit(store, DetectSettings(batch=2, band_chips=7), progress=Ear())
    assert tools.room is (room_here if demanded else endless)
    assert (tools.batch, tools.cut.band_chips) == (2, 7)
    tools.engine.dispose()


def test_the_benchmark_tells_a_promise_that_was_not_kept(tmp_path: Path) -> None:
    good = Needed(promised=NEEDED, mosaic_px=1, memory_mb=1400, disk_mb=4000, kept_mb=1)
    assert good.kept_promises
    assert "memory 1400 of 1500 MB" in str(good)
    for wrong in ({"memory_mb": 1501}, {"disk_mb": 5001}, {"memory_mb": 400}, {"disk_mb": 1600}):
        assert not replace(good, **wrong).kept_promises
    for name in ("blobs/photos/a.jpg", "blobs/orthomosaics/m.tif", "tenken.sqlite", "work/d.tif"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 1000)
    assert folder_mb(tmp_path) == pytest.approx(0.002)
