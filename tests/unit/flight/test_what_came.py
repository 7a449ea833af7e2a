"""What came back from a flight: each photo is placed, borrowed for, or set aside with its reason.

The worst that can happen on site is a gap that nobody is told of, so that nothing is guessed
quietly, and a damaged ``views.json`` is refused before anything is computed from it.
"""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from flight.came import (
    LEAST_MATCHES,
    NEAR_M,
    ROUGH_M,
    Came,
    CamePhoto,
    came_from_photos,
    came_from_views,
    upright,
)
from flight.flightplan import FlightPlan, PlannedPhoto
from flight.gapfile import gaps_document, gaps_of_polygons, read_gap_polygons
from flight.gapmap import blocks, panels
from flight.gaps import MATCH_DEG, MATCH_M, Seen, find_gaps, missing_photos
from inspection.domain.capture import CapturePose, Photo, PhotoQuality
from inspection.errors import BadGeometry, BadInput
from inspection.geo.camera import rotation_from_gimbal
from tests.support.flightcommand import fly
from tests.support.flightplans import CAMERA, KANAZAWA, nadir_photo, small_plan

COUNT = 1500


def photo(plan: FlightPlan, shot: PlannedPhoto, **changes: Any) -> Photo:
    """Take a planned photo as it was planned, but for some changes of its pose."""
    lat, lon, height = plan.to_latlon_height([shot.position_m])[0].tolist()
    fields: dict[str, Any] = {
        "lon_deg": lon, "lat_deg": lat, "altitude_m": height + 50.0, "altitude_relative_m": height,
        "yaw_deg": shot.yaw_deg, "pitch_deg": shot.pitch_deg, "roll_deg": 0.0,
        "horizontal_std_m": 0.02,
    }  # fmt: skip
    rest = {name: changes.pop(name) for name in ("quality", "focal_px") if name in changes}
    size = {"width_px": changes.pop("width_px", 4000), "height_px": 3000}
    pose = CapturePose(**(fields | changes))
    return Photo(sha256=f"{shot.index:064d}", name=f"{shot.index}.jpg", pose=pose, **size, **rest)


def moved_m(plan: FlightPlan, came: Came) -> np.ndarray:
    """Give how far photos came from where they were planned, (n, 3) m."""
    return np.array([s.position_m for s in came.photos]) - plan.positions_m[: len(came.photos)]


# --- heights -------------------------------------------------------------------------------------


@given(lift_m=st.floats(-500, 4000), outliers=st.lists(st.floats(-80, 80), max_size=2))
@settings(max_examples=30, deadline=None)
def test_a_height_of_any_reference_is_tied_to_the_plan_by_the_median(
    lift_m: float, outliers: list[float]
) -> None:
    """Two of six photos may be wrong by any height; the others still land."""
    plan = small_plan(takeoff_msl_m=None)
    off = [*outliers, *[0.0] * (6 - len(outliers))]
    taken = [
        photo(plan, p, altitude_relative_m=None, altitude_m=p.position_m[2] + lift_m + extra)
        for p, extra in zip(plan.photos, off, strict=True)
    ]
    came = came_from_photos(plan, taken)
    assert moved_m(plan, came)[:, 2] == pytest.approx(off, abs=0.01)
    assert any("heights were moved by" in note for note in came.notes)


@pytest.mark.parametrize("matches", [0, LEAST_MATCHES - 1, LEAST_MATCHES, 6])
def test_three_photos_near_planned_ones_tell_the_reference_and_two_do_not(matches: int) -> None:
    plan = small_plan(takeoff_msl_m=None)
    away = [0.0 if n < matches else 0.001 for n in range(6)]  # about 111 m north
    taken = [
        photo(plan, p, altitude_relative_m=None, lat_deg=photo(plan, p).pose.lat_deg + off)  # type: ignore[union-attr]
        for p, off in zip(plan.photos, away, strict=True)
    ]
    if matches >= LEAST_MATCHES:
        assert f"median of {matches} photos" in " ".join(came_from_photos(plan, taken).notes)
    else:
        with pytest.raises(BadInput, match=r"no height above take-off.*--takeoff-msl-m"):
            came_from_photos(plan, taken)
        known = replace(plan, takeoff_msl_m=50.0)
        came = came_from_photos(known, taken)
        assert "take-off at 50.0 m" in " ".join(came.notes)
        assert moved_m(known, came)[:, 2] == pytest.approx(0, abs=0.01)


