"""Networks of one's own, as other people export them: other steps, other ranges, a second time.

What is registered works wherever a model is asked for; what would not is refused at the door.
"""

import json
import math
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from inspection.domain.networkform import Form
from inspection.errors import BadInput
from models.adopt import adopt
from models.detector import load_detector
from models.foreign import PREFIX
from models.probe import run_here
from models.registry import load_entry, write_entry
from models.scoring import detector_scorer, score_padded, score_windows
from tests.support.spoken import Said, run_tenken
from tests.support.tiny_network import write_tiny_network


def stepped(path: Path, step: int) -> Path:
    """Write a network that only takes sides that are multiples of a step: it divides and joins."""
    weight = np.zeros((2, 3, 1, 1), np.float32)
    weight[1] = -20.0
    bias = np.array([0, 21], np.float32)
    nodes = [
        helper.make_node(
            "AveragePool", ["x"], ["small"], kernel_shape=[step] * 2, strides=[step] * 2
        ),
        helper.make_node("Resize", ["small", "", "scales"], ["back"], mode="nearest"),
        helper.make_node("Add", ["x", "back"], ["both"]),  # fails where the sides differ
        helper.make_node("Mul", ["both", "half"], ["mean"]),
        helper.make_node("Conv", ["mean", "w", "b"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "stepped",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, "h", "w"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2, "h", "w"])],
        [
            numpy_helper.from_array(np.array([1, 1, step, step], np.float32), "scales"),
            numpy_helper.from_array(np.array(0.5, np.float32), "half"),
            numpy_helper.from_array(weight, "w"),
            numpy_helper.from_array(bias, "b"),
        ],
    )
    ids = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=ids, ir_version=9), path)
    return path


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TENKEN_DETECT_MODELS_DIR", str(tmp_path / "own"))
    return tmp_path / "own"


def register(file: Path, *more: object) -> Said:
    """Register a network of background and crack."""
    return run_tenken(
        *("models", "register", file, "--name", "own", "--channels", "background,crack"),
        *("--gsd-mm-per-px", "0.3", "1.5", *more),
    )


