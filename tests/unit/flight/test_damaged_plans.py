"""Photo files of plans: whole ones come back to the bit that counts, damaged ones are refused.

A photo file lies on a stick between two machines, is edited by hand and cut off by a full disk.
Whatever it holds then, it is a plan that can be flown and drawn, or it is refused in words.
"""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flight.coverage import plan_coverage
from flight.drone import find_drone
from flight.flightplan import FlightPlan, Pattern, Trigger
from flight.gapfile import read_json
from flight.itinerary import make_itinerary
from flight.mission import AltitudeFrame
from flight.planfile import plan_document, plan_from_document, read_plan, write_plan
from inspection.errors import BadInput, TenkenError
from inspection.geo.camera import Camera
from tests.support.flightcommand import fly
from tests.support.flightplans import KANAZAWA, nadir_photo, small_plan

DRONE = find_drone("ardupilot_survey")


def document(**changes: Any) -> dict[str, Any]:
    """Give the document of a small plan, as a file holds it."""
    found: dict[str, Any] = json.loads(json.dumps(plan_document(small_plan(**changes))))
    return found


def places(node: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Name every place of a document; of lists the first entries stand for all."""
    keys = list(node) if isinstance(node, dict) else range(min(len(node), 2))
    for key in keys:
        yield (*before, key)
        if isinstance(node[key], dict | list):
            yield from places(node[key], (*before, key))


def replaced(whole: dict[str, Any], place: tuple[Any, ...], value: object) -> dict[str, Any]:
    """Give a document with one value replaced."""
    changed = copy.deepcopy(whole)
    node: Any = changed
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = value
    return changed


def use(plan: FlightPlan) -> None:
    """Do with a plan what the commands do: see, fly, write."""
    plan_coverage(plan, count=50)
    make_itinerary(plan, DRONE)
    json.dumps(plan_document(plan), allow_nan=False, ensure_ascii=False).encode()


PLACES = sorted(set(places(document())), key=str)
HOSTILE: list[object] = [
    None, True, "x", "３", "\ud800", -1, 1e300, float("nan"), float("inf"), [], {}, [1, 2],
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES, ids=lambda place: ".".join(map(str, place)))
def test_one_wrong_value_is_refused_in_words_or_harmless(place: tuple[Any, ...]) -> None:
    whole = document()
    for value in HOSTILE:
        try:
            plan = plan_from_document(replaced(whole, place, value), "pier.photos.geojson")
        except TenkenError as error:
            assert str(error)
        else:
            try:
                use(plan)
            except TenkenError:
                continue


# Figures without which nothing can be computed: a wrong one must not slip through.
WRONG = [
    ("gsd_m_per_px", "0.3"), ("gsd_m_per_px", 0), ("gsd_m_per_px", float("inf")),
    ("takeoff_msl_m", "12"), ("takeoff_msl_m", float("nan")),
    ("incidence_limit_deg", None), ("incidence_limit_deg", "20"),
    ("overlap_front", 0.96), ("overlap_side", -0.1),
    ("views", 0), ("views", 1.5), ("views", True), ("views", "2"),
    ("speed_m_s", 0), ("exposure_s", -1), ("lead_in_m", None), ("photo_spacing_m", "6"),
    ("name", None), ("name", 5), ("name", "\udfff"), ("camera_name", ["dji_p1"]),
    ("drone_name", 7), ("pattern", "spiral"), ("altitude_frame", "ellipsoid"), ("trigger", ""),
    ("origin_latlon_deg", [KANAZAWA[1], KANAZAWA[0]]), ("origin_latlon_deg", [36.6]),
    ("origin_latlon_deg", [36.6, 181]), ("gate_latlon_deg", [91, 0]), ("gate_latlon_deg", "ab"),
    ("camera", []), ("camera", {}), ("camera", {"width_px": 10}), ("surface_m", [[1, 2, 3]]),
    ("surface_elements", ["deck"]), ("surface_elements", "deck"), ("surface_elements", [1, 2]),
    ("notes", "one"), ("notes", [None]), ("version", 2), ("version", None),
]  # fmt: skip


@pytest.mark.parametrize(("figure", "value"), WRONG)
def test_a_wrong_figure_is_refused_with_the_name_of_the_file(figure: str, value: object) -> None:
    changed = replaced(document(), ("tenken_plan", figure), value)
    with pytest.raises(BadInput):
        plan_from_document(changed, "pier.photos.geojson")


@pytest.mark.parametrize("figure", sorted(document()["tenken_plan"]))
def test_a_missing_figure_is_refused(figure: str) -> None:
    changed = document()
    del changed["tenken_plan"][figure]
    if figure == "gate_latlon_deg":  # files of before it was known have none
        assert plan_from_document(changed, "p").gate_latlon_deg is None
    else:
        with pytest.raises(BadInput, match=r"pier\.photos\.geojson"):
            plan_from_document(changed, "pier.photos.geojson")


@pytest.mark.parametrize("cut", [0, 1, 10, 100, 1000, -2])
def test_a_file_that_was_cut_off_is_refused(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "pier.photos.geojson"
    write_plan(small_plan(), path)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(BadInput, match=r"pier\.photos\.geojson"):
        read_plan(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        "点検".encode("shift_jis"),
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b"null",
        b"5",
        b'"tenken_plan"',
        b'{"tenken_plan": 5}',
        b'{"tenken_plan": {}}',
        b'{"tenken_plan": {"version": 1}}',
    ],
    ids=range(11),
)
def test_what_is_no_plan_at_all_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "pier.photos.geojson"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"pier\.photos\.geojson"):
        read_plan(path)


@pytest.mark.parametrize("content", [b"[" * 200_000, b"", b"[]", b"5", b"\xff"])
def test_other_json_of_a_flight_is_refused_in_the_same_way(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "views.json"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"views\.json"):
        read_json(path)


def test_a_folder_in_the_place_of_a_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read as a plan"):
        read_plan(tmp_path)


# --- what a whole file keeps ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["橋脚 P1", "ｹｰﾌﾞﾙ", "a/b\\c", 'q"uote', "<b>&amp;", "two\nlines", "𠮷野", "", "é é"]
)
def test_any_name_comes_back(tmp_path: Path, name: str) -> None:
    path = tmp_path / "p.photos.geojson"
    write_plan(small_plan(name=name, notes=(name,), surface_elements=(name, name)), path)
    back = read_plan(path)
    assert (back.name, back.notes, back.surface_elements) == (name, (name,), (name, name))


@given(
    pattern=st.sampled_from(Pattern),
    trigger=st.sampled_from(Trigger),
    frame=st.sampled_from([AltitudeFrame.HOME, AltitudeFrame.MSL]),
    figures=st.tuples(st.floats(1e-5, 0.5), st.floats(0, 0.95), st.floats(0.01, 20.0)),
    views=st.integers(1, 9),
    place=st.tuples(st.floats(-89.9, 89.9), st.floats(-180, 180)),
    msl_m=st.none() | st.floats(-400, 5000),
)
@settings(max_examples=30, deadline=None)
def test_every_figure_comes_back_to_the_bit(
    *,
    pattern: Pattern,
    trigger: Trigger,
    frame: AltitudeFrame,
    figures: tuple[float, float, float],
    views: int,
    place: tuple[float, float],
    msl_m: float | None,
) -> None:
    gsd, overlap, speed = figures
    plan = small_plan(
        pattern=pattern,
        trigger=trigger,
        altitude_frame=frame,
        gsd_m_per_px=gsd,
        overlap_front=overlap,
        speed_m_s=speed,
        views=views,
        origin_latlon_deg=place,
        gate_latlon_deg=place,
        takeoff_msl_m=msl_m,
    )
    back = plan_from_document(json.loads(json.dumps(plan_document(plan))), "p")
    kept = [name for name in FlightPlan.__slots__ if name not in {"photos", "surface_m"}]
    assert [getattr(back, name) for name in kept] == [getattr(plan, name) for name in kept]
    np.testing.assert_allclose(back.positions_m, plan.positions_m, atol=0.001)
    np.testing.assert_allclose(back.surface_m, plan.surface_m, atol=0.0001)


def test_writing_twice_writes_the_same(tmp_path: Path) -> None:
    first, second = tmp_path / "a.geojson", tmp_path / "b.geojson"
    write_plan(small_plan(), first)
    write_plan(read_plan(first), second)
    write_plan(read_plan(second), first)
    assert first.read_bytes() == second.read_bytes()


def test_the_lens_and_its_distortion_come_back() -> None:
    camera = Camera(width_px=401, height_px=299, focal_px=333.3, cx_px=7.5, cy_px=8.25, k1=-0.01)
    back = plan_from_document(json.loads(json.dumps(plan_document(small_plan(camera=camera)))), "p")
    assert back.camera == camera


def test_photos_keep_their_order_whatever_order_their_footprints_are_in() -> None:
    whole = document()
    points = [f for f in whole["features"] if f["geometry"]["type"] == "Point"]
    outlines = [f for f in whole["features"] if f["geometry"]["type"] == "Polygon"]
    shuffled = whole | {"features": [*reversed(outlines), *points]}
    back, usual = plan_from_document(shuffled, "p"), plan_from_document(whole, "p")
    for one, other in zip(back.photos, usual.photos, strict=True):
        assert one.index == other.index
        np.testing.assert_array_equal(one.footprint_m, other.footprint_m)


def test_photos_in_another_order_are_no_flight() -> None:
    whole = document()
    whole["features"].reverse()
    with pytest.raises(BadInput, match="in order of flight"):
        plan_from_document(whole, "p")


# --- plans with nothing in them ------------------------------------------------------------------


def test_a_plan_without_a_surface_is_neither_seen_nor_drawn(tmp_path: Path) -> None:
    bare = small_plan(surface_m=np.empty((0, 3, 3)), surface_elements=())
    with pytest.raises(BadInput, match="'deck' has no surface"):
        plan_coverage(bare)
    path = tmp_path / "bare.photos.geojson"
    write_plan(bare, path)
    ran = fly("draw", path, "--out", tmp_path / "bare.png")
    assert (ran.code, "no surface" in ran.said) == (2, True)
    assert not (tmp_path / "bare.png").exists()


def test_a_plan_without_photos_sees_nothing() -> None:
    seen = plan_coverage(small_plan(photos=()))
    assert (seen.seen_share, seen.good_share) == (0.0, 0.0)
    assert seen.area_m2 == pytest.approx(400.0)


@pytest.mark.parametrize("name", ["pier.gif", "pier", "pier.PDF", "pier.png.txt"])
def test_a_picture_of_another_kind_is_refused_before_anything_is_read(
    tmp_path: Path, name: str
) -> None:
    ran = fly("draw", tmp_path / "none.geojson", "--out", tmp_path / name)
    assert (ran.code, "ends in none of .png" in ran.said) == (2, True)


def test_a_single_photo_is_a_plan(tmp_path: Path) -> None:
    path = tmp_path / "one.photos.geojson"
    write_plan(small_plan(photos=(nadir_photo(0, 10, 10),)), path)
    ran = fly("draw", path, "--out", tmp_path / "one.webp")
    assert (ran.code, ran.said) == (0, "")
    assert "one.webp: 1 photos" in ran.out
