"""Files of known truth: what is none is refused with its reason, what is one comes back whole.

A comparison with it does not depend on the order of anything.
"""

import json
import math
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from shapely import LineString, affinity

from datasets.rigid_shift import Shift, fit_shift, sample_line
from datasets.synth.deck import Deck
from datasets.synth.fracture import RECIPES, STEP_M, Recipe, grow
from datasets.truth import FORMAT, Distractor, TrueCrack, Truth, crack_features, line_length_m
from datasets.truth_lines import distance_m, share_within
from datasets.truth_table import FoundCrack, compare
from inspection.errors import BadInput
from inspection.geo.frames import to_crs

DECK = Deck()
CRACK: dict[str, Any] = {
    "crack_id": "c1",
    "length_m": 1.0,
    "width_mm": 6.0,
    "width_max_mm": 7.0,
    "width_px": 3.0,
    "darkness": 0.5,
    "tapered": False,
    "paths_deck_m": [[[0, 0], [1, 0]]],
    "paths_lonlat": [[[136.9, 37.39], [136.90001, 37.39]]],
}
THING: dict[str, Any] = {
    "kind": "joint",
    "outline_deck_m": [[0, 0], [1, 0], [1, 1]],
    "outline_lonlat": [[136.9, 37.39], [136.90001, 37.39], [136.90001, 37.39001]],
}
RECORD: dict[str, Any] = {
    "format": FORMAT,
    "name": "橋",
    "seed": 1,
    "gsd_mm_per_px": 2.0,
    "map_crs": "EPSG:32653",
    "area_m2": 192.0,
    "cracks": [CRACK],
    "distractors": [THING],
    "capture": {"photos": 3},
}


def stored(path: Path, **changes: Any) -> Path:
    """Write a truth file with other fields."""
    path.write_text(json.dumps(RECORD | changes, ensure_ascii=False), encoding="utf-8")
    return path


def true_crack(name: str, line: NDArray[np.float64], width_px: float = 3.0) -> TrueCrack:
    """Know a crack of the deck."""
    return TrueCrack(
        crack_id=name,
        paths_deck_m=(line,),
        paths_lonlat=(DECK.to_lonlat_h(line)[:, :2],),
        length_m=line_length_m(line),
        width_mm=2.0 * width_px,
        width_max_mm=2.5 * width_px,
        width_px=width_px,
        darkness=0.7,
        tapered=False,
    )


def truth_of(*cracks: TrueCrack) -> Truth:
    """Know a deck with these cracks."""
    return Truth(
        name="deck",
        seed=1,
        gsd_mm_per_px=2.0,
        map_crs=DECK.map_crs,
        area_m2=DECK.area_m2,
        cracks=cracks,
        distractors=(),
        capture={},
    )


def on_map(crack: TrueCrack) -> LineString:
    """Give its line in the CRS of the deck."""
    return LineString(to_crs(crack.paths_lonlat[0], "EPSG:4326", DECK.map_crs))


