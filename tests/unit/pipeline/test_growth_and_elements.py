"""Identity of damage over surveys, growth with its uncertainty, elements from hostile files."""

import json
import uuid
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.domain.growth import (
    Change,
    Difference,
    Growth,
    SeenCrack,
    length_difference,
    match,
    same_crack,
    verdict,
    width_difference,
)
from inspection.domain.measurement import Quantity
from inspection.domain.taxonomy import DamageClass
from inspection.domain.widthcalibration import CONCRETE
from inspection.errors import BadGeometry, BadInput
from inspection.geo.grid import LOCAL_CRS
from inspection.imaging.profiles_file import ProfileRow
from inspection.pipeline.capability import read_elements
from inspection.pipeline.consolidate import consolidate, likeness, overlap_iou
from inspection.pipeline.growth import cracks_of, growth_to_plain
from inspection.pipeline.profilewidths import measure_rows
from tests.support.damage import area, below, crack, defect, quantity

PLANE = "EPSG:6675"
RING = [[136.6256, 36.5946], [136.6257, 36.5946], [136.6257, 36.5947], [136.6256, 36.5946]]
NEXT = uuid.UUID(int=2)


def features(geometry: Any, **more: Any) -> dict[str, Any]:
    return {"features": [{"type": "Feature", "geometry": geometry, **more}]}


def polygon(ring: Sequence[Sequence[Any]] = RING) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [list(ring)] if ring else []}


def elements(folder: Path, content: object, crs: str = PLANE, *, mark: bytes = b"") -> Any:
    path = folder / "e.geojson"
    path.write_bytes(
        mark + (content if isinstance(content, bytes) else json.dumps(content).encode())
    )
    return read_elements(path, crs)


class TestElements:
    @pytest.mark.parametrize(
        ("more", "name"),
        [
            ({}, "1"),
            ({"id": 7}, "7"),
            ({"properties": {"name": "床版"}}, "床版"),
            ({"properties": {"element_id": "Ds0101", "name": "x"}, "id": 7}, "Ds0101"),
            ({"properties": None}, "1"),
            ({"properties": [1], "id": "a"}, "a"),
            ({"properties": "x"}, "1"),
        ],
    )
    def test_a_name_is_found_or_made(self, tmp_path: Path, more: Any, name: str) -> None:
        (found,) = elements(tmp_path, features(polygon(), **more))
        assert found.name == name
        assert found.outline_m.area == pytest.approx(0.5 * 9.0 * 11.1, rel=0.01)

    def test_a_mark_at_the_beginning_and_heights_do_no_harm(self, tmp_path: Path) -> None:
        plain = elements(tmp_path, features(polygon()))
        assert elements(tmp_path, features(polygon()), mark=b"\xef\xbb\xbf") == plain
        high = [[x, y, 12.5] for x, y in RING]
        (found,) = elements(tmp_path, features(polygon(high)))
        assert found.outline_m.area == pytest.approx(plain[0].outline_m.area)

    def test_latitude_before_longitude_is_asked_about(self, tmp_path: Path) -> None:
        swapped = [[lat, lon] for lon, lat in RING]
        with pytest.raises(BadGeometry, match=r"outside of EPSG:6675.*latitude swapped\?"):
            elements(tmp_path, features(polygon(swapped)))

    @pytest.mark.parametrize(
        ("content", "error", "says"),
        [
            (b"", BadInput, "no GeoJSON"),
            (b"\xff\xfe", BadInput, "no GeoJSON"),
            ([1], BadInput, "no GeoJSON"),
            ({"features": None}, BadInput, "no GeoJSON"),
            ({"features": ["a"]}, BadInput, "no GeoJSON"),
            ({"features": []}, BadInput, "holds no polygon"),
            (features(None), BadInput, "no GeoJSON"),
            (features({"type": "Nothing"}), BadInput, "no GeoJSON"),
            (features({"type": "Polygon"}), BadInput, "no GeoJSON"),
            (features(polygon([])), BadGeometry, "no valid polygon"),
            (features({"type": "Point", "coordinates": [136.6, 36.6]}), BadGeometry, "no valid"),
            (features(polygon([[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]])), BadGeometry, "no valid"),
            (features(polygon([["a", 1], [2, 3], [4, 5], ["a", 1]])), BadInput, "no GeoJSON"),
            (
                json.dumps(features(polygon())).replace("36.5946", "NaN").encode(),
                BadInput,
                "no Geo",
            ),
            ({"tenken:crs": "LOCAL", **features(polygon())}, BadInput, "in local metres"),
        ],
    )
    def test_what_is_no_element_is_named_with_its_file(
        self, tmp_path: Path, content: object, error: type[Exception], says: str
    ) -> None:
        with pytest.raises(error, match=says) as told:
            elements(tmp_path, content)
        assert "e.geojson" in str(told.value)

    def test_a_local_map_needs_local_metres(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="in lon/lat but the map is in LOCAL"):
            elements(tmp_path, features(polygon()), LOCAL_CRS)
        local = {"tenken:crs": "LOCAL", **features(polygon([[0, 0], [2, 0], [2, 1], [0, 0]]))}
        (found,) = elements(tmp_path, local, LOCAL_CRS)
        assert found.outline_m.area == 1.0


