"""The camera code-list: what ships is consistent, and a wrong row is refused."""

import pytest

from inspection.codelists.cameras import find_camera, load_cameras, read_cameras
from inspection.errors import BadCodelist

ROW = """
cameras:
  - code: {code}
    label: A camera
    make: DJI
    exif_models: [X1]
    sensor_mm: {sensor}
    pixels: {pixels}
    pitch_um: {pitch}
    focal_mm: {focal}
    needs_review: true
"""
GOOD = {"code": "x1", "sensor": "[6.4, 4.8]", "pixels": "[4000, 3000]", "pitch": "1.6"}


def text(**changes: str) -> str:
    return ROW.format(**(GOOD | {"focal": "[5.0]"} | changes))


def test_the_shipped_list() -> None:
    cameras = load_cameras()
    codes = {camera.code for camera in cameras}
    named = {"dji_p1", "dji_m3e_wide", "dji_m3e_tele", "dji_m4e_wide", "sony_a7r"}
    assert named | {"dji_phantom3_pro"} <= codes
    assert all(camera.needs_review for camera in cameras)  # provenance K-M: nobody has checked
    assert load_cameras() is cameras


def test_the_golden_pitches_of_the_specification() -> None:
    pitch = {camera.code: camera.pitch_um for camera in load_cameras()}
    assert pitch["dji_p1"] == 4.4
    assert pitch["dji_m3e_wide"] == 3.3
    assert pitch["dji_m3e_tele"] == 1.6


def test_a_row_is_read() -> None:
    (camera,) = read_cameras(text())
    assert camera.sensor_mm == (6.4, 4.8)
    assert camera.pixels == (4000, 3000)
    assert camera.focal_mm == (5.0,)


@pytest.mark.parametrize(
    "changes",
    [
        {"pitch": "2.0"},  # 4000 px of 2 µm are 8 mm, not 6.4
        {"pitch": "0"},
        {"pitch": "true"},
        {"sensor": "[4.8, 6.4]", "pixels": "[3000, 4000]"},
        {"sensor": "[6.4]"},
        {"sensor": "6.4"},
        {"sensor": "[6.4, wide]"},
        {"pixels": "[4000]"},
        {"focal": "5.0"},
        {"focal": "[-5.0]"},
    ],
)
def test_a_wrong_row_is_refused_by_name(changes: dict[str, str]) -> None:
    with pytest.raises(BadCodelist, match="x1"):
        read_cameras(text(**changes))


@pytest.mark.parametrize(
    "content",
    ["", "cameras: 5", "cameras: [1, 2]", "a: [", "- 1"],
    ids=["empty", "no list", "no mappings", "no yaml", "list at top"],
)
def test_a_file_that_is_no_code_list_is_refused(content: str) -> None:
    with pytest.raises(BadCodelist, match="camera code-list"):
        read_cameras(content)


def test_a_missing_field_is_refused() -> None:
    with pytest.raises(BadCodelist, match="make"):
        read_cameras(text().replace("    make: DJI\n", ""))


def test_two_rows_of_one_code_are_refused() -> None:
    with pytest.raises(BadCodelist, match="unique"):
        read_cameras(text() + text().replace("\ncameras:\n", ""))


@pytest.mark.parametrize(
    ("make", "model", "focal_mm", "found"),
    [
        ("dji", "x1", 5.0, True),
        ("DJI", "X1", 5.4, True),
        ("DJI", "X1", 5.6, False),
        ("DJI", "X1", None, True),
        ("DJI", "X2", 5.0, False),
        ("SONY", "X1", 5.0, False),
    ],
)
def test_a_camera_is_found_by_make_model_and_lens(
    make: str, model: str, focal_mm: float | None, found: bool
) -> None:
    camera = find_camera(read_cameras(text()), make=make, model=model, focal_mm=focal_mm)
    assert (camera is not None) is found


def test_two_that_fit_are_none() -> None:
    twins = read_cameras(text() + text(code="x2").replace("\ncameras:\n", ""))
    assert len(twins) == 2
    assert find_camera(twins, make="DJI", model="X1") is None
