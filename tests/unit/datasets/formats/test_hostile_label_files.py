"""Files as they arrive from other people: damaged, in odd encodings, hostile. A reader of labels
answers with shapes or with a ``BadInput`` that names the file, never with anything else."""

import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.io import savemat

from datasets.classes import CRACK, IGNORE_INDEX
from datasets.formats.coco import read_coco
from datasets.formats.codebrim import read_defect_boxes
from datasets.formats.crackforest import read_crackforest
from datasets.formats.cvat import read_cvat
from datasets.formats.labelme import read_labelme
from datasets.formats.written import read_bytes, read_text
from datasets.formats.yolo import read_yolo_polygons
from datasets.labels import (
    mask_from_boxes,
    read_colour_mask,
    read_mask,
    read_rgb,
    read_voc_boxes,
    read_yolo_boxes,
)
from datasets.manifest import Box
from inspection.errors import BadInput
from tests.support.tiny_sets import DACL, DEFECTS, VOC

COCO = {
    "categories": [{"id": 1, "name": "ひびわれ"}],
    "images": [{"id": 7, "file_name": "a.jpg", "width": 20, "height": 10}],
    "annotations": [{"image_id": 7, "category_id": 1, "segmentation": [[1, 1, 9, 1, 9, 5]]}],
}
CVAT = (
    '<annotations><image name="a.jpg" width="20" height="10">'
    '<polygon label="ひびわれ" points="1,1;9,1;9,5"/></image></annotations>'
)
YOLO = "0 0.5 0.5 0.2 0.4\r\n1 0.1 0.1 0.2 0.1 0.2 0.2\r\n"
BRIM = dict.fromkeys(
    ("Background", "Crack", "Spallation", "Efflorescence", "ExposedBars", "CorrosionStain"), CRACK
)

READERS: dict[str, tuple[bytes, Callable[[Path], object]]] = {
    "coco": (json.dumps(COCO, ensure_ascii=False).encode(), read_coco.__wrapped__),
    "cvat": (CVAT.encode(), read_cvat.__wrapped__),
    "labelme": (json.dumps(DACL).encode(), read_labelme),
    "yolo": (YOLO.encode(), lambda path: read_yolo_polygons(path, (20, 10))),
    "yolo boxes": (
        b"0 0.5 0.5 0.2 0.4\n" * 3,
        lambda path: read_yolo_boxes(path, {"0": CRACK}, (20, 10)),
    ),
    "voc": (VOC.encode(), lambda path: read_voc_boxes(path, {"D00": CRACK})),
    "codebrim": (DEFECTS.encode(), lambda path: read_defect_boxes(path, BRIM)),
}


def read(kind: str, path: Path, content: bytes) -> object:
    """Write a file and read it as that kind of label."""
    path.write_bytes(content)
    return READERS[kind][1](path)


@pytest.mark.parametrize("kind", READERS)
class TestAnyFile:
    """Whatever the bytes, the answer is a label or words for a person."""

    def test_the_whole_file_is_read(self, tmp_path: Path, kind: str) -> None:
        assert read(kind, tmp_path / "label", READERS[kind][0])

    def test_a_download_that_broke_off_anywhere_is_named_or_read(
        self, tmp_path: Path, kind: str
    ) -> None:
        whole, path = READERS[kind][0], tmp_path / "half.label"
        for length in range(0, len(whole), 5):
            try:
                read(kind, path, whole[:length])
            except BadInput as error:
                assert "half.label" in str(error)

    @settings(
        max_examples=40,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
        deadline=None,
    )
    @given(seed=st.integers(0, 2**32 - 1))
    def test_flipped_bytes_are_named_or_read(self, tmp_path: Path, kind: str, seed: int) -> None:
        rng = np.random.default_rng(seed)
        content = bytearray(READERS[kind][0])
        for place in rng.integers(len(content), size=4):
            content[place] = rng.integers(256)
        try:
            read(kind, tmp_path / "flipped.label", bytes(content))
        except BadInput as error:
            assert "flipped.label" in str(error)

    def test_a_byte_order_mark_of_windows_changes_nothing(self, tmp_path: Path, kind: str) -> None:
        plain = read(kind, tmp_path / "a", READERS[kind][0])
        marked = read(kind, tmp_path / "b", b"\xef\xbb\xbf" + READERS[kind][0])
        assert repr(marked) == repr(plain)

    def test_shift_jis_is_named_with_what_to_do(self, tmp_path: Path, kind: str) -> None:
        content = READERS[kind][0].replace("ひびわれ".encode(), b"") + "橋".encode("cp932")
        with pytest.raises(BadInput, match=r"sjis\.label") as told:
            read(kind, tmp_path / "sjis.label", content)
        if kind not in {"cvat", "voc", "codebrim"}:  # XML says its own encoding
            assert "save it as UTF-8" in str(told.value)

    def test_a_folder_in_the_place_of_a_label_is_named(self, tmp_path: Path, kind: str) -> None:
        (tmp_path / "labels").mkdir()
        with pytest.raises(BadInput, match="label file labels cannot be read: Is a directory"):
            READERS[kind][1](tmp_path / "labels")

    def test_a_label_that_vanished_is_named(self, tmp_path: Path, kind: str) -> None:
        with pytest.raises(BadInput, match=r"gone\.x cannot be read: No such file"):
            READERS[kind][1](tmp_path / "gone.x")


