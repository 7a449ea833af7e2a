"""A network of one's own is taken as it is, tried apart, and refused in words."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner, Result
from onnx import TensorProto, helper, numpy_helper

from inspection.cli import tenken
from inspection.domain.networkform import Form
from inspection.errors import BadInput, Conflict, NotFound
from models.adopt import adopt, gathering
from models.commands.register import check_name, read_thresholds
from models.detector import load_detector
from models.probe import fault_of, probe, run_here
from models.registry import DEFAULT_MODEL, folder_of, load_entry, sha256_of
from tests.support.tiny_network import write_tiny_network

CHANNELS = ("background", "crack", "spall", "crack")


def foreign(
    path: Path,
    *,
    stride: int = 4,
    softmax: bool = False,
    opset: int = 17,
    kind: int = TensorProto.FLOAT,
    outputs: int = 1,
    inputs: int = 1,
    sides: tuple[object, ...] = ("n", 3, "h", "w"),
) -> Path:
    """Write a network of four channels: background; dark is crack; red is spall; very dark too."""
    weight = np.zeros((4, 3, 1, 1), dtype=np.float32)
    bias = np.array([0, 10, -20, -8], dtype=np.float32)
    weight[1], weight[3] = -10, -10
    weight[2, :, 0, 0] = 60, -60, 0
    dtype = np.float16 if kind == TensorProto.FLOAT16 else np.float32
    names = [f"images{number}" for number in range(inputs)]
    nodes = [
        helper.make_node(
            "AveragePool", [names[0]], ["small"], kernel_shape=[stride] * 2, strides=[stride] * 2
        ),
        helper.make_node("Conv", ["small", "weight", "bias"], ["logits"]),
        helper.make_node("Softmax" if softmax else "Identity", ["logits"], ["answer"]),
    ]
    if softmax:
        nodes[-1].attribute.append(helper.make_attribute("axis", 1))
    answers = [helper.make_tensor_value_info("answer", kind, ["n", 4, "a", "b"])]
    if outputs == 2:
        answers.append(helper.make_tensor_value_info("small", kind, ["n", 3, "a", "b"]))
    graph = helper.make_graph(
        nodes,
        "foreign",
        [helper.make_tensor_value_info(name, kind, list(sides)) for name in names],
        answers,
        [
            numpy_helper.from_array(weight.astype(dtype), "weight"),
            numpy_helper.from_array(bias.astype(dtype), "bias"),
        ],
    )
    ids = [helper.make_opsetid("", opset)]
    onnx.save(helper.make_model(graph, opset_imports=ids, ir_version=9), path)
    return path


def chip() -> np.ndarray:
    """Return a white chip with a black square and a red one."""
    made = np.full((64, 64, 3), 255, dtype=np.uint8)
    made[8:24, 8:24] = 0
    made[40:56, 40:56] = 255, 0, 0
    return made


def register(own: Path, file: Path, *more: str) -> Result:
    words = ["models", "register", str(file), "--name", "own", "--channels", ",".join(CHANNELS)]
    return CliRunner(env={"TENKEN_DETECT_MODELS_DIR": str(own)}).invoke(
        tenken, [*words, "--gsd-mm-per-px", "0.3", "1.5", *more], catch_exceptions=False
    )


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "own"


class TestForm:
    def test_channels_of_one_class_are_added_up(self) -> None:
        form = Form(channels=CHANNELS)
        assert form.classes == ("background", "crack", "spall")
        assert gathering(form)[:, :, 0, 0].tolist() == [[1, 0, 0, 0], [0, 1, 0, 1], [0, 0, 1, 0]]

    @pytest.mark.parametrize(
        ("wrong", "told"),
        [
            ({"channels": ("background", "riss")}, "riss is not in the taxonomy"),
            ({"channels": ("background", "background")}, "no channel is damage"),
            ({"channels": ("crack",), "full_scale": 2.0}, "white is 1 or 255"),
            ({"channels": ("crack",), "deviation": (1.0, 0.0, 1.0)}, "must be above 0"),
        ],
    )
    def test_what_cannot_be_is_refused(self, wrong: dict[str, object], told: str) -> None:
        with pytest.raises(BadInput, match=told):
            Form(**wrong)


class TestAdopt:
    @pytest.mark.parametrize(
        ("made", "told"),
        [
            ({"outputs": 2}, "2 outputs; a semantic network"),
            ({"inputs": 2}, "2 inputs; a detector has one image"),
            ({"opset": 11}, "operator set 11; export it again with 13"),
            ({"sides": ("n", 1, "h", "w")}, r"takes \(\?, 1, \?, \?\)"),
            ({"kind": TensorProto.DOUBLE}, "is DOUBLE, not a floating-point map|not a valid ONNX"),
        ],
    )
    def test_other_networks_are_refused(
        self, tmp_path: Path, made: dict[str, object], told: str
    ) -> None:
        file = foreign(tmp_path / "f.onnx", **made)
        with pytest.raises(BadInput, match=told):
            adopt(file, Form(channels=CHANNELS))

    def test_a_wrong_number_of_channels_is_named(self, tmp_path: Path) -> None:
        file = foreign(tmp_path / "f.onnx")
        with pytest.raises(BadInput, match=r"gives \(\?, 4, \?, \?\), but 2 channels are mapped"):
            adopt(file, Form(channels=("background", "crack")))

    @pytest.mark.parametrize("content", [b"", b"not a network", bytes(range(256)) * 40])
    def test_other_files_are_refused(self, tmp_path: Path, content: bytes) -> None:
        file = tmp_path / "f.onnx"
        file.write_bytes(content)
        with pytest.raises(BadInput, match=r"not a valid ONNX|0 inputs"):
            adopt(file, Form(channels=CHANNELS))

    def test_weights_in_other_files_are_refused(self, tmp_path: Path) -> None:
        model = onnx.load(foreign(tmp_path / "f.onnx"))
        weight = model.graph.initializer[0]
        weight.ClearField("raw_data")
        weight.data_location = TensorProto.EXTERNAL
        weight.external_data.add(key="location", value="../../etc/passwd")
        (tmp_path / "g.onnx").write_bytes(model.SerializeToString())
        with pytest.raises(BadInput, match=r"other files|not a valid ONNX"):
            adopt(tmp_path / "g.onnx", Form(channels=CHANNELS))


class TestRegister:
    @pytest.mark.parametrize("kind", [TensorProto.FLOAT, TensorProto.FLOAT16])
    @pytest.mark.parametrize("softmax", [False, True])
    def test_a_network_is_usable_by_its_name(
        self, own: Path, tmp_path: Path, kind: int, softmax: bool
    ) -> None:
        file = foreign(tmp_path / "f.onnx", kind=kind, softmax=softmax)
        output = "probabilities" if softmax else "logits"
        result = register(own, file, "--output", output, "--threshold", "crack=0.4", "--json")
        assert json.loads(result.stdout)["classes"] == ["background", "crack", "spall"]
        entry = load_entry("own", weights_dir=folder_of("own", own))
        assert entry.thresholds == {"crack": 0.4, "spall": 0.5}
        assert entry.training["file_sha256"] == sha256_of(file)
        assert entry.card_path.parent == own
        crack, spall = load_detector("own", weights_dir=own).score(chip()[None])[0].scores
        assert crack.shape == (64, 64)
        assert crack[16, 16] > 0.95
        assert spall[48, 48] > 0.95
        assert max(crack[4, 60], spall[4, 60]) < 0.05
        assert {path.name for path in own.iterdir()} == {"own.onnx", "own.json"}

    def test_pixels_are_scaled_as_the_network_wants(self, own: Path, tmp_path: Path) -> None:
        file = foreign(tmp_path / "f.onnx")
        register(own, file)
        plain = load_detector("own", weights_dir=own).score(chip()[None])[0].scores
        register(own, file, "--replace", "--mean", ".5", ".5", ".5", "--deviation", "2", "2", "2")
        shifted = load_detector("own", weights_dir=own).score(chip()[None])[0].scores
        white, black = (slice(None), 4, 60), (slice(None), 16, 16)
        # (1 - 0.5) / 2 = 0.25: logits 0, 2.5, -20, -15.5 with weights -10 a channel of three
        expected = np.exp([0, 10 - 7.5, -20, -8 - 7.5])
        crack = (expected[1] + expected[3]) / expected.sum()
        assert shifted[white][0] == pytest.approx(crack, abs=1e-3)
        assert shifted[white][0] > plain[white][0]
        assert shifted[black][0] == pytest.approx(1, abs=1e-3)

    def test_logits_called_probabilities_are_refused_and_nothing_is_left(
        self, own: Path, tmp_path: Path
    ) -> None:
        with pytest.raises(BadInput, match=r"not a probability.*--output logits"):
            register(own, foreign(tmp_path / "f.onnx"), "--output", "probabilities")
        assert not own.exists()

    def test_a_name_is_given_once(self, own: Path, tmp_path: Path) -> None:
        register(own, foreign(tmp_path / "f.onnx"))
        with pytest.raises(Conflict, match="say --replace"):
            register(own, foreign(tmp_path / "f.onnx"))
        with pytest.raises(Conflict, match="comes with Tenken"):
            check_name(DEFAULT_MODEL, own, replace=True)
        with pytest.raises(BadInput, match="small letters"):
            check_name("../x", own, replace=False)

    @pytest.mark.parametrize(
        ("word", "told"), [("crack", "not class=number"), ("rust=0.4", "the model gives crack")]
    )
    def test_thresholds_are_numbers_of_its_classes(self, word: str, told: str) -> None:
        with pytest.raises(BadInput, match=told):
            read_thresholds((word,), ("crack", "spall"))

    def test_unknown_names_list_the_known(self, own: Path, tmp_path: Path) -> None:
        register(own, foreign(tmp_path / "f.onnx"))
        with pytest.raises(NotFound, match=f"{DEFAULT_MODEL}, .*own"):
            folder_of("other", own)


class TestProbe:
    def test_a_shipped_form_passes(self, tmp_path: Path) -> None:
        write_tiny_network(tmp_path)
        found = run_here(tmp_path, "tiny")
        assert found.fault is None
        assert found.mpx_per_s > 0
        assert found.dead == ("alligator_crack", "pothole", "patch", "joint")

    def test_time_runs_out(self, tmp_path: Path) -> None:
        write_tiny_network(tmp_path)
        with pytest.raises(BadInput, match=r"no answer within 0\.01 s"):
            probe(tmp_path, "tiny", limit_s=0.01)

    def test_a_missing_model_is_told(self, tmp_path: Path) -> None:
        assert "no model 'gone'" in str(run_here(tmp_path, "gone").fault)

    @pytest.mark.parametrize(
        ("scores", "told"),
        [
            (np.zeros((1, 8, 4)), "answered with"),
            (np.full((1, 8, 8), np.nan), "not finite"),
            (np.full((2, 8, 8), 0.6), "not a probability"),
            (np.full((1, 8, 8), -0.1), "not a probability"),
        ],
    )
    def test_faults_are_named(self, scores: np.ndarray, told: str) -> None:
        assert told in str(fault_of(scores, scores, 8))

    def test_chance_is_a_fault(self) -> None:
        once = np.full((1, 8, 8), 0.2)
        assert "differently the second time" in str(fault_of(once, once + 1e-6, 8))
        assert fault_of(once, once.copy(), 8) is None
