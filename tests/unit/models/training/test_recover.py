"""A registered network learns on: it sees what it saw, and what binds it goes with it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from click.testing import CliRunner
from onnx import TensorProto, helper

from datasets.classes import CLASS_NAMES
from datasets.convert import build_chips
from inspection.errors import BadInput, Broken, NotFound
from models import cli
from models.commands.train import read_beginning
from models.registry import DEFAULT_MODEL, ModelEntry, load_entry
from models.rule import Rule
from models.training.begin import Form
from models.training.config import CONFIGS_DIR, TrainConfig, read_config
from models.training.export import ProbabilityNetwork, register
from models.training.loop import CHECKPOINT_NAME, TrainState, first_state
from models.training.network import build_network, spread
from models.training.recover import begin_with_model, folded_convolutions
from models.training.train import PIXEL_FORM, train

RULE = Rule(thresholds=dict.fromkeys(CLASS_NAMES[1:], 0.4), continuation_ratio=0.5)


def pictures(count: int = 3) -> Iterator[torch.Tensor]:
    generator = torch.Generator().manual_seed(5)
    for _ in range(count):
        yield torch.rand(2, 3, 64, 64, generator=generator)


def fresh(config: TrainConfig) -> TrainState:
    torch.manual_seed(1)
    network = build_network(config.architecture, config.classes)
    return first_state(network, lambda made: PIXEL_FORM.optimizer(made, config))


@pytest.fixture(scope="module")
def entry(config: TrainConfig, tmp_path_factory: pytest.TempPathFactory) -> ModelEntry:
    """Register a network whose BatchNorm layers have each their own statistics."""
    state = fresh(config)
    generator = torch.Generator().manual_seed(2)
    for layer in state.average.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            for values, least in ((layer.weight, 0.5), (layer.bias, -0.2)):
                values.data.uniform_(least, least + 0.6, generator=generator)
            assert layer.running_mean is not None
            assert layer.running_var is not None
            layer.running_mean.uniform_(-0.2, 0.2, generator=generator)
            layer.running_var.uniform_(0.5, 2, generator=generator)
    for name, values in state.average.named_parameters():
        if "classifier.1" in name:
            values.data.mul_(20)  # a random network is undecided everywhere
    folder = tmp_path_factory.mktemp("registered")
    state.begun_with = ("an earlier run",)
    return register(
        state, config, classes=config.classes, rule=RULE, weights_dir=folder, cards_dir=folder
    )


def seen(entry: ModelEntry, images: torch.Tensor) -> np.ndarray:
    session = onnxruntime.InferenceSession(str(entry.onnx_path))
    return np.asarray(session.run(None, {"images": images.numpy()})[0])


@pytest.mark.parametrize("name", ["average", "network"])
def test_it_sees_what_the_registered_network_sees(
    config: TrainConfig, entry: ModelEntry, name: str
) -> None:
    state = fresh(config)
    images = next(pictures(1))
    before = ProbabilityNetwork(state.average).eval()(images).detach().numpy()
    count = begin_with_model(state, entry, pictures())
    assert count == len(folded_convolutions(entry.onnx_path)) > 50
    with torch.no_grad():
        after = ProbabilityNetwork(getattr(state, name).eval())(images).numpy()
    expected = seen(entry, images)
    assert np.abs(before - expected).max() > 0.05
    assert np.abs(after - expected).max() < 1e-4


def test_the_first_step_finds_the_statistics_of_the_images(
    config: TrainConfig, entry: ModelEntry
) -> None:
    """In training mode too, on the images that were measured, it sees nearly the same."""
    state = fresh(config)
    (images,) = pictures(1)
    begin_with_model(state, entry, [images])
    with torch.no_grad():
        state.network.train()
        logits, _ = state.network(images)
        learning = spread(state.network, logits).softmax(dim=1).numpy()
    assert np.abs(learning - seen(entry, images)).max() < 0.01


@pytest.mark.parametrize("architecture", ["yolo26n-sem-s4", "yolo26n-sem-s4x2"])
def test_a_new_class_begins_afresh_beside_those_that_were_known(
    config: TrainConfig, architecture: str, tmp_path: Path
) -> None:
    """Logits of the known classes are the same, whatever their order and the parts of a place."""
    base = replace(config, architecture=architecture)
    known = register(
        fresh(base), base, classes=base.classes, rule=RULE, weights_dir=tmp_path, cards_dir=tmp_path
    )
    classes = ("background", "joint", "spall", "crack")
    more = replace(
        base,
        classes=classes,
        dice_classes=classes[1:],
        class_weights=dict.fromkeys(classes, 1.0),
    )
    state = fresh(more)
    (images,) = pictures(1)
    own = spread(state.network.eval(), state.network(images)).detach()
    begin_with_model(state, known, pictures())
    with torch.no_grad():
        learner = spread(state.network.eval(), state.network(images))
        teacher_state = fresh(base)
        begin_with_model(teacher_state, known, pictures())
        teacher = spread(teacher_state.network.eval(), teacher_state.network(images))
    for number, name in enumerate(classes):
        if name == "spall":
            assert not torch.allclose(learner[:, number], teacher[:, 0], atol=1e-3)
            continue
        same = teacher[:, base.classes.index(name)]
        assert torch.allclose(learner[:, number], same, atol=1e-4)
        assert not torch.allclose(own[:, number], same, atol=1e-3)


def test_what_it_learned_before_is_told_and_binds(config: TrainConfig, entry: ModelEntry) -> None:
    state = fresh(config)
    begin_with_model(state, entry, pictures())
    assert state.begun_with[0] == "an earlier run"
    assert state.begun_with[1].startswith(f"tiny ({entry.sha256[:12]}): {config.architecture}, 0 ")
    assert state.unshippable == ()
    house = replace(entry, training={**entry.training, "sampling": {"house": 1, "uav75": 1}})
    begin_with_model(fresh_state := fresh(config), house, pictures())
    assert fresh_state.unshippable == ("house",)
    unknown = replace(entry, training={})
    begin_with_model(fresh_state := fresh(config), unknown, pictures())
    assert fresh_state.unshippable == ("tiny",)


def test_the_shipped_model_learns_on() -> None:
    shipped = load_entry(DEFAULT_MODEL)
    config = read_config(CONFIGS_DIR / f"{DEFAULT_MODEL}.yaml")
    state = fresh(config)
    begin_with_model(state, shipped, pictures(1))
    images = next(pictures(1))
    with torch.no_grad():
        found = ProbabilityNetwork(state.average)(images).numpy()
    assert np.abs(found - seen(shipped, images)).max() < 1e-4
    assert state.unshippable == ()


def test_another_architecture_is_refused(config: TrainConfig, entry: ModelEntry) -> None:
    other = fresh(replace(config, architecture="yolo26n-sem-s2"))
    with pytest.raises(BadInput, match=r"of tiny do not fit .* same architecture"):
        begin_with_model(other, entry, pictures())


def test_files_that_are_none_are_named(
    config: TrainConfig, entry: ModelEntry, tmp_path: Path
) -> None:
    with pytest.raises(NotFound, match=r"no gone\.onnx"):
        folded_convolutions(tmp_path / "gone.onnx")
    torn = tmp_path / "torn.onnx"
    torn.write_bytes(entry.onnx_path.read_bytes()[:-4000])
    with pytest.raises(Broken, match=r"torn\.onnx is no whole ONNX file"):
        folded_convolutions(torn)
    foreign = tmp_path / "foreign.onnx"
    node = helper.make_node("Conv", ["x", "w"], ["y"], name="Conv_0")
    told = [helper.make_tensor_value_info(one, TensorProto.FLOAT, None) for one in "xy"]
    weight = helper.make_tensor("w", TensorProto.FLOAT, [1, 1, 1, 1], [1.0])
    graph = helper.make_graph([node], "g", told[:1], told[1:], [weight])
    onnx.save(helper.make_model(graph), str(foreign))
    with pytest.raises(Broken, match=r"foreign\.onnx was not written by .*Conv_0"):
        folded_convolutions(foreign)


def test_a_run_goes_on_from_a_model_without_start_weights(
    config: TrainConfig, entry: ModelEntry, tiny_sets: Path, tmp_path: Path
) -> None:
    build_chips(["uav75"], tiny_sets, tmp_path / "chips", procedural_count=2)
    told: list[str] = []

    def go(steps: int) -> TrainState:
        return train(
            replace(config, steps=steps),
            chips_dir=tmp_path / "chips",
            start_weights=tmp_path / "absent.safetensors",
            out_dir=tmp_path / "run",
            budget_min=5,
            beginning=entry,
            report=told.append,
        )

    first = go(1)
    assert "begins with tiny" in told
    assert (tmp_path / "run" / CHECKPOINT_NAME).is_file()
    again = go(2)
    assert again.begun_with == first.begun_with
    assert "resumed at step 1" in " ".join(told)


def test_a_beginning_that_is_neither_run_nor_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"no model 'nonesuch'.*tenken-crack-n"):
        read_beginning("nonesuch")
    assert read_beginning(str(tmp_path)) == tmp_path / CHECKPOINT_NAME
    found = read_beginning(DEFAULT_MODEL)
    assert isinstance(found, ModelEntry)
    assert found.name == DEFAULT_MODEL


def test_help_shows_how_to_teach_a_shipped_model() -> None:
    shown = CliRunner().invoke(cli.models, ["train", "--help"]).output
    assert "--begin-with tenken-crack-n" in shown


def test_a_form_begins_alike_each_time(config: TrainConfig, entry: ModelEntry) -> None:
    class Drawn:
        def draw(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
            return next(pictures(1)), torch.zeros(2, 64, 64, dtype=torch.long)

    form: Form[TrainConfig] = PIXEL_FORM
    first, second = (form.learn_on(config, entry, Drawn()).network.state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
