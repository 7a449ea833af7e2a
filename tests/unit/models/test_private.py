"""Detectors of what must not be seen: windows over large photos, contract, the one that ships."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from skimage import data

from inspection.domain.privatearea import PrivateKind, widened
from inspection.errors import BadInput, Broken, NotFound
from models.backends.openvino_boxes import OpenVinoBoxes
from models.backends.openvino_private import open_private
from models.private import (
    DEFAULT_PRIVATE,
    OVERLAP_PX,
    WINDOW_PX,
    Answer,
    PrivateEntry,
    WindowedDetector,
    load_private,
    private_names,
    starts,
)
from tests.support.private_network import registered, write_box_network

NOWHERE = Path("nowhere")


@pytest.fixture(scope="module")
def shipped() -> WindowedDetector:
    return open_private(load_private(DEFAULT_PRIVATE, NOWHERE))


def entry(**changes: object) -> PrivateEntry:
    values: dict[str, object] = {
        "name": "magenta",
        "onnx_path": NOWHERE,
        "sha256": "ab" * 32,
        "kinds": (PrivateKind.PLATE,),
        "threshold": 0.2,
        "licence": "CC0-1.0",
        "origin": "test",
    }
    return PrivateEntry(**(values | changes))  # type: ignore[arg-type]


def find_white(pixels: NDArray[np.uint8]) -> Answer:
    """Answer the box around white pixels, as a network that sees only plates would."""
    assert pixels.shape[0] % 32 == 0 and pixels.shape[1] % 32 == 0
    assert max(pixels.shape) <= WINDOW_PX
    rows, columns = np.nonzero(pixels[..., 0] > 200)
    if not len(rows):
        return np.zeros((0, 6), dtype=np.float32)
    box = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    return np.array([[*box, 0.9, 0]], dtype=np.float32)


@given(st.integers(1, 60_000))
def test_windows_cover_a_side_and_overlap(length_px: int) -> None:
    found = starts(length_px)
    assert found[0] == 0 and found[-1] == max(0, length_px - WINDOW_PX)
    steps = [b - a for a, b in itertools.pairwise(found)]
    assert all(0 < step <= WINDOW_PX - OVERLAP_PX + 1 for step in steps)


@pytest.mark.parametrize(
    ("x_px", "y_px"), [(0, 0), (850, 210), (1260, 240), (1275, 1279), (1719, 200), (2960, 1480)]
)
def test_what_is_small_is_found_whole_wherever_it_lies(x_px: int, y_px: int) -> None:
    photo = np.zeros((1500, 3000, 3), dtype=np.uint8)
    photo[y_px : y_px + 20, x_px : x_px + 40] = 255
    found = WindowedDetector(entry(), find_white).find(photo)
    hidden = [widened(area.box_px, (3000, 1500)) for area in found]
    assert any(
        a <= x_px and b <= y_px and c >= x_px + 40 and d >= y_px + 20 for a, b, c, d in hidden
    )
    assert all(c <= 3000 and d <= 1500 for _, _, c, d in (area.box_px for area in found))


def test_a_small_photo_is_enlarged_and_its_boxes_come_back_to_its_size() -> None:
    photo = np.zeros((100, 200, 3), dtype=np.uint8)
    photo[40:60, 50:90] = 255
    (area,) = WindowedDetector(entry(), find_white).find(photo)
    assert area.kind is PrivateKind.PLATE and area.score == 0.9
    assert np.abs(np.array(area.box_px) - [50, 40, 90, 60]).max() <= 1


@pytest.mark.parametrize(
    "answer",
    [np.zeros((3, 5)), np.full((1, 6), np.nan), np.array([[0, 0, 9, 9, 0.9, 4]]), np.zeros(6)],
)
def test_an_answer_of_another_form_is_our_fault_not_an_empty_picture(answer: Answer) -> None:
    with pytest.raises(Broken, match="magenta"):
        WindowedDetector(entry(), lambda _: answer).find(np.zeros((64, 64, 3), dtype=np.uint8))


def test_what_is_less_sure_than_the_threshold_or_beside_the_photo_is_left_out() -> None:
    rows = np.array(
        [[0, 0, 64, 64, 0.19, 0], [1250, 0, 1280, 30, 0.9, 0], [0, 1279.5, 64, 1290, 0.9, 0]],
        dtype=np.float32,
    )
    tall = WindowedDetector(entry(), lambda _: rows).find(np.zeros((1280, 640, 3), dtype=np.uint8))
    assert [area.box_px for area in tall] == [(0, 1279, 64, 1280)]


def test_pixels_of_another_form_are_refused() -> None:
    detector = WindowedDetector(entry(), find_white)
    for wrong in (np.zeros((5, 5), np.uint8), np.zeros((5, 5, 3)), np.zeros((0, 5, 3), np.uint8)):
        with pytest.raises(BadInput, match=r"\(H, W, 3\) uint8"):
            detector.find(wrong)  # type: ignore[arg-type]


def test_openvino_answers_what_the_network_says_for_every_size(tmp_path: Path) -> None:
    rows = [[10, 20, 40, 60, 0.8, 1], [0, 0, 5, 5, 0.1, 0]]
    detector = open_private(registered(tmp_path, rows), threads=1)
    (area,) = detector.find(np.zeros((1280, 1280, 3), dtype=np.uint8))
    assert area.kind is PrivateKind.VEHICLE and area.box_px == (10, 20, 40, 60)
    network = OpenVinoBoxes(registered(tmp_path, rows), threads=1)
    for side in (32, 64, 96, 128, 160, 192):  # more sizes than it keeps
        np.testing.assert_allclose(network(np.zeros((side, 32, 3), dtype=np.uint8)), rows)


def test_a_network_of_another_form_is_told_apart(tmp_path: Path) -> None:
    made = registered(tmp_path, [[0, 0, 5, 5, 0.5, 0]])
    write_box_network(made.onnx_path, [[0] * 7], columns=7)
    with pytest.raises(Broken, match=r"answers \[1, 1, 7\].*nms=True"):
        OpenVinoBoxes(made)(np.zeros((32, 32, 3), dtype=np.uint8))
    made.onnx_path.write_bytes(b"no network")
    with pytest.raises(Broken, match="cannot be read"):
        OpenVinoBoxes(made)


def test_a_network_that_was_replaced_or_is_unknown_is_not_used(tmp_path: Path) -> None:
    made = registered(tmp_path, [[0, 0, 5, 5, 0.5, 0]])
    assert made.detector_id.startswith("boxes@") and made.detector_id.endswith("/0.2")
    assert private_names(tmp_path) == ("boxes", DEFAULT_PRIVATE)
    made.onnx_path.write_bytes(b"another")
    with pytest.raises(Broken, match="missing, damaged or was replaced"):
        load_private("boxes", tmp_path)
    made.onnx_path.with_suffix(".json").write_text("{}", encoding="utf-8")
    with pytest.raises(Broken, match=r"boxes\.json cannot be read"):
        load_private("boxes", tmp_path)
    with pytest.raises(NotFound, match="no detector 'plates'"):
        load_private("plates", tmp_path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "Größe"}, "letters a–z"),
        ({"kinds": ()}, "at least one"),
        ({"kinds": (PrivateKind.FACE, PrivateKind.FACE)}, "once"),
        ({"threshold": 0.0}, "between 0 and 1"),
    ],
)
def test_a_description_that_cannot_be_is_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        entry(**changes)


def test_the_shipped_network_finds_a_person_with_her_face(shipped: WindowedDetector) -> None:
    found = shipped.find(data.astronaut())  # a portrait that scikit-image ships
    people = [area.box_px for area in found if area.kind is PrivateKind.PERSON]
    face = (175, 65, 275, 195)
    assert any(
        a <= face[0] and b <= face[1] and c >= face[2] and d >= face[3] for a, b, c, d in people
    )


def test_the_shipped_network_finds_a_motorcycle_and_nothing_on_plain_surfaces(
    shipped: WindowedDetector,
) -> None:
    motorcycle, _, _ = data.stereo_motorcycle()
    assert PrivateKind.VEHICLE in {area.kind for area in shipped.find(motorcycle)}
    gravel = np.repeat(data.gravel()[:256, :256, None], 3, axis=2)
    assert shipped.find(gravel) == ()
