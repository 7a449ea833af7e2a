"""Truth and its comparison: perfect results, shifted ones, broken ones, false ones."""

import doctest
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from shapely import LineString, MultiLineString, affinity
from shapely.geometry.base import BaseGeometry

from datasets import truth as truth_module
from datasets.rigid_shift import fit_shift
from datasets.synth.deck import Deck
from datasets.truth import Distractor, TrueCrack, Truth, crack_features, line_length_m
from datasets.truth_table import FoundCrack, TruthTable, compare
from inspection.errors import BadInput
from inspection.geo.frames import to_crs

DECK = Deck()
CRS = DECK.map_crs
GSD_MM = 2.0


def wavy(start: tuple[float, float], heading_deg: float, length_m: float) -> np.ndarray:
    along = np.linspace(0, length_m, 200)
    across = 0.02 * np.sin(along * 12)
    c, s = np.cos(np.radians(heading_deg)), np.sin(np.radians(heading_deg))
    return np.column_stack([along * c - across * s, along * s + across * c]) + start


def true_crack(name: str, line: np.ndarray, width_px: float, *, tapered: bool = False) -> TrueCrack:
    return TrueCrack(
        crack_id=name,
        paths_deck_m=(line,),
        paths_lonlat=(DECK.to_lonlat_h(line)[:, :2],),
        length_m=line_length_m(line),
        width_mm=width_px * GSD_MM,
        width_max_mm=width_px * GSD_MM * 1.2,
        width_px=width_px,
        darkness=0.7,
        tapered=tapered,
    )


def joint() -> Distractor:
    ring = np.array([(11.9, 0), (12.1, 0), (12.1, 8), (11.9, 8)], dtype=np.float64)
    lonlat = DECK.to_lonlat_h(ring)[:, :2]
    return Distractor(kind="construction_joint", outline_deck_m=ring, outline_lonlat=lonlat)


@pytest.fixture(scope="module")
def truth() -> Truth:
    """Know five cracks: three wide, one wide with faded ends, one thin."""
    return Truth(
        name="test deck",
        seed=1,
        gsd_mm_per_px=GSD_MM,
        map_crs=CRS,
        area_m2=DECK.area_m2,
        cracks=(
            true_crack("C01", wavy((2, 2), 80, 2.0), 4.0),
            true_crack("C02", wavy((6, 5), 5, 2.5), 3.5),
            true_crack("C03", wavy((15, 2), 45, 1.5), 6.0),
            true_crack("C04", wavy((20, 5), -60, 1.2), 4.0, tapered=True),
            true_crack("C05", wavy((21, 2), 20, 1.0), 1.5),
        ),
        distractors=(joint(),),
        capture={"note": "made by hand"},
    )


def axis(crack: TrueCrack) -> LineString:
    return LineString(to_crs(crack.paths_lonlat[0], "EPSG:4326", CRS))


def as_found(name: str, line: BaseGeometry, width_mm: float | None = None) -> FoundCrack:
    return FoundCrack(
        defect_id=name, axis_map_m=line, length_m=float(line.length), width_mm=width_mm
    )


def all_found(truth: Truth) -> list[FoundCrack]:
    return [as_found(f"d-{crack.crack_id}", axis(crack)) for crack in truth.cracks]


def moved(items: list[FoundCrack], east_m: float, north_m: float) -> list[FoundCrack]:
    return [
        replace(item, axis_map_m=affinity.translate(item.axis_map_m, east_m, north_m))
        for item in items
    ]


def row(table: TruthTable, crack_id: str):  # noqa: ANN201
    return next(r for r in table.rows if r.crack_id == crack_id)


def test_doctests_hold() -> None:
    assert doctest.testmod(truth_module).failed == 0