class TestSteps:
    """A network takes sides that are multiples of its step, photos have any."""

    def test_a_network_of_a_large_step_sees_photos_of_any_size(
        self, own: Path, tmp_path: Path
    ) -> None:
        said = register(stepped(tmp_path / "net.onnx", 64), "--size-multiple-px", 64)
        assert said.code == 0, said.err
        assert load_entry("own", weights_dir=own).size_multiple_px == 64
        for name, height, width in (("a", 70, 100), ("b", 64, 64), ("c", 33, 130)):
            image = np.full((height, width, 3), 255, np.uint8)
            image[:, : width // 2] = 0
            (tmp_path / "in").mkdir(exist_ok=True)
            cv2.imwrite(str(tmp_path / f"in/{name}.png"), image)
        seen = run_tenken(
            *("models", "predict", tmp_path / "in", "--out", tmp_path / "out", "--model", "own"),
            "--json",
        )
        assert seen.code == 0, seen.err
        assert [row["image"] for row in seen.data] == ["a.png", "b.png", "c.png"]
        for name in "abc":
            answer = json.loads((tmp_path / f"out/{name}.json").read_text())
            mask = cv2.imread(str(tmp_path / f"out/{name}.png"), cv2.IMREAD_UNCHANGED)
            assert list(mask.shape[::-1]) == answer["size_px"]
            assert (mask[:, : mask.shape[1] // 2 - 20] == 1).all()

    @pytest.mark.parametrize("step", [1, 2, 8, 32, 128, 256])
    def test_a_step_that_divides_the_chips_of_a_mosaic_is_tried_and_taken(
        self, tmp_path: Path, step: int
    ) -> None:
        entry = replace(write_tiny_network(tmp_path), size_multiple_px=step)
        write_entry(entry)
        found = run_here(tmp_path, "tiny")
        assert found.fault is None
        assert found.mpx_per_s > 0

    @pytest.mark.parametrize("step", [3, 7, 48, 100, 255])
    def test_a_step_that_does_not_is_refused_at_the_door(
        self, own: Path, tmp_path: Path, step: int
    ) -> None:
        said = register(stepped(tmp_path / "net.onnx", 2), "--size-multiple-px", step)
        assert said.code == 2
        assert f"size multiple {step} px does not divide the chips of 1024 px" in said.err
        assert not own.exists()

    @pytest.mark.parametrize("step", ["0", "-32", "257", "half"])
    def test_what_is_no_step_is_refused_too(self, own: Path, tmp_path: Path, step: str) -> None:
        said = register(stepped(tmp_path / "net.onnx", 2), "--size-multiple-px", step)
        assert said.code == 2
        assert "--size-multiple-px" in said.err

    def test_a_step_that_is_not_true_is_found_out(self, own: Path, tmp_path: Path) -> None:
        """A network of 512 px says 32: it fails on one of the chips that are tried."""
        said = register(stepped(tmp_path / "net.onnx", 512), "--size-multiple-px", 32)
        assert said.code == 2
        assert "model own" in said.err
        assert not (own / "own.json").exists()


class TestASecondTime:
    """The steps that were put around a network bear names; it cannot go through them again."""

    def test_a_registered_file_is_told_from_a_foreign_one(self, own: Path, tmp_path: Path) -> None:
        assert register(stepped(tmp_path / "net.onnx", 2)).code == 0
        said = run_tenken(
            *("models", "register", own / "own.onnx", "--name", "again"),
            *("--channels", "background,crack", "--gsd-mm-per-px", "0.3", "1.5"),
        )
        assert said.code == 2
        assert "own.onnx has been registered once already" in said.err
        assert "copy it with its .json" in said.err
        assert not (own / "again.json").exists()

    def test_copied_with_its_description_it_is_a_model_elsewhere(
        self, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert register(stepped(tmp_path / "net.onnx", 2)).code == 0
        other = tmp_path / "other machine"
        other.mkdir()
        for suffix in (".onnx", ".json"):
            (other / f"own{suffix}").write_bytes((own / f"own{suffix}").read_bytes())
        monkeypatch.setenv("TENKEN_DETECT_MODELS_DIR", str(other))
        assert "own" in [row["name"] for row in run_tenken("models", "list", "--json").data]

    def test_replacing_needs_the_word_and_leaves_no_litter(self, own: Path, tmp_path: Path) -> None:
        first = stepped(tmp_path / "net.onnx", 2)
        assert register(first).code == 0
        before = (own / "own.json").read_bytes()
        refused = register(stepped(tmp_path / "net.onnx", 4))
        assert refused.code == 2 and "say --replace" in refused.err
        assert (own / "own.json").read_bytes() == before
        assert register(tmp_path / "net.onnx", "--replace").code == 0
        assert (own / "own.json").read_bytes() != before
        assert sorted(path.name for path in own.iterdir()) == ["own.json", "own.onnx"]

    def test_the_names_of_the_steps_are_kept_apart(self, tmp_path: Path) -> None:
        model = adopt(stepped(tmp_path / "net.onnx", 2), Form(channels=("background", "crack")))
        names = [output for node in model.graph.node for output in node.output]
        assert len(names) == len(set(names))
        assert [value.name for value in model.graph.input] == [f"{PREFIX}images"]


@pytest.mark.parametrize(
    ("low", "high"), [("1", "inf"), ("nan", "1"), ("0", "1"), ("-1", "1"), ("2", "1")]
)
def test_a_range_that_json_or_people_cannot_read_is_refused(
    own: Path, tmp_path: Path, low: str, high: str
) -> None:
    said = run_tenken(
        *("models", "register", stepped(tmp_path / "net.onnx", 2), "--name", "own"),
        *("--channels", "background,crack", "--gsd-mm-per-px", low, high),
    )
    assert said.code == 2
    assert not (own / "own.json").exists()


class TestScoring:
    """The same pixels get the same probabilities, whatever is put around them."""

    @staticmethod
    def scorer(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Give darkness; refuse sides that are no multiples of 32 px."""
        assert rgb.shape[0] % 32 == rgb.shape[1] % 32 == 0
        dark = 1 - rgb.mean(axis=2, dtype=np.float32) / 255
        return np.stack([1 - dark, dark])

    @settings(max_examples=40, deadline=None)
    @given(
        height=st.integers(1, 150), width=st.integers(1, 150),
        core=st.sampled_from([32, 64, 100]), margin=st.sampled_from([0, 8, 40]),
    )  # fmt: skip
    def test_windows_of_any_size_tile_an_image_once(
        self, height: int, width: int, core: int, margin: int
    ) -> None:
        rgb = np.random.default_rng(height).integers(0, 256, (height, width, 3), dtype=np.uint8)
        whole = score_padded(self.scorer, rgb)
        joined = np.full_like(whole, math.nan)
        for window in score_windows(self.scorer, rgb, core_px=core, margin_px=margin):
            place = slice(None), window.rows, window.cols
            assert np.isnan(joined[place]).all()
            joined[place] = window.scores[:, *window.own]
        assert np.array_equal(joined, whole)

    def test_background_is_the_rest_to_one(self, tmp_path: Path) -> None:
        write_tiny_network(tmp_path)
        score = detector_scorer(load_detector("tiny", weights_dir=tmp_path), size_multiple_px=64)
        rgb = np.random.default_rng(2).integers(0, 256, (45, 70, 3), dtype=np.uint8)
        found = score(rgb)
        assert found.shape == (6, 45, 70)
        assert np.abs(found.sum(axis=0) - 1).max() < 1e-5


def test_a_range_of_a_file_is_checked_like_one_that_is_typed(tmp_path: Path) -> None:
    entry = write_tiny_network(tmp_path)
    with pytest.raises(BadInput, match=r"GSD range 1\.0\.\.inf mm/px is not a range"):
        replace(entry, gsd_range_mm_per_px=(1.0, math.inf))