@pytest.mark.parametrize("kind", ["coco", "labelme"])
def test_json_nested_beyond_all_depth_is_named(tmp_path: Path, kind: str) -> None:
    with pytest.raises(BadInput, match=r"deep\.json"):
        read(kind, tmp_path / "deep.json", b"[" * 100_000)


@pytest.mark.parametrize("kind", ["cvat", "voc", "codebrim"])
@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE a [<!ENTITY x "y"><!ENTITY z "&x;&x;&x;">]>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
    ],
)
def test_xml_that_declares_entities_is_refused_by_name(
    tmp_path: Path, kind: str, declared: str
) -> None:
    content = declared.encode() + READERS[kind][0]
    with pytest.raises(BadInput, match=r"bomb\.xml"):
        read(kind, tmp_path / "bomb.xml", content)


class TestMatlab:
    """CrackForest's labels are MATLAB files, compressed inside."""

    @pytest.fixture
    def label(self, tmp_path: Path) -> Path:
        path = tmp_path / "label.mat"
        values = np.ones((40, 60), np.uint8)
        values[10:12] = 2
        savemat(path, {"groundTruth": {"Segmentation": values}}, do_compression=True)
        return path

    def test_a_file_cut_anywhere_is_named(self, label: Path) -> None:
        whole = label.read_bytes()
        assert int((read_crackforest(label, {1: 0, 2: CRACK}) == CRACK).sum()) == 120
        for length in range(0, len(whole) - 1, 9):
            label.write_bytes(whole[:length])
            with pytest.raises(BadInput, match=r"label\.mat is not a CrackForest label"):
                read_crackforest(label, {1: 0, 2: CRACK})

    @pytest.mark.filterwarnings("ignore")
    @settings(
        max_examples=40,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
        deadline=None,
    )
    @given(place=st.integers(128, 230), value=st.integers(0, 255))
    def test_a_flipped_byte_is_named_or_read(self, label: Path, place: int, value: int) -> None:
        content = bytearray(label.read_bytes())
        place = min(place, len(content) - 1)
        kept, content[place] = content[place], value
        label.write_bytes(bytes(content))
        try:
            read_crackforest(label, {1: 0, 2: CRACK})
        except BadInput as error:
            assert "label.mat" in str(error)
        content[place] = kept
        label.write_bytes(bytes(content))


