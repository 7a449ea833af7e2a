"""The network draws at stride 4, and unfolding BatchNorm does not change what it computes."""

import copy
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from datasets.classes import CLASS_NAMES
from inspection.errors import BadInput, NotFound
from models.training.network import (
    HEAD_INPUT_LAYER,
    build_network,
    load_start_weights,
    spread,
    unfold_batch_norm,
)

ARCHITECTURE = "yolo26n-sem-s4"


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch.manual_seed(0)
    return build_network(ARCHITECTURE, CLASS_NAMES)


def below_head(name: str) -> bool:
    return int(name.split(".")[1]) < HEAD_INPUT_LAYER


def test_logits_have_stride_four_and_the_auxiliary_eight(network: nn.Module) -> None:
    logits, auxiliary = network.train()(torch.rand(2, 3, 64, 96))
    assert logits.shape == (2, len(CLASS_NAMES), 16, 24)
    assert auxiliary.shape == (2, len(CLASS_NAMES), 8, 12)
    with torch.no_grad():
        assert network.eval()(torch.rand(1, 3, 64, 96)).shape == (1, len(CLASS_NAMES), 16, 24)


def test_four_parts_of_a_place_make_stride_two() -> None:
    network = build_network(f"{ARCHITECTURE}x2", CLASS_NAMES)
    images = torch.rand(2, 3, 64, 96)
    logits, auxiliary = (spread(network, part) for part in network.train()(images))
    assert logits.shape == (2, len(CLASS_NAMES), 32, 48)
    assert auxiliary.shape == (2, len(CLASS_NAMES), 16, 24)
    with torch.no_grad():
        first = spread(network, network.eval()(images))
    parts = first.unflatten(3, (24, 2)).unflatten(2, (16, 2))
    assert torch.equal(parts[:, :, :, 0, :, 0], parts[:, :, :, 1, :, 1])  # no chequerboard at first
    plain = build_network(ARCHITECTURE, CLASS_NAMES)
    assert torch.equal(spread(plain, auxiliary), auxiliary)


def test_parts_lie_where_their_channel_says() -> None:
    network = build_network(f"{ARCHITECTURE}x2", CLASS_NAMES)
    channels = torch.arange(4 * len(CLASS_NAMES), dtype=torch.float32)[None, :, None, None]
    laid = spread(network, channels)
    assert laid[0, 1].tolist() == [[4, 5], [6, 7]]  # class 1: left to right, then down


def test_network_is_small_and_knows_its_classes(network: nn.Module) -> None:
    parameters = sum(parameter.numel() for parameter in network.parameters())
    assert 1.3e6 < parameters < 1.8e6
    assert network.names == dict(enumerate(CLASS_NAMES))


def test_unknown_architecture_is_named() -> None:
    with pytest.raises(NotFound, match="other"):
        build_network("other", CLASS_NAMES)


def folded_weights(network: nn.Module) -> dict[str, torch.Tensor]:
    """Return weights as an export with folded BatchNorm leaves them."""
    return {
        name: torch.full_like(tensor, 0.5) if name.endswith("conv.weight") else tensor.clone()
        for name, tensor in network.state_dict().items()
    }


def test_start_weights_are_copied_below_the_head_only(network: nn.Module, tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_file({k: v.contiguous() for k, v in folded_weights(network).items()}, path)
    fresh = build_network(ARCHITECTURE, CLASS_NAMES)
    count = load_start_weights(fresh, path)
    assert count == sum(below_head(name) for name in fresh.state_dict())
    state = fresh.state_dict()
    convolutions = [name for name in state if name.endswith("conv.weight")]
    for name in convolutions:
        assert bool((state[name] == 0.5).all()) is below_head(name)


def test_weights_of_another_network_are_refused(network: nn.Module, tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_file({"model.0.conv.weight": torch.zeros(1)}, path)
    with pytest.raises(BadInput, match="fit the network"):
        load_start_weights(network, path)


def test_absent_start_weights_say_what_to_set(network: nn.Module, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="TENKEN_DATA_DIR"):
        load_start_weights(network, tmp_path / "w.safetensors")


def test_unfolding_keeps_the_function_and_centres_the_statistics() -> None:
    torch.manual_seed(1)
    network = build_network(ARCHITECTURE, CLASS_NAMES)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.bias, 0.0, 0.3)
    images = torch.rand(4, 3, 64, 64)
    before = copy.deepcopy(network).eval()
    treated = unfold_batch_norm(network, [images[:2], images[2:]])
    assert treated > 50
    with torch.no_grad():
        old, new = before(images), network.eval()(images)
    assert torch.allclose(old, new, atol=1e-3 * float(old.abs().max()) + 1e-5)
    first = network.get_submodule("model.0")
    with torch.no_grad():
        values = first.get_submodule("conv")(images)
        normalised = first.get_submodule("bn").running_mean
    assert torch.allclose(values.mean(dim=(0, 2, 3)), normalised, atol=1e-4)


def test_unfolding_leaves_new_layers_alone() -> None:
    network = build_network(ARCHITECTURE, CLASS_NAMES)
    unfold_batch_norm(network, [torch.rand(2, 3, 64, 64)])
    for name, module in network.named_modules():
        if isinstance(module, nn.BatchNorm2d) and not below_head(name):
            assert module.running_mean is not None
            assert not bool(module.running_mean.any())


@pytest.mark.data
def test_coco_weights_fit(data_dir: Path) -> None:
    network = build_network(ARCHITECTURE, CLASS_NAMES)
    count = load_start_weights(network, data_dir / "weights" / "yolo26n_coco.safetensors")
    assert count >= 0.99 * sum(below_head(name) for name in network.state_dict())
