"""The photo file: nothing of a plan is lost, and what is no plan is refused with its reason."""

import json
from pathlib import Path

import numpy as np
import pytest

from flight.flightplan import FlightPlan
from flight.planfile import plan_document, plan_from_document, read_plan, write_plan
from inspection.errors import BadInput
from tests.support.flightplans import KANAZAWA, small_plan

ARRAYS = {"photos", "surface_m"}


@pytest.mark.parametrize("gate", [None, (36.5947, 136.6258)])
def test_a_plan_comes_back_whole(tmp_path: Path, gate: tuple[float, float] | None) -> None:
    plan = small_plan(gate_latlon_deg=gate)
    write_plan(plan, tmp_path / "deck.photos.geojson")
    again = read_plan(tmp_path / "deck.photos.geojson")
    for name in set(FlightPlan.__slots__) - ARRAYS:
        assert getattr(again, name) == getattr(plan, name), name
    assert again.surface_m == pytest.approx(plan.surface_m, abs=1e-4)
    assert again.positions_m == pytest.approx(plan.positions_m, abs=2e-4)
    for mine, theirs in zip(plan.photos, again.photos, strict=True):
        assert theirs.footprint_m == pytest.approx(mine.footprint_m, abs=3e-4)
        assert (theirs.row, theirs.yaw_deg, theirs.element) == (mine.row, mine.yaw_deg, "deck")


def test_a_plan_without_photos_comes_back_too() -> None:
    plan = small_plan(photos=())
    assert plan_from_document(plan_document(plan), "empty").photos == ()


def test_the_file_is_geojson_with_a_point_and_a_closed_footprint_for_every_photo() -> None:
    document = plan_document(small_plan())
    kinds = [feature["geometry"]["type"] for feature in document["features"]]
    assert kinds == ["Point", "Polygon"] * 6
    longitude, latitude, height_m = document["features"][0]["geometry"]["coordinates"]
    assert (latitude, longitude) == pytest.approx(KANAZAWA, abs=1e-3)
    assert height_m == pytest.approx(10.0, abs=1e-3)
    ring = document["features"][1]["geometry"]["coordinates"][0]
    assert len(ring) == 5
    assert ring[0] == ring[-1]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "cannot be read as a plan"),
        ("[]", "no 'tenken_plan'"),
        ('{"type": "FeatureCollection", "features": []}', "no 'tenken_plan'"),
        ('{"tenken_plan": {"version": 9}, "features": []}', "version 9 is not 1"),
        ('{"tenken_plan": {"version": 1}, "features": []}', "damaged plan"),
    ],
)
def test_what_is_no_plan_is_refused_with_its_reason(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "strange.geojson"
    path.write_text(text)
    with pytest.raises(BadInput, match=reason):
        read_plan(path)


def test_a_missing_file_and_a_missing_footprint_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"none\.geojson"):
        read_plan(tmp_path / "none.geojson")
    document = json.loads(json.dumps(plan_document(small_plan())))
    document["features"] = document["features"][:1]
    with pytest.raises(BadInput, match="damaged plan"):
        plan_from_document(document, "half")


def test_positions_far_away_have_their_height_above_take_off_not_above_the_tangent_plane() -> None:
    (_, _, height_m), *_ = small_plan().to_latlon_height(np.array([[0.0, 10_000.0, 0.0]]))
    assert height_m == pytest.approx(10_000**2 / 2 / 6.37e6, rel=0.01)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"overlap_front": 75.0}, "ratio of 0 to 0.95"),
        ({"speed_m_s": 0.0}, "must be > 0"),
        ({"exposure_s": -1.0}, "must be > 0"),
        ({"surface_m": np.zeros((2, 3))}, r"\(n, 3, 3\) triangles"),
        ({"surface_elements": ("deck",)}, "1 names do not fit 2 triangles"),
        ({"photos": small_plan().photos[1:]}, "numbered from 0"),
    ],
)
def test_plans_that_make_no_sense_are_refused(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        small_plan(**changes)


def test_rows_follow_the_order_of_flight() -> None:
    assert [[photo.index for photo in row] for row in small_plan().rows] == [[0, 1, 2], [3, 4, 5]]
