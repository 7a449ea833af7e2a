"""The detection network is built, given its start weights, and asked for boxes."""

from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import save_file
from torch import nn

from inspection.errors import BadInput, NotFound
from models.boxes.network import (
    COCO_CLASSES,
    HALVES,
    MOST,
    BoxNetwork,
    Half,
    build_box_network,
    head_index,
    load_box_weights,
    unfold_all,
)
from tests.support.tiny_boxes import CLASSES, LAYOUT, write_layout


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> nn.Module:
    torch.manual_seed(2)
    layout = write_layout(tmp_path_factory.mktemp("layout"))
    return build_box_network(str(layout), CLASSES).eval()


def head_of(network: nn.Module) -> nn.Module:
    return network.model[head_index(network)]  # type: ignore[index,no-any-return]  # Ultralytics'


def test_the_shipped_architecture_tells_the_classes_in_both_halves() -> None:
    network = build_box_network("yolo26n", ("a", "b", "c", "d", "e"))
    head = head_of(network)
    assert head_index(network) == 23
    assert head.stride.tolist() == [8, 16, 32]  # type: ignore[union-attr]
    for branches in (head.cv3, head.one2one_cv3):
        assert [branch[-1].out_channels for branch in branches] == [5, 5, 5]  # type: ignore[union-attr]
        # the width that the branch has for COCO's eighty, so that its start weights fit
        assert [branch[-1].in_channels for branch in branches] == [COCO_CLASSES] * 3  # type: ignore[union-attr]
    assert network.names == {0: "a", 1: "b", 2: "c", 3: "d", 4: "e"}


def test_at_first_nearly_everything_is_background(tiny: nn.Module) -> None:
    with torch.no_grad():
        told = BoxNetwork(tiny, "one")(torch.rand(1, 3, 160, 160))
    assert told[0, :, 4].max() < 0.1


@pytest.mark.parametrize("half", HALVES)
def test_answers_are_corners_scores_and_classes_the_surest_first(
    tiny: nn.Module, half: Half
) -> None:
    images = torch.rand(2, 3, 160, 192)
    with torch.no_grad():
        told = BoxNetwork(tiny, half)(images)
    assert told.shape == (2, MOST, 6)
    scores = told[..., 4]
    assert (scores[:, :-1] >= scores[:, 1:]).all()
    assert ((scores > 0) & (scores < 1)).all()
    assert set(told[..., 5].unique().tolist()) <= {0.0, 1.0}


def test_both_halves_begin_alike_and_may_part(tiny: nn.Module) -> None:
    images = torch.rand(1, 3, 160, 160)
    copied = build_box_network_like(tiny)
    head = head_of(copied)
    for one, many in ((head.one2one_cv2, head.cv2), (head.one2one_cv3, head.cv3)):
        one.load_state_dict(many.state_dict())  # type: ignore[union-attr,arg-type,operator]
    with torch.no_grad():
        told = [BoxNetwork(copied, half)(images) for half in HALVES]
    assert torch.allclose(told[0], told[1], atol=1e-4)


def build_box_network_like(network: nn.Module) -> nn.Module:
    copied = build_box_network_from(network)
    copied.load_state_dict(network.state_dict())
    return copied.eval()


def build_box_network_from(network: nn.Module) -> nn.Module:
    layout: dict[str, object] = network.yaml  # type: ignore[assignment]  # Ultralytics' own field
    assert layout["yaml_file"] == "tiny.yaml"
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        return build_box_network(str(write_layout(Path(folder))), CLASSES)


def test_wrapping_leaves_the_network_whole(tiny: nn.Module) -> None:
    before = set(tiny.state_dict())
    wrapped = BoxNetwork(tiny, "one")
    assert set(tiny.state_dict()) == before
    assert len(wrapped.state_dict()) < len(before)
    tiny.train()
    assert set(tiny(torch.rand(1, 3, 160, 160))) == {"one2many", "one2one"}
    tiny.eval()


@pytest.mark.parametrize(
    ("architecture", "words"),
    [("yolo26", "say yolo26n"), ("../yolo26n", "say yolo26n"), ("yolo11n", "say yolo26n")],
)
def test_other_names_are_refused(architecture: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        build_box_network(architecture, CLASSES)


def test_absent_files_are_named(tiny: nn.Module, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"wide\.yaml"):
        build_box_network(str(tmp_path / "wide.yaml"), CLASSES)
    with pytest.raises(NotFound, match="TENKEN_DATA_DIR"):
        load_box_weights(tiny, tmp_path / "none.safetensors")


@pytest.mark.parametrize("changed", [{"end2end": False}, {"reg_max": 16}])
def test_heads_of_another_kind_are_refused(tmp_path: Path, changed: dict[str, object]) -> None:
    path = tmp_path / "other.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(LAYOUT), **changed}), encoding="utf-8")
    with pytest.raises(BadInput, match="not of YOLO26's kind"):
        build_box_network(str(path), CLASSES)


class TestStartWeights:
    """What of a COCO network is taken over."""

    def test_all_but_the_last_layers_of_the_classes(self, tiny: nn.Module, tmp_path: Path) -> None:
        path = tmp_path / "coco.safetensors"
        coco = {name: torch.full_like(part, 0.5) for name, part in tiny.state_dict().items()}
        last = [name for name in coco if "cv3" in name and ".2." in name]
        assert len(last) == 4  # weight and bias, two halves
        for name in last:
            shape = (COCO_CLASSES, *coco[name].shape[1:])
            coco[name] = torch.full(shape, 0.5)
        save_file(coco, path)
        network = build_box_network_from(tiny)
        assert load_box_weights(network, path) == len(coco) - len(last)
        taken = network.state_dict()
        assert all(
            bool((taken[name] == 0.5).all())
            for name in coco
            if name not in last and taken[name].is_floating_point()
        )
        assert not any(bool((taken[name] == 0.5).all()) for name in last)

    def test_weights_of_another_network_are_refused(self, tiny: nn.Module, tmp_path: Path) -> None:
        path = tmp_path / "other.safetensors"
        save_file({"model.0.conv.weight": torch.zeros(2)}, path)
        with pytest.raises(BadInput, match="only 0 of"):
            load_box_weights(tiny, path)

    def test_unfolding_changes_no_answer_but_makes_statistics_true(self, tiny: nn.Module) -> None:
        network = build_box_network_like(tiny)
        images = torch.rand(4, 3, 160, 160)
        with torch.no_grad():
            before = network(images)[1]
            layers = unfold_all(network, [images])
            after = network(images)[1]
        norms = [part for part in network.modules() if isinstance(part, nn.BatchNorm2d)]
        assert layers == len(norms)
        for half in ("one2many", "one2one"):
            for part in ("boxes", "scores"):
                assert torch.allclose(before[half][part], after[half][part], atol=1e-3)
        network.train()
        with torch.no_grad():
            learning = network(images)["one2many"]["scores"]
        assert torch.allclose(learning, after["one2many"]["scores"], atol=0.05)


@pytest.mark.data
def test_the_coco_weights_fit_all_but_the_classes(data_dir: Path) -> None:
    network = build_box_network("yolo26n", CLASSES)
    fitting = load_box_weights(network, data_dir / "weights" / "yolo26n_coco.safetensors")
    assert fitting == len(network.state_dict()) - 12
