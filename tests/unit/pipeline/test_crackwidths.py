"""Widths of the road: from masks on a mosaic to the photos, by segment and by crack."""

import json
import uuid
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inspection.domain.measurement import REFUSED_TOO_OBLIQUE, MaskCalibration, WidthMethod
from inspection.domain.raster import Orthomosaic
from inspection.domain.taxonomy import DamageClass
from inspection.imaging.evidence import open_sources
from inspection.imaging.ortho import View
from inspection.imaging.surface import FlatSurface
from inspection.pipeline.crackplaces import STEP, crack_places
from inspection.pipeline.cracks import ground_scale, measure_crack
from inspection.pipeline.crackwidths import PhotoSight
from inspection.pipeline.measure import Measured, measure
from inspection.pipeline.ports import Silence
from inspection.pipeline.widthfile import widths_to_geojson, widths_to_plain
from tests.support.masks import bar, detections_of, mosaic_of, runs_of, write_raster
from tests.support.wall_line import DRAWN, WallLine, photograph

SHAPE, GSD_M = (160, 210), 0.002
"""The mosaic has half the resolution of the photos: 0.42 × 0.32 m, the wall's origin inside."""

LINE = WallLine(width_m=0.003, angle_deg=25.0)
THIN = WallLine(width_m=0.0001, angle_deg=25.0)


def mask_of(line: WallLine, length_m: float = 0.24, width_px: float = 4.0) -> np.ndarray:
    """Draw the mask that a network might give: right in place, far too wide."""
    centre = (105 + line.through_m[0] / GSD_M, 80 - line.through_m[1] / GSD_M)
    return bar(
        SHAPE,
        centre=centre,
        length=length_m / GSD_M,
        width=width_px,
        angle_deg=-line.angle_deg,
    )


@pytest.fixture(scope="module")
def mosaic() -> Orthomosaic:
    return mosaic_of(SHAPE, gsd_m_per_px=GSD_M, left_m=-0.21, top_m=0.16)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("rasters")
    shown = np.ones(SHAPE, dtype=np.uint16)
    shown[:, 105:] = 2
    return (
        write_raster(folder / "mosaic.tif", np.zeros(SHAPE, dtype=np.uint16)),
        write_raster(folder / "sources.tif", shown),
    )


def measured(
    files: tuple[Path, Path],
    mosaic: Orthomosaic,
    masks: list[np.ndarray],
    views: list[View] | None,
    progress: Silence | None = None,
) -> Measured:
    sight = None
    if views is not None:
        sight = PhotoSight(views=views, surface=FlatSurface(), calibration=DRAWN)
    return measure(
        detections_of([(DamageClass.CRACK, mask) for mask in masks]),
        mosaic_path=files[0],
        sources_path=files[1],
        mosaic=mosaic,
        model_id="model@1/f32",
        calibration=MaskCalibration(offset_px=1.0),
        sight=sight,
        progress=progress,
    )


def test_a_width_is_read_in_the_photos_and_not_off_the_mask(
    tmp_path: Path, files: tuple[Path, Path], mosaic: Orthomosaic
) -> None:
    views = [photograph(tmp_path / f"{i}.png", [LINE], seed=i) for i in range(2)]
    (seen,) = measured(files, mosaic, [mask_of(LINE)], views).observations
    numbers = seen.measurement
    assert numbers.method is WidthMethod.TROUGH_FIT
    assert numbers.width_mm is not None and numbers.width_mm.value is not None
    assert numbers.width_mm.value == pytest.approx(3.0, abs=0.15)
    assert numbers.width_mean_mm == pytest.approx(3.0, abs=0.1)
    u = numbers.width_mm.expanded_uncertainty
    assert u is not None
    assert abs(numbers.width_mm.value - 3.0) <= u
    # floor 0.03 px, 1 % of 3 px, the scale 2 %; k = 2; never above 0.3 mm
    assert 2 * np.sqrt(0.03**2 + 0.03**2 + 0.06**2) <= u <= 0.3
    (blind,) = measured(files, mosaic, [mask_of(LINE)], None).observations
    assert blind.measurement.method is WidthMethod.DISTANCE_TRANSFORM
    assert blind.measurement.width_mm is not None
    assert blind.measurement.width_mm.value == pytest.approx(6.0, abs=0.6)
    assert blind.observation_id == seen.observation_id
    assert blind.measurement.length_m == numbers.length_m


