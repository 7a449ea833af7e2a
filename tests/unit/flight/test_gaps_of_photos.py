"""Photos and finished runs are compared with a plan: what came, what did not, and why."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from flight.came import came_from_photos, came_from_views, upright
from flight.flightplan import FlightPlan, PlannedPhoto
from flight.gapfile import gaps_of_polygons, read_gap_polygons, read_json
from flight.gaps import find_gaps
from flight.refly import plan_refly
from inspection.domain.capture import CapturePose, Photo, PhotoQuality
from inspection.errors import BadGeometry, BadInput
from inspection.geo.camera import rotation_from_gimbal
from tests.support.flightplans import CAMERA
from tests.support.gapscene import COUNT, deck_plan, wall_plan


def photo_of(plan: FlightPlan, planned: PlannedPhoto, **changes: Any) -> Photo:
    """Take a planned photo, as ingest describes it."""
    lat, lon, height = plan.to_latlon_height([planned.position_m])[0]
    fields: dict[str, Any] = {
        "lon_deg": lon, "lat_deg": lat, "altitude_m": height + 137.0, "altitude_relative_m": height,
        "yaw_deg": planned.yaw_deg, "pitch_deg": planned.pitch_deg, "roll_deg": 0.0,
        "horizontal_std_m": 0.02,
    }  # fmt: skip
    rest = {key: changes.pop(key) for key in ("quality", "focal_px") if key in changes}
    return Photo(
        sha256=f"{planned.index:064d}",
        name=f"DJI_{planned.index:04d}.JPG",
        width_px=4000,
        height_px=3000,
        pose=CapturePose(**(fields | changes)),
        **rest,
    )


def test_photos_land_where_they_were_planned() -> None:
    plan = wall_plan()
    came = came_from_photos(plan, [photo_of(plan, p) for p in plan.photos])
    assert len(came.photos) == 24 and not came.aside and not came.notes
    for shot, planned in zip(came.photos, plan.photos, strict=True):
        assert shot.position_m == pytest.approx(planned.position_m, abs=1e-4)
    assert find_gaps(plan, came, count=COUNT).missing == ()


@pytest.mark.parametrize("std_m", [None, 1.5])
def test_positions_that_are_known_only_roughly_are_told(std_m: float | None) -> None:
    plan = wall_plan()
    came = came_from_photos(plan, [photo_of(plan, p, horizontal_std_m=std_m) for p in plan.photos])
    assert "24 photos have no position to a decimetre" in came.notes[-1]


def test_heights_of_another_reference_are_tied_to_the_plan_and_said() -> None:
    plan = wall_plan()
    came = came_from_photos(
        plan, [photo_of(plan, p, altitude_relative_m=None) for p in plan.photos]
    )
    assert "heights were moved by -137.0 m" in came.notes[0]
    assert came.photos[0].position_m == pytest.approx(plan.photos[0].position_m, abs=1e-3)
    few = [
        photo_of(plan, p, altitude_relative_m=None, altitude_m=12.5 + 4) for p in plan.photos[:1]
    ]
    at_sea = came_from_photos(plan, few)
    assert "above the sea, take-off at 12.5 m" in at_sea.notes[0]
    assert at_sea.photos[0].position_m[2] == pytest.approx(4.0, abs=1e-3)
    with pytest.raises(BadInput, match="--takeoff-msl-m"):
        came_from_photos(replace(plan, takeoff_msl_m=None), few)


def test_photos_without_direction_take_that_of_the_planned_one_nearby() -> None:
    plan = wall_plan()
    bare = [photo_of(plan, p, yaw_deg=None, pitch_deg=None) for p in plan.photos[:3]]
    lost = photo_of(plan, plan.photos[0], lat_deg=plan.origin_latlon_deg[0] + 0.01, pitch_deg=None)
    came = came_from_photos(plan, [*bare, lost])
    assert len(came.photos) == 3 and "3 photos tell no direction" in came.notes[0]
    assert came.aside == ((lost.name, "no direction of view, and no planned photo is near"),)


def test_useless_photos_are_set_aside_with_a_reason() -> None:
    plan = deck_plan()
    dull = PhotoQuality(
        sharpness=1, sharpness_relative=0.2, exposure_mean=0.5, clipped_dark_fraction=0,
        clipped_bright_fraction=0,
    )  # fmt: skip
    blurred = photo_of(plan, plan.photos[0], quality=dull)
    nowhere = replace(photo_of(plan, plan.photos[1]), pose=None)
    flat = photo_of(plan, plan.photos[2], altitude_m=None, altitude_relative_m=None)
    came = came_from_photos(plan, [blurred, nowhere, flat])
    assert [reason.split(":")[0] for _, reason in came.aside] == [
        "blurred", "no position", "no height",
    ]  # fmt: skip
    assert not came.photos


def test_the_lens_of_a_photo_counts_where_it_is_known() -> None:
    plan = deck_plan()
    known = came_from_photos(plan, [photo_of(plan, plan.photos[0], focal_px=2000.0)])
    assert known.photos[0].camera.focal_px == 2000.0
    unknown = came_from_photos(plan, [photo_of(plan, plan.photos[0])])
    assert unknown.photos[0].camera.focal_px == CAMERA.focal_px


@given(st.floats(0, 359.9), st.floats(-89, 89))
@settings(max_examples=60)
def test_a_half_turn_of_the_gimbal_is_the_same_axis(yaw: float, pitch: float) -> None:
    turned = upright((yaw + 180) % 360, float(np.copysign(180, pitch) - pitch), 180.0)
    assert turned[0] is not None and turned[1] is not None
    first = rotation_from_gimbal(yaw_deg=yaw, pitch_deg=pitch)[2]
    second = rotation_from_gimbal(yaw_deg=turned[0], pitch_deg=turned[1])[2]
    assert np.allclose(first, second, atol=1e-9)


def views_of(plan: FlightPlan) -> dict[str, Any]:
    """Write the photos of a plan as a run's views.json does."""
    lat, lon = plan.origin_latlon_deg
    return {
        "format": 1,
        "surface": {"kind": "ground", "map_crs": "EPSG:32653", "origin": [lon, lat, 50.0]},
        "views": [
            {
                "sha256": f"{p.index:064d}",
                "size_px": [4000, 3000],
                "handicap_px": 0.0,
                "focal_px": 4000.0,
                "centre_px": [2000.0, 1500.0],
                "k1": 0.0,
                "camera_from_world": rotation_from_gimbal(
                    yaw_deg=p.yaw_deg, pitch_deg=p.pitch_deg
                ).tolist(),
                "centre_world_m": p.position_m.tolist(),
            }
            for p in plan.photos
        ],
    }


