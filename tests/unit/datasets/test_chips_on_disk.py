"""Chips on disk: what was written comes back, and a write that failed is not passed over."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datasets.chips import (
    MANIFEST_NAME,
    Chip,
    read_chips,
    read_manifest,
    write_chip,
    write_manifest,
)
from datasets.classes import IGNORE_INDEX
from datasets.manifest import Split
from inspection.errors import BadInput, NotFound, Unavailable

LAW = settings(
    derandomize=True,
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def make_chip(**changes: object) -> Chip:
    rng = np.random.default_rng(3)
    plain = Chip(
        source="uav75",
        split=Split.VAL,
        group="bridge-7",
        name="IMG_0001_0_0",
        rgb=rng.integers(0, 256, (5, 7, 3), dtype=np.uint8),
        classes=rng.integers(0, 6, (5, 7), dtype=np.uint8),
        gsd_mm_per_px=(0.5, 1.25),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # any field


@LAW
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    seed=st.integers(0, 2**32 - 1),
    gsd=st.none() | st.tuples(st.floats(0.01, 1), st.floats(1, 99)),
)
def test_what_is_written_comes_back_pixel_for_pixel(
    tmp_path: Path, height: int, width: int, seed: int, gsd: tuple[float, float] | None
) -> None:
    rng = np.random.default_rng(seed)
    classes = rng.choice(np.array([0, 1, 5, IGNORE_INDEX], dtype=np.uint8), (height, width))
    rgb = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    chip = make_chip(rgb=rgb, classes=classes, gsd_mm_per_px=gsd)
    write_manifest(tmp_path, [write_chip(tmp_path, chip, "CC0-1.0")])
    (back,) = read_chips(tmp_path, Split.VAL)
    assert (back.source, back.group, back.name) == (chip.source, chip.group, chip.name)
    assert back.gsd_mm_per_px == gsd
    np.testing.assert_array_equal(back.rgb, rgb)
    np.testing.assert_array_equal(back.classes, classes)


@pytest.mark.parametrize("name", ["橋脚 1", "naïve", "a b", "0.5mm", "x" * 200, "100%", "#1"])
def test_names_of_photos_from_anywhere_are_kept(tmp_path: Path, name: str) -> None:
    write_manifest(tmp_path, [write_chip(tmp_path, make_chip(name=name), "CC0-1.0")])
    (back,) = read_chips(tmp_path, Split.VAL)
    assert back.name == name


def test_a_name_longer_than_a_file_system_takes_is_no_silence(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"cannot be written.*File name too long"):
        write_chip(tmp_path, make_chip(name="x" * 300), "CC0-1.0")


def test_a_folder_in_the_place_of_a_chip_is_no_silence(tmp_path: Path) -> None:
    (tmp_path / "uav75" / "val" / "IMG_0001_0_0.classes.png").mkdir(parents=True)
    with pytest.raises(Unavailable, match=r"IMG_0001_0_0\.classes\.png cannot be written"):
        write_chip(tmp_path, make_chip(), "CC0-1.0")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the device of a full disk is Linux's")
def test_a_full_disk_is_no_silence(tmp_path: Path) -> None:
    place = tmp_path / "uav75" / "val"
    place.mkdir(parents=True)
    (place / "IMG_0001_0_0.png").symlink_to("/dev/full")
    with pytest.raises(Unavailable, match="No space left on device; free some space"):
        write_chip(tmp_path, make_chip(), "CC0-1.0")


def test_the_row_says_what_the_chip_is(tmp_path: Path) -> None:
    row = write_chip(tmp_path, make_chip(), "CC-BY-4.0")
    assert (row.width_px, row.height_px) == (7, 5)
    assert (row.source, row.split, row.licence) == ("uav75", "val", "CC-BY-4.0")
    line = json.loads(write_manifest(tmp_path, [row]).read_text(encoding="utf-8"))
    assert line["gsd_mm_per_px"] == [0.5, 1.25]
    assert read_manifest(tmp_path) == [row]


def test_image_and_classes_must_be_of_one_size() -> None:
    with pytest.raises(BadInput, match=r"image \(5, 7, 3\) and classes \(7, 5\) differ"):
        make_chip(classes=np.zeros((7, 5), np.uint8))


def test_only_the_wanted_part_is_read_in_the_order_of_the_manifest(tmp_path: Path) -> None:
    chips = [
        make_chip(name=name, split=split)
        for name, split in (("c", Split.VAL), ("a", Split.TRAIN), ("b", Split.VAL))
    ]
    write_manifest(tmp_path, [write_chip(tmp_path, chip, "CC0-1.0") for chip in chips])
    assert [chip.name for chip in read_chips(tmp_path, Split.VAL)] == ["c", "b"]
    assert [chip.name for chip in read_chips(tmp_path, Split.TRAIN)] == ["a"]
    assert list(read_chips(tmp_path, Split.TEST)) == []


def test_a_folder_that_was_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="tenken datasets build"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    "line", ["{", "[]", "7", "{}", '{"gsd_mm_per_px": null}', '{"gsd_mm_per_px": 3, "a": 1}']
)
def test_a_broken_line_of_the_manifest_is_numbered(tmp_path: Path, line: str) -> None:
    write_manifest(tmp_path, [write_chip(tmp_path, make_chip(), "CC0-1.0")])
    path = tmp_path / MANIFEST_NAME
    path.write_text(path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"chips\.jsonl line 2 is not a chip row"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("suffix", [".png", ".classes.png"])
@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", None], ids=["empty", "cut", "gone"])
def test_a_damaged_picture_is_named(tmp_path: Path, suffix: str, content: bytes | None) -> None:
    write_manifest(tmp_path, [write_chip(tmp_path, make_chip(), "CC0-1.0")])
    path = tmp_path / "uav75" / "val" / f"IMG_0001_0_0{suffix}"
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with pytest.raises(BadInput, match="IMG_0001_0_0"):
        list(read_chips(tmp_path, Split.VAL))
