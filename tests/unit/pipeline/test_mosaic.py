"""The verb mosaic: which road a survey takes, what it says of itself, and equal bytes again."""

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import rasterio

from inspection.domain.capture import PhotoQuality
from inspection.domain.mission import Surface, Survey
from inspection.domain.raster import Orthomosaic
from inspection.errors import BadInput, BadPhoto
from inspection.geo.grid import LOCAL_CRS
from inspection.pipeline.mosaic import (
    BLURRED_HANDICAP_PX,
    MOSAIC_FILE,
    SOURCES_FILE,
    VIEWS_FILE,
    _handicap_px,
    mosaic,
)
from inspection.pipeline.ports import Silence
from inspection.store import keys
from tests.support.lendingdesk import LendingDesk
from tests.support.records import make_photo
from tests.support.strip_scene import GSD_M_PER_PX, StripScene, write_strip


@dataclass
class Listening:
    """Keep what is told of the progress."""

    steps: list[tuple[str, int]] = field(default_factory=list)
    units: dict[str, int] = field(default_factory=dict)

    def start(self, step: str, total: int) -> None:
        self.steps.append((step, total))
        self.units[step] = 0

    def advance(self, units: int = 1) -> None:
        self.units[self.steps[-1][0]] += units

    def say(self, message: str) -> None:
        pass


