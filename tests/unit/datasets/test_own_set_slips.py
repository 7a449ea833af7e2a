"""Slips that people make in the file of a set of their own: each is told with its field, value
and cure, before anything is read or trained."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from datasets.chips import read_chips, read_manifest
from datasets.classes import CRACK, IGNORE_INDEX
from datasets.convert import build_chips
from datasets.manifest import Split
from datasets.sources import READERS, find_source, read_source
from datasets.sources.own import read_own_set, samples_of
from inspection.errors import BadInput, NotFound, Unavailable
from tests.support.spoken import run_tenken
from tests.support.tiny_sets import photo, write_image, write_text

PLACES = ("north/a", "north/b", "south/a", "east/a")


def write_masks(root: Path, places: tuple[str, ...] = PLACES, **changes: Any) -> str:
    """Write photos with masks below folders of bridges, and the file that describes them."""
    for number, place in enumerate(places):
        write_image(root / "images" / f"{place}.png", photo(40 + number, 64, 64))
        mask = np.zeros((64, 64), np.uint8)
        mask[8 * number : 8 * number + 4] = 255
        write_image(root / "labels" / f"{place}.png", mask)
    fields: dict[str, Any] = {
        "name": "kaga-2026",
        "licence": "CC-BY-4.0",
        "citation": "加賀",
        "kind": "mask",
        "images": "images",
        "labels": "labels",
        "classes": {0: "background", 255: "crack"},
        "group": "^([a-z]+)/",
        "val": ["east"],
    } | changes
    path = root / "set.yaml"
    content = {key: value for key, value in fields.items() if value is not ...}
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return str(path)


SLIPS = [
    ({"val": 7}, "val 7 must be a list"),
    ({"val": None}, "val None must be a list"),
    ({"val": "east"}, "val 'east' must be a list of groups, such as [bridge-3]"),
    ({"val": {"east": 1}}, "must be a list"),
    ({"kind": ["mask"]}, "kind ['mask'] is unknown; use one of coco"),
    ({"kind": "crackforest"}, "kind 'crackforest' is unknown"),
    ({"kind": 3}, "kind 3 is unknown"),
    ({"gsd_mm_per_px": [1.2, 0.5]}, "two lengths above 0 mm, smaller first"),
    ({"gsd_mm_per_px": [0, 1]}, "above 0 mm"),
    ({"gsd_mm_per_px": [-1, 1]}, "above 0 mm"),
    ({"gsd_mm_per_px": [1, float("inf")]}, "above 0 mm"),
    ({"gsd_mm_per_px": [float("nan"), 1]}, "above 0 mm"),
    ({"gsd_mm_per_px": [1, 2, 3]}, "is not two lengths"),
    ({"gsd_mm_per_px": [1]}, "is not two lengths"),
    ({"gsd_mm_per_px": 1.0}, "1.0 is not two lengths"),
    ({"gsd_mm_per_px": "12"}, "'12' is not two lengths"),
    ({"gsd_mm_per_px": ["fine", "coarse"]}, "is not two lengths"),
    ({"label_suffix": "png"}, "label_suffix 'png' must be like .txt, with its dot"),
    ({"label_suffix": "/../x"}, "label_suffix '/../x'"),
    ({"label_suffix": "."}, "label_suffix '.'"),
    ({"classes": {0: "background", 300: "crack"}}, "grey value 300 of classes is outside 0..255"),
    ({"classes": {-1: "crack"}}, "grey value -1"),
    ({"classes": {"crack": "crack"}}, "grey values are whole numbers"),
    ({"classes": {0.5: "crack"}}, "grey values are whole numbers"),
    ({"classes": {}}, "classes must map"),
    ({"classes": ["crack"]}, "classes must map"),
    ({"images": "set.yaml"}, "images 'set.yaml' is a file; name their folder"),
    ({"labels": "set.yaml"}, "must be a folder, one file an image"),
    ({"kind": "coco"}, "labels 'labels' of kind coco must be the one file"),
    ({"images": "im\0ages"}, "which no file can be"),
    ({"images": "a" * 5000}, "which no file can be"),
    ({"images": "../x"}, "lies outside the folder"),
    ({"labels": "/etc"}, "lies outside the folder"),
    ({"name": "a/b"}, "name 'a/b' may hold"),
    ({"name": "x" * 65}, "may hold letters"),
    ({"name": ""}, "name '' may hold"),
    ({"group": "("}, "is no pattern"),
    ({"group": "abc"}, "needs parentheses"),
    ({"licence": ...}, "missing or unknown fields licence"),
    ({"shipable": True}, "missing or unknown fields shipable"),
]


@pytest.mark.parametrize(("changes", "words"), SLIPS)
def test_a_slip_is_told_with_field_and_value(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    path = write_masks(tmp_path, PLACES[:1], **changes)
    with pytest.raises(BadInput, match=r"^set\.yaml") as told:
        read_own_set(Path(path))
    assert words in str(told.value)
    assert str(tmp_path) not in str(told.value)


@pytest.mark.parametrize("taken", [*READERS, "procedural"])
def test_the_name_of_another_source_is_taken(tmp_path: Path, taken: str) -> None:
    with pytest.raises(BadInput, match=rf"name '{taken}' is taken"):
        find_source(write_masks(tmp_path, PLACES[:1], name=taken))


@pytest.mark.parametrize("suffix", [".png", ".PNG", ".mask.png"])
def test_both_forms_of_a_suffix_lead_to_their_files(tmp_path: Path, suffix: str) -> None:
    path = write_masks(tmp_path, label_suffix=suffix)
    for label in (tmp_path / "labels").rglob("*.png"):
        label.rename(label.with_suffix(suffix))
    samples = samples_of(read_own_set(Path(path)))
    assert [sample.label_path.name for sample in samples if sample.group == "north"] == [
        f"a{suffix}",
        f"b{suffix}",
    ]


@pytest.mark.parametrize("group", ["^(west)", "(west)?/"])
def test_a_photo_outside_every_group_is_named(tmp_path: Path, group: str) -> None:
    path = write_masks(tmp_path, group=group)
    with pytest.raises(BadInput, match=r"kaga-2026: east/a\.png has no group"):
        read_source(path, tmp_path)


def test_a_set_of_which_nothing_judges_says_so(tmp_path: Path) -> None:
    path = write_masks(tmp_path, val=["west"])
    with pytest.raises(BadInput, match="no image of 4 judges; name groups under val"):
        read_source(path, tmp_path)


@pytest.mark.parametrize("absent", ["images", "labels"])
def test_a_folder_that_is_not_there_is_not_found(tmp_path: Path, absent: str) -> None:
    with pytest.raises(NotFound, match=r"set\.yaml names 'gone', which is not there"):
        read_own_set(Path(write_masks(tmp_path, PLACES[:1], **{absent: "gone"})))


def test_a_link_that_leads_outside_is_not_followed(tmp_path: Path) -> None:
    path = write_masks(tmp_path / "set", PLACES[:1], images="elsewhere")
    (tmp_path / "secret").mkdir()
    (tmp_path / "set/elsewhere").symlink_to(tmp_path / "secret")
    with pytest.raises(BadInput, match="'elsewhere' lies outside the folder of the set"):
        read_own_set(Path(path))


class TestChipsOfManyFolders:
    """Cameras number from DJI_0001 on every card: the same name comes from every bridge."""

    def test_no_chip_overwrites_another(self, tmp_path: Path) -> None:
        path = write_masks(tmp_path / "set")
        (judged, trained) = build_chips([path], tmp_path, tmp_path / "chips", chip_px=64)
        assert (judged.chips, trained.chips) == (1, 3)
        names = [row.name for row in read_manifest(tmp_path / "chips")]
        assert len(set(names)) == len(names) == 4
        first_crack_rows = {
            (chip.group, int(np.flatnonzero((chip.classes == CRACK).any(axis=1))[0]))
            for chip in read_chips(tmp_path / "chips", Split.TRAIN)
        }
        assert first_crack_rows == {("north", 0), ("north", 8), ("south", 16)}

    def test_names_are_the_same_on_every_build(self, tmp_path: Path) -> None:
        path = write_masks(tmp_path / "set")
        for out in ("one", "two"):
            build_chips([path], tmp_path, tmp_path / out, chip_px=32)
        one, two = (tmp_path / out / "chips.jsonl" for out in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()
        assert len(read_manifest(tmp_path / "one")) == 16

    def test_a_file_that_is_called_like_a_numbered_one_keeps_its_place(
        self, tmp_path: Path
    ) -> None:
        places = ("east/a", "north/a", "south/a~2", "west/a")
        path = write_masks(tmp_path / "set", places)
        build_chips([path], tmp_path, tmp_path / "chips", chip_px=64)
        names = [row.name for row in read_manifest(tmp_path / "chips")]
        assert len(set(names)) == 4

    def test_the_same_set_twice_is_once(self, tmp_path: Path) -> None:
        path = write_masks(tmp_path / "set")
        build_chips([path, path], tmp_path, tmp_path / "chips", chip_px=64)
        assert len(read_manifest(tmp_path / "chips")) == 4

    def test_two_sets_of_one_name_would_mix(self, tmp_path: Path) -> None:
        paths = [write_masks(tmp_path / folder) for folder in ("one", "two")]
        with pytest.raises(BadInput, match="two sources are called kaga-2026"):
            build_chips(paths, tmp_path, tmp_path / "chips", chip_px=64)
        assert not (tmp_path / "chips").exists()


class TestTheCommand:
    """``tenken datasets build`` and ``check`` on such a set."""

    @pytest.mark.parametrize(
        ("option", "value", "words"),
        [
            ("--chip-px", "0", "32<=x<=8192"),
            ("--chip-px", "31", "32<=x<=8192"),
            ("--chip-px", "8193", "32<=x<=8192"),
            ("--procedural", "-1", "x>=0"),
            ("--seed", "-1", "x>=0"),
            ("--seed", "one", "not a valid integer"),
        ],
    )
    def test_a_number_out_of_bounds_is_exit_code_2(
        self, tmp_path: Path, option: str, value: str, words: str
    ) -> None:
        path = write_masks(tmp_path / "set")
        said = run_tenken(
            *("datasets", "build", "--source", path, "--procedural", 0),
            *("--data-dir", tmp_path, "--out", tmp_path / "chips", option, value),
        )
        assert said.code == 2
        assert words in said.err
        assert not (tmp_path / "chips").exists()

    def test_a_folder_that_cannot_be_made_is_exit_code_4(self, tmp_path: Path) -> None:
        path = write_masks(tmp_path / "set")
        said = run_tenken(
            *("datasets", "build", "--source", path, "--procedural", 0, "--data-dir", tmp_path),
            *("--out", Path(path) / "chips"),
        )
        assert said.code == 4
        assert "cannot be made: Not a directory" in said.err

    def test_a_set_that_only_judges_is_exit_code_3(self, tmp_path: Path) -> None:
        said = run_tenken(
            *("datasets", "build", "--source", "quay_strip", "--procedural", 0),
            *("--data-dir", tmp_path, "--out", tmp_path / "chips"),
        )
        assert said.code == 3
        assert "only judges the detector" in said.err

    def test_what_was_built_is_told_to_people_and_programs(self, tmp_path: Path) -> None:
        path = write_masks(tmp_path / "set")
        words = ("datasets", "build", "--source", path, "--procedural", 0, "--data-dir", tmp_path)
        said = run_tenken(*words, "--out", tmp_path / "one")
        assert said.out == (
            "kaga-2026 val: 1 chips; px: crack 256\nkaga-2026 train: 3 chips; px: crack 768\n"
        )
        told = run_tenken(*words, "--out", tmp_path / "two", "--json").data
        assert [(row["split"], row["chips"]) for row in told] == [("val", 1), ("train", 3)]
        assert told[1]["pixels_by_class"] == {"0": 3 * 64 * 64 - 768, "1": 768}

    def test_a_broken_photo_stops_a_build_and_is_listed_by_a_check(self, tmp_path: Path) -> None:
        path = write_masks(tmp_path / "set")
        (tmp_path / "set/images/north/b.png").write_bytes(b"\x89PNG")
        built = run_tenken(
            *("datasets", "build", "--source", path, "--procedural", 0, "--data-dir", tmp_path),
            *("--out", tmp_path / "chips"),
        )
        assert built.code == 2
        assert "b.png cannot be decoded as an image; check the download" in built.err
        checked = run_tenken("datasets", "check", path, "--data-dir", tmp_path)
        assert checked.code == 0
        assert "  broken b.png: b.png cannot be decoded" in checked.out

    def test_a_check_speaks_json(self, tmp_path: Path) -> None:
        path = write_masks(tmp_path / "set", classes={0: "background", 255: "ignore"})
        (found,) = run_tenken("datasets", "check", path, "--data-dir", tmp_path, "--json").data
        assert found["images_by_split"] == {"train": 3, "val": 1}
        assert found["empty_labels"] == 4
        assert found["class_share"]["background"] == 1.0

    def test_a_source_that_nobody_knows_lists_the_known(self, tmp_path: Path) -> None:
        said = run_tenken("datasets", "check", "uav57", "--data-dir", tmp_path)
        assert said.code == 2
        assert "no source 'uav57'; known: uav_concrete, uav75" in said.err


def test_a_place_that_is_no_folder_is_unavailable(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(Unavailable, match="cannot be made"):
        build_chips([], tmp_path, blocked / "below")


def test_one_file_names_its_photos_by_their_place(tmp_path: Path) -> None:
    """In a COCO file for many folders the key of a photo is its path below the folder."""
    write_masks(tmp_path, PLACES)
    images = [
        {"id": number, "file_name": f"{place}.png", "width": 64, "height": 64}
        for number, place in enumerate(PLACES)
    ]
    annotations = [{"image_id": 2, "category_id": 1, "bbox": [10, 20, 30, 5]}]
    write_text(
        tmp_path / "all.json",
        json.dumps(
            {
                "images": images,
                "annotations": annotations,
                "categories": [{"id": 1, "name": "ひび"}],
            },
        ),
    )
    path = write_masks(tmp_path, kind="coco", labels="all.json", classes={"ひび": "crack"})
    build_chips([path], tmp_path, tmp_path / "chips", chip_px=64)
    undecided = {
        (chip.group, chip.name): int((chip.classes == IGNORE_INDEX).sum())
        for chip in read_chips(tmp_path / "chips", Split.TRAIN)
    }
    assert sum(undecided.values()) == 150
    assert [group for (group, _), count in undecided.items() if count] == ["south"]