class TestTruthFile:
    def test_a_truth_comes_back_from_its_file(self, truth: Truth, tmp_path: Path) -> None:
        truth.write(tmp_path / "truth.json")
        back = Truth.read(tmp_path / "truth.json")
        assert (back.name, back.seed, back.map_crs) == (truth.name, truth.seed, truth.map_crs)
        assert back.capture == truth.capture
        for before, after in zip(truth.cracks, back.cracks, strict=True):
            assert after.crack_id == before.crack_id
            assert after.tapered is before.tapered
            assert after.length_m == pytest.approx(before.length_m, abs=1e-5)
            off = to_crs(after.paths_lonlat[0], "EPSG:4326", CRS) - to_crs(
                before.paths_lonlat[0], "EPSG:4326", CRS
            )
            assert np.abs(off).max() < 1e-5  # a hundredth of a millimetre
        assert back.distractors[0].kind == "construction_joint"
        back.write(tmp_path / "again.json")
        assert (tmp_path / "again.json").read_bytes() == (tmp_path / "truth.json").read_bytes()

    @pytest.mark.parametrize(
        "content", ["", "[]", '{"format": "other"}', '{"format": "tenken-truth-1"}']
    )
    def test_another_file_is_refused(self, tmp_path: Path, content: str) -> None:
        (tmp_path / "truth.json").write_text(content)
        with pytest.raises(BadInput, match="truth"):
            Truth.read(tmp_path / "truth.json")

    def test_a_missing_file_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="truth file"):
            Truth.read(tmp_path / "none.json")

    def test_the_map_layer_holds_cracks_and_lookalikes(self, truth: Truth) -> None:
        features = crack_features(truth)["features"]
        kinds = [feature["properties"]["kind"] for feature in features]
        assert kinds == ["crack"] * 5 + ["construction_joint"]
        ring = features[-1]["geometry"]["coordinates"][0]
        assert ring[0] == ring[-1]
        lon, lat = features[0]["geometry"]["coordinates"][0][0]
        assert (lon, lat) == pytest.approx((136.9, 37.39), abs=0.001)


