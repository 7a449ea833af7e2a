"""Labels at their edges: grey values, empty files, clipped boxes, and what the errors say."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.classes import (
    BACKGROUND,
    CLASS_NAMES,
    CRACK,
    DISTRACTOR_CLASSES,
    IGNORE_INDEX,
    JOINT,
    POTHOLE,
)
from datasets.labels import (
    mask_from_boxes,
    read_boxes,
    read_class_mask,
    read_mask,
    read_rgb,
    read_voc_boxes,
    read_yolo_boxes,
)
from datasets.manifest import Box, LabelKind, Sample, Source, Split
from inspection.errors import BadInput

LAW = settings(derandomize=True, deadline=None, max_examples=60)


def write_png(path: Path, pixels: np.ndarray) -> Path:
    assert cv2.imwrite(str(path), pixels)
    return path


def write_text(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def make_source(kind: LabelKind) -> Source:
    return Source(
        name="made",
        folder="made",
        licence="CC0-1.0",
        citation="nobody",
        label_kind=kind,
        mask_classes={0: BACKGROUND, 255: CRACK},
        box_classes={"0": CRACK, "D00": CRACK},
    )


def make_sample(image: Path, label: Path) -> Sample:
    return Sample(source="made", split=Split.TRAIN, group="g", image_path=image, label_path=label)


def voc(*objects: str) -> str:
    return "<annotation>" + "".join(objects) + "</annotation>"


def voc_object(name: str, edges: tuple[float, float, float, float]) -> str:
    keys = ("xmin", "ymin", "xmax", "ymax")
    box = "".join(f"<{key}>{edge}</{key}>" for key, edge in zip(keys, edges, strict=True))
    return f"<object><name>{name}</name><bndbox>{box}</bndbox></object>"


class TestClasses:
    def test_indices_are_places_in_the_names(self) -> None:
        assert CLASS_NAMES[BACKGROUND] == "background"
        assert CLASS_NAMES[CRACK] == "crack"
        assert CLASS_NAMES[POTHOLE] == "pothole"
        assert CLASS_NAMES[JOINT] == "joint"
        assert len(set(CLASS_NAMES)) == len(CLASS_NAMES)

    def test_undecided_is_no_class(self) -> None:
        assert not 0 <= IGNORE_INDEX < len(CLASS_NAMES)
        assert IGNORE_INDEX <= np.iinfo(np.uint8).max

    def test_distractors_are_classes_and_never_cracks(self) -> None:
        assert set(CLASS_NAMES) > DISTRACTOR_CLASSES
        assert "crack" not in DISTRACTOR_CLASSES


class TestRgb:
    def test_a_grey_file_has_three_equal_channels(self, tmp_path: Path) -> None:
        grey = np.arange(12, dtype=np.uint8).reshape(3, 4)
        rgb = read_rgb(write_png(tmp_path / "g.png", grey))
        assert rgb.shape == (3, 4, 3)
        assert all(np.array_equal(rgb[..., i], grey) for i in range(3))

    def test_an_alpha_channel_is_left_out(self, tmp_path: Path) -> None:
        bgra = np.zeros((2, 2, 4), dtype=np.uint8)
        bgra[..., 0], bgra[..., 2], bgra[..., 3] = 10, 30, 255
        rgb = read_rgb(write_png(tmp_path / "a.png", bgra))
        assert rgb[0, 0].tolist() == [30, 0, 10]

    def test_the_array_is_contiguous_bytes(self, tmp_path: Path) -> None:
        rgb = read_rgb(write_png(tmp_path / "c.png", np.zeros((3, 5, 3), dtype=np.uint8)))
        assert rgb.flags["C_CONTIGUOUS"]
        assert rgb.dtype == np.uint8

    def test_an_absent_image_is_named_without_its_folder(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput) as raised:
            read_rgb(tmp_path / "gone.png")
        assert str(raised.value).startswith("gone.png cannot be decoded")
        assert "check the download" in str(raised.value)
        assert str(tmp_path) not in str(raised.value)


class TestMask:
    def test_a_colour_file_with_equal_channels_is_a_mask(self, tmp_path: Path) -> None:
        grey = np.array([[0, 255], [255, 0]], dtype=np.uint8)
        path = write_png(tmp_path / "m.png", np.repeat(grey[..., None], 3, axis=2))
        assert read_mask(path, {0: 0, 255: CRACK}).tolist() == [[0, CRACK], [CRACK, 0]]

    def test_two_grey_values_may_share_a_class(self, tmp_path: Path) -> None:
        path = write_png(tmp_path / "m.png", np.array([[90, 120]], dtype=np.uint8))
        assert read_mask(path, {90: 4, 120: 4}).tolist() == [[4, 4]]

    def test_a_listed_value_that_does_not_occur_is_no_error(self, tmp_path: Path) -> None:
        path = write_png(tmp_path / "m.png", np.zeros((2, 2), dtype=np.uint8))
        assert read_mask(path, {0: BACKGROUND, 7: CRACK}).sum() == 0

    def test_at_most_five_unknown_values_are_listed(self, tmp_path: Path) -> None:
        path = write_png(tmp_path / "m.png", np.arange(0, 20, dtype=np.uint8)[None])
        with pytest.raises(BadInput, match=r"m\.png holds grey values \[1, 2, 3, 4, 5\] without"):
            read_mask(path, {0: BACKGROUND})

    def test_sixteen_bits_are_not_taken_for_eight(self, tmp_path: Path) -> None:
        path = write_png(tmp_path / "m.png", np.array([[0, 256]], dtype=np.uint16))
        with pytest.raises(BadInput, match=r"\[256\] without a class"):
            read_mask(path, {0: BACKGROUND})

    @LAW
    @given(values=st.lists(st.sampled_from([0, 30, 204, 255]), min_size=1, max_size=30))
    def test_each_pixel_gets_the_class_of_its_own_value(
        self, tmp_path_factory: pytest.TempPathFactory, values: list[int]
    ) -> None:
        classes = {0: 0, 30: 2, 204: 5, 255: 1}
        path = tmp_path_factory.getbasetemp() / "law.png"
        write_png(path, np.array([values], dtype=np.uint8))
        assert read_mask(path, classes)[0].tolist() == [classes[value] for value in values]


class TestYolo:
    @pytest.mark.parametrize("text", ["", "\n", "   \n\n"])
    def test_an_empty_file_means_no_box(self, tmp_path: Path, text: str) -> None:
        assert read_yolo_boxes(write_text(tmp_path / "b.txt", text), {"0": CRACK}, (10, 10)) == ()

    def test_the_whole_image_is_the_whole_image(self, tmp_path: Path) -> None:
        path = write_text(tmp_path / "b.txt", "0 0.5 0.5 1 1")
        (box,) = read_yolo_boxes(path, {"0": CRACK}, (640, 480))
        assert (box.x0_px, box.y0_px, box.x1_px, box.y1_px) == (0, 0, 640, 480)
        assert box.centre_px == (320, 240)

    def test_boxes_keep_their_order_and_class(self, tmp_path: Path) -> None:
        path = write_text(tmp_path / "b.txt", "1 0.1 0.1 0.1 0.1\n\n0 0.9 0.9 0.1 0.1\n")
        boxes = read_yolo_boxes(path, {"0": CRACK, "1": POTHOLE}, (100, 100))
        assert [box.class_index for box in boxes] == [POTHOLE, CRACK]

    @pytest.mark.parametrize("line", ["7 0.5 0.5 1 1", "0 0.5 0.5 1", "0", "0 a b c d"])
    def test_the_line_and_its_number_are_named(self, tmp_path: Path, line: str) -> None:
        path = write_text(tmp_path / "b.txt", f"0 0.5 0.5 1 1\n\n{line}\n")
        with pytest.raises(BadInput) as raised:
            read_yolo_boxes(path, {"0": CRACK}, (10, 10))
        assert str(raised.value) == f"b.txt line 3 is not a YOLO box: {line!r}"

    @LAW
    @given(
        x=st.floats(0.2, 0.8),
        y=st.floats(0.2, 0.8),
        w=st.floats(0.01, 0.4),
        h=st.floats(0.01, 0.4),
    )
    def test_centre_and_size_come_back(
        self, tmp_path_factory: pytest.TempPathFactory, x: float, y: float, w: float, h: float
    ) -> None:
        path = tmp_path_factory.getbasetemp() / "law.txt"
        (box,) = read_yolo_boxes(write_text(path, f"0 {x} {y} {w} {h}"), {"0": 1}, (800, 600))
        assert box.centre_px == pytest.approx((x * 800, y * 600))
        assert box.x1_px - box.x0_px == pytest.approx(w * 800)
        assert box.y1_px - box.y0_px == pytest.approx(h * 600)


class TestVoc:
    def test_a_file_without_objects_has_no_box(self, tmp_path: Path) -> None:
        assert read_voc_boxes(write_text(tmp_path / "b.xml", voc()), {"D00": CRACK}) == ()

    def test_objects_of_other_classes_are_left_out(self, tmp_path: Path) -> None:
        text = voc(voc_object("D43", (1, 1, 2, 2)), voc_object("D00", (1, 1, 512, 256)))
        (box,) = read_voc_boxes(write_text(tmp_path / "b.xml", text), {"D00": CRACK})
        assert (box.x0_px, box.y0_px, box.x1_px, box.y1_px) == (0, 0, 512, 256)

    def test_an_object_without_a_name_is_left_out(self, tmp_path: Path) -> None:
        path = write_text(tmp_path / "b.xml", voc("<object/>"))
        assert read_voc_boxes(path, {"D00": CRACK}) == ()

    def test_a_box_that_lacks_an_edge_shows_which(self, tmp_path: Path) -> None:
        text = voc("<object><name>D00</name><bndbox><xmin>3</xmin></bndbox></object>")
        with pytest.raises(BadInput, match=r"b\.xml holds a box without four numbers: \['3', None"):
            read_voc_boxes(write_text(tmp_path / "b.xml", text), {"D00": CRACK})

    def test_an_empty_file_is_not_xml(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match=r"b\.xml is not XML"):
            read_voc_boxes(write_text(tmp_path / "b.xml", ""), {})


class TestMaskFromBoxes:
    def test_no_box_is_all_background(self) -> None:
        mask = mask_from_boxes((), (7, 3))
        assert mask.shape == (3, 7)
        assert not mask.any()

    def test_parts_of_pixels_are_undecided_too(self) -> None:
        box = Box(class_index=CRACK, x0_px=1.9, y0_px=0.5, x1_px=3.1, y1_px=1.2)
        mask = mask_from_boxes((box,), (6, 4))
        assert np.argwhere(mask == IGNORE_INDEX).tolist() == [
            [row, col] for row in (0, 1) for col in (1, 2, 3)
        ]

    @pytest.mark.parametrize("shift", [-100.0, 100.0])
    def test_a_box_outside_decides_nothing(self, shift: float) -> None:
        box = Box(class_index=CRACK, x0_px=shift, y0_px=shift, x1_px=shift + 5, y1_px=shift + 5)
        assert not mask_from_boxes((box,), (8, 8)).any()

    @LAW
    @given(x0=st.floats(-20, 40), y0=st.floats(-20, 40), w=st.floats(0.1, 30), h=st.floats(0.1, 30))
    def test_every_pixel_whose_centre_lies_inside_is_undecided(
        self, x0: float, y0: float, w: float, h: float
    ) -> None:
        box = Box(class_index=CRACK, x0_px=x0, y0_px=y0, x1_px=x0 + w, y1_px=y0 + h)
        mask = mask_from_boxes((box,), (24, 16))
        cols, rows = np.arange(24) + 0.5, np.arange(16) + 0.5
        inside = ((rows >= y0) & (rows <= y0 + h))[:, None] & ((cols >= x0) & (cols <= x0 + w))
        assert (mask[inside] == IGNORE_INDEX).all()
        assert set(np.unique(mask).tolist()) <= {BACKGROUND, IGNORE_INDEX}
        assert (mask == IGNORE_INDEX).sum() <= (w + 2) * (h + 2)


class TestClassMask:
    def test_both_sizes_are_told_when_they_differ(self, tmp_path: Path) -> None:
        label = write_png(tmp_path / "m.png", np.zeros((3, 5), dtype=np.uint8))
        with pytest.raises(BadInput) as raised:
            read_class_mask(make_source(LabelKind.MASK), make_sample(label, label), (5, 4))
        assert str(raised.value) == "m.png is 5 x 3 px, its image 5 x 4 px"

    def test_a_box_source_gives_undecided_insides(self, tmp_path: Path) -> None:
        label = write_text(tmp_path / "b.txt", "0 0.5 0.5 0.5 0.5")
        sample = make_sample(label, label)
        mask = read_class_mask(make_source(LabelKind.YOLO_BOXES), sample, (8, 8))
        assert mask[2:6, 2:6].tolist() == [[IGNORE_INDEX] * 4] * 4
        assert (mask == BACKGROUND).sum() == 48

    def test_a_voc_source_is_read_by_its_own_reader(self, tmp_path: Path) -> None:
        label = write_text(tmp_path / "b.xml", voc(voc_object("D00", (1, 1, 4, 4))))
        sample = make_sample(label, label)
        (box,) = read_boxes(make_source(LabelKind.VOC_BOXES), sample, (8, 8))
        assert (box.x0_px, box.x1_px) == (0, 4)
        mask = read_class_mask(make_source(LabelKind.VOC_BOXES), sample, (8, 8))
        assert (mask == IGNORE_INDEX).sum() == 16

    def test_boxes_of_a_mask_source_name_the_source(self, tmp_path: Path) -> None:
        sample = make_sample(tmp_path / "i", tmp_path / "l")
        with pytest.raises(BadInput, match="made has labels of kind mask, not boxes"):
            read_boxes(make_source(LabelKind.MASK), sample, (8, 8))