def lines(*shifts: float) -> list[Any]:
    return [crack([(0, s), (1, s), (2, s + 0.1)]) for s in shifts]


class TestIdentity:
    @settings(max_examples=20, deadline=None)
    @given(st.lists(st.integers(0, 30), min_size=1, max_size=6, unique=True), st.randoms())
    def test_surveys_in_any_order_of_their_observations_give_the_same_defects(
        self, places: list[int], random: Any
    ) -> None:
        first = lines(*(0.2 * p for p in places))
        known = consolidate(first, known=[], asset_id="b").defects
        second = [
            crack([(0, 0.2 * p + 0.01), (1, 0.2 * p + 0.01), (2, 0.2 * p + 0.11)], survey=NEXT)
            for p in places
        ]
        answer = consolidate(second, known=known, asset_id="b")
        shuffled_seen, shuffled_known = list(second), list(known)
        random.shuffle(shuffled_seen)
        random.shuffle(shuffled_known)
        assert consolidate(shuffled_seen, known=shuffled_known, asset_id="b") == answer
        assert set(answer.matched) == {d.defect_id for d in known}
        assert (answer.new, answer.unseen) == ((), ())
        again = consolidate(second, known=answer.defects, asset_id="b")
        assert again.defects == ()

    @settings(max_examples=80, deadline=None)
    @given(
        st.tuples(st.floats(-2, 2), st.floats(-2, 2)),
        st.tuples(st.floats(0.1, 3), st.floats(0.1, 3)),
        st.tuples(st.floats(0.1, 3), st.floats(0.1, 3)),
    )
    def test_overlap_is_a_share_and_does_not_depend_on_who_is_first(
        self, at: tuple[float, float], size: tuple[float, float], other: tuple[float, float]
    ) -> None:
        one = shapely.box(0, 0, *size)
        two = shapely.box(*at, at[0] + other[0], at[1] + other[1])
        share = overlap_iou(one, two)
        assert 0 <= share <= 1 + 1e-9
        assert share == pytest.approx(overlap_iou(two, one), abs=1e-12)
        assert overlap_iou(one, one) == pytest.approx(1)

    @pytest.mark.parametrize("other", [DamageClass.RUST_STAIN, DamageClass.WET_SPOT])
    def test_another_class_in_the_same_place_is_another_damage(self, other: DamageClass) -> None:
        shape = shapely.box(0, 0, 1, 1)
        known = defect(area(shape))
        assert likeness(area(shape, other), known) == 0
        assert likeness(area(shape), known) == pytest.approx(1)
        reviewed = defect(area(shape), reviewed=other)
        assert likeness(area(shape, other), reviewed) > 0


def seen(
    y: float, *, x: float = 0.0, long: float = 1.0, width: Quantity | None = None, u: float = 0.01
) -> SeenCrack:
    line = shapely.LineString([(x, y), (x + long, y)])
    return SeenCrack(key=f"{x}/{y}", axis_m=line, length_m=quantity(long, u), width_mm=width)


