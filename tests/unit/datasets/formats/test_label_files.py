"""The files of labelling tools, read as their makers write them."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from datasets.classes import CRACK, IGNORE_INDEX, class_index
from datasets.formats.coco import bitmap_from_runs, decode_counts, read_coco
from datasets.formats.codebrim import read_defect_boxes
from datasets.formats.crackforest import read_crackforest
from datasets.formats.cvat import read_cvat
from datasets.formats.labelme import read_labelme
from datasets.formats.shape import ShapeKind, paint
from datasets.formats.yolo import read_yolo_polygons
from inspection.errors import BadInput
from tests.support.tiny_sets import DACL, DEFECTS, write_text


def runs_of(mask: NDArray[np.bool_], order: str) -> list[int]:
    """Give alternating run lengths, off first, as COCO ("F") and CVAT ("C") count them."""
    flat = mask.ravel(order=order)  # type: ignore[arg-type]  # both letters are fine
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flat]))) if flat.size else []
    cuts = [0, *[int(edge) for edge in edges], flat.size]
    return [int(length) for length in np.diff(cuts)]


def encode(counts: list[int]) -> str:
    """Write run lengths as COCO's compressed string: the inverse of ``decode_counts``."""
    text = ""
    for place, count in enumerate(counts):
        value = count - counts[place - 2] if place > 2 else count
        more = True
        while more:
            bits, value = value & 0x1F, value >> 5
            more = value != (-1 if bits & 0x10 else 0)
            text += chr((bits | (0x20 if more else 0)) + 48)
    return text


masks = st.builds(
    lambda h, w, seed: np.random.default_rng(seed).random((h, w)) < 0.4,
    st.integers(1, 12),
    st.integers(1, 12),
    st.integers(0, 10**6),
)


@given(masks)
def test_run_lengths_give_the_pixels_back(mask: NDArray[np.bool_]) -> None:
    size = (mask.shape[1], mask.shape[0])
    assert np.array_equal(bitmap_from_runs(runs_of(mask, "F"), size), mask)


@given(st.lists(st.integers(0, 10**7), max_size=30))
def test_compressed_run_lengths_come_back(counts: list[int]) -> None:
    assert decode_counts(encode(counts)) == counts


@pytest.mark.parametrize("text", ["~", "\x10", "o"])
def test_a_broken_run_length_string_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"run length"):
        decode_counts(text)


def coco(annotations: list[dict[str, object]]) -> str:
    return json.dumps(
        {
            "images": [
                {"id": 7, "file_name": "a/b.jpg", "width": 6, "height": 4},
                {"id": 8, "file_name": "none.jpg", "width": 9, "height": 9},
            ],
            "categories": [{"id": 3, "name": "ひびわれ"}],
            "annotations": annotations,
        }
    )


def test_coco_polygons_runs_and_boxes(tmp_path: Path) -> None:
    mask = np.zeros((4, 6), dtype=bool)
    mask[1, 2:5] = True
    annotations: list[dict[str, object]] = [
        {"image_id": 7, "category_id": 3, "segmentation": [[0, 0, 4, 0, 4, 3], [1, 1, 2, 1, 2, 2]]},
        {"image_id": 7, "category_id": 3, "segmentation": {"counts": runs_of(mask, "F")}},
        {"image_id": 7, "category_id": 3, "segmentation": {"counts": encode(runs_of(mask, "F"))}},
        {"image_id": 7, "category_id": 3, "bbox": [1, 1, 2, 3], "segmentation": []},
    ]
    write_text(tmp_path / "c.json", coco(annotations))
    labels = read_coco(tmp_path / "c.json")
    shapes = labels.shapes["a/b.jpg"]
    assert [shape.kind.value for shape in shapes] == ["polygon"] * 2 + ["bitmap"] * 2 + ["box"]
    assert labels.shapes["none.jpg"] == ()
    assert labels.sizes_px == {"a/b.jpg": (6, 4), "none.jpg": (9, 9)}
    for shape in shapes[2:4]:
        assert np.array_equal(paint([shape], {"ひびわれ": CRACK}, (6, 4)) == CRACK, mask)
    assert shapes[4].points_px.tolist() == [[1, 1], [3, 4]]


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{",
        "{}",
        coco([{"image_id": 99, "category_id": 3, "segmentation": []}]),
        coco([{"image_id": 7, "category_id": 3, "segmentation": {"counts": [5]}}]),
        coco([{"image_id": 7, "category_id": 3, "segmentation": [[0, 0, 1]]}]),
        coco([{"image_id": 7, "category_id": 3}]),
    ],
)
def test_what_is_no_coco_file_is_named(tmp_path: Path, text: str) -> None:
    write_text(tmp_path / "c.json", text)
    with pytest.raises(BadInput, match=r"c\.json is not a COCO instance file"):
        read_coco(tmp_path / "c.json")


CVAT = """<?xml version="1.0" encoding="utf-8"?><annotations><version>1.1</version>
<image id="0" name="a.jpg" width="6" height="4">
<polygon label="crack" points="0.0,0.0;4.0,0.0;4.0,3.0" z_order="0"/>
<polyline label="crack" points="0,0;5,3"/><points label="crack" points="1,1"/>
<box label="hole" xtl="1" ytl="1" xbr="3" ybr="2.5"/>
<mask label="crack" rle="1,2,1,2" left="2" top="1" width="3" height="2"/></image></annotations>"""


