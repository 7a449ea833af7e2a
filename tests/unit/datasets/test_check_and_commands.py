"""The check finds what is wrong on purpose; the commands say it to people and programs."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from datasets.check import (
    SAME_BITS,
    check_source,
    difference_hash,
    reaches_outside,
    share_of_classes,
)
from datasets.chips import read_manifest
from datasets.cli import datasets
from datasets.sources import READERS
from tests.support.tiny_sets import photo, write_image


def test_the_same_photo_brighter_has_nearly_the_same_hash() -> None:
    image = photo(1)
    brighter = np.clip(image.astype(int) + 20, 0, 255).astype(np.uint8)
    differing = (difference_hash(image) ^ difference_hash(brighter)).bit_count()
    assert differing <= SAME_BITS


def test_another_photo_has_another_hash() -> None:
    for seed in range(2, 12):
        differing = (difference_hash(photo(1)) ^ difference_hash(photo(seed))).bit_count()
        assert differing > 2 * SAME_BITS


def test_clean_set_has_nothing_to_say(tiny_sets: Path) -> None:
    found = check_source("uav75", tiny_sets)
    assert found.images_by_split == {"train": 2, "val": 2}
    assert found.broken == ()
    assert found.copies_across_splits == ()
    assert found.empty_labels == 0
    assert found.class_share["crack"] == found.class_share["joint"] > 0


def test_a_copy_in_the_other_split_is_found(tiny_sets: Path) -> None:
    root = tiny_sets / "cracks/uav75"
    content = (root / "train/images/train0.jpg").read_bytes()
    (root / "val/images/val1.jpg").write_bytes(content)
    pairs = check_source("uav75", tiny_sets).copies_across_splits
    assert pairs == (("train0.jpg", "val1.jpg"),)


def test_broken_files_are_set_aside_with_their_reason(tiny_sets: Path) -> None:
    root = tiny_sets / "cracks/uav75/train"
    (root / "images/train0.jpg").write_bytes(b"")
    write_image(root / "masks/train1.png", np.full((64, 96), 33, dtype=np.uint8))
    found = check_source("uav75", tiny_sets)
    assert [name for name, _ in found.broken] == ["train0.jpg", "train1.jpg"]
    assert "33" in found.broken[1][1]
    assert found.images_by_split == {"val": 2}


def test_empty_labels_and_boxes_outside_are_counted(tiny_sets: Path) -> None:
    labels = tiny_sets / "cracks/quaywall/h1/labels"
    (labels / "MAX_0006_5m_0_0.txt").write_text("0 0.9 0.5 0.5 0.2\n", encoding="utf-8")
    found = check_source("quaywall", tiny_sets)
    assert found.empty_labels == 3
    assert found.boxes_outside == ("MAX_0006_5m_0_0.txt",)
    assert found.class_share == {}


@pytest.mark.parametrize(
    ("low", "high", "outside"), [(0, 10, False), (-1, 11, False), (-1.5, 5, True), (5, 11.5, True)]
)
def test_a_pixel_of_rounding_is_not_outside(low: float, high: float, outside: bool) -> None:
    assert reaches_outside(low, high, 10) is outside


def test_shares_add_up_to_one() -> None:
    pixels = np.zeros(256, dtype=np.int64)
    pixels[[0, 1, 255]] = 30, 10, 500
    shares = share_of_classes(pixels)
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["crack"] == 0.25


def run(*arguments: str) -> str:
    result = CliRunner().invoke(datasets, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_list_names_every_source_with_its_terms(tiny_sets: Path) -> None:
    rows = json.loads(run("list", "--data-dir", str(tiny_sets), "--json"))
    assert [row["name"] for row in rows] == list(READERS)
    assert all(row["present"] for row in rows)
    assert {row["name"] for row in rows if not row["trainable"]} == {"quay_strip"}


def test_list_marks_what_is_absent(tmp_path: Path) -> None:
    text = run("list", "--data-dir", str(tmp_path))
    assert text.count("(not here)") == len(READERS)
    assert "GPL-3.0-only" in text


def test_build_writes_chips(tiny_sets: Path, tmp_path: Path) -> None:
    out = tmp_path / "chips"
    arguments = ["--data-dir", str(tiny_sets), "--out", str(out), "--procedural", "1"]
    text = run("build", *arguments, "--source", "uav75")
    assert "uav75 train: 2 chips" in text
    assert "joint" in text
    assert len(read_manifest(out)) == 5


def test_build_speaks_json(tiny_sets: Path, tmp_path: Path) -> None:
    arguments = ["--data-dir", str(tiny_sets), "--out", str(tmp_path / "c"), "--procedural", "0"]
    rows = json.loads(run("build", *arguments, "--source", "quaywall", "--json"))
    assert {row["split"]: row["chips"] for row in rows} == {"train": 4, "val": 2}


def test_check_reports_to_people_and_programs(tiny_sets: Path) -> None:
    root = tiny_sets / "cracks/uav75"
    (root / "val/images/val1.jpg").write_bytes((root / "train/images/train0.jpg").read_bytes())
    (root / "train/images/train1.jpg").write_bytes(b"")
    text = run("check", "uav75", "quay_strip", "--data-dir", str(tiny_sets))
    assert "look alike across splits: train0.jpg val1.jpg" in text
    assert "broken train1.jpg" in text
    assert "boxes only" in text
    (row,) = json.loads(run("check", "uav75", "--data-dir", str(tiny_sets), "--json"))
    assert row["copies_across_splits"] == [["train0.jpg", "val1.jpg"]]


@pytest.mark.parametrize("command", ["list", "build", "check"])
def test_help_shows_an_example(command: str) -> None:
    text = run(command, "--help")
    assert "Examples:" in text
    assert f"tenken datasets {command}" in text