class TestGrowth:
    @pytest.mark.parametrize(
        ("shift", "turn_deg", "same"),
        [(0.0, 0, True), (0.049, 0, True), (0.051, 0, False), (0.0, 19, True), (0.0, 21, False)],
    )
    def test_distance_and_direction_of_the_specification(
        self, shift: float, turn_deg: float, same: bool
    ) -> None:
        """§8: crack distance ≤ 50 mm and direction ≤ 20°."""
        one = shapely.LineString([(-0.5, 0), (0.5, 0)])
        turn = np.radians(turn_deg)
        dx, dy = 0.5 * np.cos(turn), 0.5 * np.sin(turn)
        two = shapely.LineString([(-dx, shift - dy), (dx, shift + dy)])
        assert same_crack(one, two) is same
        assert same_crack(two, one) is same

    def test_pieces_of_one_survey_are_the_whole_of_the_other(self) -> None:
        whole = [seen(0, long=2.0)]
        pieces = [seen(0.01, long=0.9), seen(0.01, x=1.1, long=0.9), seen(5)]
        assert match(whole, pieces) == [((0,), (0, 1)), ((), (2,))]
        assert match(pieces, whole) == [((0, 1), (0,)), ((2,), ())]
        for order in permutations(range(3)):
            groups = match(whole, [pieces[i] for i in order])
            keys = {frozenset(pieces[order[j]].key for j in after) for _, after in groups}
            assert keys == {frozenset(p.key for p in pieces[:2]), frozenset({pieces[2].key})}

    def test_every_crack_is_in_one_group_and_none_is_lost(self) -> None:
        before = [seen(0.3 * n) for n in range(5)]
        after = [seen(0.3 * n + 0.02) for n in range(2, 8)]
        groups = match(before, after)
        assert sorted(i for firsts, _ in groups for i in firsts) == list(range(5))
        assert sorted(j for _, seconds in groups for j in seconds) == list(range(6))
        assert match([], []) == []
        assert match(before, []) == [((n,), ()) for n in range(5)]

    @pytest.mark.parametrize(
        ("width", "length", "change"),
        [
            ((0.2, 0.1), (0.0, 0.1), Change.GROWN),
            ((0.1, 0.1), (0.0, 0.1), Change.NO_SIGNIFICANT_CHANGE),
            ((0.0, 0.1), (0.2, 0.1), Change.GROWN),
            ((-0.2, 0.1), (0.0, 0.1), Change.SMALLER),
            ((-0.2, 0.1), (0.2, 0.1), Change.GROWN),
            ((-0.2, 0.1), (-0.2, 0.1), Change.SMALLER),
            (None, (0.05, 0.1), Change.NO_SIGNIFICANT_CHANGE),
            (None, (0.2, 0.1), Change.GROWN),
        ],
    )
    def test_a_difference_within_its_uncertainty_is_none(
        self, width: tuple[float, float] | None, length: tuple[float, float], change: Change
    ) -> None:
        found = [
            None if d is None else Difference(value=d[0], expanded_uncertainty=d[1])
            for d in (width, length)
        ]
        assert found[1] is not None
        assert verdict(found[0], found[1]) is change

    def test_uncertainties_add_as_squares_and_lengths_as_lengths(self) -> None:
        before = [seen(0, long=1.0, u=0.03), seen(1, long=0.5, u=0.04)]
        after = [seen(0, long=1.9, u=0.12)]
        found = length_difference(before, after)
        assert [found.value, found.expanded_uncertainty] == pytest.approx([0.4, 0.13])

    def test_widths_compare_the_widest_and_below_the_limit_is_no_number(self) -> None:
        before = [seen(0, width=quantity(0.2, 0.03)), seen(1, width=quantity(0.4, 0.05))]
        after = [seen(0, width=quantity(0.7, 0.12)), seen(1, width=below(0.1)), seen(2)]
        found = width_difference(before, after)
        assert found is not None
        assert [found.value, found.expanded_uncertainty] == pytest.approx([0.3, 0.13])
        assert width_difference(before, [seen(0, width=below(0.1))]) is None
        assert width_difference([seen(0)], after) is None

    def test_only_cracks_with_a_centre_line_are_compared(self) -> None:
        observations = [*lines(0.0, 1.0), area(shapely.box(5, 5, 6, 6))]
        found = cracks_of(observations)
        assert [one.key for one in found] == [str(o.observation_id) for o in observations[:2]]

    def test_plain_values_count_every_verdict(self) -> None:
        found = [
            Growth(
                change=Change.GROWN, before=("a",), after=("b", "c"),
                width_mm=Difference(value=0.123456, expanded_uncertainty=0.1),
            ),
            Growth(change=Change.NEW, before=(), after=("d",)),
            Growth(change=Change.NEW, before=(), after=("e",), note="x"),
        ]  # fmt: skip
        plain = growth_to_plain(found)
        assert plain["counts"] == {
            "grown": 1, "no_significant_change": 0, "smaller": 0, "new": 2, "vanished": 0,
            "not_comparable": 0,
        }  # fmt: skip
        assert plain["cracks"][0]["width_change_mm"] == {
            "value": 0.1235, "expanded_uncertainty": 0.1, "significant": True,
        }  # fmt: skip
        assert plain["cracks"][0]["length_change_m"] is None
        assert json.loads(json.dumps(plain, allow_nan=False)) == plain


