"""The exported file computes what the trained network computes, at any size, and is small."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import openvino
import pytest
import torch
from torch import nn

from datasets.classes import CLASS_NAMES
from inspection.errors import BadInput, Refused
from models.registry import WEIGHTS_DIR, load_entry
from models.rule import Rule
from models.training import export
from models.training.config import TrainConfig
from models.training.loop import TrainState
from models.training.network import build_network
from models.training.train import (
    PIXEL_FORM,
)

THRESHOLDS = dict.fromkeys(CLASS_NAMES[1:], 0.4)
RULE = Rule(thresholds=THRESHOLDS, continuation_ratio=0.8)


@pytest.fixture(scope="module")
def network(config: TrainConfig) -> nn.Module:
    torch.manual_seed(3)
    network = build_network(config.architecture, CLASS_NAMES).eval()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.startswith("model.20.classifier.1"):
                parameter.mul_(20)  # a random network is undecided everywhere; make it decided
    return network


@pytest.fixture(scope="module")
def onnx_path(network: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("onnx") / "n.onnx"
    export.export_onnx(network, path, {"licence": "AGPL-3.0-or-later"})
    return path


@pytest.fixture(scope="module")
def compiled(onnx_path: Path) -> openvino.CompiledModel:
    options = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    return openvino.Core().compile_model(onnx_path, "CPU", options)


def images(count: int, height: int, width: int) -> torch.Tensor:
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(height))


@pytest.mark.parametrize("shape", [(1, 64, 64), (2, 32, 96), (1, 160, 128)])
def test_any_batch_and_size_gives_what_torch_gives(
    network: nn.Module, compiled: openvino.CompiledModel, shape: tuple[int, int, int]
) -> None:
    batch = images(*shape)
    with torch.no_grad():
        expected = export.ProbabilityNetwork(network)(batch).numpy()
    found = compiled(batch.numpy())[0]
    stride = export.output_stride(network)
    assert found.shape == (shape[0], len(CLASS_NAMES), *(side // stride for side in shape[1:]))
    assert np.abs(found - expected).max() < 0.02  # weights were rounded to half precision
    assert expected.max() > 0.5


def test_output_is_a_probability(compiled: openvino.CompiledModel) -> None:
    found = compiled(images(1, 64, 64).numpy())[0]
    assert np.allclose(found.sum(axis=1), 1, atol=1e-5)
    assert found.min() >= 0


def test_names_and_licence_are_in_the_file(onnx_path: Path) -> None:
    model = onnx.load(str(onnx_path))
    assert [value.name for value in model.graph.input] == [export.INPUT_NAME]
    assert [value.name for value in model.graph.output] == [export.OUTPUT_NAME]
    assert {entry.key: entry.value for entry in model.metadata_props} == {
        "licence": "AGPL-3.0-or-later"
    }


def test_weights_are_stored_in_half_precision(onnx_path: Path, network: nn.Module) -> None:
    model = onnx.load(str(onnx_path))
    full = [w for w in model.graph.initializer if w.data_type == onnx.TensorProto.FLOAT]
    assert sum(int(np.prod(w.dims)) for w in full) < 2000
    parameters = sum(parameter.numel() for parameter in network.parameters())
    assert onnx_path.stat().st_size < 2.3 * parameters


def test_a_file_above_the_limit_is_refused(
    network: nn.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "SIZE_LIMIT_MB", 1.0)
    with pytest.raises(BadInput, match="more than 1 MB"):
        export.export_onnx(network, tmp_path / "n.onnx", {})
    assert not list(tmp_path.iterdir())


def test_stride_is_read_from_the_network(network: nn.Module) -> None:
    assert export.output_stride(network) == 4


def test_the_torch_scorer_gives_probabilities_of_bytes(network: nn.Module) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    scores = export.network_scorer(network)(rgb)
    assert scores.shape == (len(CLASS_NAMES), 64, 96)
    assert np.allclose(scores.sum(axis=0), 1, atol=1e-5)


def make_state(network: nn.Module, config: TrainConfig) -> TrainState:
    return TrainState(
        network=network,
        average=network,
        optimizer=PIXEL_FORM.optimizer(network, config),
        step=12,
        elapsed_s=90.0,
        history=[{"step": 6.0, "loss": 2.0}, {"step": 12.0, "loss": 0.5}],
    )


def test_registered_model_is_found_by_its_name(
    network: nn.Module, config: TrainConfig, tmp_path: Path
) -> None:
    entry = export.register(
        make_state(network, config),
        config,
        classes=CLASS_NAMES,
        rule=RULE,
        weights_dir=tmp_path,
        cards_dir=tmp_path,
    )
    read = load_entry("tiny", weights_dir=tmp_path, cards_dir=tmp_path)
    assert read.sha256 == entry.sha256
    assert read.classes == CLASS_NAMES
    assert dict(read.thresholds) == THRESHOLDS
    assert read.continuation_ratio == RULE.continuation_ratio == 0.8
    assert read.training["steps"] == 12
    assert read.training["minutes"] == 1.5
    assert (read.training["first_loss"], read.training["last_loss"]) == (2.0, 0.5)


def test_what_a_licence_forbids_to_ship_stays_out_of_the_shipped_folder(
    network: nn.Module, config: TrainConfig, tmp_path: Path
) -> None:
    state = make_state(network, config)
    state.unshippable = ("dacl10k",)
    places = {"classes": CLASS_NAMES, "rule": RULE, "cards_dir": tmp_path}
    before = sorted(WEIGHTS_DIR.iterdir())
    with pytest.raises(Refused, match="dacl10k may not be shipped"):
        export.register(state, config, weights_dir=WEIGHTS_DIR, **places)
    assert sorted(WEIGHTS_DIR.iterdir()) == before
    assert export.register(state, config, weights_dir=tmp_path, **places).onnx_path.is_file()


def test_a_run_without_a_logged_step_is_described_too(
    network: nn.Module, config: TrainConfig
) -> None:
    state = replace(make_state(network, config), history=[])
    facts = export.describe_training(state, config)
    assert facts["first_loss"] is None
    assert facts["parameters"] == sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.timeout(300)
def test_parts_of_places_are_no_classes_of_ultralytics(tmp_path: Path) -> None:
    network = build_network("yolo26n-sem-s4x2", CLASS_NAMES)
    with pytest.raises(BadInput, match="2 x 2 parts of a place"):
        export.export_ultralytics(network, tmp_path / "m.pt")
    assert not (tmp_path / "m.pt").exists()


def test_ultralytics_loads_the_checkpoint(tmp_path: Path) -> None:
    from ultralytics.nn.tasks import load_checkpoint

    path = tmp_path / "m.pt"
    network = build_network("yolo26n-sem-s4", CLASS_NAMES).eval()
    export.export_ultralytics(network, path)
    loaded, _ = load_checkpoint(path)
    batch = images(1, 64, 64)
    with torch.no_grad():
        expected, found = network(batch), loaded.float().eval()(batch)
    assert torch.allclose(expected, found, atol=0.02 * float(expected.abs().max()))
    assert loaded.names == dict(enumerate(CLASS_NAMES))