class TestCompare:
    def test_a_perfect_result_has_no_error(self, truth: Truth) -> None:
        table = compare(truth, all_found(truth), crs=CRS)
        assert table.found_ratio == 1.0
        assert all(r.found and r.covered_ratio == 1.0 for r in table.rows)
        assert all(len(r.defect_ids) == 1 for r in table.rows)
        assert table.position_error_gsd is not None
        assert table.position_error_gsd < 0.01
        # the map's scale at this place is 0.99995, and lengths are measured on the map
        assert table.length_error_worst is not None
        assert table.length_error_worst < 1e-4
        assert (table.false_ids, table.false_per_100_m2, table.duplicate_ids) == ((), 0.0, ())
        assert np.hypot(*table.shift_m) < 1e-4

    def test_nothing_found_is_nothing_found(self, truth: Truth) -> None:
        table = compare(truth, [], crs=CRS)
        assert table.found_ratio == 0.0
        assert table.position_error_gsd is None
        assert table.length_error_median is None
        assert table.length_error_worst is None
        assert all(r.length_error_ratio is None for r in table.rows)

    def test_a_common_shift_is_position_and_not_detection(self, truth: Truth) -> None:
        table = compare(truth, moved(all_found(truth), 0.03, -0.04), crs=CRS)
        assert table.found_ratio == 1.0
        assert table.shift_m == pytest.approx((0.03, -0.04), abs=0.001)
        assert table.position_error_gsd is not None
        assert 5 < table.position_error_gsd <= 25.5  # 50 mm in all; across a line it is less
        assert table.position_error_relative_gsd is not None
        assert table.position_error_relative_gsd < 0.1

    @pytest.mark.parametrize(
        ("east", "north", "turn_deg"),
        [(0.0, 0.0, 0.0), (0.003, 0.0, 0.02), (0.08, 0.08, 0.15), (-0.08, 0.05, -0.1)],
    )
    def test_the_shift_is_recovered(
        self, truth: Truth, east: float, north: float, turn_deg: float
    ) -> None:
        lines = [MultiLineString([axis(crack)]) for crack in truth.cracks]
        centre = MultiLineString([axis(c) for c in truth.cracks]).centroid
        found = [
            affinity.translate(affinity.rotate(line, turn_deg, origin=centre), east, north)
            for line in lines
        ]
        shift = fit_shift(found, lines)
        assert shift.at_centre_m == pytest.approx((east, north), abs=0.001)
        assert np.degrees(shift.turn_rad) == pytest.approx(turn_deg, abs=0.01)
        back = shift.undo(found[0])
        assert back.hausdorff_distance(lines[0]) < 0.002

    def test_one_line_cannot_tell_a_shift(self, truth: Truth) -> None:
        line = LineString([(0, 0), (1, 0)])
        shift = fit_shift([affinity.translate(line, 0, 0.01)], [line])
        assert shift.at_centre_m == (0.0, 0.0)
        assert fit_shift([], [line]).turn_rad == 0.0
        assert fit_shift([line], []).turn_rad == 0.0

    def test_a_crack_in_pieces_counts_its_pieces(self, truth: Truth) -> None:
        found = all_found(truth)
        whole = found[1].axis_map_m
        coords = np.array(whole.coords)
        pieces = [LineString(coords[:130]), LineString(coords[135:])]
        found[1:2] = [as_found("left", pieces[0]), as_found("right", pieces[1])]
        fared = row(compare(truth, found, crs=CRS), "C02")
        assert fared.found  # the longer piece alone holds more than half
        assert fared.defect_ids == ("left", "right")
        assert -0.04 < fared.length_error_ratio < -0.01

    def test_crumbs_do_not_make_a_find(self, truth: Truth) -> None:
        found = all_found(truth)
        coords = np.array(found[1].axis_map_m.coords)
        crumbs = [as_found(f"p{i}", LineString(coords[i : i + 40])) for i in range(0, 200, 50)]
        found[1:2] = crumbs
        fared = row(compare(truth, found, crs=CRS), "C02")
        assert not fared.found
        assert len(fared.defect_ids) == 4
        assert 0.75 < fared.covered_ratio < 0.95

    def test_a_missed_wide_crack_lowers_the_share_and_a_thin_one_does_not(
        self, truth: Truth
    ) -> None:
        without_thin = [f for f in all_found(truth) if f.defect_id != "d-C05"]
        without_wide = [f for f in all_found(truth) if f.defect_id != "d-C03"]
        assert compare(truth, without_thin, crs=CRS).found_ratio == 1.0
        assert compare(truth, without_wide, crs=CRS).found_ratio == pytest.approx(3 / 4)
        assert len(compare(truth, without_wide, crs=CRS).wide) == 4

    def test_false_detections_say_what_they_lie_on(self, truth: Truth) -> None:
        nothing = LineString(DECK.to_enu_m([[9, 1], [10, 1.5]])[:, :2])
        on_joint = LineString(to_crs(DECK.to_lonlat_h([[12, 1], [12, 5]])[:, :2], "EPSG:4326", CRS))
        free = LineString(to_crs(DECK.to_lonlat_h([[9, 1], [10, 2]])[:, :2], "EPSG:4326", CRS))
        assert nothing.length > 1
        found = [*all_found(truth), as_found("f1", on_joint), as_found("f2", free)]
        table = compare(truth, found, crs=CRS)
        assert table.false_ids == ("f1", "f2")
        assert table.false_on == {"construction_joint": 1, "surface": 1}
        assert table.false_per_100_m2 == pytest.approx(2 / 192 * 100)
        assert table.found_ratio == 1.0

    def test_an_overlong_detection_is_a_length_error(self, truth: Truth) -> None:
        found = all_found(truth)
        found[0] = replace(found[0], length_m=found[0].length_m * 1.2, width_mm=8.4)
        table = compare(truth, found, crs=CRS)
        assert row(table, "C01").length_error_ratio == pytest.approx(0.2, abs=1e-3)
        assert row(table, "C01").width_found_mm == 8.4
        assert table.length_error_worst == pytest.approx(0.2, abs=1e-3)
        assert table.length_error_median < 0.001

    def test_faded_ends_do_not_count_for_length(self, truth: Truth) -> None:
        found = all_found(truth)
        found[3] = replace(found[3], length_m=found[3].length_m * 0.7)
        table = compare(truth, found, crs=CRS)
        assert row(table, "C04").length_error_ratio == pytest.approx(-0.3, abs=1e-3)
        assert table.length_error_worst < 1e-3
        assert len(table.length_errors) == 3

    def test_an_unmeasured_length_is_the_length_of_the_line(self, truth: Truth) -> None:
        found = [replace(item, length_m=None) for item in all_found(truth)]
        assert compare(truth, found, crs=CRS).length_error_worst < 1e-4

    def test_duplicate_identities_are_named(self, truth: Truth) -> None:
        found = [replace(item, defect_id="same") for item in all_found(truth)]
        assert compare(truth, found, crs=CRS).duplicate_ids == ("same",)

    def test_any_map_will_do_but_no_local_frame(self, truth: Truth) -> None:
        plane = "EPSG:6675"
        found = [
            as_found(c.crack_id, LineString(to_crs(c.paths_lonlat[0], "EPSG:4326", plane)))
            for c in truth.cracks
        ]
        table = compare(truth, found, crs=plane)
        assert table.found_ratio == 1.0
        assert table.position_error_gsd < 0.01
        with pytest.raises(BadInput, match="not georeferenced"):
            compare(truth, found, crs="LOCAL")

    def test_a_crooked_line_is_off_by_its_distance(self, truth: Truth) -> None:
        rng = np.random.default_rng(4)
        found = []
        for item in all_found(truth):
            coords = np.array(item.axis_map_m.coords)
            wobble = np.repeat(rng.normal(0, 0.004, (50, 2)), 4, axis=0)
            found.append(replace(item, axis_map_m=LineString(coords + wobble)))
        table = compare(truth, found, crs=CRS)
        assert 0.5 < table.position_error_gsd < 2.5
        assert table.found_ratio == 1.0

    def test_the_report_gets_plain_values(self, truth: Truth) -> None:
        import json

        table = compare(truth, moved(all_found(truth), 0.002, 0.0), crs=CRS)
        rows, totals = table.as_rows(), table.as_totals()
        assert json.loads(json.dumps(rows)) == rows
        assert json.loads(json.dumps(totals)) == totals
        assert [r["crack_id"] for r in rows] == ["C01", "C02", "C03", "C04", "C05"]
        assert totals["cracks_wide"] == totals["cracks_wide_found"] == 4
        assert rows[0]["pieces"] == 1
        assert 0 < rows[0]["position_error_mm"] < 2.1
        assert compare(truth, [], crs=CRS).as_rows()[0]["position_error_mm"] is None


