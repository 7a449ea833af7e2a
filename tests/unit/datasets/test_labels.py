"""Labels are read as published, and what is not understood is an error, never background."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from datasets.classes import BACKGROUND, CRACK, IGNORE_INDEX, JOINT, PATCH
from datasets.labels import (
    mask_from_boxes,
    read_boxes,
    read_class_mask,
    read_mask,
    read_rgb,
    read_voc_boxes,
    read_yolo_boxes,
)
from datasets.manifest import Box, LabelKind
from datasets.sources import find_source, read_source
from inspection.errors import BadInput


def test_image_is_read_as_rgb(tmp_path: Path) -> None:
    blue_in_opencv_order = np.zeros((4, 5, 3), dtype=np.uint8)
    blue_in_opencv_order[..., 0] = 200
    cv2.imwrite(str(tmp_path / "a.png"), blue_in_opencv_order)
    rgb = read_rgb(tmp_path / "a.png")
    assert rgb.shape == (4, 5, 3)
    assert rgb[0, 0].tolist() == [0, 0, 200]


def test_undecodable_image_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"not a photo")
    with pytest.raises(BadInput, match=r"a\.jpg"):
        read_rgb(tmp_path / "a.jpg")


@pytest.mark.parametrize("colour", [False, True])
def test_mask_values_become_classes(tmp_path: Path, colour: bool) -> None:
    grey = np.array([[0, 204], [255, 0]], dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "m.png"), np.dstack([grey] * 3) if colour else grey)
    classes = read_mask(tmp_path / "m.png", {0: BACKGROUND, 204: JOINT, 255: CRACK})
    assert classes.tolist() == [[BACKGROUND, JOINT], [CRACK, BACKGROUND]]


def test_mask_value_without_class_is_an_error(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "m.png"), np.array([[0, 7]], dtype=np.uint8))
    with pytest.raises(BadInput, match=r"\[7\]"):
        read_mask(tmp_path / "m.png", {0: BACKGROUND})


def test_missing_mask_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"m\.png"):
        read_mask(tmp_path / "m.png", {0: BACKGROUND})


def test_yolo_box_is_in_pixels_of_the_image(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("0 0.5 0.25 0.5 0.5\n\n", encoding="utf-8")
    (box,) = read_yolo_boxes(path, {"0": CRACK}, (200, 100))
    assert (box.x0_px, box.y0_px, box.x1_px, box.y1_px) == (50, 0, 150, 50)
    assert box.centre_px == (100, 25)
    assert box.class_index == CRACK


@pytest.mark.parametrize("line", ["1 0.5 0.5 0.1 0.1", "0 0.5 0.5", "0 a b c d", "x"])
def test_broken_yolo_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text(f"0 0.5 0.5 0.1 0.1\n{line}\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"a\.txt line 2"):
        read_yolo_boxes(path, {"0": CRACK}, (10, 10))


def test_voc_box_counts_from_one_and_includes_its_last_pixel(tiny_sets: Path) -> None:
    sample = read_source("rdd_motorbike", tiny_sets)[0]
    boxes = read_voc_boxes(sample.label_path, find_source("rdd_motorbike").box_classes)
    whole, patch = boxes  # D43 is not in the class map and is left out
    assert (whole.x0_px, whole.y0_px, whole.x1_px, whole.y1_px) == (0, 0, 96, 64)
    assert (patch.class_index, patch.x1_px - patch.x0_px) == (PATCH, 20)


@pytest.mark.parametrize("text", ["", "<annotation>", "<a><object><name>D00</name></object></a>"])
def test_broken_voc_file_is_an_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.xml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=r"a\.xml"):
        read_voc_boxes(path, {"D00": CRACK})


def test_voc_box_with_words_for_numbers_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    box = "<xmin>a</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax>"
    path.write_text(
        f"<a><object><name>D00</name><bndbox>{box}</bndbox></object></a>", encoding="utf-8"
    )
    with pytest.raises(BadInput, match="four numbers"):
        read_voc_boxes(path, {"D00": CRACK})


def test_boxes_of_a_mask_source_are_refused(tiny_sets: Path) -> None:
    source = find_source("uav75")
    sample = read_source("uav75", tiny_sets)[0]
    assert source.label_kind is LabelKind.MASK
    with pytest.raises(BadInput, match="uav75 has labels of kind mask, not boxes"):
        read_boxes(source, sample, (96, 64))


def test_inside_of_boxes_is_undecided_and_outside_is_background() -> None:
    box = Box(class_index=CRACK, x0_px=-3.0, y0_px=1.2, x1_px=2.5, y1_px=3.0)
    mask = mask_from_boxes((box,), (4, 5))
    assert mask.shape == (5, 4)
    assert (mask[1:3, 0:3] == IGNORE_INDEX).all()
    assert np.count_nonzero(mask) == 6


def test_mask_of_another_size_than_its_image_is_an_error(tiny_sets: Path) -> None:
    sample = read_source("uav75", tiny_sets)[0]
    with pytest.raises(BadInput, match="96 x 64 px, its image 95 x 64 px"):
        read_class_mask(find_source("uav75"), sample, (95, 64))
