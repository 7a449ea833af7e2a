"""What somebody uploaded is opened in a process of its own, and refused there in words."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inspection.domain.networkform import Form
from inspection.errors import BadInput, Unavailable
from models.detector import load_detector
from models.enter import enter_apart, write_adopted
from models.registry import load_entry, sha256_of
from tests.support.modelrows import described, write_dark_network


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "apart"
    made.mkdir()
    return made


def test_a_network_is_taken_in_tried_and_then_sees_what_it_should(
    tmp_path: Path, folder: Path
) -> None:
    file = write_dark_network(tmp_path / "best.onnx")
    entered = enter_apart(file, described("own"), folder)
    entry = entered.entry
    assert entry == load_entry("own", weights_dir=folder)
    assert entry.classes == ("background", "crack")
    assert entry.training["file_sha256"] == sha256_of(file)
    assert entered.found.fault is None and entered.found.mpx_per_s > 0
    chip = np.full((1, 64, 64, 3), 255, dtype=np.uint8)
    chip[0, 16:48, 16:48] = 0
    (seen,) = load_detector("own", weights_dir=folder, threads=1).score(chip)
    assert seen.scores[0, 32, 32] > 0.99 and seen.scores[0, 4, 4] < 0.01


def test_the_same_upload_makes_the_same_network(tmp_path: Path) -> None:
    """The digest names the model: it must not depend on where or when it was made."""
    file = write_dark_network(tmp_path / "best.onnx")
    digests = set()
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        digests.add(write_adopted(file, described("own"), tmp_path / place).sha256)
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x08\x09" + b"\xff" * 4096, "not a valid ONNX file"),
    ],
)
def test_what_is_no_network_is_refused(
    tmp_path: Path, folder: Path, content: bytes, words: str
) -> None:
    file = tmp_path / "best.onnx"
    file.write_bytes(content)
    with pytest.raises(BadInput, match=words):
        enter_apart(file, described("own"), folder)
    assert not list(folder.glob("own.*"))


def test_channels_that_do_not_fit_are_refused(tmp_path: Path, folder: Path) -> None:
    file = write_dark_network(tmp_path / "best.onnx")
    three = Form(channels=("background", "crack", "spall"))
    wrong = replace(described("own"), form=three, thresholds={"crack": 0.5, "spall": 0.5})
    with pytest.raises(BadInput):
        enter_apart(file, wrong, folder)


def test_a_step_that_does_not_divide_the_chips_is_refused(tmp_path: Path, folder: Path) -> None:
    file = write_dark_network(tmp_path / "best.onnx")
    with pytest.raises(BadInput, match="size multiple 48 px does not divide"):
        enter_apart(file, replace(described("own"), size_multiple_px=48), folder)


def test_a_network_that_takes_too_long_is_given_up(tmp_path: Path, folder: Path) -> None:
    file = write_dark_network(tmp_path / "best.onnx")
    with pytest.raises(BadInput, match=r"gave no answer within 0\.01 s"):
        enter_apart(file, described("own"), folder, limit_s=0.01)


def test_a_machine_that_cannot_read_onnx_says_what_to_install(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_dark_network(tmp_path / "best.onnx")
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(Unavailable, match=r"pip install 'tenken\[ml\]'"):
        write_adopted(file, described("own"), folder)
