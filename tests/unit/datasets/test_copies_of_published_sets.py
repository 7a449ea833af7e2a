"""Copies of published sets as people have them: half downloaded, unpacked on a Mac, renamed.

A copy is read whole or refused by name; the publisher's labels become the classes that the domain
specification gives them (§3.4, §3.5).
"""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from datasets.check import check_source
from datasets.classes import BACKGROUND, CRACK, IGNORE_INDEX, LABEL_NAMES, class_index
from datasets.convert import DEFAULT_SOURCES, build_chips, window_starts
from datasets.labels import read_class_mask, read_rgb
from datasets.manifest import BOX_KINDS, LabelKind, Split
from datasets.sources import READERS, find_source, read_source
from inspection.errors import BadInput, NotFound
from tests.support.spoken import run_tenken
from tests.support.tiny_sets import photo, write_image, write_tiny_sets


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_sets(tmp_path_factory.mktemp("sets"))


@pytest.fixture
def tiny_sets(request: pytest.FixtureRequest, template: Path, tmp_path: Path) -> Path:
    """Give a copy of one set, or of all where the test names none; the test may spoil it."""
    copy, named = tmp_path / "sets", getattr(request.node, "callspec", None)
    name = None if named is None else named.params.get("name")
    if name not in READERS:
        return Path(shutil.copytree(template, copy))
    folder = READERS[name][0].folder
    shutil.copytree(template / folder, copy / folder)
    return copy


MAPPED = {
    # domain specification §3.5, columns dacl10k, CODEBRIM and RDD
    "dacl10k": {
        "Crack": "crack",
        "ACrack": "alligator_crack",
        "Spalling": "spall",
        "ExposedRebars": "exposed_rebar",
        "Hollowareas": "delamination_ir",
        "Efflorescence": "efflorescence",
        "Wetspot": "wet_spot",
        "Rust": "rust_stain",
        "Rockpocket": "honeycomb",
        "Cavity": "honeycomb",
        "Weathering": "surface_wear",
        "WConccor": "surface_wear",
        "Restformwork": "leftover_formwork",
        "Graffiti": "graffiti",
        "EJoint": "joint_damage",
        "Bearing": "bearing",
    },
    "codebrim": {
        "Crack": "crack",
        "Spallation": "spall",
        "ExposedBars": "exposed_rebar",
        "Efflorescence": "efflorescence",
        "CorrosionStain": "rust_stain",
        "Background": "background",
    },
    "rdd2022": {
        "D00": "crack",
        "D01": "crack",
        "D10": "crack",
        "D11": "crack",
        "D20": "alligator_crack",
        "D40": "pothole",
    },
}


@pytest.mark.parametrize(
    ("source", "label", "name"),
    [(source, label, name) for source, map_ in MAPPED.items() for label, name in map_.items()],
)
def test_golden_classes_of_published_labels(source: str, label: str, name: str) -> None:
    assert LABEL_NAMES[find_source(source).box_classes[label]] == name


@pytest.mark.parametrize(
    ("source", "colour", "name"),
    [
        ("s2ds", (255, 255, 255), "crack"),
        ("s2ds", (255, 0, 0), "spall"),
        ("s2ds", (255, 255, 0), "rust_stain"),
        ("s2ds", (0, 255, 255), "efflorescence"),
        ("s2ds", (0, 255, 0), "vegetation"),
        ("s2ds", (0, 0, 255), "background"),
        ("paveseg", 30, "crack"),
        ("paveseg", 60, "pothole"),
        ("paveseg", 150, "alligator_crack"),
        ("paveseg", 210, "joint"),
        ("uav75", 204, "joint"),
        ("uav75", 255, "crack"),
        ("brazil", 2, "pothole"),
        ("crackforest", 2, "crack"),
    ],
)
def test_golden_classes_of_published_pixels(
    source: str, colour: int | tuple[int, int, int], name: str
) -> None:
    found = find_source(source)
    classes = found.mask_classes if isinstance(colour, int) else found.colour_classes
    assert LABEL_NAMES[classes[colour]] == name  # type: ignore[index]


