"""What photos cover, from where the drone says they were: areas in square metres, both bounds."""

import math
from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.capture import CapturePose, Photo, PhotoQuality
from inspection.errors import BadInput
from inspection.geo.frames import LocalFrame
from inspection.imaging.capability import CORRECTABLE_DEG, SMALLEST_PX
from inspection.pipeline.cover import Coverage, Reach, Unplaced, cover, share

LON_DEG, LAT_DEG = 136.6257, 36.5946
FRAME = LocalFrame(lon_deg=LON_DEG, lat_deg=LAT_DEG)
HEIGHT_M, FOCAL_PX, WIDTH_PX, HEIGHT_PX = 5.0, 3000.0, 4000, 3000
GSD_MM = 1000 * HEIGHT_M / FOCAL_PX
STEEP_M = HEIGHT_M * math.tan(math.radians(CORRECTABLE_DEG))
SHARP = PhotoQuality(
    sharpness=100.0,
    sharpness_relative=1.0,
    exposure_mean=0.5,
    clipped_dark_fraction=0.0,
    clipped_bright_fraction=0.0,
)
SOFT = replace(SHARP, sharpness_relative=0.3)


def photo(
    east_m: float = 0.0,
    north_m: float = 0.0,
    *,
    number: int = 1,
    height_m: float | None = HEIGHT_M,
    yaw_deg: float | None = 0.0,
    pitch_deg: float | None = -90.0,
    quality: PhotoQuality | None = SHARP,
    focal_px: float | None = FOCAL_PX,
    placed: bool = True,
) -> Photo:
    """Take a photo so far from the middle of the frame."""
    lon, lat, _ = FRAME.to_lonlat_h([[east_m, north_m, 0.0]])[0]
    pose = CapturePose(
        lon_deg=lon,
        lat_deg=lat,
        altitude_m=50.0,
        altitude_relative_m=height_m,
        yaw_deg=yaw_deg,
        pitch_deg=pitch_deg,
        roll_deg=0.0,
    )
    return Photo(
        sha256=f"{number:064x}",
        name=f"DJI_{number:04d}.JPG",
        width_px=WIDTH_PX,
        height_px=HEIGHT_PX,
        focal_px=focal_px,
        pose=pose if placed else None,
        quality=quality,
    )


def areas(covered: Coverage, width_mm: float) -> dict[Reach, float]:
    return {reach: part.area for reach, part in covered.regions(width_mm).items()}


def test_a_photo_that_looks_straight_down_sees_its_gsd_times_its_pixels() -> None:
    (seen,) = cover([photo()]).sightings
    width_m, height_m = WIDTH_PX * GSD_MM / 1000, HEIGHT_PX * GSD_MM / 1000
    assert seen.outline_m.area == pytest.approx(width_m * height_m, rel=1e-6)
    assert seen.gsd_mm_per_px == pytest.approx(GSD_MM, rel=1e-6)
    assert seen.width_min_mm == pytest.approx(SMALLEST_PX * GSD_MM, rel=1e-6)
    circle = math.pi * STEEP_M**2
    assert 0.99 * circle < seen.useful_m.area <= circle
    west, south, east, north = seen.outline_m.bounds
    assert (east - west, north - south) == pytest.approx((width_m, height_m))
    assert not seen.level


@given(yaw_deg=st.floats(-180, 360))
def test_the_heading_turns_what_is_seen_and_changes_nothing_else(yaw_deg: float) -> None:
    (straight,), (turned,) = cover([photo()]).sightings, cover([photo(yaw_deg=yaw_deg)]).sightings
    assert turned.outline_m.area == pytest.approx(straight.outline_m.area, rel=1e-9)
    assert turned.gsd_mm_per_px == pytest.approx(straight.gsd_mm_per_px, rel=1e-6)
    back = shapely.affinity.rotate(turned.outline_m, yaw_deg, origin=(0, 0))  # clockwise heading
    assert back.symmetric_difference(straight.outline_m).area < 0.01


@given(pitch_deg=st.floats(-89.0, -76.0))
def test_a_tilted_photo_is_coarser_than_a_level_one_and_looks_ahead(pitch_deg: float) -> None:
    (seen,) = cover([photo(pitch_deg=pitch_deg)]).sightings
    tilt = math.radians(90 + pitch_deg)
    assert seen.gsd_mm_per_px > GSD_MM
    assert seen.gsd_mm_per_px < GSD_MM / math.cos(tilt + math.radians(CORRECTABLE_DEG)) ** 3
    assert seen.outline_m.centroid.y > 0  # yaw 0: to the north


def test_a_photo_without_a_direction_counts_where_it_is_seen_whichever_way_it_was_turned() -> None:
    (vague,) = cover([photo(yaw_deg=None)]).sightings
    (sure,) = cover([photo()]).sightings
    assert vague.level
    radius_m = HEIGHT_PX * GSD_MM / 2000
    assert 0.99 < vague.outline_m.area / (math.pi * radius_m**2) <= 1
    for yaw_deg in (0.0, 37.0, 90.0):
        (turned,) = cover([photo(yaw_deg=yaw_deg)]).sightings
        assert vague.outline_m.difference(turned.outline_m).area < 1e-6
    assert vague.useful_m.area <= sure.useful_m.area + 1e-9


