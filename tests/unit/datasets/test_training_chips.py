"""Chips are cut at native resolution, written and read back unchanged, with their provenance."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets import procedural
from datasets.chips import (
    MANIFEST_NAME,
    Chip,
    read_chips,
    read_manifest,
    write_chip,
    write_manifest,
)
from datasets.classes import CRACK, IGNORE_INDEX, JOINT
from datasets.convert import build_chips, cut_chips, read_all_chips, window_starts
from datasets.labels import read_rgb
from datasets.manifest import Split
from datasets.sources import find_source, read_source
from inspection.errors import BadInput, NotFound, Refused


def make_chip(name: str = "a_0_0", split: Split = Split.TRAIN) -> Chip:
    rng = np.random.default_rng(3)
    return Chip(
        source="uav75",
        split=split,
        group="g",
        name=name,
        rgb=rng.integers(0, 256, (5, 7, 3), dtype=np.uint8),
        classes=rng.integers(0, 6, (5, 7), dtype=np.uint8),
        gsd_mm_per_px=(1.0, 2.0),
    )


@settings(deadline=None)
@given(length=st.integers(1, 5000), chip=st.integers(16, 700))
def test_windows_cover_the_length_without_reaching_out(length: int, chip: int) -> None:
    starts = window_starts(length, chip)
    ends = [min(length, start + chip) for start in starts]
    assert starts[0] == 0
    assert ends[-1] == length
    assert all(start <= end for start, end in zip(starts[1:], ends, strict=False))
    assert len(starts) == max(1, -(-length // chip))


def test_chip_is_a_piece_of_its_image(tiny_sets: Path) -> None:
    sample = read_source("uav75", tiny_sets)[0]
    rgb = read_rgb(sample.image_path)
    chips = list(cut_chips(find_source("uav75"), sample, chip_px=48))
    assert [chip.name.split("_", 1)[1] for chip in chips] == ["0_0", "48_0", "0_16", "48_16"]
    assert np.array_equal(chips[3].rgb, rgb[16:64, 48:96])
    assert {JOINT, CRACK} <= set(chips[0].classes.ravel().tolist())


def test_small_image_is_one_whole_chip(tiny_sets: Path) -> None:
    sample = read_source("uav75", tiny_sets)[0]
    (chip,) = cut_chips(find_source("uav75"), sample)
    assert chip.classes.shape == (64, 96)


def test_image_and_classes_of_different_sizes_are_refused() -> None:
    with pytest.raises(BadInput, match="differ"):
        replace(make_chip(), classes=np.zeros((5, 6), dtype=np.uint8))


def test_written_chips_are_read_back_unchanged(tmp_path: Path) -> None:
    chips = [make_chip("a"), make_chip("b", Split.VAL), make_chip("c")]
    rows = [write_chip(tmp_path, chip, "MIT") for chip in chips]
    write_manifest(tmp_path, rows)
    assert read_manifest(tmp_path) == rows
    read = list(read_chips(tmp_path, Split.TRAIN))
    assert [chip.name for chip in read] == ["a", "c"]
    assert np.array_equal(read[0].rgb, chips[0].rgb)
    assert np.array_equal(read[1].classes, chips[2].classes)
    assert read[0].gsd_mm_per_px == (1.0, 2.0)


def test_unbuilt_folder_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="datasets build"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("line", ["{", "[]", '{"source": "a"}'])
def test_broken_manifest_line_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / MANIFEST_NAME).write_text(line + "\n", encoding="utf-8")
    with pytest.raises(BadInput, match="line 1"):
        read_manifest(tmp_path)


def test_chip_without_its_class_file_is_an_error(tmp_path: Path) -> None:
    write_manifest(tmp_path, [write_chip(tmp_path, make_chip("a"), "MIT")])
    (tmp_path / "uav75/train/a.classes.png").unlink()
    with pytest.raises(BadInput, match="uav75/a"):
        list(read_chips(tmp_path, Split.TRAIN))


def test_build_writes_every_source_and_says_what_it_wrote(tiny_sets: Path, tmp_path: Path) -> None:
    out = tmp_path / "chips"
    summaries = build_chips(["uav75", "quaywall"], tiny_sets, out, procedural_count=2, seed=5)
    count = {(summary.source, summary.split): summary.chips for summary in summaries}
    assert count == {
        ("uav75", "train"): 2,
        ("uav75", "val"): 2,
        ("quaywall", "train"): 4,
        ("quaywall", "val"): 2,
        ("procedural", "train"): 2,
    }
    rows = read_manifest(out)
    assert {row.licence for row in rows if row.source == "quaywall"} == {"CC-BY-SA-4.0"}
    assert sum(summary.chips for summary in summaries) == len(rows)
    quay = next(summary for summary in summaries if summary.source == "quaywall")
    assert quay.pixels_by_class[IGNORE_INDEX] > 0
    assert CRACK not in quay.pixels_by_class


def test_build_is_the_same_twice(tiny_sets: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        build_chips(["uav75"], tiny_sets, tmp_path / name, procedural_count=1, seed=5)
    one, two = (list(read_chips(tmp_path / name, Split.TRAIN)) for name in ("one", "two"))
    assert all(np.array_equal(a.rgb, b.rgb) for a, b in zip(one, two, strict=True))


def test_the_strip_cannot_be_trained_on(tiny_sets: Path) -> None:
    with pytest.raises(Refused, match="quay_strip"):
        list(read_all_chips("quay_strip", tiny_sets, chip_px=64))


def test_rendered_chips_depend_on_the_seed_alone() -> None:
    first, again, other = (
        next(procedural.render_chips(1, seed=seed, size_px=96)) for seed in (1, 1, 2)
    )
    assert np.array_equal(first.rgb, again.rgb)
    assert not np.array_equal(first.rgb, other.rgb)


def test_rendered_cracks_are_darker_than_what_surrounds_them() -> None:
    darker = []
    for chip in procedural.render_chips(20, seed=9, size_px=128):
        grey = chip.rgb.mean(axis=2)
        crack = chip.classes == CRACK
        if crack.sum() > 100:
            darker.append(grey[crack].mean() < grey[chip.classes == 0].mean())
    assert len(darker) >= 5
    assert np.mean(darker) >= 0.8


def test_rendered_joint_is_straight_and_crosses_the_chip() -> None:
    for seed in range(8):
        cover = procedural.draw_joint(np.random.default_rng(seed), 256) > 0.5
        rows, cols = np.nonzero(cover)
        if len(rows) < 400:
            continue
        points = np.stack([cols, rows], axis=1) - [cols.mean(), rows.mean()]
        spread = np.sqrt(np.linalg.eigvalsh(np.cov(points.T)))
        assert spread[0] < 0.12 * spread[1]


def test_rendered_crack_has_the_width_range_it_promises() -> None:
    widths = []
    for seed in range(12):
        cover = procedural.draw_crack(np.random.default_rng(seed), 192)
        length = np.count_nonzero(cover > 0.2) or 1
        assert 0 <= cover.min()
        assert cover.max() <= 1 + 1e-6
        widths.append(length)
    assert max(widths) > 3 * min(widths)


def test_worn_paint_is_light_and_leaves_the_rest_alone() -> None:
    surface = np.full((128, 128, 3), 0.3, dtype=np.float32)
    procedural.draw_worn_paint(np.random.default_rng(3), surface)
    painted = (surface != np.float32(0.3)).any(axis=2)
    assert 0.02 < painted.mean() < 0.95
    assert surface[painted].mean() > 0.35
    assert surface.max() <= 1.0 + 1e-6


def test_a_fixture_stays_where_it_was_put() -> None:
    for seed in range(12):
        surface = np.full((200, 200, 3), 0.5, dtype=np.float32)
        procedural.draw_fixture(np.random.default_rng(seed), surface)
        rows, cols = np.nonzero((surface != np.float32(0.5)).any(axis=2))
        if len(rows):
            assert np.ptp(cols) <= 142
            assert 0 <= surface.min()
            assert surface.max() <= 1


def test_distractors_are_never_labelled() -> None:
    chips = list(procedural.render_chips(40, seed=4, size_px=96))
    plain = [chip for chip in chips if not chip.classes.any()]
    assert plain  # chips with stains, paint or nothing at all, and no label
    assert {*np.unique(np.concatenate([chip.classes.ravel() for chip in chips]))} <= {
        0,
        CRACK,
        JOINT,
    }


def test_broken_edges_stay_along_the_joint() -> None:
    rng = np.random.default_rng(1)
    line = np.stack([np.linspace(0, 200, 50), np.full(50, 80.0)], axis=1)
    for points, widths_px in procedural.edge_spalls(rng, line, 10.0, 0.0):
        assert len(points) == len(widths_px)
        assert np.abs(points[0, 1] - 80).max() < 40
        assert widths_px.max() <= 11.0


def test_dirt_only_lightens_a_joint() -> None:
    depth = procedural.uneven_depth(np.random.default_rng(2), 64)
    assert depth.shape == (64, 64)
    assert depth.min() >= np.float32(0.3)
    assert depth.max() <= 1