@pytest.mark.parametrize("name", READERS)
class TestEveryCopy:
    """What is true of each set with a reader."""

    def test_what_lies_on_the_disk_in_any_order_is_read_in_one(
        self, tiny_sets: Path, tmp_path: Path, name: str
    ) -> None:
        first = read_source(name, tiny_sets)
        copy = Path(shutil.copytree(tiny_sets, tmp_path / "copy"))
        moved = read_source(name, copy)
        assert [(s.split, s.group, s.image_path.relative_to(tiny_sets)) for s in first] == [
            (s.split, s.group, s.image_path.relative_to(copy)) for s in moved
        ]
        assert len({sample.image_path for sample in first}) == len(first)

    def test_a_label_that_was_not_downloaded_is_named(self, tiny_sets: Path, name: str) -> None:
        sample = read_source(name, tiny_sets)[-1]
        sample.label_path.unlink()
        with pytest.raises(BadInput) as told:
            read_source(name, tiny_sets)
        assert name in str(told.value)
        assert sample.image_path.stem in str(told.value)

    def test_a_mask_of_another_size_is_told_with_both(self, tiny_sets: Path, name: str) -> None:
        source, sample = find_source(name), read_source(name, tiny_sets)[0]
        if source.label_kind is not LabelKind.MASK:
            width = read_rgb(sample.image_path).shape[1]
            assert source.label_kind in BOX_KINDS | {LabelKind.LABELME, LabelKind.CRACKFOREST}
            assert width in {64, 96}
            return
        black = np.zeros((10, 20, 3) if source.colour_classes else (10, 20), np.uint8)
        write_image(sample.label_path, black)
        with pytest.raises(BadInput, match=r"is 20 x 10 px, its image \d+ x \d+ px"):
            read_class_mask(source, sample, read_rgb(sample.image_path).shape[1::-1])

    def test_a_photo_that_broke_off_is_set_aside_by_the_check(
        self, tiny_sets: Path, name: str
    ) -> None:
        samples = read_source(name, tiny_sets)
        samples[0].image_path.write_bytes(samples[0].image_path.read_bytes()[:40])
        found = check_source(name, tiny_sets)
        assert [file for file, _ in found.broken] == [samples[0].image_path.name]
        assert sum(found.images_by_split.values()) == len(samples) - 1

    def test_the_folder_is_named_when_it_is_not_here(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(NotFound, match=rf"{find_source(name).folder}; set TENKEN_DATA_DIR"):
            read_source(name, tmp_path)
        said = run_tenken("datasets", "check", name, "--data-dir", tmp_path)
        assert said.code == 2
        assert f"source {name} needs the folder" in said.err

    def test_what_a_mac_packs_beside_the_photos_is_none(self, tiny_sets: Path, name: str) -> None:
        samples = read_source(name, tiny_sets)
        if samples[0].image_path.suffix != ".jpg":
            return
        for sample in samples:
            sample.image_path.with_name(f"._{sample.image_path.name}").write_bytes(b"\0\5\x16\7")
        assert read_source(name, tiny_sets) == samples

    def test_capital_letters_of_a_suffix_do_not_matter(self, tiny_sets: Path, name: str) -> None:
        samples = read_source(name, tiny_sets)
        if samples[0].image_path.suffix != ".jpg" or name == "crack500":  # its lists name files
            return
        for sample in samples:
            sample.image_path.rename(sample.image_path.with_suffix(".JPG"))
        again = read_source(name, tiny_sets)
        assert [(s.split, s.group, s.label_path) for s in again] == [
            (s.split, s.group, s.label_path) for s in samples
        ]


class TestLists:
    """CRACK500 names its pairs in lists."""

    @pytest.mark.parametrize(
        "line",
        ["traincrop/gone.jpg traincrop/gone.png", "one.jpg", "a b c", "../../x.jpg ../../x.png",
         "/etc/hostname /etc/hostname"],
    )  # fmt: skip
    def test_a_line_that_names_no_pair_of_the_set_is_numbered(
        self, tiny_sets: Path, line: str
    ) -> None:
        path = tiny_sets / "cracks/crack500/train.txt"
        path.write_text(path.read_text() + line + "\n")
        with pytest.raises(BadInput, match=r"crack500: train\.txt line 3 names no pair"):
            read_source("crack500", tiny_sets)

    def test_lists_of_windows_are_read_alike(self, tiny_sets: Path) -> None:
        before = read_source("crack500", tiny_sets)
        for path in (tiny_sets / "cracks/crack500").glob("*.txt"):
            path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
        assert read_source("crack500", tiny_sets) == before

    def test_a_list_in_another_encoding_is_named(self, tiny_sets: Path) -> None:
        (tiny_sets / "cracks/crack500/val.txt").write_bytes("橋.jpg 橋.png".encode("cp932"))
        with pytest.raises(BadInput, match=r"val\.txt is not UTF-8"):
            read_source("crack500", tiny_sets)


def test_a_crack_at_a_construction_joint_is_never_taught_as_background(tiny_sets: Path) -> None:
    """What the boxes of RDD leave out is background: D01 and D11 are cracks (§3.4)."""
    source, sample = find_source("rdd2022"), read_source("rdd2022", tiny_sets)[0]
    box = "<bndbox><xmin>11</xmin><ymin>21</ymin><xmax>30</xmax><ymax>40</ymax></bndbox>"
    for label, value in (("D01", IGNORE_INDEX), ("D11", IGNORE_INDEX), ("D44", BACKGROUND)):
        sample.label_path.write_text(f"<a><object><name>{label}</name>{box}</object></a>")
        mask = read_class_mask(source, sample, (96, 64))
        assert (mask[20:40, 10:30] == value).all()
        assert int((mask == BACKGROUND).sum()) == 96 * 64 - (400 if value else 0)


def test_grey_where_two_labels_are_one_class_is_that_class(tiny_sets: Path) -> None:
    source, sample = find_source("paveseg"), read_source("paveseg", tiny_sets)[0]
    mask = np.zeros((64, 96), np.uint8)
    mask[:10], mask[10:20] = 90, 120
    write_image(sample.label_path, mask)
    patched = read_class_mask(source, sample, (96, 64)) == class_index("patch")
    assert int(patched.sum()) == 20 * 96


@pytest.mark.parametrize("chip_px", [32, 50, 64, 96, 97, 512])
def test_chips_of_any_size_cover_every_pixel_in_its_native_size(
    tiny_sets: Path, tmp_path: Path, chip_px: int
) -> None:
    build_chips(["uav75"], tiny_sets, tmp_path, chip_px=chip_px)
    image = cv2.imread(str(tiny_sets / "cracks/uav75/val/images/val0.jpg"))
    seen = np.zeros(image.shape[:2], dtype=int)
    for path in (tmp_path / "uav75/val").glob("val0_*.png"):
        if path.name.endswith(".classes.png"):
            continue
        x, y = (int(part) for part in path.stem.split("_")[1:])
        chip = cv2.imread(str(path))
        height, width = chip.shape[:2]
        assert max(height, width) <= chip_px
        assert np.array_equal(chip, image[y : y + height, x : x + width])
        seen[y : y + height, x : x + width] += 1
    assert seen.min() >= 1
    assert len(window_starts(96, chip_px)) * len(window_starts(64, chip_px)) >= seen.max()


def test_the_sources_of_the_shipped_model_may_all_be_shipped() -> None:
    assert all(READERS[name][0].shippable for name in DEFAULT_SOURCES)
    assert all(READERS[name][0].trainable for name in DEFAULT_SOURCES)
    assert "quay_strip" not in DEFAULT_SOURCES


def test_photos_of_the_set_that_judges_are_never_trained_on(tiny_sets: Path) -> None:
    assert {sample.split for sample in read_source("quay_strip", tiny_sets)} == {Split.TEST}
    assert find_source("quay_strip").box_classes == {"0": CRACK}


def test_a_copy_of_a_photo_in_another_split_is_told(tiny_sets: Path) -> None:
    root = tiny_sets / "cracks/uav_concrete"
    write_image(root / "train/images/train0.jpg", photo(7))
    write_image(root / "val/images/val1.jpg", np.clip(photo(7).astype(int) + 9, 0, 255))
    said = run_tenken("datasets", "check", "uav_concrete", "--data-dir", tiny_sets)
    assert "  look alike across splits: train0.jpg val1.jpg" in said.out