def test_an_oblique_photo_gives_the_same_width(
    tmp_path: Path, files: tuple[Path, Path], mosaic: Orthomosaic
) -> None:
    upright = WallLine(width_m=0.003, angle_deg=90.0)
    views = [photograph(tmp_path / "a.png", [upright], tilt_deg=35.0)]
    found = measured(files, mosaic, [mask_of(upright, length_m=0.2)], views)
    (seen,) = found.observations
    assert seen.measurement.width_mean_mm == pytest.approx(3.0, abs=0.12)
    (reading,) = found.readings.values()
    assert reading.oblique == sum(reading.points.values())
    assert found.facts["widths"]["points_oblique"] == reading.oblique  # type: ignore[index]
    assert reading.gsd_mm_per_px == pytest.approx(1 / np.cos(np.radians(35)), rel=0.03)


def test_a_crack_too_thin_for_the_photos_is_below_the_limit(
    tmp_path: Path, files: tuple[Path, Path], mosaic: Orthomosaic
) -> None:
    views = [photograph(tmp_path / "a.png", [THIN], noise=0.002)]
    found = measured(files, mosaic, [mask_of(THIN)], views)
    (seen,) = found.observations
    width = seen.measurement.width_mm
    assert width is not None
    assert width.below_limit and width.value is None and width.expanded_uncertainty is None
    assert width.limit == pytest.approx(0.33, abs=0.02)
    assert seen.measurement.width_mean_mm is None


def test_a_crack_that_no_photo_shows_keeps_the_width_of_its_mask(
    tmp_path: Path, files: tuple[Path, Path], mosaic: Orthomosaic
) -> None:
    view = photograph(tmp_path / "elsewhere.png", [LINE])
    assert view.pose is not None
    elsewhere = view.pose.centre_world_m + np.array([5.0, 0.0, 0.0])
    away = replace(view, pose=replace(view.pose, centre_world_m=elsewhere))
    found = measured(files, mosaic, [mask_of(LINE)], [away])
    (seen,) = found.observations
    assert found.readings == {}
    assert seen.measurement.method is WidthMethod.DISTANCE_TRANSFORM
    assert found.facts["widths"] == {
        "read_in_photos": 0,
        "of_masks": 1,
        "too_oblique": 0,
        "segments": 0,
        "points": {},
        "points_oblique": 0,
    }


@pytest.mark.parametrize("planar", [False, True])
def test_a_crack_seen_only_beyond_45_degrees_has_no_width_and_says_why(
    tmp_path: Path, files: tuple[Path, Path], mosaic: Orthomosaic, planar: bool
) -> None:
    """Domain specification §4.2; the mask was drawn from the same photo, so it says no more."""
    flat = photograph(tmp_path / "flat.png", [LINE], tilt_deg=55.0, planar=planar)
    found = measured(files, mosaic, [mask_of(LINE)], [flat])
    (seen,) = found.observations
    assert seen.measurement.width_mm == REFUSED_TOO_OBLIQUE
    assert seen.measurement.width_mean_mm is None
    assert seen.measurement.length_m is not None  # where it lies is known all the same
    assert found.readings == {} and found.too_oblique == 1
    facts = found.facts["widths"]
    assert isinstance(facts, dict)
    assert (facts["too_oblique"], facts["of_masks"]) == (1, 0)
    square = photograph(tmp_path / "square.png", [LINE])
    (helped,) = measured(files, mosaic, [mask_of(LINE)], [flat, square]).observations
    assert helped.measurement.width_mm is not None
    assert helped.measurement.width_mm.value == pytest.approx(3.0, abs=0.15)


def test_photos_that_differ_widen_the_uncertainty(
    tmp_path: Path, files: tuple[Path, Path], mosaic: Orthomosaic
) -> None:
    alike = [photograph(tmp_path / f"{i}.png", [LINE], seed=i) for i in range(2)]
    wider = replace(LINE, width_m=0.0038)
    unlike = [alike[0], photograph(tmp_path / "wider.png", [wider], seed=1)]
    widths, apart = [], []
    for views in (alike, unlike):
        (reading,) = measured(files, mosaic, [mask_of(LINE)], views).readings.values()
        u = reading.width_mm.expanded_uncertainty
        assert u is not None
        widths.append(u)
        apart.append(max(s.disagreement_mm or 0.0 for s in reading.segments))
        assert all(segment.photos == 2 for segment in reading.segments)
    assert apart[0] < 0.05
    assert apart[1] == pytest.approx(0.8 / np.sqrt(2), abs=0.08)
    assert widths[1] > 3 * widths[0]