def test_heights_above_take_off_are_believed_photo_by_photo() -> None:
    """One photo lacks it: its absolute height is tied by the others, theirs stay as they are."""
    plan = small_plan(takeoff_msl_m=None)
    taken = [photo(plan, p) for p in plan.photos]
    taken[2] = photo(plan, plan.photos[2], altitude_relative_m=None)
    taken[4] = photo(plan, plan.photos[4], altitude_relative_m=13.0)
    came = came_from_photos(plan, taken)
    assert moved_m(plan, came)[:, 2] == pytest.approx([0, 0, 0, 0, 3, 0], abs=0.01)


# --- directions ----------------------------------------------------------------------------------


@given(yaw=st.floats(-720, 720), pitch=st.floats(-180, 180), roll=st.floats(-180, 180))
@settings(max_examples=50)
def test_an_upright_pose_looks_along_the_same_axis(yaw: float, pitch: float, roll: float) -> None:
    turned = abs(roll) > 90 or abs(pitch) > 90
    if abs(roll) > 90 and abs(pitch) > 90:
        return  # no gimbal writes both half turns
    level_yaw, level_pitch = upright(yaw, pitch, roll)
    assert level_yaw is not None
    assert level_pitch is not None
    assert 0 <= level_yaw <= 360
    assert -90 <= level_pitch <= 90
    if not turned:
        assert level_pitch == pitch
    if turned and abs(pitch) > 90:
        axis = rotation_from_gimbal(yaw_deg=yaw, pitch_deg=pitch, roll_deg=0.0)[2]
        same = rotation_from_gimbal(yaw_deg=level_yaw, pitch_deg=level_pitch, roll_deg=0.0)[2]
        np.testing.assert_allclose(axis, same, atol=1e-9)


@pytest.mark.parametrize(("off_m", "borrowed"), [(0.0, 6), (NEAR_M - 0.1, 6), (NEAR_M + 0.1, 0)])
def test_a_direction_is_borrowed_from_a_planned_photo_nearby_only(
    off_m: float, borrowed: int
) -> None:
    plan = small_plan(photos=tuple(nadir_photo(n, 40.0 * n, 0.0) for n in range(6)))
    north = 1e-9 + off_m / 110_980  # metres a degree of latitude at 36.6°
    taken = [
        photo(plan, p, yaw_deg=None, lat_deg=photo(plan, p).pose.lat_deg + north)  # type: ignore[union-attr]
        for p in plan.photos
    ]
    came = came_from_photos(plan, taken)
    assert len(came.photos) == borrowed
    assert len(came.aside) == 6 - borrowed
    assert all("no direction of view" in reason for _, reason in came.aside)
    assert any("6 photos tell no direction" in note for note in came.notes) == bool(borrowed)


# --- what is set aside ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sharpness", "kept"), [(0.0, False), (0.39, False), (0.4, True), (1.0, True)]
)
def test_blur_below_four_tenths_of_the_flight_is_set_aside(sharpness: float, kept: bool) -> None:
    """Domain §4.9: variance of the Laplacian below 0.4 of the flight's median is blurred."""
    plan = small_plan()
    quality = PhotoQuality(
        sharpness=9.0, sharpness_relative=sharpness, exposure_mean=0.5,
        clipped_dark_fraction=0.0, clipped_bright_fraction=0.0,
    )  # fmt: skip
    taken = [photo(plan, p, quality=quality) for p in plan.photos]
    came = came_from_photos(plan, taken)
    assert (len(came.photos) == 6) == kept
    if not kept:
        assert {reason.split(":")[0] for _, reason in came.aside} == {"blurred"}
        assert f"{sharpness:.2f} of the sharpness" in came.aside[0][1]


def test_photos_without_place_or_height_are_named() -> None:
    plan = small_plan()
    lost = replace(photo(plan, plan.photos[0]), pose=None)
    flat = photo(plan, plan.photos[1], altitude_m=None, altitude_relative_m=None)
    came = came_from_photos(plan, [lost, flat, photo(plan, plan.photos[2])])
    assert came.aside == (("0.jpg", "no position"), ("1.jpg", "no height"))
    assert [shot.name for shot in came.photos] == ["2.jpg"]


def test_nothing_usable_is_no_error() -> None:
    plan = small_plan()
    came = came_from_photos(plan, [])
    assert (came.photos, came.aside, came.notes) == ((), (), ())
    assert find_gaps(plan, came, count=COUNT).missing == tuple(range(6))


