"""Every source is read in its published layout, with its licence and its classes."""

from collections import Counter
from pathlib import Path

import pytest

from datasets.classes import CLASS_NAMES, IGNORE_INDEX, LABEL_NAMES
from datasets.labels import read_class_mask, read_rgb
from datasets.manifest import LabelKind, Split
from datasets.sources import READERS, find_source, read_source
from datasets.sources.quaywall import photo_of
from inspection.errors import BadInput, NotFound

FIXED = {"uav_concrete": (2, 2), "uav75": (2, 2), "dacl10k": (1, 1), "crack500": (1, 1)}
BLOCKS = ("cracksc", "brazil", "paveseg", "rdd_motorbike", "crackforest", "codebrim")
SHIPPABLE = {"CC0-1.0", "GPL-3.0-only", "MIT", "Apache-2.0", "CC-BY-SA-4.0"}
ELSEWHERE = {"rdd2022", "dacl10k", "codebrim", "deepcrack", "crackforest", "crack500", "s2ds"}
"""Sets that have a reader, but are not in the project's data folder."""


@pytest.mark.parametrize("name", READERS)
def test_source_states_its_terms(name: str) -> None:
    source = find_source(name)
    assert source.name == name
    assert source.shippable == (source.licence in SHIPPABLE)
    assert len(source.citation) > 10
    assert source.labelled_classes
    assert source.labelled_classes <= {*range(len(LABEL_NAMES)), IGNORE_INDEX}


@pytest.mark.parametrize("name", READERS)
def test_every_label_of_the_layout_is_readable(name: str, tiny_sets: Path) -> None:
    source = find_source(name)
    samples = read_source(name, tiny_sets)
    assert samples
    for sample in samples:
        height, width = read_rgb(sample.image_path).shape[:2]
        mask = read_class_mask(source, sample, (width, height))
        assert mask.shape == (height, width)
        assert set(mask.ravel().tolist()) <= {*source.labelled_classes, 0, IGNORE_INDEX}


@pytest.mark.parametrize("name", FIXED)
def test_split_of_the_publisher_is_kept(name: str, tiny_sets: Path) -> None:
    splits = Counter(sample.split for sample in read_source(name, tiny_sets))
    assert (splits[Split.TRAIN], splits[Split.VAL]) == FIXED[name]


@pytest.mark.parametrize("name", BLOCKS)
def test_blocks_of_neighbours_are_held_out(name: str, tiny_sets: Path) -> None:
    samples = read_source(name, tiny_sets)
    held = [i for i, sample in enumerate(samples) if sample.split is Split.VAL]
    assert held == [3, 7]


@pytest.mark.parametrize("name", READERS)
def test_no_group_is_divided_between_splits(name: str, tiny_sets: Path) -> None:
    split_of: dict[str, Split] = {}
    for sample in read_source(name, tiny_sets):
        assert split_of.setdefault(sample.group, sample.split) is sample.split


def test_tiles_of_a_photo_stay_together(tiny_sets: Path) -> None:
    samples = read_source("quaywall", tiny_sets)
    held = {sample.group for sample in samples if sample.split is Split.VAL}
    assert held == {"MAX_0008_15m"}
    assert {photo_of(sample.image_path.stem) for sample in samples} == {
        "MAX_0006_5m",
        "MAX_0007_10m",
        "MAX_0008_15m",
    }


def test_the_strip_only_judges(tiny_sets: Path) -> None:
    assert not find_source("quay_strip").trainable
    assert {sample.split for sample in read_source("quay_strip", tiny_sets)} == {Split.TEST}


def test_paveseg_alligator_is_an_area_and_covers_are_background() -> None:
    classes = find_source("paveseg").mask_classes
    assert CLASS_NAMES[classes[150]] == "alligator_crack"
    assert CLASS_NAMES[classes[180]] == "background"
    assert CLASS_NAMES[classes[90]] == CLASS_NAMES[classes[120]] == "patch"


def test_joints_are_told_from_cracks_in_uav75() -> None:
    classes = find_source("uav75").mask_classes
    assert (CLASS_NAMES[classes[204]], CLASS_NAMES[classes[255]]) == ("joint", "crack")


def test_unknown_source_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="uav_concrete"):
        read_source("other", tmp_path)


def test_absent_folder_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="TENKEN_DATA_DIR"):
        read_source("uav75", tmp_path)


def test_half_a_layout_is_not_an_empty_set(tmp_path: Path) -> None:
    (tmp_path / "cracks/uav75/train/images").mkdir(parents=True)
    with pytest.raises(NotFound, match="masks"):
        read_source("uav75", tmp_path)


def test_image_without_label_is_an_error(tiny_sets: Path) -> None:
    (tiny_sets / "cracks/cracksc/masks/004.png").unlink()
    with pytest.raises(BadInput, match=r"004\.jpg has no label 004\.png"):
        read_source("cracksc", tiny_sets)


@pytest.mark.data
@pytest.mark.parametrize("name", sorted(set(READERS) - ELSEWHERE))
def test_real_set_is_read_whole(name: str, data_dir: Path) -> None:
    counts = {
        "uav_concrete": 252,
        "uav75": 60,
        "cracksc": 197,
        "quaywall": 73,
        "paveseg": 100,
        "brazil": 397,
        "rdd_motorbike": 299,
        "quay_strip": 4,
    }
    samples = read_source(name, data_dir)
    assert len(samples) == counts[name]
    if find_source(name).label_kind is LabelKind.MASK:
        first = samples[0]
        height, width = read_rgb(first.image_path).shape[:2]
        found = set(read_class_mask(find_source(name), first, (width, height)).ravel().tolist())
        assert found <= set(range(len(CLASS_NAMES)))