def survey_of(**changes: object) -> Survey:
    plain = Survey(
        survey_id=uuid.UUID(int=7),
        asset_id="quay-3",
        surface=Surface.STRIP,
        gsd_m_per_px=GSD_M_PER_PX,
        created_at=datetime(2026, 5, 1, tzinfo=UTC),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # any field


@pytest.fixture(scope="module")
def strip(tmp_path_factory: pytest.TempPathFactory) -> StripScene:
    return write_strip(tmp_path_factory.mktemp("strip"))


@dataclass(frozen=True)
class Made:
    """Hold a mosaic that was made, its folder and what was told on the way."""

    mosaic: Orthomosaic
    folder: Path
    heard: Listening


@pytest.fixture(scope="module")
def made(strip: StripScene, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    folder, heard = tmp_path_factory.mktemp("work") / "new", Listening()
    result = mosaic(
        survey=survey_of(),
        photos=strip.photos,
        photo_paths=strip.paths,
        work_dir=folder,
        progress=heard,
    )
    yield Made(result, folder, heard)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_mosaic_is_known_by_the_digest_of_its_file(made: Made) -> None:
    sha256 = digest(made.folder / MOSAIC_FILE)
    assert made.mosaic.sha256 == sha256
    assert made.mosaic.survey_id == uuid.UUID(int=7)


def test_both_keys_are_usable_and_name_their_files(made: Made) -> None:
    assert made.mosaic.blob_key == f"orthomosaics/{digest(made.folder / MOSAIC_FILE)}.tif"
    assert made.mosaic.sources_key == f"sources/{digest(made.folder / SOURCES_FILE)}.tif"
    for key in (made.mosaic.blob_key, made.mosaic.sources_key):
        assert keys.check_key(key) == key


def test_only_the_three_files_are_left_in_the_folder(made: Made) -> None:
    assert {path.name for path in made.folder.iterdir()} == {MOSAIC_FILE, SOURCES_FILE, VIEWS_FILE}


def test_the_grid_is_that_of_the_files(made: Made) -> None:
    grid = made.mosaic.grid
    for name in (MOSAIC_FILE, SOURCES_FILE):
        with rasterio.open(made.folder / name) as raster:
            assert (raster.width, raster.height) == (grid.width_px, grid.height_px)
    facts = made.mosaic.facts["mosaic"]
    assert facts == {
        "gsd_m_per_px": grid.gsd_m_per_px,
        "crs": LOCAL_CRS,
        "width_px": grid.width_px,
        "height_px": grid.height_px,
    }


def test_photos_are_counted_as_the_sources_count_them(made: Made, strip: StripScene) -> None:
    assert set(made.mosaic.source_photos) == {photo.sha256 for photo in strip.photos}
    with rasterio.open(made.folder / SOURCES_FILE) as raster:
        numbers = set(np.unique(raster.read(1)).tolist())
    assert numbers - {0} == set(range(1, len(strip.photos) + 1))


def test_a_strip_without_control_is_declared_local(made: Made) -> None:
    assert made.mosaic.grid.crs == LOCAL_CRS
    assert not made.mosaic.georeferenced
    facts = made.mosaic.facts["registration"]
    assert (facts["registered"], facts["of"]) == (3, 3)
    assert made.mosaic.gsd_uncertainty_ratio > 0


def test_the_nominal_scale_is_the_scale_of_the_mosaic(made: Made) -> None:
    assert made.mosaic.grid.gsd_m_per_px == pytest.approx(GSD_M_PER_PX, rel=1e-6)
    # 3 photos of 0.9 m by 0.6 m, a quarter of overlap: 0.9 m by about 1.5 m
    height_m = made.mosaic.grid.height_px * GSD_M_PER_PX
    width_m = made.mosaic.grid.width_px * GSD_M_PER_PX
    assert 1.3 < max(height_m, width_m) < 1.8
    assert 0.8 < min(height_m, width_m) < 1.1


def test_every_step_is_told_with_its_units_and_finished(made: Made) -> None:
    names = [step for step, _ in made.heard.steps]
    assert names == ["compare photos", "paint mosaic"]
    assert all(made.heard.units[step] == total > 0 for step, total in made.heard.steps)


def test_the_same_photos_give_the_same_bytes_and_are_lent_one_at_a_time(
    made: Made, strip: StripScene, tmp_path: Path
) -> None:
    desk = LendingDesk()
    again = mosaic(
        survey=survey_of(),
        photos=strip.photos,
        photo_paths={sha256: desk.photo(path) for sha256, path in strip.paths.items()},
        work_dir=tmp_path,
        progress=Silence(),
    )
    assert (again.sha256, again.sources_key) == (made.mosaic.sha256, made.mosaic.sources_key)
    assert again.facts == made.mosaic.facts
    assert desk.lent_most == 1 and desk.lent_now == 0
    assert set(desk.names) == {path.name for path in strip.paths.values()}


def test_twice_the_scale_is_a_mosaic_of_the_same_pixels_and_twice_the_size(
    made: Made, strip: StripScene, tmp_path: Path
) -> None:
    twice = mosaic(
        survey=survey_of(gsd_m_per_px=2 * GSD_M_PER_PX),
        photos=strip.photos,
        photo_paths=strip.paths,
        work_dir=tmp_path,
        progress=Silence(),
    )
    assert twice.grid.gsd_m_per_px == pytest.approx(2 * GSD_M_PER_PX, rel=1e-6)
    assert abs(twice.grid.width_px - made.mosaic.grid.width_px) <= 1
    assert abs(twice.grid.height_px - made.mosaic.grid.height_px) <= 1


@pytest.mark.parametrize("surface", [Surface.FACADE, Surface.SOFFIT])
def test_a_surface_that_cannot_be_painted_yet_is_named_with_those_that_can(
    strip: StripScene, tmp_path: Path, surface: Surface
) -> None:
    with pytest.raises(BadInput, match=rf"{surface.value} are not supported yet.*strip.*nadir"):
        mosaic(
            survey=survey_of(surface=surface),
            photos=strip.photos,
            photo_paths=strip.paths,
            work_dir=tmp_path,
            progress=Silence(),
        )


def test_a_strip_without_a_scale_says_how_to_find_one(strip: StripScene, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"--gsd-mm-per-px.*pixel pitch"):
        mosaic(
            survey=survey_of(gsd_m_per_px=None),
            photos=strip.photos,
            photo_paths=strip.paths,
            work_dir=tmp_path,
            progress=Silence(),
        )


def test_a_photo_that_can_no_longer_be_read_is_named(strip: StripScene, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"")
    first = strip.photos[0]
    with pytest.raises(BadPhoto):
        mosaic(
            survey=survey_of(),
            photos=strip.photos,
            photo_paths={**strip.paths, first.sha256: broken},
            work_dir=tmp_path / "work",
            progress=Silence(),
        )


@pytest.mark.parametrize(
    ("relative", "handicap"),
    [(1.0, 0.0), (0.41, 0.0), (0.39, BLURRED_HANDICAP_PX), (0.0, BLURRED_HANDICAP_PX)],
)
def test_a_blurred_photo_stands_behind_the_sharp_ones(relative: float, handicap: float) -> None:
    quality = PhotoQuality(
        sharpness=100 * relative,
        sharpness_relative=relative,
        exposure_mean=0.5,
        clipped_dark_fraction=0.0,
        clipped_bright_fraction=0.0,
    )
    assert _handicap_px(make_photo(quality=quality)) == handicap
    assert _handicap_px(make_photo(quality=None)) == 0