def test_cvat_shapes_of_every_kind(tmp_path: Path) -> None:
    write_text(tmp_path / "c.xml", CVAT)
    shapes = read_cvat(tmp_path / "c.xml").shapes["a.jpg"]
    assert [shape.kind for shape in shapes] == [
        ShapeKind.POLYGON,
        ShapeKind.LINE,
        ShapeKind.BOX,
        ShapeKind.BITMAP,
    ]
    bitmap = shapes[3].bitmap
    assert bitmap is not None
    assert np.argwhere(bitmap).tolist() == [[1, 3], [1, 4], [2, 3], [2, 4]]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('name="a.jpg"', "", "name"),
        ('width="6"', 'width="0"', "size"),
        ("0.0,0.0;", "0.0;", ""),
        ('rle="1,2,1,2"', 'rle="1,2,9"', "runs add up to 12"),
        ('left="2"', 'left="5"', "reaches out"),
        ("</annotations>", "", ""),
        ("<annotations>", '<!DOCTYPE x [<!ENTITY e "e">]><annotations>', ""),
    ],
)
def test_what_is_no_cvat_file_is_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    write_text(tmp_path / "c.xml", CVAT.replace(old, new))
    with pytest.raises(BadInput, match=words or r"c\.xml"):
        read_cvat(tmp_path / "c.xml")


def test_a_cvat_file_for_video_names_no_image(tmp_path: Path) -> None:
    write_text(tmp_path / "v.xml", "<annotations><track id='0'/></annotations>")
    with pytest.raises(BadInput, match=r"v\.xml names no image"):
        read_cvat(tmp_path / "v.xml")


def test_labelme_and_dacl10k(tmp_path: Path) -> None:
    kinds = {
        "shapes": [
            *DACL["shapes"],  # type: ignore[misc]  # a list of shapes
            {"label": "Crack", "points": [[0, 0], [5, 5]], "shape_type": "rectangle"},
            {"label": "Crack", "points": [[0, 0], [5, 5], [6, 9]], "shape_type": "linestrip"},
            {"label": "Crack", "points": [[20, 20], [23, 24]], "shape_type": "circle"},
        ]
    }
    write_text(tmp_path / "a.json", json.dumps(kinds))
    shapes = read_labelme(tmp_path / "a.json")
    assert [shape.name for shape in shapes[:3]] == ["Spalling", "Crack", "Drainage"]
    assert [shape.kind for shape in shapes[3:5]] == [ShapeKind.BOX, ShapeKind.LINE]
    assert shapes[5].area_px == pytest.approx(np.pi * 25, rel=0.01)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{}", "shapes"),
        ("nothing", "not a LabelMe file"),
        ('{"shapes": [{"label": "c", "points": [[1, 2]], "shape_type": "point"}]}', "no pixels"),
        ('{"shapes": [{"label": "c", "points": [[1, 2], [3, 4]]}]}', "2 points, needs 3"),
        ('{"shapes": [{"points": [[1, 2], [3, 4], [5, 6]]}]}', "label"),
    ],
)
def test_what_is_no_labelme_file_is_named(tmp_path: Path, text: str, words: str) -> None:
    write_text(tmp_path / "a.json", text)
    with pytest.raises(BadInput, match=rf"a\.json.*{words}"):
        read_labelme(tmp_path / "a.json")


def test_yolo_outlines_are_fractions_of_the_image(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "2 0 0 0.5 0 0.5 0.5\n\n0 0.5 0.5 0.5 0.25\n")
    outline, box = read_yolo_polygons(tmp_path / "a.txt", (40, 20))
    assert outline.points_px.tolist() == [[0, 0], [20, 0], [20, 10]]
    assert (outline.name, box.name, box.kind) == ("2", "0", ShapeKind.BOX)
    assert box.points_px.tolist() == [[10, 7.5], [30, 12.5]]


@pytest.mark.parametrize("line", ["0 1 2 3", "0 0 0 1 1 x 1", "0", "0 0.1 0.2"])
def test_a_line_that_is_no_outline_is_told_by_its_number(tmp_path: Path, line: str) -> None:
    write_text(tmp_path / "a.txt", f"0 0 0 1 0 1 1\n{line}\n")
    with pytest.raises(BadInput, match=r"a\.txt line 2"):
        read_yolo_polygons(tmp_path / "a.txt", (40, 20))


BRIM = {"Background": 0, "Crack": CRACK, "Spallation": class_index("spall")}


def test_a_codebrim_object_is_a_box_for_each_of_its_defects(tmp_path: Path) -> None:
    write_text(tmp_path / "a.xml", DEFECTS)
    boxes = read_defect_boxes(tmp_path / "a.xml", BRIM)
    assert [box.class_index for box in boxes] == [CRACK, class_index("spall")]
    assert {(box.x0_px, box.y0_px, box.x1_px, box.y1_px) for box in boxes} == {(10, 20, 30, 40)}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("<Crack>1</Crack>", "<Hole>1</Hole>", "Hole without a class"),
        ("<xmin>11</xmin>", "", "without four numbers"),
        ("</annotation>", "", "not XML"),
    ],
)
def test_what_codebrim_does_not_say_is_no_box(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    write_text(tmp_path / "a.xml", DEFECTS.replace(old, new))
    with pytest.raises(BadInput, match=words):
        read_defect_boxes(tmp_path / "a.xml", BRIM)


def test_crackforest_values(tiny_sets: Path) -> None:
    path = tiny_sets / "cracks/crackforest/groundTruth/003.mat"
    mask = read_crackforest(path, {1: 0, 2: CRACK, 3: IGNORE_INDEX})
    assert (mask[11, 5], mask[30, 5], mask[0, 0]) == (CRACK, 0, IGNORE_INDEX)
    with pytest.raises(BadInput, match=r"values \[3\]"):
        read_crackforest(path, {1: 0, 2: CRACK})


def test_what_is_no_matlab_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.mat").write_bytes(b"MATLAB 7.3 perhaps")
    with pytest.raises(BadInput, match=r"a\.mat is not a CrackForest label"):
        read_crackforest(tmp_path / "a.mat", {1: 0})