class TestFiles:
    """Reading and writing."""

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"gsd_mm_per_px": "fine"}, "gsd_mm_per_px 'fine' must be a number above 0"),
            ({"gsd_mm_per_px": 0}, "gsd_mm_per_px 0 must be"),
            ({"gsd_mm_per_px": math.nan}, "gsd_mm_per_px nan must be"),
            ({"area_m2": 0}, "area_m2 0 must be a number above 0"),
            ({"area_m2": -1.5}, "area_m2 -1.5 must be"),
            ({"area_m2": math.inf}, "area_m2 inf must be"),
            ({"area_m2": None}, "area_m2 None must be"),
            ({"format": "tenken-truth-2"}, "'tenken-truth-2', expected 'tenken-truth-1'"),
            ({"format": None}, "has format None"),
            ({"cracks": None}, "not a readable truth file"),
            ({"cracks": [1]}, "not a readable truth file"),
            ({"cracks": [{}]}, "KeyError('crack_id')"),
            ({"cracks": [CRACK | {"paths_lonlat": [[[136.9, 37.39]]]}]}, "a line has 2 or more"),
            ({"cracks": [CRACK | {"paths_lonlat": [[136.9, 37.39]]}]}, "a line has 2 or more"),
            ({"cracks": [CRACK | {"paths_deck_m": [[[0, 0, 0], [1, 0, 0]]]}]}, "shape (2, 3)"),
            ({"cracks": [CRACK | {"paths_deck_m": [[[0, math.nan], [1, 0]]]}]}, "finite points"),
            ({"cracks": [CRACK | {"paths_deck_m": [[[0], [1, 0]]]}]}, "inhomogeneous"),
            ({"distractors": [THING | {"outline_deck_m": [[0, 0], [1, 0]]}]}, "3 or more"),
            ({"distractors": [{"kind": "x"}]}, "KeyError"),
        ],
    )
    def test_what_is_no_truth_is_refused_with_its_reason(
        self, tmp_path: Path, changes: dict[str, Any], words: str
    ) -> None:
        with pytest.raises(BadInput) as told:
            Truth.read(stored(tmp_path / "truth.json", **changes))
        assert words in str(told.value)

    @pytest.mark.parametrize("content", [b"", b"[" * 100_000, b"\xff", b"null", b"[]", b'"x"'])
    def test_another_file_is_refused_by_name(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "truth.json").write_bytes(content)
        with pytest.raises(BadInput, match=r"truth\.json is not a readable truth file"):
            Truth.read(tmp_path / "truth.json")

    @settings(
        max_examples=30,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
        deadline=None,
    )
    @given(
        points=st.lists(
            st.tuples(st.floats(0, 24), st.floats(0, 8)), min_size=2, max_size=20, unique=True
        ),
        name=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20),
        width_px=st.floats(0.5, 9),
    )
    def test_writing_and_reading_keeps_a_micrometre(
        self, tmp_path: Path, points: list[tuple[float, float]], name: str, width_px: float
    ) -> None:
        line = np.array(points)
        widths = np.linspace(1, 2, len(line))
        made = truth_of(replace(true_crack(name, line, width_px), path_widths_mm=(widths,)))
        made.write(tmp_path / "truth.json")
        back = Truth.read(tmp_path / "truth.json")
        back.write(tmp_path / "again.json")
        assert (tmp_path / "again.json").read_bytes() == (tmp_path / "truth.json").read_bytes()
        (crack,) = back.cracks
        assert crack.crack_id == name
        assert np.abs(crack.paths_deck_m[0] - line).max() <= 5.1e-6
        assert np.abs(crack.paths_lonlat[0] - made.cracks[0].paths_lonlat[0]).max() <= 5.1e-12
        assert np.abs(crack.path_widths_mm[0] - widths).max() <= 5.1e-4
        features = crack_features(back)["features"]
        assert [feature["properties"]["crack_id"] for feature in features] == [name]

    def test_a_lookalike_is_closed_on_the_map(self, tmp_path: Path) -> None:
        back = Truth.read(stored(tmp_path / "truth.json"))
        (thing,) = back.distractors
        assert isinstance(thing, Distractor) and len(thing.outline_deck_m) == 3
        ring = crack_features(back)["features"][-1]["geometry"]["coordinates"][0]
        assert len(ring) == 4 and ring[0] == ring[-1]


class TestComparison:
    """What was found against what is there."""

    LINES = tuple(
        np.column_stack([np.linspace(x, x + 2, 120), y + 0.05 * np.sin(np.linspace(0, 9, 120))])
        for x, y in ((2, 2), (8, 5), (14, 3), (19, 6))
    )

    def test_the_order_of_truth_and_of_finds_does_not_matter(self) -> None:
        cracks = [true_crack(f"c{i}", line) for i, line in enumerate(self.LINES)]
        finds = [
            FoundCrack(defect_id=f"d{i}", axis_map_m=on_map(crack), length_m=2.0, width_mm=6.1)
            for i, crack in enumerate(cracks)
        ]
        whole = compare(truth_of(*cracks), finds, crs=DECK.map_crs)
        rng = random.Random(5)
        for _ in range(3):
            rng.shuffle(cracks)
            rng.shuffle(finds)
            turned = compare(truth_of(*cracks), finds, crs=DECK.map_crs)
            rows = {row.crack_id: row for row in whole.rows}
            assert {row.crack_id: row.defect_ids for row in turned.rows} == {
                key: row.defect_ids for key, row in rows.items()
            }
            assert turned.found_ratio == whole.found_ratio == 1.0
            assert turned.false_ids == ()

    @pytest.mark.parametrize("found", range(5))
    def test_golden_shares_of_four(self, found: int) -> None:
        cracks = [true_crack(f"c{i}", line) for i, line in enumerate(self.LINES)]
        finds = [
            FoundCrack(defect_id=f"d{i}", axis_map_m=on_map(crack), length_m=None)
            for i, crack in enumerate(cracks[:found])
        ]
        table = compare(truth_of(*cracks), finds, crs=DECK.map_crs)
        assert table.found_ratio == found / 4
        assert table.as_totals()["cracks_wide_found"] == found
        assert len(table.as_rows()) == 4

    def test_false_finds_are_counted_on_a_hundred_square_metres(self) -> None:
        crack = true_crack("c", self.LINES[0])
        far = affinity.translate(on_map(crack), 0, 3)
        finds = [FoundCrack(defect_id="d", axis_map_m=far, length_m=2.0)] * 3
        table = compare(truth_of(crack), finds, crs=DECK.map_crs)
        assert table.false_per_100_m2 == pytest.approx(3 / 192 * 100)
        assert table.duplicate_ids == ("d",)
        assert table.false_on == {"surface": 3}


