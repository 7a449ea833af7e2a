"""Several looks at a chip: their mean, in pixels of the chip, by a rule and a name of their own."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

from inspection.domain.detection import ChipScores
from inspection.errors import BadInput, Broken, Conflict
from inspection.imaging.enlarge import native
from models.calibration import calibration_path
from models.cli import models as commands
from models.detector import load_detector
from models.many_looks import ManyLooks, enlarged, resized
from models.registry import ModelEntry, list_names, load_entry, model_id, write_entry
from tests.support.darkness import DarknessDetector
from tests.support.detector_contract import DetectorContract, noise
from tests.support.tiny_network import write_tiny_network


@pytest.fixture
def entry(tmp_path: Path) -> ModelEntry:
    return write_tiny_network(tmp_path)


class TestTwoSizesMirrored(DetectorContract):
    """What looks four times is a detector like any other."""

    @pytest.fixture
    @classmethod
    def detector(cls, tmp_path: Path) -> ManyLooks:
        described = replace(write_tiny_network(tmp_path), scales=(1.0, 1.5), mirrored=True)
        return ManyLooks(DarknessDetector(), described)


@dataclass(frozen=True, kw_only=True)
class Leaning(DarknessDetector):
    """See less to the right, as a network may that was trained badly."""

    def score(self, chips: NDArray[np.uint8]) -> list[ChipScores]:
        slope = np.linspace(1, 0.5, chips.shape[2], dtype=np.float32)
        return [replace(seen, scores=seen.scores * slope) for seen in super().score(chips)]


def test_one_look_is_the_answer_itself(entry: ModelEntry) -> None:
    chips = noise(2, 64, 96)
    for mine, plain in zip(
        ManyLooks(DarknessDetector(), entry).score(chips),
        DarknessDetector().score(chips),
        strict=True,
    ):
        assert np.array_equal(mine.scores, native(plain))


def test_a_mirror_takes_away_what_leans(entry: ModelEntry) -> None:
    chips = noise(1, 64, 96)
    twice = ManyLooks(Leaning(), replace(entry, mirrored=True))
    (seen,), (turned,) = twice.score(chips), twice.score(chips[:, :, ::-1])
    np.testing.assert_allclose(seen.scores, turned.scores[:, :, ::-1], atol=1e-6)
    (once,), (other) = Leaning().score(chips), Leaning().score(chips[:, :, ::-1])[0]
    mean = (once.scores + other.scores[:, :, ::-1]) / 2
    np.testing.assert_allclose(seen.scores, mean, atol=1e-6)
    assert not np.allclose(once.scores, seen.scores)


def test_looks_are_weighed_alike(entry: ModelEntry) -> None:
    """A light line between dark neighbours differs between sizes; the mean lies between both."""
    chips = noise(1, 64, 64)
    answers = [
        ManyLooks(DarknessDetector(), replace(entry, scales=scales)).score(chips)[0].scores
        for scales in ((1.0,), (1.5,), (1.0, 1.5))
    ]
    np.testing.assert_allclose(answers[2], (answers[0] + answers[1]) / 2, atol=1e-6)


@pytest.mark.parametrize(
    ("side", "scale", "wanted"),
    [
        (640, 1.5, 960),
        (1024, 1.5, 1536),
        (96, 1.5, 128),
        (64, 0.5, 32),
        (32, 0.5, 32),
        (32, 1.0, 32),
    ],
)
def test_enlarged_sides_are_what_a_network_takes(side: int, scale: float, wanted: int) -> None:
    chips = np.full((2, side, side, 3), 90, dtype=np.uint8)
    shown = enlarged(chips, scale, multiple_px=32)
    assert shown.shape == (2, wanted, wanted, 3)
    assert (shown == 90).all()
    back = resized(np.full((3, wanted, wanted), 0.25, dtype=np.float32), (side, side))
    assert back.shape == (3, side, side)
    np.testing.assert_allclose(back, 0.25, atol=1e-6)


def test_no_chips_give_no_scores(entry: ModelEntry) -> None:
    detector = ManyLooks(DarknessDetector(), replace(entry, scales=(1.5,), mirrored=True))
    assert detector.score(np.zeros((0, 64, 64, 3), dtype=np.uint8)) == []


# in the registry


def shared(entry: ModelEntry) -> ModelEntry:
    """Register a model that looks four times with the network of another."""
    made = replace(entry, name="four", scales=(1.0, 1.5), mirrored=True)
    write_entry(made)
    return made


def test_a_network_may_serve_two_models(entry: ModelEntry, tmp_path: Path) -> None:
    made = shared(entry)
    assert list_names(tmp_path) == ("four", "tiny")
    read = load_entry("four", weights_dir=tmp_path)
    assert (read.onnx_path, read.sha256) == (entry.onnx_path, entry.sha256)
    assert (read.scales, read.mirrored, read.looks) == ((1.0, 1.5), True, 4)
    assert read.name == "four" and read.card_path == tmp_path / "four.md"
    assert calibration_path(read) == tmp_path / "four.masks.json"
    plain = load_entry("tiny", weights_dir=tmp_path)
    assert (plain.scales, plain.mirrored, plain.looks) == ((1.0,), False, 1)
    assert calibration_path(plain) == tmp_path / "tiny.masks.json"
    assert model_id(read) != model_id(replace(read, mirrored=False)) != model_id(plain)
    assert made.beside(".json") != entry.beside(".json")


def test_what_looks_once_says_nothing_of_looks(entry: ModelEntry) -> None:
    fields = json.loads(entry.beside(".json").read_text(encoding="utf-8"))
    assert not {"scales", "mirrored", "network"} & set(fields)


@pytest.mark.parametrize(
    ("field", "value"),
    [("network", "../tiny"), ("network", ""), ("network", "sub/tiny"), ("scales", []),
     ("scales", [0.1]), ("scales", [9]), ("scales", "a"), ("scales", ["x"]), ("scales", None),
     ("scales", [float("nan")])],
)  # fmt: skip
def test_a_description_that_cannot_be_is_said(
    entry: ModelEntry, tmp_path: Path, field: str, value: object
) -> None:
    path = entry.beside(".json")
    fields = json.loads(path.read_text(encoding="utf-8")) | {field: value}
    path.write_text(json.dumps(fields), encoding="utf-8")
    with pytest.raises(Broken, match="tiny"):
        load_entry("tiny", weights_dir=tmp_path)


def test_a_missing_network_of_another_is_said(entry: ModelEntry, tmp_path: Path) -> None:
    shared(entry)
    entry.onnx_path.unlink()
    with pytest.raises(Broken, match=r"tiny\.onnx is missing"):
        load_entry("four", weights_dir=tmp_path)


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_a_model_is_opened_as_it_is_described(
    entry: ModelEntry, tmp_path: Path, engine: str
) -> None:
    made = shared(entry)
    chips = noise(2, 64, 64)
    four = load_detector("four", engine=engine, weights_dir=tmp_path)
    once = load_detector("tiny", engine=engine, weights_dir=tmp_path)
    assert isinstance(four, ManyLooks) and not isinstance(once, ManyLooks)
    assert four.model_id.startswith("four@") and once.model_id.startswith("tiny@")
    for mine, wanted in zip(four.score(chips), ManyLooks(once, made).score(chips), strict=True):
        np.testing.assert_allclose(mine.scores, wanted.scores, atol=1e-6)


# the command


@pytest.fixture
def run(tiny_sets: Path, tmp_path: Path) -> Callable[..., str]:
    def call(*words: str) -> str:
        shared_words = ["--data-dir", str(tiny_sets)]
        done = CliRunner().invoke(commands, ["thorough", *words, *shared_words])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.stdout

    return call


def test_the_command_chooses_a_rule_and_leaves_the_model_alone(
    entry: ModelEntry, tmp_path: Path, run: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENKEN_DETECT_MODELS_DIR", str(tmp_path))
    before = entry.beside(".json").read_bytes()
    told = json.loads(run("--model", "tiny", "--json"))
    made = load_entry("tiny-thorough", weights_dir=tmp_path)
    assert told == {
        "name": "tiny-thorough",
        "sha256": entry.sha256,
        "thresholds": dict(made.thresholds),
    }
    assert made.looks == 4 and made.onnx_path == entry.onnx_path
    assert made.training["network_of"] == "tiny"
    assert set(made.thresholds) == set(entry.thresholds)
    assert entry.beside(".json").read_bytes() == before
    with pytest.raises(Conflict, match="registered already"):
        run("--model", "tiny")
    with pytest.raises(BadInput, match="looks 4 times already"):
        run("--model", "tiny-thorough", "--name", "again")
    with pytest.raises(BadInput, match="is no name"):
        run("--model", "tiny", "--name", "Ä b")
    with pytest.raises(BadInput, match="bench its network"):
        CliRunner().invoke(
            commands, ["bench", "--model", "tiny-thorough"], standalone_mode=False,
            catch_exceptions=False,
        )  # fmt: skip


def test_the_network_is_copied_into_another_folder(
    entry: ModelEntry, tmp_path: Path, run: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENKEN_DETECT_MODELS_DIR", str(tmp_path))
    run("--model", "tiny", "--name", "mine", "--weights-dir", str(tmp_path / "own"))
    made = load_entry("mine", weights_dir=tmp_path / "own")
    assert made.onnx_path == tmp_path / "own" / "mine.onnx"
    assert made.card_path == tmp_path / "own" / "mine.md"
    assert "network" not in json.loads(made.beside(".json").read_text(encoding="utf-8"))