class TestWidths:
    @pytest.fixture
    def measured(self, truth: Truth) -> Truth:
        """Know the width of every crack along its line: 20 % wider in its second half metre."""

        def widths(crack: TrueCrack) -> np.ndarray:
            at = np.arange(200) / 200 * crack.length_m
            return np.where((at >= 0.5) & (at < 1.0), 1.2, 1.0) * crack.width_mm

        cracks = [replace(c, path_widths_mm=(widths(c),)) for c in truth.cracks]
        return replace(truth, cracks=tuple(cracks))

    def test_the_robust_maximum_is_that_of_the_widest_half_metre(self, measured: Truth) -> None:
        for crack in measured.cracks:
            assert crack.width_robust_mm == pytest.approx(1.2 * crack.width_mm)

    def test_without_widths_along_the_line_there_is_no_maximum(self, truth: Truth) -> None:
        assert truth.cracks[0].width_robust_mm is None
        table = compare(truth, all_found(truth), crs=CRS)
        assert table.width_robust_bias_px is None
        assert table.width_covered_ratio is None
        assert table.as_totals()["widths_answered"] == 0

    def test_widths_come_back_from_the_file(self, measured: Truth, tmp_path: Path) -> None:
        measured.write(tmp_path / "truth.json")
        back = Truth.read(tmp_path / "truth.json")
        for before, after in zip(measured.cracks, back.cracks, strict=True):
            assert after.path_widths_mm[0] == pytest.approx(before.path_widths_mm[0], abs=5e-4)

    def test_bias_and_coverage_are_those_of_the_found_widths(self, measured: Truth) -> None:
        found = [
            replace(
                as_found(f"d-{crack.crack_id}", axis(crack)),
                width_mm=1.2 * crack.width_mm + error_mm,
                width_u_mm=0.5,
                width_mean_mm=crack.width_mm + 0.2,
            )
            for crack, error_mm in zip(measured.cracks, (0.4, 0.4, 0.4, -0.4, 0.6), strict=True)
        ]
        table = compare(measured, found, crs=CRS)
        assert table.width_robust_bias_px == pytest.approx((3 * 0.4 - 0.4 + 0.6) / 5 / GSD_MM)
        assert table.width_mean_bias_px == pytest.approx(0.2 / GSD_MM)
        assert table.width_covered_ratio == pytest.approx(4 / 5)
        totals = table.as_totals()
        assert (totals["widths_answered"], totals["width_covered_ratio"]) == (5, 0.8)
        (first, *_) = table.as_rows()
        assert first["width_found_u_mm"] == 0.5
        assert first["width_robust_mm"] == pytest.approx(9.6)

    def test_a_width_below_the_limit_counts_neither_for_nor_against(self, measured: Truth) -> None:
        found = [replace(item, width_mm=None) for item in all_found(measured)]
        found[0] = replace(found[0], width_mm=9.6, width_u_mm=0.1, width_mean_mm=8.0)
        table = compare(measured, found, crs=CRS)
        assert table.as_totals()["widths_answered"] == 1
        assert table.width_robust_bias_px == pytest.approx(0.0)
        assert table.width_covered_ratio == 1.0