@pytest.mark.parametrize(
    ("taken", "reason"),
    [
        (photo(placed=False), Unplaced.NO_POSITION),
        (photo(height_m=None), Unplaced.NO_HEIGHT),
        (photo(focal_px=None), Unplaced.NO_LENS),
        (photo(height_m=0.1), Unplaced.TOO_NEAR),
        (photo(height_m=-3.0), Unplaced.TOO_NEAR),
        (photo(pitch_deg=-45.0), Unplaced.TOO_FLAT),
        (photo(pitch_deg=0.0), Unplaced.TOO_FLAT),
        (photo(pitch_deg=40.0), Unplaced.TOO_FLAT),
    ],
)
def test_what_cannot_be_placed_is_named_with_its_reason(taken: Photo, reason: Unplaced) -> None:
    covered = cover([taken, photo(number=2)])
    assert [(one.sha256, why) for one, why in covered.unplaced] == [(taken.sha256, reason)]
    assert [one.photo.sha256 for one in covered.sightings] == [f"{2:064x}"]


def test_the_height_of_the_surface_and_a_stated_pixel_size_stand_in() -> None:
    (raised,) = cover([photo(height_m=8.0)], surface_height_m=3.0).sightings
    assert raised.distance_m == pytest.approx(5.0)
    assert raised.gsd_mm_per_px == pytest.approx(GSD_MM, rel=1e-6)
    (stated,) = cover([photo(height_m=None)], gsd_m_per_px=0.001).sightings
    assert stated.gsd_mm_per_px == pytest.approx(1.0, rel=1e-6)
    (measured,) = cover([photo()], gsd_m_per_px=0.001).sightings
    assert measured.distance_m == HEIGHT_M  # what the drone says goes first


W_MIN_MM = SMALLEST_PX * GSD_MM


@pytest.mark.parametrize(
    ("quality", "width_mm", "expected"),
    [
        (SHARP, W_MIN_MM * 2.01, Reach.FINE),
        (SHARP, W_MIN_MM * 1.99, Reach.ABLE),
        (SHARP, W_MIN_MM * 1.01, Reach.ABLE),
        (SHARP, W_MIN_MM * 0.99, Reach.COARSE),
        (SOFT, W_MIN_MM * 2.01, Reach.SOFT),
        (SOFT, W_MIN_MM * 0.99, Reach.COARSE),
        (None, W_MIN_MM * 1.01, Reach.ABLE),
    ],
)
def test_what_a_photo_shows_depends_on_the_width_and_on_its_sharpness(
    quality: PhotoQuality | None, width_mm: float, expected: Reach
) -> None:
    covered = cover([photo(quality=quality)])
    assert covered.sightings[0].reach(width_mm) is expected
    useful = covered.sightings[0].useful_m.area
    if expected is not Reach.COARSE:
        assert areas(covered, width_mm)[expected] == pytest.approx(useful, rel=0.01)


def test_the_parts_fill_the_hull_and_do_not_overlap() -> None:
    flight = [
        photo(column * 2.0, row * 2.0, number=row * 6 + column, quality=SOFT if row == 2 else SHARP)
        for row in range(4)
        for column in range(6)
        if (row, column) != (3, 5)  # a hole at a corner
    ]
    covered = cover(flight)
    parts = covered.regions(1.0)
    assert sum(part.area for part in parts.values()) == pytest.approx(covered.hull_m.area, rel=1e-3)
    for one in Reach:
        for other in Reach:
            if one < other:
                assert parts[one].intersection(parts[other]).area < 1e-3
    assert parts[Reach.ABLE].area > 10
    assert parts[Reach.SOFT].area > 1
    assert parts[Reach.COARSE].area > 10
    assert 0 < share(parts) < 1


def test_a_second_flight_closes_the_gap_that_a_soft_one_left() -> None:
    soft = [photo(number=1, quality=SOFT)]
    assert share(cover(soft).regions(1.0)) == 0
    again = [*soft, photo(number=2)]
    assert 0.2 < share(cover(again).regions(1.0)) < 0.4  # the circle of 20° in one photo


@given(widths=st.tuples(st.floats(0.05, 5), st.floats(0.05, 5)))
def test_a_wider_crack_is_never_shown_in_less(widths: tuple[float, float]) -> None:
    covered = cover([photo(), photo(3.0, number=2, height_m=9.0)])
    narrow, wide = (share(covered.regions(width)) for width in sorted(widths))
    assert narrow <= wide + 1e-9


@pytest.mark.parametrize("width_mm", [0.0, -1.0, math.inf, math.nan])
def test_a_width_is_above_nothing(width_mm: float) -> None:
    with pytest.raises(BadInput, match="above 0 mm"):
        cover([photo()]).regions(width_mm)


def test_nothing_covers_nothing() -> None:
    for covered in (cover([]), cover([photo(placed=False)])):
        assert covered.frame is None
        assert share(covered.regions(0.2)) == 0
        assert all(part.is_empty for part in covered.regions(0.2).values())


def test_parts_lie_on_the_earth_where_the_photos_were_taken() -> None:
    covered = cover([photo(10.0, -20.0)])
    shape = covered.to_lonlat(covered.regions(1.0)[Reach.ABLE])
    (east, north, _) = FRAME.to_enu_m([[shape.centroid.x, shape.centroid.y, 0.0]])[0]
    assert np.hypot(east - 10.0, north + 20.0) < 0.02