class TestLines:
    """Distances and shares of lines, in metres."""

    @settings(max_examples=40, deadline=None)
    @given(off=st.floats(0, 0.04), length=st.floats(0.1, 5))
    def test_a_line_beside_another_is_off_by_its_distance(self, off: float, length: float) -> None:
        line = LineString([(0, 0), (length, 0)])
        beside = LineString([(0, off), (length, off)])
        assert distance_m([beside], line) == pytest.approx(off, abs=1e-9)
        assert share_within(line, beside, off + 1e-9) == 1.0
        assert share_within(line, beside, off - 1e-6) == 0.0 or off < 1e-6

    def test_nothing_is_no_distance_and_no_share(self) -> None:
        line = LineString([(0, 0), (1, 0)])
        assert distance_m([], line) is None
        assert distance_m([affinity.translate(line, 0, 9)], line) is None
        assert share_within(line, LineString(), 1.0) == 0.0
        assert sample_line(LineString()).shape == (0, 2)

    @settings(max_examples=30, deadline=None)
    @given(east=st.floats(-0.03, 0.03), north=st.floats(-0.03, 0.03), turn=st.floats(-2e-3, 2e-3))
    def test_a_shift_that_was_made_is_found_and_undone(
        self, east: float, north: float, turn: float
    ) -> None:
        lines = [LineString([(0, 0), (3, 0.2)]), LineString([(1, -1), (1.4, 2)]),
                 LineString([(2, 2), (4, 1)])]  # fmt: skip
        made = Shift(centre_m=(1.5, 0.5), at_centre_m=(-east, -north), turn_rad=-turn)
        found = [made.undo(line) for line in lines]
        shift = fit_shift(found, lines)
        for line, seen in zip(lines, found, strict=True):
            assert shift.undo(seen).hausdorff_distance(line) < 2e-3


class TestGrowing:
    """A crack of any length has its branch."""

    @settings(max_examples=40, deadline=None)
    @given(length=st.floats(0.01, 3), branch=st.floats(0.01, 1), seed=st.integers(0, 999))
    def test_a_branch_begins_on_its_trunk(self, length: float, branch: float, seed: int) -> None:
        recipe = Recipe(length_m=length, width_px=3, heading_deg=30, darkness=0.5, branch_m=branch)
        trunk, side = grow(np.random.default_rng(seed), np.zeros(2), recipe, 2.0)
        gaps = np.linalg.norm(trunk.points_deck_m - side.points_deck_m[0], axis=1)
        assert gaps.min() == 0.0
        steps = np.linalg.norm(np.diff(side.points_deck_m, axis=0), axis=1)
        assert steps == pytest.approx(STEP_M)
        assert trunk.length_m == pytest.approx(max(length, 16 * STEP_M), abs=STEP_M)

    @pytest.mark.parametrize("recipe", RECIPES)
    def test_every_recipe_grows_by_its_words(self, recipe: Recipe) -> None:
        paths = grow(np.random.default_rng(3), np.zeros(2), recipe, 2.0)
        assert len(paths) == (2 if recipe.branch_m else 1)
        mean_mm = float(paths[0].width_mm.mean())
        wanted = recipe.width_px * 2.0
        assert mean_mm == pytest.approx(wanted, rel=0.3 if recipe.tapered else 1e-9)
        if recipe.tapered:
            assert paths[0].width_mm[0] < 0.1 * wanted and mean_mm < wanted
