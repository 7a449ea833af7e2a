"""Which photos see a damage, and how well: plain geometry against the code's projections."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely

from inspection.geo.camera import Camera, Pose, rotation_from_gimbal
from inspection.imaging.ortho import View
from inspection.imaging.photosight import Look, in_photo, sees, sightings
from inspection.imaging.surface import FlatSurface

CAMERA = Camera(width_px=800, height_px=600, focal_px=1000.0, cx_px=400.0, cy_px=300.0)
FLAT = FlatSurface()


def view(
    name: str,
    *,
    x_m: float = 0.0,
    y_m: float = 0.0,
    height_m: float = 2.0,
    pitch_deg: float = -90.0,
    handicap_px: float = 0.0,
) -> View:
    """Hang a camera over the plane; it looks north where it does not look straight down."""
    return View(
        sha256=name,
        path=Path(name),
        width_px=CAMERA.width_px,
        height_px=CAMERA.height_px,
        camera=CAMERA,
        pose=Pose(
            camera_from_world=rotation_from_gimbal(yaw_deg=0.0, pitch_deg=pitch_deg),
            centre_world_m=np.array([x_m, y_m, height_m]),
        ),
        handicap_px=handicap_px,
    )


def look(outline: shapely.Geometry | None = None, **changes: float) -> Look:
    shape = outline if outline is not None else shapely.box(-0.1, -0.05, 0.1, 0.05)
    middle = shape.representative_point()
    return Look(outline_m=shape, anchor_m=(middle.x, middle.y), step_m=0.002, **changes)


def test_a_photo_straight_above_sees_it_at_its_true_scale() -> None:
    (seen,) = sightings(look(), [view("a")], FLAT)
    assert seen.gsd_mm_per_px == pytest.approx(2.0, rel=1e-6)  # 2 m ÷ 1000 px
    assert seen.distance_m == pytest.approx(2.0, abs=0.01)
    assert seen.incidence_deg == pytest.approx(0.0, abs=2.0)
    assert seen.shown_share == 1.0 and not seen.is_blurred
    assert np.abs(np.array(seen.box_px) - (350, 275, 450, 325)).max() <= 1
    assert seen.outline_px.area == pytest.approx(100 * 50, rel=1e-3)


def test_a_tilted_photo_has_larger_pixels_in_one_direction() -> None:
    tilted = view("t", y_m=-2.0, pitch_deg=-45.0)
    (seen,) = sightings(look(), [tilted], FLAT)
    assert seen.incidence_deg == pytest.approx(45.0, abs=0.5)
    assert seen.distance_m == pytest.approx(2 * np.sqrt(2), rel=0.01)
    # along the tilt a pixel covers 1 ÷ cos 45° of what it covers across
    across = 1000 * seen.distance_m / CAMERA.focal_px
    assert seen.gsd_mm_per_px == pytest.approx(across / np.cos(np.radians(45)), rel=0.02)


def test_ground_is_what_counts_where_the_map_stretches() -> None:
    (plain,) = sightings(look(), [view("a")], FLAT)
    (shrunk,) = sightings(look(ground_per_map=0.5), [view("a")], FLAT)
    assert shrunk.gsd_mm_per_px == pytest.approx(plain.gsd_mm_per_px / 2)


def test_whole_comes_before_sharp_and_sharp_before_fine() -> None:
    whole, blurred = view("whole", height_m=3.0), view("blurred", handicap_px=1500.0)
    partly, fine = view("partly", x_m=0.8, height_m=1.0), view("fine", height_m=2.0)
    away = view("away", x_m=9.0)
    found = sightings(look(), [partly, blurred, whole, away, fine], FLAT)
    assert [seen.sha256 for seen in found] == ["fine", "whole", "blurred"]
    cut = view("cut", x_m=0.4, height_m=1.0)
    found = sightings(look(), [cut, blurred, whole], FLAT)
    assert [seen.sha256 for seen in found] == ["whole", "blurred", "cut"]
    assert 0.2 < found[-1].shown_share < 0.8 and found[1].is_blurred


def test_a_view_without_a_pose_tells_the_angle_by_how_a_square_is_narrowed() -> None:
    posed = view("p", y_m=-1.2, pitch_deg=-59.0)
    assert posed.pose is not None
    turn, at = posed.pose.camera_from_world, posed.pose.centre_world_m
    inner = np.array([[1000.0, 0, 400.0], [0, 1000.0, 300.0], [0, 0, 1]])
    homography = inner @ np.column_stack([turn[:, 0], turn[:, 1], -turn @ at])
    flat = replace(posed, camera=None, pose=None, photo_from_plane=homography)
    (one,), (other,) = (sightings(look(), [each], FLAT) for each in (posed, flat))
    assert other.distance_m is None
    assert other.incidence_deg == pytest.approx(one.incidence_deg, abs=0.5)
    assert other.gsd_mm_per_px == pytest.approx(one.gsd_mm_per_px, rel=1e-6)
    assert other.outline_px.equals_exact(one.outline_px, 1e-6)


def test_holes_and_parts_stay() -> None:
    ring = shapely.box(-0.1, -0.1, 0.1, 0.1).difference(shapely.box(-0.05, -0.05, 0.05, 0.05))
    both = shapely.MultiPolygon([ring, shapely.box(0.2, 0.0, 0.25, 0.05)])
    (seen,) = sightings(look(both), [view("a")], FLAT)
    parts = shapely.get_parts(seen.outline_px)
    assert sorted(len(part.interiors) for part in parts) == [0, 1]
    assert seen.outline_px.area == pytest.approx(both.area / 0.002**2, rel=1e-3)


def test_what_lies_beyond_the_fold_of_the_lens_is_not_drawn() -> None:
    folding = replace(view("f", height_m=0.5), camera=replace(CAMERA, k1=-1.5))
    far = shapely.box(-0.05, -0.05, 2.0, 0.05)
    (seen,) = sightings(look(far), [folding], FLAT)
    corners = shapely.get_coordinates(seen.outline_px)
    assert np.isfinite(corners).all()
    assert seen.shown_share < 0.5
    assert seen.distance_m is not None and seen.distance_m < 0.8  # to what it shows, not the anchor
    assert corners[:, 0].max() < CAMERA.width_px * 1.2


def test_a_place_is_in_a_photo_or_it_is_not() -> None:
    points = np.array([[0.0, 0.0], [0.79, 0.0], [0.81, 0.0], [9.0, 0.0]])
    found = in_photo(view("a"), points, FLAT)
    assert found[0] == pytest.approx((400.0, 300.0))
    assert found[1] == pytest.approx((795.0, 300.0))
    assert found[2] is None and found[3] is None
    world = FLAT.to_world_m(points)
    assert sees(view("a"), world).tolist() == [True, True, False, False]
    flat_on = view("g", y_m=-8.0, height_m=1.0, pitch_deg=-7.0)
    assert not sees(flat_on, world[:1]).any()  # at 83° it smears more than it shows