def profile(width_px: float, samples: int = 31, row_id: str = "a") -> ProfileRow:
    """Draw a dark line of some width through a camera that blurs a little."""
    fine = np.linspace(-samples / 2, samples / 2, samples * 50)
    light = np.where(np.abs(fine) <= width_px / 2, 20.0, 180.0)
    kernel = np.exp(-0.5 * (np.arange(-200, 201) / 50 / 0.8) ** 2)
    blurred = np.convolve(np.pad(light, 200, mode="edge"), kernel / kernel.sum(), mode="valid")
    grey = blurred.reshape(samples, 50).mean(axis=1)
    return ProfileRow(row_id=row_id, mm_per_px=0.2, grey=grey, trouble="", columns={})


class TestProfiles:
    def test_each_row_is_answered_in_its_place_whatever_stands_beside_it(self) -> None:
        bad = ProfileRow(
            row_id="bad", mm_per_px=float("nan"), grey=np.zeros(0), trouble="3 samples", columns={}
        )
        rows = [profile(2.0, 31, "a"), bad, profile(3.0, 41, "b"), profile(2.0, 31, "c"), bad]
        found = measure_rows(rows, CONCRETE)
        assert [one.row_id for one in found] == ["a", "bad", "b", "c", "bad"]
        assert [one.method == "refused" for one in found] == [False, True, False, False, True]
        assert found[1].trouble == "3 samples"
        alone = [measure_rows([row], CONCRETE)[0] for row in rows]
        for one, other in zip(found, alone, strict=True):
            assert one.width_mm == (
                None if other.width_mm is None else pytest.approx(other.width_mm, rel=1e-6)
            )
        assert measure_rows([], CONCRETE) == []

    def test_millimetres_are_pixels_times_the_scale(self) -> None:
        (one,) = measure_rows([profile(3.0)], CONCRETE)
        assert one.width_px is not None
        assert one.width_mm == pytest.approx(one.width_px * 0.2)
        assert one.expanded_uncertainty_mm is not None
        assert one.expanded_uncertainty_mm > 2 * 0.05 * (one.width_mm or 0) * 0.99

    def test_a_flat_profile_is_below_the_limit_and_no_number(self) -> None:
        grey = np.full(31, 150.0)
        flat = ProfileRow(row_id="f", mm_per_px=0.2, grey=grey, trouble="", columns={})
        (one,) = measure_rows([flat], CONCRETE)
        assert (one.width_mm, one.expanded_uncertainty_mm) == (None, None)
        assert one.below_limit or one.method == "unreadable"
