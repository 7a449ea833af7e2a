"""Flying a past survey again: the same places, the same directions."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flight.came import came_from_photos
from flight.capability import STOP_SPEED_M_S
from flight.flightplan import FlightPlan, Pattern, PlannedPhoto, Trigger
from flight.gaps import find_gaps
from flight.refly import plan_refly
from flight.repeat import plan_from_photos, repeat_plan
from inspection.domain.capture import CapturePose, Photo
from inspection.errors import BadInput
from inspection.pipeline.ingest import ingest
from inspection.pipeline.ports import Silence
from tests.support.flightplans import KANAZAWA, small_plan


def taken(number: int, **changes: Any) -> Photo:
    """Describe a photo as ingest does."""
    fields: dict[str, Any] = {
        "lon_deg": KANAZAWA[1], "lat_deg": KANAZAWA[0], "altitude_m": 60.0,
        "altitude_relative_m": 20.0, "yaw_deg": 90.0, "pitch_deg": -90.0, "roll_deg": 0.0,
    }  # fmt: skip
    rest = {
        "width_px": changes.pop("width_px", 4000),
        "focal_px": changes.pop("focal_px", 4000.0),
        "pose": CapturePose(**(fields | changes)) if changes.pop("pose", True) else None,
    }
    return Photo(sha256=f"{number:064d}", name=f"{number}.jpg", height_px=3000, **rest)


def photos_of(plan: FlightPlan) -> list[Photo]:
    """Take the photos of a plan, as ingest describes them."""
    places = plan.to_latlon_height(plan.positions_m)
    return [
        taken(
            p.index, lat_deg=lat, lon_deg=lon, altitude_relative_m=h, altitude_m=h + 40.0,
            yaw_deg=p.yaw_deg, pitch_deg=p.pitch_deg,
        )
        for p, (lat, lon, h) in zip(plan.photos, places.tolist(), strict=True)
    ]  # fmt: skip


def differs_by(plan: FlightPlan, other: FlightPlan) -> tuple[float, float]:
    """Give the greatest difference of place in metres and of direction in degrees."""
    places = [p.to_latlon_height(p.positions_m)[:, [1, 0, 2]] for p in (plan, other)]
    off = np.linalg.norm(
        plan.frame.to_enu_m(places[0]) - plan.frame.to_enu_m(places[1]), axis=1
    ).max()

    def turn(first: PlannedPhoto, second: PlannedPhoto) -> float:
        """Give the larger of the differences of yaw and pitch."""
        yaw = abs((first.yaw_deg - second.yaw_deg + 180) % 360 - 180)
        return max(yaw, abs(first.pitch_deg - second.pitch_deg))

    return float(off), max(map(turn, plan.photos, other.photos))


def test_a_plan_is_repeated_photo_by_photo() -> None:
    again = repeat_plan(small_plan())
    assert differs_by(small_plan(), again) == (0.0, 0.0)
    assert again.name == "deck – repeat" and "repeats deck" in again.notes[-1]
    with pytest.raises(BadInput, match="nothing to repeat"):
        repeat_plan(small_plan(photos=()))


@given(st.floats(-300, 300), st.floats(-300, 300), st.floats(0, 359), st.floats(4, 60))
@settings(max_examples=25, deadline=None)
def test_photos_become_the_same_poses_wherever_take_off_is(
    x: float, y: float, yaw: float, height_m: float
) -> None:
    base = small_plan()
    moved = replace(
        base,
        photos=tuple(
            replace(p, position_m=p.position_m + np.array([x, y, height_m - 10]), yaw_deg=yaw)
            for p in base.photos
        ),
    )
    plan = plan_from_photos(
        photos_of(moved), name="again", camera_name="dji_p1@50", takeoff_latlon_deg=KANAZAWA
    )
    off_m, turned_deg = differs_by(moved, plan)
    assert off_m < 1e-3 and turned_deg < 1e-6
    assert plan.gsd_m_per_px == pytest.approx(height_m / 4000, rel=1e-4)
    assert plan.takeoff_msl_m == pytest.approx(40.0, abs=1e-6)


def test_what_the_past_saw_is_seen_again() -> None:
    base = small_plan()
    plan = plan_from_photos(
        photos_of(base), name="again", camera_name="dji_p1@50", takeoff_latlon_deg=KANAZAWA
    )
    assert plan.pattern is Pattern.AREA and plan.trigger is Trigger.STOP
    assert plan.speed_m_s == STOP_SPEED_M_S
    area = float(np.linalg.norm(np.cross(
        plan.surface_m[:, 1] - plan.surface_m[:, 0], plan.surface_m[:, 2] - plan.surface_m[:, 0]
    ), axis=1).sum() / 2)  # fmt: skip
    assert area == pytest.approx(20 * 19.5, rel=0.01)  # six photos of 10 × 7.5 m, 6 m apart
    gaps = find_gaps(plan, came_from_photos(plan, photos_of(base)), count=4000)
    assert gaps.missing == () and gaps.good_share > 0.99


def test_rows_end_where_the_flight_turned() -> None:
    plan = plan_from_photos(photos_of(small_plan()), name="a", camera_name="dji_p1@50")
    assert [photo.row for photo in plan.photos] == [0, 0, 0, 1, 2, 2]


def test_a_face_needs_the_distance_to_be_said() -> None:
    wall = [taken(n, pitch_deg=0.0, lat_deg=KANAZAWA[0] + n * 2e-5) for n in range(4)]
    with pytest.raises(BadInput, match="--distance-m"):
        plan_from_photos(wall, name="a", camera_name="dji_p1@50")
    plan = plan_from_photos(wall, name="a", camera_name="dji_p1@50", distance_m=4.0)
    assert plan.pattern is Pattern.FACADE
    assert plan.gsd_m_per_px == pytest.approx(0.001)
    assert plan.surface_m.shape == (8, 3, 3)
    middle = plan.photos[0].footprint_m.mean(axis=0)
    assert middle - plan.photos[0].position_m == pytest.approx([4.0, 0.0, 0.0], abs=1e-6)
    seen = find_gaps(plan, came_from_photos(plan, wall), count=2000)
    assert seen.good_share > 0.5  # the rim is flatter than 30°


def test_ground_below_take_off_is_farther_away() -> None:
    low = plan_from_photos(
        photos_of(small_plan()), name="a", camera_name="dji_p1@50", ground_m=-10.0
    )
    assert low.gsd_m_per_px == pytest.approx(0.005)
    with pytest.raises(BadInput, match="no higher than the ground"):
        plan_from_photos(photos_of(small_plan()), name="a", camera_name="x", ground_m=12.0)


@pytest.mark.parametrize(
    ("photos", "match"),
    [
        ([], "no photo of the past survey"),
        ([taken(1), taken(2, width_px=5000)], r"several cameras \(1 of 4000×3000, 1 of 5000"),
        ([taken(1), taken(2, focal_px=5000.0)], "several lenses"),
        ([taken(1, focal_px=None)], "no focal length"),
        ([taken(1, altitude_relative_m=None)], "1.jpg tells no height above take-off"),
        ([taken(1, pose=False)], "1.jpg tells no height above take-off"),
        ([taken(1, yaw_deg=None)], "1.jpg tells no direction"),
    ],
)
def test_what_cannot_be_repeated_is_refused(photos: list[Photo], match: str) -> None:
    with pytest.raises(BadInput, match=match):
        plan_from_photos(photos, name="a", camera_name="dji_p1@50")


def test_the_lens_stands_in_where_photos_do_not_tell() -> None:
    plan = plan_from_photos(
        [taken(1, focal_px=None)], name="a", camera_name="dji_p1@50", focal_px=2000.0
    )
    assert plan.camera.focal_px == 2000.0
    assert "below the first photo" in plan.notes[1]


@pytest.mark.data
def test_a_real_survey_is_repeated_and_its_missing_photos_are_found(data_dir: Path) -> None:
    """18 photos of a beach at 40 m: the plan has their poses; three that are lost are found."""
    folder = data_dir / "flights" / "brighton_beach"
    came = ingest([folder], gps_required=True, progress=Silence())
    plan = plan_from_photos(came.photos, name="beach", camera_name="dji_phantom3_pro")
    assert len(plan.photos) == 18
    assert plan.gsd_m_per_px * 1000 == pytest.approx(17.0, abs=1.0)
    again = came_from_photos(plan, came.photos)
    off = max(
        float(np.linalg.norm(shot.position_m - planned.position_m))
        for shot, planned in zip(again.photos, plan.photos, strict=True)
    )
    assert off < 0.01
    lost = {3, 8, 9}
    kept = [photo for at, photo in enumerate(came.photos) if at not in lost]
    gaps = find_gaps(plan, came_from_photos(plan, kept), count=6000)
    assert set(gaps.missing) == lost
    refly = plan_refly(plan, gaps)
    assert refly.plan is not None and refly.left_m2 < 0.01 * float(gaps.samples.weight_m2.sum())
    assert 1 <= refly.again <= 6