def bomb(width: int, height: int) -> bytes:
    """Make a PNG of a few bytes whose header claims any size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b"\0" * 100))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


class TestPictures:
    """Images and masks are decoded or named."""

    @pytest.mark.parametrize(
        ("kind", "reader"),
        [
            ("an image", read_rgb),
            ("a mask", lambda path: read_mask(path, {0: 0})),
            ("an image", lambda path: read_colour_mask(path, {(0, 0, 0): 0})),
        ],
    )
    def test_a_picture_that_claims_a_monstrous_size_is_named(
        self, tmp_path: Path, kind: str, reader: Callable[[Path], object]
    ) -> None:
        path = tmp_path / "bomb.png"
        path.write_bytes(bomb(100_000, 100_000))
        with pytest.raises(BadInput, match=rf"bomb\.png cannot be decoded as {kind}"):
            reader(path)

    @pytest.mark.parametrize("content", [b"", b"GIF89a", b"\xff\xd8\xff\xe0", "橋".encode()])
    def test_what_is_no_picture_asks_for_a_new_download(
        self, tmp_path: Path, content: bytes
    ) -> None:
        path = tmp_path / "橋.png"
        path.write_bytes(content)
        with pytest.raises(BadInput, match=r"橋\.png .*check the download"):
            read_rgb(path)

    def test_a_photo_under_a_japanese_name_is_read(self, tmp_path: Path) -> None:
        path = tmp_path / "点検 ①(北側).png"
        cv2.imwrite(str(path), np.dstack([np.full((3, 5), v, np.uint8) for v in (10, 20, 30)]))
        assert read_rgb(path)[2, 4].tolist() == [30, 20, 10]

    def test_every_grey_value_keeps_its_own_class(self, tmp_path: Path) -> None:
        path = tmp_path / "all.png"
        cv2.imwrite(str(path), np.arange(256, dtype=np.uint8).reshape(16, 16))
        classes = {value: value % 6 for value in range(255)} | {255: IGNORE_INDEX}
        found = read_mask(path, classes).ravel().tolist()
        assert found == [value % 6 for value in range(255)] + [IGNORE_INDEX]


class TestBoxes:
    """A box that bounds nothing would teach its crack as background."""

    @pytest.mark.parametrize(
        "edges", [(4, 1, 3, 2), (1, 4, 2, 3), (float("nan"), 0, 1, 1), (0, 0, float("inf"), 1)]
    )
    def test_edges_in_no_order_or_without_number_are_told(
        self, edges: tuple[float, float, float, float]
    ) -> None:
        x0, y0, x1, y1 = edges
        with pytest.raises(BadInput, match="left, top, right, bottom"):
            Box(class_index=CRACK, x0_px=x0, y0_px=y0, x1_px=x1, y1_px=y1)

    def test_a_box_without_extent_is_one(self) -> None:
        box = Box(class_index=CRACK, x0_px=2.5, y0_px=2.5, x1_px=2.5, y1_px=2.5)
        assert box.centre_px == (2.5, 2.5)
        assert int((mask_from_boxes((box,), (4, 4)) == IGNORE_INDEX).sum()) == 1

    @pytest.mark.parametrize("line", ["0 nan .5 .1 .1", "0 .5 inf .1 .1", "0 .5 .5 -0.2 .1"])
    def test_a_yolo_line_is_told_with_its_number(self, tmp_path: Path, line: str) -> None:
        path = tmp_path / "a.txt"
        path.write_text(f"0 .5 .5 .1 .1\n\n{line}\n")
        with pytest.raises(BadInput, match=r"a\.txt line 3 is not a YOLO box"):
            read_yolo_boxes(path, {"0": CRACK}, (10, 10))

    @pytest.mark.parametrize(("low", "high"), [("9", "3"), ("nan", "5"), ("1", "-inf")])
    def test_a_voc_box_is_told_with_its_file(self, tmp_path: Path, low: str, high: str) -> None:
        path = tmp_path / "a.xml"
        path.write_text(
            f"<a><object><name> D00\n</name><bndbox><xmin>{low}</xmin><ymin>1</ymin>"
            f"<xmax>{high}</xmax><ymax>4</ymax></bndbox></object></a>"
        )
        with pytest.raises(BadInput, match=r"a\.xml: box .* is none"):
            read_voc_boxes(path, {"D00": CRACK})
        path.write_text(path.read_text().replace("<name>", "<Defect><Crack>1</Crack></Defect><n>")
                        .replace("</name>", "</n>"))  # fmt: skip
        with pytest.raises(BadInput, match=r"a\.xml: box .* is none"):
            read_defect_boxes(path, BRIM)


class TestWritten:
    """The one door through which label files come."""

    def test_bytes_are_bytes_and_words_lose_only_the_mark(self, tmp_path: Path) -> None:
        path = tmp_path / "a"
        path.write_bytes(b"\xef\xbb\xbfa\r\nb\xef\xbb\xbf")
        assert read_bytes(path) == b"\xef\xbb\xbfa\r\nb\xef\xbb\xbf"
        assert read_text(path) == "a\r\nb\ufeff"

    def test_the_place_of_a_wrong_byte_is_told(self, tmp_path: Path) -> None:
        path = tmp_path / "a.txt"
        path.write_bytes(b"0123\x82\xd0")
        with pytest.raises(BadInput, match=r"a\.txt is not UTF-8 at byte 4"):
            read_text(path)
