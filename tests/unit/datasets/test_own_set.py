"""A set of one's own: described by a YAML file, read like the published ones."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from click import Command, Parameter
from click.testing import CliRunner

from datasets.check import check_source
from datasets.chips import read_chips, unshippable_sources
from datasets.classes import CRACK, IGNORE_INDEX, class_index
from datasets.cli import build, list_command
from datasets.convert import build_chips
from datasets.labels import read_class_mask
from datasets.manifest import LabelKind, Split
from datasets.options import DATA_DIR_VARIABLE
from datasets.sources import find_source, read_source
from inspection.errors import BadInput, NotFound
from tests.support.tiny_sets import photo, write_image, write_text

FIELDS = {
    "name": "noto-2026",
    "licence": "CC-BY-4.0",
    "citation": "a prefecture, inspection 2026",
    "kind": "labelme",
    "images": "images",
    "labels": "labels",
    "classes": {"ひびわれ": "crack", "剥離": "spall", "型枠跡": "background", "不明": "ignore"},
    "group": "^(bridge-[0-9]+)",
    "val": ["bridge-3"],
    "gsd_mm_per_px": [0.5, 1.2],
}

OUTLINES = {
    "shapes": [
        {"label": "剥離", "points": [[4, 4], [40, 4], [40, 40], [4, 40]]},
        {"label": "ひびわれ", "points": [[60, 10], [90, 10], [90, 13], [60, 13]]},
        {"label": "不明", "points": [[60, 40], [90, 40], [90, 60], [60, 60]]},
    ]
}


def write_set(root: Path, **changes: object) -> str:
    """Write four photos of two bridges with outlines, and the file that describes them."""
    for number, name in enumerate(("bridge-1/a", "bridge-1/b", "bridge-3/a", "bridge-3/b")):
        write_image(root / "images" / f"{name}.jpg", photo(700 + number))
        write_text(root / "labels" / f"{name}.json", json.dumps(OUTLINES))
    fields = {key: value for key, value in (FIELDS | changes).items() if value is not None}
    path = root / "set.yaml"
    path.write_text(yaml.safe_dump(fields, allow_unicode=True), encoding="utf-8")
    return str(path)


def test_groups_are_never_divided(tmp_path: Path) -> None:
    samples = read_source(write_set(tmp_path), tmp_path)
    assert [(s.split.value, s.group) for s in samples] == [
        ("train", "bridge-1"),
        ("train", "bridge-1"),
        ("val", "bridge-3"),
        ("val", "bridge-3"),
    ]


def test_labels_become_classes_of_the_one_taxonomy(tmp_path: Path) -> None:
    name = write_set(tmp_path)
    source = find_source(name)
    mask = read_class_mask(source, read_source(name, tmp_path)[0], (96, 64))
    assert (mask[20, 20], mask[11, 75], mask[50, 75], mask[60, 10]) == (
        class_index("spall"),
        CRACK,
        IGNORE_INDEX,
        0,
    )
    assert source.gsd_mm_per_px == (0.5, 1.2)
    assert not source.shippable


def test_an_own_set_is_built_and_checked_like_any_other(tmp_path: Path) -> None:
    name = write_set(tmp_path / "set", shippable=True)
    build_chips([name], tmp_path, tmp_path / "chips", chip_px=64)
    chips = list(read_chips(tmp_path / "chips", Split.TRAIN))
    assert {chip.source for chip in chips} == {"noto-2026"}
    assert any((chip.classes == class_index("spall")).any() for chip in chips)
    assert unshippable_sources(tmp_path / "chips", ["noto-2026"]) == ()
    found = check_source(name, tmp_path)
    assert found.images_by_split == {"train": 2, "val": 2}
    assert found.class_share["spall"] > found.class_share["crack"] > 0


def test_what_may_not_be_shipped_is_remembered_in_the_chips(tmp_path: Path) -> None:
    build_chips([write_set(tmp_path / "set")], tmp_path, tmp_path / "chips")
    assert unshippable_sources(tmp_path / "chips", ["noto-2026", "uav75"]) == ("noto-2026",)
    assert unshippable_sources(tmp_path / "chips", ["uav75"]) == ()


def test_without_groups_blocks_of_neighbours_judge(tmp_path: Path) -> None:
    name = write_set(tmp_path, group=None, val=None)
    for number in range(6):
        write_image(tmp_path / "images" / f"c{number}.jpg", photo(800 + number))
        write_text(tmp_path / "labels" / f"c{number}.json", json.dumps(OUTLINES))
    splits = [sample.split for sample in read_source(name, tmp_path)]
    assert [i for i, split in enumerate(splits) if split is Split.VAL] == [3, 7]


def test_one_coco_file_for_all_photos(tmp_path: Path) -> None:
    name = write_set(tmp_path, kind="coco", labels="all.json", classes={"crack": "crack"})
    images = [
        {"id": i, "file_name": f"bridge-{b}/{p}.jpg", "width": 96, "height": 64}
        for i, (b, p) in enumerate([(1, "a"), (1, "b"), (3, "a"), (3, "b")])
    ]
    outline = {"image_id": 0, "category_id": 1, "segmentation": [[0, 0, 20, 0, 20, 10, 0, 10]]}
    everything = {
        "images": images,
        "categories": [{"id": 1, "name": "crack"}],
        "annotations": [outline],
    }
    (tmp_path / "all.json").write_text(json.dumps(everything), encoding="utf-8")
    source, samples = find_source(name), read_source(name, tmp_path)
    masks = [read_class_mask(source, sample, (96, 64)) for sample in samples]
    assert [int((mask == CRACK).any()) for mask in masks] == [1, 0, 0, 0]
    with pytest.raises(BadInput, match=r"\(96, 64\) px for bridge-1/a\.jpg, which has \(64, 96\)"):
        read_class_mask(source, samples[0], (64, 96))


def test_a_photo_that_the_one_file_forgets_is_an_error(tmp_path: Path) -> None:
    name = write_set(tmp_path, kind="cvat", labels="all.xml", classes={"crack": "crack"})
    write_text(
        tmp_path / "all.xml",
        '<annotations><image name="other.jpg" width="96" height="64"/></annotations>',
    )
    with pytest.raises(BadInput, match=r"does not name the image bridge-1/a\.jpg"):
        read_class_mask(find_source(name), read_source(name, tmp_path)[0], (96, 64))


def test_masks_have_grey_values(tmp_path: Path) -> None:
    name = write_set(tmp_path, kind="mask", classes={0: "background", 9: "efflorescence"})
    for label in (tmp_path / "labels").rglob("*.json"):
        write_image(label.with_suffix(".png"), np.full((64, 96), 9, dtype=np.uint8))
    source = find_source(name)
    assert source.label_kind is LabelKind.MASK
    mask = read_class_mask(source, read_source(name, tmp_path)[0], (96, 64))
    assert (mask == class_index("efflorescence")).all()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": "shapefile"}, "kind 'shapefile' is unknown"),
        ({"name": "../up"}, "may hold letters"),
        ({"classes": {"a": "hole"}}, "class 'hole' is unknown"),
        ({"classes": {}}, "must map"),
        ({"classes": ["crack"]}, "must map"),
        ({"images": ".."}, "lies outside the folder"),
        ({"labels": "/etc"}, "lies outside the folder"),
        ({"group": "("}, "is no pattern"),
        ({"group": "bridge"}, "needs parentheses"),
        ({"group": "^(x)"}, r"bridge-1/a\.jpg has no group"),
        ({"val": ["bridge-9"]}, "no image of 4 judges"),
        ({"gsd_mm_per_px": [1]}, "two lengths"),
        ({"kind": "mask", "classes": {"crack": "crack"}}, "grey values are whole numbers"),
        ({"licence": None}, "missing or unknown fields licence"),
        ({"colour": 3}, "missing or unknown fields colour"),
        ({"label_suffix": ".lab"}, r"a\.jpg has no label a\.lab"),
    ],
)
def test_what_the_file_gets_wrong_is_said(
    tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        read_source(write_set(tmp_path, **changes), tmp_path)


def test_absent_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"no set file .*other\.yaml"):
        find_source(str(tmp_path / "other.yaml"))
    with pytest.raises(NotFound, match="'photos', which is not there"):
        find_source(write_set(tmp_path, images="photos"))


@pytest.mark.parametrize("text", ["[", "- a", "", "\x00"])
def test_what_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "s.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=r"s\.yaml"):
        find_source(str(tmp_path / "s.yaml"))


def test_who_names_no_data_folder_may_have_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sets of one's own need no published ones; a folder that was named must be there."""
    monkeypatch.delenv(DATA_DIR_VARIABLE, raising=False)
    monkeypatch.setattr(data_dir_of(list_command), "default", tmp_path / "nowhere")
    monkeypatch.setattr(data_dir_of(build), "default", tmp_path / "nowhere")
    told = CliRunner().invoke(list_command, [])
    assert told.exit_code == 0
    assert "uav75" in told.output and "(not here)" in told.output
    own, out = write_set(tmp_path / "own"), tmp_path / "chips"
    made = CliRunner().invoke(build, ["--out", str(out), "--source", own, "--procedural", "0"])
    assert made.exit_code == 0, made.output
    assert (out / "chips.jsonl").is_file()
    named = CliRunner().invoke(list_command, ["--data-dir", str(tmp_path / "nowhere")])
    assert named.exit_code == 2 and "does not exist" in named.output
    monkeypatch.setenv(DATA_DIR_VARIABLE, str(tmp_path / "nowhere"))
    assert CliRunner().invoke(list_command, []).exit_code == 2


def data_dir_of(command: Command) -> Parameter:
    """Return the option of a command that names the data folder."""
    return next(one for one in command.params if one.name == "data_dir")