def test_two_cracks_keep_their_own_widths(
    tmp_path: Path, files: tuple[Path, Path], mosaic: Orthomosaic
) -> None:
    high = WallLine(width_m=0.002, through_m=(0.0, 0.06))
    low = WallLine(width_m=0.005, through_m=(0.0, -0.06))
    views = [photograph(tmp_path / "a.png", [high, low])]
    found = measured(files, mosaic, [mask_of(high), mask_of(low, width_px=5.0)], views)
    by_height = sorted(found.observations, key=lambda o: -o.anchor_surface_m[1])
    means = [o.measurement.width_mean_mm for o in by_height]
    assert means == pytest.approx([2.0, 5.0], abs=0.12)


def test_places_lie_on_the_crack_and_name_the_photo_shown_there(
    files: tuple[Path, Path], mosaic: Orthomosaic
) -> None:
    scale = ground_scale(mosaic.grid, (105.0, 80.0))
    crack = measure_crack(0, runs_of(mask_of(LINE)), mosaic.grid, scale)
    with open_sources(files[1], (SHAPE[1], SHAPE[0])) as sources:
        listed = crack_places([crack], mosaic.grid, sources)
    assert listed is not None
    places = listed.places
    whole = 0.24 / GSD_M / STEP  # points lie up to √2 pixels apart
    assert whole / np.sqrt(2) <= len(places.points_m) <= whole + 1
    assert np.abs(places.points_m @ LINE.normal).max() < GSD_M
    assert (np.abs(places.normals @ LINE.normal) > np.cos(np.radians(4))).all()
    assert (places.preferred == (places.points_m[:, 0] >= 0)).all()
    assert places.step_m == pytest.approx(GSD_M)
    without = crack_places([crack], mosaic.grid, None)
    assert without is not None
    assert (without.places.preferred == -1).all()
    assert crack_places([], mosaic.grid, None) is None


def test_the_file_of_widths_has_every_segment_on_the_map(
    tmp_path: Path, files: tuple[Path, Path], mosaic: Orthomosaic
) -> None:
    views = [photograph(tmp_path / "a.png", [LINE, THIN])]
    found = measured(files, mosaic, [mask_of(LINE)], views)
    plain = json.loads(json.dumps(widths_to_plain(found.readings, mosaic.grid.crs)))
    (key,) = found.readings
    local = widths_to_geojson(plain, {str(key): "the defect"})
    assert local["tenken:crs"] == "LOCAL"
    (feature,) = local["features"]
    seen = feature["properties"]
    assert (seen["observation_id"], seen["defect_id"]) == (str(key), "the defect")
    assert seen["segment"] == 1 and seen["photos"] == 1 and seen["photos_differ_by_mm"] is None
    assert seen["width_p95_mm"] == pytest.approx(3.0, abs=0.15)
    assert seen["width_median_mm"] <= seen["width_p95_mm"] <= seen["width_max_mm"]
    assert seen["length_m"] == pytest.approx(0.24, abs=0.01)
    ends = np.array(feature["geometry"]["coordinates"])
    assert np.hypot(*(ends[-1] - ends[0])) == pytest.approx(0.24, abs=0.01)
    on_earth = widths_to_geojson(plain | {"crs": "EPSG:32653"})
    assert "tenken:crs" not in on_earth
    lon, lat = on_earth["features"][0]["geometry"]["coordinates"][0]
    assert -180 <= lon <= 180 and -90 <= lat <= 90
    assert on_earth["features"][0]["properties"]["defect_id"] is None


def test_a_segment_below_the_limit_has_no_number_in_the_file(
    tmp_path: Path, files: tuple[Path, Path], mosaic: Orthomosaic
) -> None:
    views = [photograph(tmp_path / "a.png", [THIN], noise=0.002)]
    found = measured(files, mosaic, [mask_of(THIN)], views)
    plain = widths_to_plain(found.readings, mosaic.grid.crs)
    (segment,) = plain["cracks"][0]["segments"]
    assert segment["below_limit"] is True
    for name in ("width_p95_mm", "width_mean_mm", "width_median_mm", "expanded_uncertainty_mm"):
        assert segment[name] is None
    assert uuid.UUID(plain["cracks"][0]["observation_id"]) in found.readings
