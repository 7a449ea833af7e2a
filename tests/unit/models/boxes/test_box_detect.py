"""A photo goes to a box network and its boxes come back in the photo's pixels, by any engine."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.box_views import GREY
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput, Broken
from models.backends.onnxruntime_boxes import OnnxRuntimeBoxes
from models.backends.openvino_boxes import OpenVinoBoxes
from models.boxes.detect import (
    LEAST_SCORE,
    Network,
    SeenBox,
    find_boxes_in,
    framed,
    open_boxes,
)
from models.boxes.registry import LEAST_PHOTO_PX
from tests.support.private_network import write_box_network
from tests.support.tiny_boxes import register_rows

ENGINES = ("openvino", "onnxruntime")


def answering(*rows: tuple[float, ...]) -> Network:
    """Return a network that answers the same rows whatever it is shown."""
    answer = np.array(rows, dtype=np.float32).reshape(-1, 6)
    return lambda shown: answer


def photo(width: int, height: int) -> np.ndarray:
    return np.full((height, width, 3), 90, dtype=np.uint8)


@given(st.integers(1, 2000), st.integers(1, 2000))
def test_every_photo_is_shown_whole_at_its_size(width: int, height: int) -> None:
    frame, scale = framed(photo(width, height), 256)
    assert not frame.shape[0] % 32
    assert not frame.shape[1] % 32
    assert min(frame.shape[:2]) >= LEAST_PHOTO_PX
    assert max(frame.shape[:2]) == 256
    shown = (frame != GREY).any(axis=2)
    across, down = scale[0] * width, scale[1] * height
    assert max(across, down) == pytest.approx(256)
    assert shown.any(axis=0).sum() == pytest.approx(across, abs=0.51)
    assert shown.any(axis=1).sum() == pytest.approx(down, abs=0.51)
    assert scale[0] == scale[2]
    assert scale[1] == scale[3]


def test_a_photo_of_the_size_is_shown_as_it_is() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    frame, scale = framed(rgb, 256)
    assert np.array_equal(frame, rgb)
    assert scale.tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize("size", [(256, 256), (512, 512), (1024, 512), (300, 640)])
def test_boxes_come_back_in_the_pixels_of_the_photo(size: tuple[int, int]) -> None:
    width, height = size
    factor = 256 / max(size)
    wanted = (0.25 * width, 0.5 * height, 0.75 * width, 0.9 * height)
    shown = [edge * factor for edge in wanted]
    found = find_boxes_in(
        answering((*shown, 0.9, 1)), photo(*size), photo_px=256, overlap=1, count=2
    )
    assert found.corners[0] == pytest.approx(wanted, rel=0.01)
    assert (found.scores.tolist(), found.classes.tolist()) == ([pytest.approx(0.9)], [1])


def test_boxes_are_cut_at_the_photo_and_those_in_the_grey_are_nobodys() -> None:
    found = find_boxes_in(
        answering(
            (-20, -5, 30, 40, 0.9, 0),
            (100, 100, 400, 400, 0.8, 0),
            (10, 170, 60, 200, 0.7, 0),  # below a photo of 256 x 160
        ),
        photo(256, 160),
        photo_px=256,
        overlap=1,
        count=1,
    )
    assert found.corners.tolist() == [[0, 0, 30, 40], [100, 100, 256, 160]]


def test_the_surest_comes_first_and_doubles_go() -> None:
    rows = ((0, 0, 100, 100, 0.5, 0), (0, 0, 100, 90, 0.7, 0), (0, 0, 100, 100, 0.6, 1))
    look: Callable[..., object] = find_boxes_in
    once = look(answering(*rows), photo(256, 256), photo_px=256, overlap=0.6, count=2)
    assert once.scores.tolist() == pytest.approx([0.7, 0.6])  # type: ignore[attr-defined]
    all_of_them = look(answering(*rows), photo(256, 256), photo_px=256, overlap=1, count=2)
    assert all_of_them.scores.tolist() == pytest.approx([0.7, 0.6, 0.5])  # type: ignore[attr-defined]


def test_what_is_hardly_told_is_not_told() -> None:
    found = find_boxes_in(
        answering((0, 0, 9, 9, LEAST_SCORE / 2, 0)),
        photo(256, 256),
        photo_px=256,
        overlap=1,
        count=1,
    )
    assert found.corners.shape == (0, 4)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (((0, 0, 9, 9, 0.9, 2),), "answers class 2; it has 2"),
        (((0, 0, 9, 9, 0.9, -1),), "it has 2"),
        (((0, 0, 9, float("nan"), 0.9, 0),), "numbers"),
    ],
)
def test_answers_that_make_no_sense_are_ours(
    rows: tuple[tuple[float, ...], ...], words: str
) -> None:
    with pytest.raises(Broken, match=words):
        find_boxes_in(answering(*rows), photo(256, 256), photo_px=256, overlap=1, count=2)


@pytest.mark.parametrize("shape", [(10, 10), (10, 10, 4), (0, 10, 3)])
def test_what_is_no_photo_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(BadInput, match="a photo is"):
        find_boxes_in(
            answering(), np.zeros(shape, dtype=np.uint8), photo_px=256, overlap=1, count=1
        )


@pytest.mark.parametrize("engine", ENGINES)
def test_what_reaches_its_threshold_is_told(tmp_path: Path, engine: str) -> None:
    rows = [[8, 16, 48, 96, 0.8, 0], [80, 80, 120, 140, 0.6, 1], [0, 0, 20, 20, 0.49, 1]]
    detector = open_boxes(register_rows(tmp_path, rows), engine=engine, threads=1)
    assert detector.find(photo(320, 320)) == (
        SeenBox(
            class_name="longitudinal_crack",
            damage=DamageClass.CRACK,
            confidence=0.8,
            box_px=(16.0, 32.0, 96.0, 192.0),
        ),
        SeenBox(
            class_name="pothole",
            damage=DamageClass.POTHOLE,
            confidence=0.6,
            box_px=(160.0, 160.0, 240.0, 280.0),
        ),
    )
    assert len(detector.look(photo(320, 320)).scores) == 3


def test_engines_are_asked_by_name(tmp_path: Path) -> None:
    entry = register_rows(tmp_path, [[0, 0, 9, 9, 0.9, 0]])
    with pytest.raises(BadInput, match="cuda does not compute boxes"):
        open_boxes(entry, engine="cuda")
    with pytest.raises(BadInput, match="unknown"):
        open_boxes(entry, engine="abacus")


@pytest.mark.parametrize("engine", [OpenVinoBoxes, OnnxRuntimeBoxes])
class TestBrokenNetworks:
    """A damaged network is ours, and said to be so."""

    def test_a_file_that_is_no_network(
        self, tmp_path: Path, engine: type[OpenVinoBoxes | OnnxRuntimeBoxes]
    ) -> None:
        entry = register_rows(tmp_path, [[0, 0, 9, 9, 0.9, 0]])
        entry.onnx_path.write_bytes(b"no network")
        with pytest.raises(Broken, match="network of seen cannot be read"):
            engine(entry, threads=1)

    def test_an_answer_of_another_shape(
        self, tmp_path: Path, engine: type[OpenVinoBoxes | OnnxRuntimeBoxes]
    ) -> None:
        entry = register_rows(tmp_path, [[0, 0, 9, 9, 0.9, 0]])
        write_box_network(entry.onnx_path, [[0] * 7], columns=7)
        with pytest.raises(Broken, match=r"answers \[1, 1, 7\], expected \[1, k, 6\]"):
            engine(entry, threads=1)(photo(160, 160))