@pytest.mark.parametrize(
    ("std_m", "told"), [(None, True), (0.0, False), (ROUGH_M, False), (0.101, True), (5.0, True)]
)
def test_a_receiver_worse_than_a_decimetre_is_told(std_m: float | None, told: bool) -> None:
    plan = small_plan()
    taken = [photo(plan, p, horizontal_std_m=std_m) for p in plan.photos]
    notes = came_from_photos(plan, taken).notes
    assert any("no position to a decimetre" in note for note in notes) == told


@pytest.mark.parametrize("width_px", [2000, 4000, 8000])
def test_an_unknown_lens_is_the_plans_at_the_size_of_the_photo(width_px: int) -> None:
    plan = small_plan()
    (shot,) = came_from_photos(plan, [photo(plan, plan.photos[0], width_px=width_px)]).photos
    assert shot.camera.focal_px == pytest.approx(CAMERA.focal_px * width_px / 4000)


# --- which planned photo a photo is --------------------------------------------------------------


def came_at(plan: FlightPlan, **changes: float) -> tuple[int, ...]:
    """Take every photo a little beside its place, and say which are missing."""
    shots = [
        CamePhoto(
            name=str(p.index),
            position_m=p.position_m + np.array([0.0, 0.0, changes.get("up_m", 0.0)]),
            yaw_deg=p.yaw_deg,
            pitch_deg=p.pitch_deg + changes.get("pitch_deg", 0.0),
            camera=CAMERA,
        )
        for p in plan.photos
    ]
    return missing_photos(plan, shots)


@pytest.mark.parametrize("up_m", [0.0, MATCH_M - 0.01, MATCH_M + 0.01])
@pytest.mark.parametrize("pitch_deg", [0.0, MATCH_DEG - 0.1, MATCH_DEG + 0.1])
def test_near_and_alike_is_the_planned_photo(up_m: float, pitch_deg: float) -> None:
    missing = came_at(small_plan(), up_m=up_m, pitch_deg=pitch_deg)
    assert (missing == ()) == (up_m < MATCH_M and pitch_deg < MATCH_DEG)


@given(order=st.permutations(range(6)), lost=st.sets(st.integers(0, 5)))
@settings(max_examples=30)
def test_the_order_in_which_photos_come_does_not_matter(order: list[int], lost: set[int]) -> None:
    plan = small_plan()
    whole = [
        CamePhoto(name="", position_m=p.position_m, yaw_deg=0.0, pitch_deg=-90.0, camera=CAMERA)
        for p in plan.photos
    ]
    shots = [whole[n] for n in order if n not in lost]
    assert missing_photos(plan, shots) == tuple(sorted(lost))
    assert missing_photos(plan, [*shots, *shots]) == tuple(sorted(lost)), "twice is no more"


# --- views of a run ------------------------------------------------------------------------------


def view(**changes: Any) -> dict[str, Any]:
    down = rotation_from_gimbal(yaw_deg=0.0, pitch_deg=-90.0, roll_deg=0.0)
    usual = {
        "sha256": "a" * 64, "camera_from_world": np.asarray(down).tolist(),
        "centre_world_m": [5.0, 4.0, 60.0], "size_px": [4000, 3000], "focal_px": 4000.0,
        "centre_px": [2000.0, 1500.0], "k1": 0.0,
    }  # fmt: skip
    return usual | changes


def run(*views: dict[str, Any], **changes: Any) -> dict[str, Any]:
    surface = {"kind": "ground", "origin": [KANAZAWA[1], KANAZAWA[0], 0.0]}
    return {"surface": surface | changes, "views": list(views)}


def test_an_adjusted_view_lands_where_it_says() -> None:
    plan = small_plan(takeoff_msl_m=50.0)
    (shot,) = came_from_views(plan, run(view())).photos
    np.testing.assert_allclose(shot.position_m, [5.0, 4.0, 10.0], atol=1e-3)
    assert shot.name == "a" * 12
    assert shot.pitch_deg == pytest.approx(-90.0)


NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    "changes",
    [
        {"centre_world_m": [NAN, 0, 0]}, {"centre_world_m": [1e308, 0, 0]},
        {"centre_world_m": [0, 0]}, {"centre_world_m": None}, {"centre_world_m": ["x", 0, 0]},
        {"camera_from_world": [[NAN] * 3] * 3}, {"camera_from_world": [[0] * 3] * 3},
        {"camera_from_world": [[1, 0, 0], [0, 1, 0]]}, {"camera_from_world": [[2, 0, 0]] * 3},
        {"size_px": [0, 3000]}, {"size_px": [-4, 3]}, {"size_px": [4000]}, {"size_px": "ab"},
        {"size_px": [math.inf, 1]},
        {"focal_px": NAN}, {"focal_px": 0}, {"focal_px": "long"}, {"focal_px": None},
        {"centre_px": []}, {"k1": None}, {"k1": "x"},
    ],
)  # fmt: skip
def test_a_view_that_cannot_be_is_refused_and_not_computed_with(changes: dict[str, Any]) -> None:
    plan = small_plan(takeoff_msl_m=50.0)
    with pytest.raises(BadInput):
        came_from_views(plan, run(view(), view(**changes)))


@pytest.mark.parametrize(
    "origin", [[NAN, 36, 0], [KANAZAWA[0], KANAZAWA[1], 0], [136, INF, 0], [136, 36], None, "abc",
               [136, 36, 1e6], [181, 0, 0]],
)  # fmt: skip
def test_an_origin_that_is_not_on_the_earth_is_refused(origin: object) -> None:
    with pytest.raises(BadInput, match=r"no views\.json"):
        came_from_views(small_plan(), run(view(), origin=origin))


def test_views_without_a_pose_are_not_among_those_that_came() -> None:
    plan = small_plan(takeoff_msl_m=50.0)
    assert len(came_from_views(plan, run(view(), {"sha256": "b" * 64})).photos) == 1
    assert came_from_views(plan, run()).photos == ()


# --- gaps written and read again -----------------------------------------------------------------


@given(kept=st.sets(st.integers(0, 5), max_size=5))
@settings(max_examples=12, deadline=None)
def test_gaps_that_were_written_are_the_gaps_that_are_read(kept: set[int]) -> None:
    plan = small_plan()
    taken = [photo(plan, plan.photos[n]) for n in sorted(kept)]
    gaps = find_gaps(plan, came_from_photos(plan, taken), count=COUNT)
    document = json.loads(json.dumps(gaps_document(plan, panels(gaps))))
    area, needed = read_gap_polygons(document, "gaps.geojson")
    if not gaps.open.any():
        assert area.is_empty
        return
    assert needed == pytest.approx(plan.gsd_m_per_px)
    again = gaps_of_polygons(plan, area, count=COUNT)
    weight = gaps.samples.weight_m2
    missed = weight[gaps.open & ~again.open].sum() / weight.sum()
    assert missed < 0.02, "a gap was lost between two files"
    assert again.open.mean() - gaps.open.mean() < 0.25  # cells at the rim are gaps as a whole


def test_cells_of_a_map_add_up_to_the_surface() -> None:
    plan = small_plan()
    gaps = find_gaps(plan, came_from_photos(plan, [photo(plan, plan.photos[0])]), count=5000)
    (panel,) = panels(gaps)
    cells = sum(block.behind - block.first for block in blocks(panel))
    assert cells * panel.cell_m**2 == pytest.approx(400, rel=0.12)
    kinds = {block.kind for block in blocks(panel)}
    assert kinds == {Seen.GOOD, Seen.UNSEEN}


BOW = [[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]


@pytest.mark.parametrize(
    "feature",
    [
        {}, {"geometry": None}, {"geometry": {"type": "Polygon"}}, 5, None,
        {"geometry": {"type": "Point", "coordinates": [136, 36]}},
        {"geometry": {"type": "Polygon", "coordinates": [BOW]}},
    ],
)  # fmt: skip
def test_a_gap_that_is_no_polygon_is_named_by_its_number(feature: object) -> None:
    square = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]}
    good = {"geometry": square, "properties": None}
    with pytest.raises(BadGeometry, match="feature 2"):
        read_gap_polygons({"features": [good, feature]}, "g")
    area, needed = read_gap_polygons({"features": [good]}, "g")
    assert (shapely.area(area), needed) == (1.0, None)


def test_gaps_on_the_command_line_refuse_a_damaged_run_in_words(tmp_path: Path) -> None:
    from flight.planfile import write_plan

    write_plan(small_plan(drone_name="ardupilot_survey"), tmp_path / "p.photos.geojson")
    views = tmp_path / "views.json"
    views.write_text(json.dumps(run(view(centre_world_m=[NAN, 0, 0]))))
    ran = fly("gaps", tmp_path / "p.photos.geojson", views, "--out", tmp_path / "second")
    assert (ran.code, "no views.json" in ran.said) == (2, True)
    assert not (tmp_path / "second").exists()
