"""Training boxes: the loss falls, a killed run goes on, and drawn damage is found."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from datasets.manifest import Split
from inspection.errors import BadInput
from models.boxes.config import BoxConfig
from models.boxes.judge import judged, look_at_all, network_look
from models.boxes.network import BoxNetwork
from models.boxes.photos import BoxBatches, Targets, photo_files, to_batch
from models.boxes.train import (
    BOX_FORM,
    box_loss,
    many_share,
    train_boxes,
    train_step,
)
from models.training.loop import CHECKPOINT_NAME, LOG_NAME, TrainState, save_state
from tests.support.drawn_road import write_drawn_road
from tests.support.tiny_boxes import tiny_config, write_start_weights


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_drawn_road(tmp_path_factory.mktemp("sets"))


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> BoxConfig:
    return tiny_config(tmp_path_factory.mktemp("layout"))


@pytest.fixture(scope="module")
def start_weights(config: BoxConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_start_weights(config, tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def batches(config: BoxConfig, sets: Path) -> BoxBatches:
    photos = photo_files(config.sampling, config.label_indices, sets, Split.TRAIN)
    return BoxBatches(photos, config)


def same_weights(one: TrainState, two: TrainState) -> bool:
    pairs = zip(one.average.state_dict().values(), two.average.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_the_head_learns_at_its_own_rate(config: BoxConfig, start_weights: Path) -> None:
    slow = replace(config, start_rate=1e-4)
    network = start_network(slow, start_weights)
    optimizer = BOX_FORM.optimizer(network, slow)
    head = {id(part) for name, part in network.named_parameters() if name.startswith("model.11.")}
    assert head
    for group in optimizer.param_groups:
        inside = {id(part) in head for part in group["params"]}
        assert inside == {group["peak"] == slow.rate}


def start_network(config: BoxConfig, start_weights: Path) -> torch.nn.Module:
    from models.boxes.network import build_box_network, load_box_weights

    network = build_box_network(config.architecture, config.classes)
    load_box_weights(network, start_weights)
    return network


def test_weight_moves_from_many_answers_to_one() -> None:
    shares = [many_share(progress) for progress in np.linspace(0, 1.2, 13)]
    assert shares[0] == 0.8
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] == pytest.approx(0.1)


def test_photos_without_any_box_have_a_loss_and_a_gradient(
    config: BoxConfig, start_weights: Path, batches: BoxBatches
) -> None:
    network = start_network(config, start_weights).train()
    images, targets = batches.draw(0)
    nothing = {name: part[:0] for name, part in targets.items()}
    loss = box_loss(network, images, nothing, 0.0, half=False)
    loss.backward()  # type: ignore[no-untyped-call]
    assert torch.isfinite(loss)
    grads = [part.grad for part in network.parameters() if part.grad is not None]
    assert all(bool(torch.isfinite(grad).all()) for grad in grads)


def test_the_loss_is_that_of_a_picture_whatever_the_batch(
    config: BoxConfig, start_weights: Path, batches: BoxBatches
) -> None:
    network = start_network(config, start_weights).train()
    images, targets = batches.draw(0)
    number = len(images)
    doubled = {
        "batch_idx": torch.cat([targets["batch_idx"], targets["batch_idx"] + number]),
        "cls": targets["cls"].repeat(2),
        "bboxes": targets["bboxes"].repeat(2, 1),
    }
    once = box_loss(network, images, targets, 0.3, half=False)
    twice = box_loss(network, images.repeat(2, 1, 1, 1), doubled, 0.3, half=False)
    assert float(twice.detach()) == pytest.approx(float(once.detach()), rel=1e-3)


def test_either_arithmetic_has_nearly_the_same_loss(
    config: BoxConfig, start_weights: Path, batches: BoxBatches
) -> None:
    images, targets = batches.draw(1)
    losses = []
    for half in (False, True):
        network = start_network(config, start_weights).train()
        losses.append(float(box_loss(network, images, targets, 0.0, half=half).detach()))
    assert losses[1] == pytest.approx(losses[0], rel=0.03)
    assert losses[1] != losses[0]


def test_a_saved_run_goes_on_as_if_it_had_not_stopped(
    config: BoxConfig, start_weights: Path, batches: BoxBatches, tmp_path: Path
) -> None:
    state = BOX_FORM.start(config, start_weights, batches)
    train_step(state, config, batches.draw(0), 0.0)
    save_state(state, config, tmp_path / CHECKPOINT_NAME)
    read = BOX_FORM.resume(config, tmp_path / CHECKPOINT_NAME)
    assert read.step == 1
    for each in (state, read):
        train_step(each, config, batches.draw(each.step), 0.2)
    assert same_weights(read, state)


def test_training_keeps_log_and_checkpoint_and_resumes(
    config: BoxConfig, start_weights: Path, sets: Path, tmp_path: Path
) -> None:
    lines: list[str] = []
    options = {"data_dir": sets, "start_weights": start_weights, "out_dir": tmp_path / "run"}
    state = train_boxes(config, **options, budget_min=5, report=lines.append, log_every=3)
    rows = [json.loads(line) for line in (tmp_path / "run" / LOG_NAME).read_text().splitlines()]
    assert [row["step"] for row in rows] == [3, 6]
    assert state.unshippable == ()
    again = train_boxes(config, **options, budget_min=5, report=lines.append)
    assert lines[-1].startswith("resumed at step 6")
    assert same_weights(again, state)
    with pytest.raises(BadInput, match="learned the classes longitudinal_crack, pothole, not"):
        BOX_FORM.resume(
            replace(config, classes=("pothole",), labels={"pothole": ("D40",)}),
            tmp_path / "run" / CHECKPOINT_NAME,
        )


def test_a_source_that_only_judges_is_not_trained_on(
    config: BoxConfig, start_weights: Path, sets: Path, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match="only judges"):
        train_boxes(
            replace(config, sampling={"quay_strip": 1.0}),
            data_dir=sets,
            start_weights=start_weights,
            out_dir=tmp_path,
            budget_min=1,
        )


class SameBatch:
    """Draw the same batch at every step."""

    def __init__(self, batch: tuple[torch.Tensor, Targets]) -> None:
        self._batch = batch

    def draw(self, step: int) -> tuple[torch.Tensor, Targets]:
        return self._batch


def test_drawn_damage_is_learned_until_every_box_is_found(
    start_weights: Path, sets: Path, tmp_path: Path
) -> None:
    eager = tiny_config(tmp_path, steps=95, warmup_steps=5, ema_decay=0.8)
    photos = photo_files(eager.sampling, eager.label_indices, sets, Split.TRAIN)[:2]
    batches = SameBatch(to_batch([photo.read() for photo in photos]))
    state = BOX_FORM.start(eager, start_weights, batches)
    look = network_look(BoxNetwork(state.average, "many"), eager, "many")
    assert judged(look_at_all(look, photos), [0.25, 0.25]).map50 < 0.1
    losses = [
        train_step(state, eager, batches.draw(step), step / eager.steps)
        for step in range(eager.steps)
    ]
    assert losses[-1] < 0.3 * losses[0]
    look = network_look(BoxNetwork(state.average, "many"), eager, "many")
    result = judged(look_at_all(look, photos), [0.25, 0.25])
    assert result.map50 > 0.9
    assert [score.labelled for score in result.classes] == [2, 2]
    assert result.photos == 2