@pytest.mark.parametrize("make", [deck_plan, wall_plan])
def test_adjusted_poses_of_a_run_land_where_they_were_planned(make: Any) -> None:
    plan = make()
    came = came_from_views(plan, views_of(plan))
    assert "median of" in came.notes[0]
    for shot, planned in zip(came.photos, plan.photos, strict=True):
        assert shot.position_m == pytest.approx(planned.position_m, abs=1e-3)
        assert shot.pitch_deg == pytest.approx(planned.pitch_deg, abs=1e-6)
    assert find_gaps(plan, came, count=COUNT).missing == ()


def test_a_run_in_a_local_frame_or_a_broken_file_is_refused() -> None:
    plan = deck_plan()
    with pytest.raises(BadInput, match="local frame"):
        came_from_views(plan, {"surface": {"kind": "flat", "z_world_m": 0}, "views": []})
    for broken in ({}, {"surface": {"kind": "ground"}, "views": []}, {"surface": 3}):
        with pytest.raises(BadInput, match=r"no views\.json"):
            came_from_views(plan, broken)


def gaps_geojson(plan: FlightPlan, box_m: tuple[float, float, float, float]) -> dict[str, Any]:
    """Write a rectangle of local metres as ``tenken measure capability`` writes gaps."""
    west, south, east, north = box_m
    ring = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    lonlat = plan.frame.to_lonlat_h([[x, y, 0.0] for x, y in ring])[:, :2].tolist()
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": {"type": "Polygon", "coordinates": [lonlat]},
                "properties": {
                    "element": "deck", "reason": "no", "area_m2": 4.0, "width_mm": 0.2,
                    "gsd_needed_mm_per_px": 2.0, "map_crs": "EPSG:32653",
                },
            }
        ],
    }  # fmt: skip


def test_gaps_of_a_finished_run_are_flown_again() -> None:
    plan = deck_plan()
    area, needed = read_gap_polygons(gaps_geojson(plan, (8, 8, 10, 10)), "gaps.geojson")
    assert needed == pytest.approx(0.002)
    gaps = gaps_of_polygons(plan, area, count=COUNT)
    open_m2 = float(gaps.samples.weight_m2[gaps.open].sum())
    assert open_m2 == pytest.approx(4.0, rel=0.1)
    same = plan_refly(plan, gaps)
    assert same.plan is not None and (same.again, same.left_m2) == (1, 0.0)
    finer = plan_refly(plan, gaps, gsd_m_per_px=needed)
    assert finer.plan is not None and (finer.again, finer.new) == (0, 1)
    assert float(finer.plan.photos[0].position_m[2]) == pytest.approx(8.0)


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"tenken:crs": "LOCAL"}, BadInput, "local metres"),
        ({"features": None}, BadInput, "no GeoJSON"),
        ({"features": [{"geometry": None}]}, BadGeometry, "feature 1"),
        (
            {
                "features": [
                    {
                        "geometry": {
                            "type": "Polygon",
                            "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]],
                        }
                    }
                ]
            },
            BadGeometry,
            "no simple polygon",
        ),
        (
            {
                "features": [
                    {
                        "geometry": {
                            "type": "Polygon",
                            "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]],
                        },
                        "properties": {"gsd_needed_mm_per_px": -1},
                    }
                ]
            },
            BadInput,
            "must be > 0",
        ),
    ],
)
def test_unusable_gap_files_are_refused(
    change: dict[str, Any], error: type[Exception], match: str
) -> None:
    document = gaps_geojson(deck_plan(), (8, 8, 10, 10)) | change
    with pytest.raises(error, match=match):
        read_gap_polygons(document, "gaps.geojson")


def test_gaps_of_another_structure_are_refused() -> None:
    plan = deck_plan()
    area, _ = read_gap_polygons(gaps_geojson(plan, (800, 800, 900, 900)), "gaps.geojson")
    with pytest.raises(BadInput, match="none of the gaps lies on the surface"):
        gaps_of_polygons(plan, area)
    none = gaps_of_polygons(plan, shapely.union_all([]), count=COUNT)
    assert not none.open.any()


def test_json_is_read_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for text in ("", "[1]", "{"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(BadInput, match=r"a\.json"):
            read_json(path)
    path.write_text('{"a": 1}', encoding="utf-8")
    assert read_json(path) == {"a": 1}
    with pytest.raises(BadInput, match=r"none\.json cannot be read"):
        read_json(tmp_path / "none.json")
