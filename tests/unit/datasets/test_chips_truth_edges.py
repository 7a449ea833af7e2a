"""Chips, blocks, the truth file and the common shift at their bounds, and what refusals say."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiLineString, Point, affinity

from datasets.chips import (
    MANIFEST_NAME,
    Chip,
    ChipRow,
    read_chips,
    read_manifest,
    write_chip,
    write_manifest,
)
from datasets.convert import build_chips, read_all_chips, window_starts
from datasets.manifest import Split
from datasets.rigid_shift import SAMPLE_M, Shift, fit_shift, sample_line
from datasets.split import split_by_block
from datasets.truth import (
    FORMAT,
    Distractor,
    TrueCrack,
    Truth,
    crack_features,
    line_length_m,
)
from inspection.errors import BadInput, NotFound, Refused

LAW = settings(derandomize=True, deadline=None, max_examples=40)
LINE = np.array([(0.0, 0.0), (3.0, 4.0)])
LONLAT = np.array([(136.9, 37.39), (136.90001, 37.39002)])
STAR = (
    LineString([(0, 0), (2, 0.3), (4, 0)]),
    LineString([(1, 3), (1.4, 6)]),
    LineString([(5, 2), (8, 5)]),
)


def make_chip(name: str = "a", split: Split = Split.TRAIN) -> Chip:
    rng = np.random.default_rng(5)
    return Chip(
        source="s",
        split=split,
        group="g",
        name=name,
        rgb=rng.integers(0, 256, (4, 6, 3), dtype=np.uint8),
        classes=rng.integers(0, 6, (4, 6), dtype=np.uint8),
        gsd_mm_per_px=None,
    )


def make_truth() -> Truth:
    crack = TrueCrack(
        crack_id="C01",
        paths_deck_m=(LINE,),
        paths_lonlat=(LONLAT,),
        length_m=5.0,
        width_mm=4.0,
        width_max_mm=5.0,
        width_px=2.0,
        darkness=0.7,
        tapered=False,
    )
    ring = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)])
    return Truth(
        name="橋",
        seed=3,
        gsd_mm_per_px=2.0,
        map_crs="EPSG:32653",
        area_m2=192.0,
        cracks=(crack,),
        distractors=(Distractor(kind="oil", outline_deck_m=ring, outline_lonlat=ring),),
        capture={"k1": -0.012},
    )


class TestWindows:
    @pytest.mark.parametrize(
        ("length", "chip", "starts"),
        [(1, 512, [0]), (512, 512, [0]), (513, 512, [0, 1]), (1024, 512, [0, 512]),
         (1025, 512, [0, 256, 513]), (3, 1, [0, 1, 2])],
    )  # fmt: skip
    def test_golden_starts(self, length: int, chip: int, starts: list[int]) -> None:
        assert window_starts(length, chip) == starts

    @LAW
    @given(length=st.integers(1, 4000), chip=st.integers(8, 600))
    def test_windows_are_evenly_spread(self, length: int, chip: int) -> None:
        gaps = np.diff(window_starts(length, chip))
        assert (gaps > 0).all()
        assert gaps.size == 0 or np.ptp(gaps) <= 1


class TestBlocks:
    def test_no_id_needs_no_block(self) -> None:
        assert split_by_block([]) == {}

    def test_nothing_held_out_is_all_training(self) -> None:
        found = split_by_block(["a", "b", "c"], held_out=())
        assert {split for split, _ in found.values()} == {Split.TRAIN}

    def test_everything_held_out_is_all_validation(self) -> None:
        found = split_by_block(["a", "b"], block_count=2, held_out=(0, 1))
        assert {split for split, _ in found.values()} == {Split.VAL}

    @pytest.mark.parametrize("held_out", [(-1,), (10,), (3, 12)])
    def test_a_block_outside_is_told_with_the_range(self, held_out: tuple[int, ...]) -> None:
        with pytest.raises(BadInput) as raised:
            split_by_block(["a"], held_out=held_out)
        assert str(raised.value) == f"held-out blocks {held_out} must lie in 0..9"

    @LAW
    @given(count=st.integers(1, 300), blocks=st.integers(1, 20))
    def test_blocks_are_near_equal_and_in_order(self, count: int, blocks: int) -> None:
        ids = [f"{i:04d}" for i in range(count)]
        found = split_by_block(ids, block_count=blocks, held_out=(0,))
        numbers = [int(found[name][1].removeprefix("block")) for name in ids]
        assert numbers == sorted(numbers)
        sizes = np.bincount(numbers, minlength=blocks)
        assert sizes.max() - sizes.min() <= 1
        assert all(
            (found[n][0] is Split.VAL) == (b == 0) for n, b in zip(ids, numbers, strict=True)
        )


class TestChips:
    @pytest.mark.parametrize("shape", [(4, 5, 3), (4, 6, 4), (6, 4, 3), (4, 6)])
    def test_both_shapes_are_told_when_they_differ(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(BadInput, match=r"chip a: image \(.*\) and classes \(4, 6\) differ"):
            replace(make_chip(), rgb=np.zeros(shape, dtype=np.uint8))

    def test_files_lie_by_source_and_split(self, tmp_path: Path) -> None:
        row = write_chip(tmp_path, make_chip(split=Split.VAL), "MIT")
        names = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.png"))
        assert names == ["s/val/a.classes.png", "s/val/a.png"]
        assert (row.width_px, row.height_px, row.licence) == (6, 4, "MIT")

    def test_only_the_asked_split_is_read_in_the_order_of_the_manifest(
        self, tmp_path: Path
    ) -> None:
        chips = [make_chip("z"), make_chip("v", Split.VAL), make_chip("a")]
        write_manifest(tmp_path, [write_chip(tmp_path, chip, "MIT") for chip in chips])
        assert [chip.name for chip in read_chips(tmp_path, Split.TRAIN)] == ["z", "a"]
        assert [chip.name for chip in read_chips(tmp_path, Split.VAL)] == ["v"]
        assert list(read_chips(tmp_path, Split.TEST)) == []

    def test_an_empty_manifest_is_an_empty_folder(self, tmp_path: Path) -> None:
        assert write_manifest(tmp_path, []).name == MANIFEST_NAME
        assert read_manifest(tmp_path) == []

    @LAW
    @given(
        name=st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=20),
        gsd=st.none() | st.tuples(st.floats(0.1, 5), st.floats(0.1, 5)),
    )
    def test_any_row_comes_back(
        self,
        tmp_path_factory: pytest.TempPathFactory,
        name: str,
        gsd: tuple[float, float] | None,
    ) -> None:
        row = ChipRow(
            source="s", split="val", group=name, name=name, licence="MIT", width_px=1,
            height_px=2, gsd_mm_per_px=gsd,
        )  # fmt: skip
        folder = tmp_path_factory.getbasetemp()
        write_manifest(folder, [row, row])
        assert read_manifest(folder) == [row, row]

    @pytest.mark.parametrize("line", ["{", "[]", "{}", '{"gsd_mm_per_px": null}', "null "])
    def test_a_broken_line_is_told_with_its_number(self, tmp_path: Path, line: str) -> None:
        if line.strip() == "null":
            line = '{"gsd_mm_per_px": null, "colour": 1}'
        row = write_chip(tmp_path, make_chip(), "MIT")
        path = write_manifest(tmp_path, [row])
        path.write_text(path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
        with pytest.raises(BadInput, match=r"chips\.jsonl line 2 is not a chip row"):
            read_manifest(tmp_path)

    def test_a_lost_image_is_named(self, tmp_path: Path) -> None:
        write_manifest(tmp_path, [write_chip(tmp_path, make_chip(), "MIT")])
        (tmp_path / "s" / "train" / "a.png").unlink()
        with pytest.raises(BadInput, match=r"a\.png cannot be decoded"):
            list(read_chips(tmp_path, Split.TRAIN))

    def test_a_lost_class_file_says_what_to_do(self, tmp_path: Path) -> None:
        write_manifest(tmp_path, [write_chip(tmp_path, make_chip(), "MIT")])
        (tmp_path / "s" / "train" / "a.classes.png").write_bytes(b"")
        with pytest.raises(BadInput, match=r"chip s/a has no readable class file; build again"):
            list(read_chips(tmp_path, Split.TRAIN))

    def test_a_set_that_judges_is_refused_before_it_is_looked_for(self, tmp_path: Path) -> None:
        with pytest.raises(Refused, match="source quay_strip only judges"):
            list(read_all_chips("quay_strip", tmp_path, chip_px=64))
        with pytest.raises(NotFound, match="no source 'moon'; known: uav_concrete"):
            list(read_all_chips("moon", tmp_path, chip_px=64))

    def test_building_nothing_writes_an_empty_manifest(self, tmp_path: Path) -> None:
        assert build_chips([], tmp_path, tmp_path / "out") == []
        assert read_manifest(tmp_path / "out") == []


class TestTruthFile:
    def test_the_same_truth_is_the_same_bytes(self, tmp_path: Path) -> None:
        make_truth().write(tmp_path / "a.json")
        Truth.read(tmp_path / "a.json").write(tmp_path / "b.json")
        assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
        assert "橋" in (tmp_path / "a.json").read_text(encoding="utf-8")

    def test_another_format_is_told_beside_the_expected_one(self, tmp_path: Path) -> None:
        path = tmp_path / "t.json"
        path.write_text('{"format": "tenken-truth-0"}', encoding="utf-8")
        with pytest.raises(BadInput, match=rf"'tenken-truth-0', expected '{FORMAT}'"):
            Truth.read(path)

    @pytest.mark.parametrize("key", ["name", "seed", "cracks", "distractors", "capture"])
    def test_a_lacking_part_is_named(self, tmp_path: Path, key: str) -> None:
        path = tmp_path / "t.json"
        make_truth().write(path)
        record = json.loads(path.read_text(encoding="utf-8"))
        del record[key]
        path.write_text(json.dumps(record), encoding="utf-8")
        with pytest.raises(BadInput, match=rf"not a readable truth file: KeyError\('{key}'\)"):
            Truth.read(path)

    @pytest.mark.parametrize("content", [b"", b"7", b"[]", b"\xff", b'{"format": '])
    def test_what_is_no_truth_is_refused(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "t.json"
        path.write_bytes(content)
        with pytest.raises(BadInput, match="is not a readable truth file"):
            Truth.read(path)

    def test_outlines_are_closed_on_the_map_and_open_in_the_file(self) -> None:
        features = crack_features(make_truth())["features"]
        assert [f["properties"]["kind"] for f in features] == ["crack", "oil"]
        (ring,) = features[1]["geometry"]["coordinates"]
        assert ring[0] == ring[-1]
        assert len(ring) == 4
        assert features[0]["geometry"]["coordinates"] == [LONLAT.tolist()]

    @pytest.mark.parametrize("points", [1, 2, 50])
    def test_a_straight_line_has_one_length_however_it_is_cut(self, points: int) -> None:
        along = np.linspace(0, 1, points)[:, None] * [[3.0, 4.0]]
        assert line_length_m(along) == pytest.approx(0.0 if points == 1 else 5.0)


class TestShift:
    @pytest.mark.parametrize(
        ("east", "north", "turn"), [(0.03, -0.02, 0.002), (-0.01, 0.03, -0.003)]
    )
    def test_a_small_motion_is_found_and_undone(
        self, east: float, north: float, turn: float
    ) -> None:
        centre = MultiLineString(STAR).centroid.coords[0]
        found = [
            affinity.translate(
                affinity.rotate(s, turn, origin=centre, use_radians=True), east, north
            )
            for s in STAR
        ]
        shift = fit_shift(found, STAR)
        assert shift.at_centre_m == pytest.approx((east, north), abs=5e-4)
        assert shift.turn_rad == pytest.approx(turn, abs=2e-4)
        for line, true in zip(found, STAR, strict=True):
            assert shift.undo(line).hausdorff_distance(true) < 2e-3

    @pytest.mark.parametrize(("axes", "lines"), [((), ()), (STAR, ()), ((), STAR)])
    def test_without_either_side_nothing_moves(
        self, axes: tuple[LineString, ...], lines: tuple[LineString, ...]
    ) -> None:
        shift = fit_shift(axes, lines)
        assert (shift.at_centre_m, shift.turn_rad) == ((0.0, 0.0), 0.0)

    def test_what_is_out_of_reach_moves_nothing(self) -> None:
        far = [affinity.translate(line, 50, 50) for line in STAR]
        assert fit_shift(far, STAR).at_centre_m == (0.0, 0.0)

    def test_undoing_turns_about_the_centre(self) -> None:
        shift = Shift(centre_m=(1.0, 1.0), at_centre_m=(2.0, -1.0), turn_rad=math.pi / 2)
        # truth (2, 1) turns to (1, 2) and is shifted to (3, 1)
        back = shift.undo(Point(3.0, 1.0))
        assert (back.x, back.y) == pytest.approx((2.0, 1.0))

    @LAW
    @given(length=st.floats(0.001, 5.0))
    def test_samples_are_at_most_a_little_more_than_their_spacing_apart(
        self, length: float
    ) -> None:
        points = sample_line(LineString([(0, 0), (length, 0)]))
        assert points[0, 0] == 0
        assert points[-1, 0] == pytest.approx(length)
        gaps = np.diff(points[:, 0])
        assert 0 < gaps.max() < 2 * SAMPLE_M
        assert len(points) >= 2

    def test_parts_are_sampled_apart_and_nothing_gives_nothing(self) -> None:
        parts = MultiLineString([[(0, 0), (1, 0)], [(9, 0), (9, 1)]])
        points = sample_line(parts)
        assert not ((points[:, 0] > 1) & (points[:, 0] < 9)).any()
        assert sample_line(MultiLineString()).shape == (0, 2)
