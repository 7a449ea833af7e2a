"""Detections survive the disk exactly, with the same bytes each time."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from inspection.domain.detection import Detections
from inspection.domain.taxonomy import DamageClass
from inspection.errors import Broken, NotFound
from inspection.imaging.detections_file import load_detections, save_detections


def some() -> Detections:
    return Detections(
        classes=(DamageClass.CRACK, DamageClass.JOINT),
        class_index=np.array([1, 0], dtype=np.int32),
        confidence=np.array([0.25, 0.875], dtype=np.float32),
        run_offsets=np.array([0, 2, 3], dtype=np.int64),
        runs=np.array([[0, 3, 9], [1, 2, 4], [7, 0, 1]], dtype=np.int32),
    )


def none() -> Detections:
    return Detections(
        classes=(DamageClass.CRACK,),
        class_index=np.empty(0, dtype=np.int32),
        confidence=np.empty(0, dtype=np.float32),
        run_offsets=np.zeros(1, dtype=np.int64),
        runs=np.empty((0, 3), dtype=np.int32),
    )


@pytest.mark.parametrize("detections", [some(), none()], ids=["some", "none"])
def test_what_is_saved_is_loaded(tmp_path: Path, detections: Detections) -> None:
    path = tmp_path / "d.npz"
    save_detections(path, detections)
    loaded = load_detections(path)
    assert loaded.classes == detections.classes
    for name in ("class_index", "confidence", "run_offsets", "runs"):
        before, after = getattr(detections, name), getattr(loaded, name)
        assert before.dtype == after.dtype
        assert np.array_equal(before, after)
    assert [p.name for p in tmp_path.iterdir()] == ["d.npz"]


def test_the_same_detections_give_the_same_bytes(tmp_path: Path) -> None:
    save_detections(tmp_path / "a.npz", some())
    save_detections(tmp_path / "b.npz", some())
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        assert {member.date_time[0] for member in archive.infolist()} == {1980}
        assert {m.compress_type for m in archive.infolist()} == {zipfile.ZIP_DEFLATED}


def test_saving_replaces_an_older_file(tmp_path: Path) -> None:
    path = tmp_path / "d.npz"
    save_detections(path, some())
    save_detections(path, none())
    assert len(load_detections(path)) == 0


def test_a_file_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"no detections at d\.npz"):
        load_detections(tmp_path / "d.npz")


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9, 0.99])
def test_a_truncated_file_is_broken(tmp_path: Path, share: float) -> None:
    path = tmp_path / "d.npz"
    save_detections(path, some())
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(Broken, match=r"d\.npz holds no usable detections"):
        load_detections(path)


def test_no_flipped_byte_gives_other_detections(tmp_path: Path) -> None:
    path = tmp_path / "d.npz"
    save_detections(path, some())
    content = path.read_bytes()
    refused = 0
    for place in range(0, len(content), 3):
        damaged = bytearray(content)
        damaged[place] ^= 0x55
        path.write_bytes(damaged)
        try:
            loaded = load_detections(path)
        except Broken:
            refused += 1
        else:  # dates and the like may change; the numbers may not
            assert np.array_equal(loaded.runs, some().runs)
            assert np.array_equal(loaded.confidence, some().confidence)
    assert refused > 100


def test_python_objects_are_never_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "d.npz"
    save_detections(path, some())
    columns = dict(np.load(path))
    columns["runs"] = np.array([{"a": 1}], dtype=object)
    np.savez(path, **columns)
    with pytest.raises(Broken, match="no usable detections"):
        load_detections(path)


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("runs", np.zeros((3, 3), dtype=np.float64)),
        ("runs", np.zeros((2, 3), dtype=np.int32)),
        ("classes", np.array(["no such class"])),
        ("confidence", None),
    ],
)
def test_columns_that_do_not_fit_are_broken(
    tmp_path: Path, name: str, column: np.ndarray | None
) -> None:
    path = tmp_path / "d.npz"
    save_detections(path, some())
    columns = dict(np.load(path))
    columns.pop(name)
    if column is not None:
        columns[name] = column
    np.savez(path, **columns)
    with pytest.raises(Broken, match="no usable detections"):
        load_detections(path)
