"""What a flight missed, and the second flight that is planned for it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from flight.came import Came, CamePhoto, came_from_photos, came_from_views, upright
from flight.coverage import plan_coverage
from flight.flightplan import FlightPlan, Pattern, PlannedPhoto, Trigger
from flight.gapdrawing import draw
from flight.gapfile import gaps_document, gaps_of_polygons, read_gap_polygons, read_json
from flight.gapmap import blocks, corners_m, panels
from flight.gaps import Gaps, Seen, find_gaps, missing_photos
from flight.poses import Poses, photos
from flight.refly import plan_refly
from inspection.domain.capture import CapturePose, Photo, PhotoQuality
from inspection.errors import BadGeometry, BadInput
from inspection.geo.camera import rotation_from_gimbal
from tests.support.flightplans import CAMERA, nadir_photo, small_plan

COUNT = 4000


def deck_plan(**changes: Any) -> FlightPlan:
    """Give 4 × 4 photos of 10 × 7.5 m over a deck of 20 m, everywhere in one photo or more."""
    spots = [(2 + 5.3 * i, 2 + 5.3 * j) for i in range(4) for j in range(4)]
    every = tuple(nadir_photo(n, x, y, row=n // 4) for n, (x, y) in enumerate(spots))
    fields: dict[str, Any] = {
        "photos": every,
        "surface_elements": ("deck", "deck"),
        "incidence_limit_deg": 20.0,
    }
    return replace(small_plan(), **(fields | changes))


def wall_plan() -> FlightPlan:
    """Give two rows of photos of a wall of 20 × 8 m that faces south, from 4 m."""
    a, b, c, d = (0, 10, 0), (20, 10, 0), (20, 10, 8), (0, 10, 8)
    surface = np.array([[a, b, c], [a, c, d]], dtype=np.float64)
    spots = [(x, z) for z in (6.5, 4.0, 1.5) for x in np.arange(1.5, 20, 2.6)]
    count = len(spots)
    poses = Poses(
        position_m=np.array([(x, 6.0, z) for x, z in spots]),
        yaw_deg=np.zeros(count),
        pitch_deg=np.zeros(count),
        target_m=np.array([(x, 10.0, z) for x, z in spots]),
        normal=np.tile([0.0, -1.0, 0.0], (count, 1)),
        row=np.arange(count) // 8,
        element=("pier",) * count,
    )
    return replace(
        small_plan(),
        pattern=Pattern.FACADE,
        photos=photos(CAMERA, poses),
        surface_m=surface,
        surface_elements=("pier", "pier"),
        gsd_m_per_px=0.001,
        incidence_limit_deg=20.0,
    )


def as_came(plan: FlightPlan, keep: Any = None) -> Came:
    """Let planned photos come exactly as planned."""
    kept = plan.photos if keep is None else [p for p in plan.photos if p.index in keep]
    return Came(
        photos=tuple(
            CamePhoto(
                name=f"{p.index}.jpg",
                position_m=p.position_m,
                yaw_deg=p.yaw_deg,
                pitch_deg=p.pitch_deg,
                camera=plan.camera,
            )
            for p in kept
        )
    )


def flown(plan: FlightPlan) -> Came:
    """Fly a plan perfectly."""
    return as_came(plan)


@pytest.mark.parametrize("make", [deck_plan, wall_plan])
def test_what_came_as_planned_leaves_no_gap_that_the_plan_had_not(make: Any) -> None:
    plan = make()
    gaps = find_gaps(plan, flown(plan), count=COUNT)
    assert gaps.good_share == pytest.approx(plan_coverage(plan, count=COUNT).good_share)
    assert gaps.good_share > 0.97
    assert gaps.missing == ()


@given(st.sets(st.integers(0, 15)))
@settings(max_examples=20, deadline=None)
def test_the_second_flight_closes_what_the_first_left(keep: set[int]) -> None:
    """Whatever is lost, first and second flight together see as much as the plan."""
    plan = deck_plan()
    first = as_came(plan, keep)
    gaps = find_gaps(plan, first, count=COUNT)
    assert set(gaps.missing) == set(range(16)) - keep
    refly = plan_refly(plan, gaps)
    second = Came(photos=()) if refly.plan is None else flown(refly.plan)
    both = find_gaps(plan, Came(photos=first.photos + second.photos), count=COUNT)
    assert both.good_share >= plan_coverage(plan, count=COUNT).good_share - 1e-9
    assert refly.again + refly.new <= 16 - len(keep) + 8


@given(st.integers(0, 15))
@settings(max_examples=16, deadline=None)
def test_more_photos_never_make_more_gaps(lost: int) -> None:
    plan = deck_plan()
    all_but = find_gaps(plan, as_came(plan, set(range(16)) - {lost}), count=COUNT)
    every = find_gaps(plan, flown(plan), count=COUNT)
    assert (every.good >= all_but.good).all() and (every.seen >= all_but.seen).all()


def test_one_lost_photo_is_taken_again_and_no_other() -> None:
    plan = wall_plan()
    lost = 12  # in the middle of the middle row
    gaps = find_gaps(plan, as_came(plan, set(range(24)) - {lost}), count=20_000)
    assert gaps.missing == (lost,)
    refly = plan_refly(plan, gaps)
    assert refly.plan is not None
    assert refly.new == 0 or refly.again + refly.new <= 2
    positions = [photo.position_m.tolist() for photo in refly.plan.photos]
    assert plan.photos[lost].position_m.tolist() in positions
    assert refly.plan.trigger is Trigger.STOP
    assert [photo.index for photo in refly.plan.photos] == list(range(len(positions)))


def test_a_photo_from_too_far_is_too_coarse() -> None:
    """From 20 m instead of 10 m the deck is seen, but at 5 mm/px instead of 2.5."""
    plan = deck_plan()
    high = replace(
        plan,
        photos=tuple(
            nadir_photo(p.index, p.position_m[0], p.position_m[1], height_m=20.0)
            for p in plan.photos
        ),
    )
    gaps = find_gaps(plan, flown(high), count=COUNT)
    assert gaps.good_share == 0.0
    assert set(gaps.kind()) == {Seen.COARSE}
    assert np.median(gaps.best_gsd_m_per_px) == pytest.approx(0.005, rel=0.02)


def test_a_photo_of_another_lens_is_judged_by_its_own() -> None:
    plan = deck_plan()
    wide = replace(CAMERA, focal_px=CAMERA.focal_px / 2)
    came = Came(photos=tuple(replace(shot, camera=wide) for shot in flown(plan).photos))
    assert find_gaps(plan, came, count=COUNT).good_share == 0.0


def test_elements_are_summed_up_in_square_metres() -> None:
    plan = wall_plan()
    upper = set(range(8))
    (pier,) = find_gaps(plan, as_came(plan, upper), count=COUNT).by_element()
    assert pier.element == "pier" and pier.area_m2 == pytest.approx(160.0)
    parts = pier.good_m2 + pier.few_m2 + pier.coarse_m2 + pier.unseen_m2
    assert parts == pytest.approx(pier.area_m2)
    # photos of 3 m height around 6.5 m see 5–8 m, but at the rim flatter than 20° nothing counts
    assert pier.unseen_m2 == pytest.approx(20 * 5.0, rel=0.05)


def test_views_that_are_wanted_twice_are_counted() -> None:
    plan = deck_plan(views=2)
    gaps = find_gaps(plan, as_came(plan, set(range(8))), count=COUNT)
    assert Seen.FEW in set(gaps.kind())
    twice = plan_refly(plan, gaps)
    assert twice.plan is not None


def test_nothing_came_means_all_again() -> None:
    plan = deck_plan()
    gaps = find_gaps(plan, Came(photos=()), count=COUNT)
    assert gaps.good_share == 0.0 and len(gaps.missing) == 16
    refly = plan_refly(plan, gaps)
    assert refly.plan is not None and 8 <= refly.again <= 16


def test_a_finer_wish_comes_closer_but_never_closer_than_is_safe() -> None:
    plan = deck_plan()
    gaps = find_gaps(plan, as_came(plan, set(range(12))), count=COUNT)
    finer = plan_refly(plan, gaps, gsd_m_per_px=0.00125)
    assert finer.plan is not None and finer.again == 0
    heights = {round(float(photo.position_m[2]), 6) for photo in finer.plan.photos}
    assert heights == {5.0}
    too_close = plan_refly(plan, gaps, gsd_m_per_px=0.0004)  # 1.6 m
    assert too_close.plan is None
    assert too_close.left_m2 == pytest.approx(float(gaps.samples.weight_m2[gaps.open].sum()))


def test_no_gap_needs_no_flight() -> None:
    plan = deck_plan()
    gaps = find_gaps(plan, flown(plan), count=COUNT)
    whole = replace(gaps, good=np.full(len(gaps.good), 9), seen=np.full(len(gaps.seen), 9))
    assert plan_refly(plan, whole).plan is None


def test_new_photos_of_a_face_stay_above_the_lowest_planned_one() -> None:
    """Of the wall only the upper row was planned; the foot would need photos lower than it."""
    plan = wall_plan()
    upper = replace(plan, photos=plan.photos[:8])
    gaps = find_gaps(upper, flown(upper), count=COUNT)
    refly = plan_refly(upper, gaps)
    assert refly.left_m2 > 80
    low = [] if refly.plan is None else [p for p in refly.plan.photos if p.position_m[2] < 6.49]
    assert not low


def test_photos_denser_than_the_receiver_are_told_apart_one_by_one() -> None:
    """Photos 0.5 m apart, three lost, every place off by a decimetre: three are missing."""
    plan = deck_plan(photos=tuple(nadir_photo(n, 0.5 * n, 5.0) for n in range(30)))
    random = np.random.default_rng(4)
    came = as_came(plan, set(range(30)) - {0, 11, 12})
    noisy = [
        replace(shot, position_m=shot.position_m + random.normal(0, 0.1, 3)) for shot in came.photos
    ]
    assert missing_photos(plan, noisy) == (0, 11, 12)


def test_a_photo_that_looks_elsewhere_is_not_the_planned_one() -> None:
    plan = wall_plan()
    shots = list(flown(plan).photos)
    shots[3] = replace(shots[3], yaw_deg=90.0)
    shots[5] = replace(shots[5], position_m=shots[5].position_m + np.array([0, 0, 3.0]))
    assert missing_photos(plan, shots) == (3, 5)


def test_a_plan_without_surface_cannot_be_compared() -> None:
    bare = deck_plan(surface_m=np.empty((0, 3, 3)), surface_elements=())
    with pytest.raises(BadInput, match="has no surface"):
        find_gaps(bare, Came(photos=()))


def photo_of(plan: FlightPlan, planned: PlannedPhoto, **changes: Any) -> Photo:
    """Take a planned photo, as ingest describes it."""
    lat, lon, height = plan.to_latlon_height([planned.position_m])[0]
    fields: dict[str, Any] = {
        "lon_deg": lon, "lat_deg": lat, "altitude_m": height + 137.0, "altitude_relative_m": height,
        "yaw_deg": planned.yaw_deg, "pitch_deg": planned.pitch_deg, "roll_deg": 0.0,
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


def half_wall() -> tuple[FlightPlan, Gaps]:
    """Fly the upper row of the wall only."""
    plan = wall_plan()
    return plan, find_gaps(plan, as_came(plan, set(range(8))), count=20_000)


def test_the_map_shows_each_kind_where_it_is() -> None:
    _, gaps = half_wall()
    (panel,) = panels(gaps)
    assert (panel.element, panel.side) == ("pier", "180°")
    assert panel.right.tolist() == pytest.approx([1, 0, 0]) and panel.up.tolist() == [0, 0, 1]
    rows, columns = panel.kinds.shape
    assert rows * panel.cell_m == pytest.approx(8.0, abs=2 * panel.cell_m)
    assert columns * panel.cell_m == pytest.approx(20.0, abs=2 * panel.cell_m)
    low, high = panel.kinds[2, columns // 2], panel.kinds[int(6.5 / panel.cell_m), columns // 2]
    assert (low, high) == (Seen.UNSEEN, Seen.GOOD)
    drawn = sum((b.behind - b.first) * panel.cell_m**2 for b in blocks(panel))
    assert drawn == pytest.approx(160.0, rel=0.05)
    corner = corners_m(panel, next(iter(blocks(panel))))
    assert corner[:, 1] == pytest.approx([10.0] * 4)


def test_a_deck_is_drawn_from_above_with_north_up() -> None:
    plan = deck_plan()
    (panel,) = panels(find_gaps(plan, as_came(plan, {0}), count=COUNT))
    assert panel.side == "up"
    south_west, north_east = panel.kinds[2, 2], panel.kinds[-3, -3]
    assert (south_west, north_east) == (Seen.GOOD, Seen.UNSEEN)


def test_gaps_are_written_with_place_and_reason() -> None:
    plan, gaps = half_wall()
    document = json.loads(json.dumps(gaps_document(plan, panels(gaps))))
    unseen = [f for f in document["features"] if f["properties"]["reason"] == "unseen"]
    area = sum(feature["properties"]["area_m2"] for feature in unseen)
    assert area == pytest.approx(100.0, rel=0.08)
    assert {f["properties"]["element"] for f in unseen} == {"pier"}
    assert all(f["properties"]["gsd_needed_mm_per_px"] == 1.0 for f in unseen)
    ring = np.array(unseen[0]["geometry"]["coordinates"][0])
    local = plan.frame.to_enu_m(ring)
    assert local[:, 1] == pytest.approx([10.0] * 5, abs=0.01) and local[:, 2].max() < 6
    assert not any(f["properties"]["reason"] == "good" for f in document["features"])


def test_the_drawing_is_an_svg_with_its_figures() -> None:
    plan, gaps = half_wall()
    text = draw(gaps, panels(gaps), title="Pier <3>")
    assert text.startswith("<svg") and text.rstrip().endswith("</svg>")
    assert f"Pier &lt;3&gt;: {100 * gaps.good_share:.1f} % as planned" in text
    assert "pier · 180°" in text and "not seen" in text
    assert plan.name
