"""Training goes down, stops on either clock, and goes on where it was cut off."""

import json
import os
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from datasets.chips import Chip, read_chips
from datasets.classes import CLASS_NAMES, IGNORE_INDEX, LABEL_NAMES
from datasets.convert import build_chips
from datasets.manifest import Split
from inspection.errors import BadInput, NotFound
from models.training.config import TrainConfig
from models.training.loop import (
    CHECKPOINT_NAME,
    LOG_NAME,
    TrainState,
    begin_with,
    draw_ahead,
    rate_factor,
    save_state,
    to_tensor,
    update_average,
    use_all_cores,
)
from models.training.network import build_network
from models.training.train import (
    PIXEL_FORM,
    BatchSource,
    output_table,
    train,
    train_step,
)


@pytest.fixture(scope="module")
def chips_dir(tiny_sets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("chips")
    build_chips(["uav75"], tiny_sets, folder, procedural_count=2)
    return folder


@pytest.fixture(scope="module")
def start_weights(config: TrainConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    network = build_network(config.architecture, CLASS_NAMES)
    path = tmp_path_factory.mktemp("weights") / "start.safetensors"
    save_file({k: v.contiguous() for k, v in network.state_dict().items()}, path)
    return path


@pytest.fixture
def batches(chips_dir: Path, config: TrainConfig) -> BatchSource:
    return BatchSource(list(read_chips(chips_dir, Split.TRAIN)), config)


def test_bytes_become_a_tensor_between_zero_and_one() -> None:
    image = np.zeros((4, 6, 3), dtype=np.uint8)
    image[..., 1] = 255
    tensor = to_tensor([image, image])
    assert tensor.shape == (2, 3, 4, 6)
    assert tensor[:, 1].eq(1).all()
    assert tensor[:, 0].eq(0).all()


def test_a_batch_depends_on_its_step_alone(batches: BatchSource) -> None:
    first, again, other = (batches.draw(step) for step in (7, 7, 8))
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[0], other[0])
    assert first[0].shape == (2, 3, 32, 32)
    assert first[1].dtype == torch.int64


def test_sources_without_chips_are_named(chips_dir: Path, config: TrainConfig) -> None:
    chips = list(read_chips(chips_dir, Split.TRAIN))
    with pytest.raises(BadInput, match="brazil"):
        BatchSource(chips, replace(config, sampling={"uav75": 1.0, "brazil": 1.0}))


def test_the_rate_warms_up_and_cools_down() -> None:
    factors = [rate_factor(step / 1000, step, 100) for step in range(1001)]
    peak = int(np.argmax(factors))
    assert 90 <= peak <= 110
    assert factors[0] == 0
    assert factors[-1] == pytest.approx(0.02)
    assert all(a >= b for a, b in pairwise(factors[110:]))


def test_new_layers_learn_faster_and_biases_do_not_decay(config: TrainConfig) -> None:
    optimizer = PIXEL_FORM.optimizer(build_network(config.architecture, CLASS_NAMES), config)
    peaks = {group["peak"] for group in optimizer.param_groups}
    assert peaks == {config.rate, config.start_rate}
    for group in optimizer.param_groups:
        flat = all(parameter.ndim == 1 for parameter in group["params"])
        assert (group["weight_decay"] == 0) == flat


def test_the_average_follows_the_network(
    config: TrainConfig, start_weights: Path, batches: BatchSource
) -> None:
    state = PIXEL_FORM.start(config, start_weights, batches)
    state.step = 10_000
    name = "model.0.conv.weight"
    before = state.average.state_dict()[name].clone()
    with torch.no_grad():
        state.network.state_dict()[name].add_(1.0)
    update_average(state, 0.9)
    moved = state.average.state_dict()[name] - before
    assert torch.allclose(moved, torch.full_like(moved, 0.1), atol=1e-4)


def test_the_loss_falls_on_one_batch(
    config: TrainConfig, start_weights: Path, batches: BatchSource
) -> None:
    eager = replace(config, rate=3e-3, start_rate=1e-3, warmup_steps=1)
    state = PIXEL_FORM.start(eager, start_weights, batches)
    losses = []
    for _ in range(12):
        state.step = 5  # always the same batch
        losses.append(train_step(state, eager, batches.draw(state.step), progress=0.0))
    assert losses[-1] < 0.8 * losses[0]


def test_batches_drawn_ahead_are_those_of_their_steps(batches: BatchSource) -> None:
    ahead = draw_ahead(batches, 7)
    for step in (7, 8, 9):
        images, classes = next(ahead)
        wanted_images, wanted_classes = batches.draw(step)
        assert torch.equal(images, wanted_images)
        assert torch.equal(classes, wanted_classes)


def test_a_class_that_is_not_learned_is_undecided() -> None:
    table = output_table(("background", "pothole", "spall"))
    assert table[LABEL_NAMES.index("pothole")] == 1
    assert table[LABEL_NAMES.index("spall")] == 2
    assert table[0] == 0
    assert table[LABEL_NAMES.index("crack")] == IGNORE_INDEX
    assert table[IGNORE_INDEX] == IGNORE_INDEX


@pytest.mark.parametrize("precision", ["f32", "bf16"])
def test_either_arithmetic_trains_the_same_network(
    config: TrainConfig, start_weights: Path, batches: BatchSource, precision: str
) -> None:
    chosen = replace(config, precision=precision)
    state = PIXEL_FORM.start(chosen, start_weights, batches)
    loss = train_step(state, chosen, batches.draw(0), progress=0.5)
    exact = PIXEL_FORM.start(config, start_weights, batches)
    assert loss == pytest.approx(train_step(exact, config, batches.draw(0), 0.5), rel=0.03)
    assert all(value.dtype is torch.float32 for value in state.network.parameters())


def same_weights(one: TrainState, two: TrainState) -> bool:
    pairs = zip(one.average.state_dict().values(), two.average.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_a_saved_state_comes_back_whole(
    config: TrainConfig, start_weights: Path, batches: BatchSource, tmp_path: Path
) -> None:
    state = PIXEL_FORM.start(config, start_weights, batches)
    train_step(state, config, batches.draw(state.step), 0.0)
    state.elapsed_s, state.history = 12.5, [{"step": 1.0, "loss": 2.0}]
    save_state(state, config, tmp_path / CHECKPOINT_NAME)
    read = PIXEL_FORM.resume(config, tmp_path / CHECKPOINT_NAME)
    assert (read.step, read.elapsed_s, read.history) == (1, 12.5, state.history)
    assert same_weights(read, state)
    train_step(state, config, batches.draw(state.step), 0.1)
    train_step(read, config, batches.draw(read.step), 0.1)
    assert same_weights(read, state)
    assert not list(tmp_path.glob("*.part"))


def test_a_killed_run_ends_like_an_unbroken_one(
    config: TrainConfig, start_weights: Path, chips_dir: Path, tmp_path: Path
) -> None:
    def run(out_dir: Path, steps_now: int) -> TrainState:
        state = PIXEL_FORM.resume(config, out_dir / CHECKPOINT_NAME) if out_dir.is_dir() else None
        batches = BatchSource(list(read_chips(chips_dir, Split.TRAIN)), config)
        state = state or PIXEL_FORM.start(config, start_weights, batches)
        for _ in range(steps_now):
            train_step(state, config, batches.draw(state.step), state.step / config.steps)
        out_dir.mkdir(exist_ok=True)
        save_state(state, config, out_dir / CHECKPOINT_NAME)
        return state

    whole = run(tmp_path / "whole", 3)
    run(tmp_path / "cut", 1)
    assert same_weights(run(tmp_path / "cut", 2), whole)


def test_training_writes_its_log_and_checkpoint(
    config: TrainConfig, start_weights: Path, chips_dir: Path, tmp_path: Path
) -> None:
    lines: list[str] = []
    options: dict[str, Any] = {
        "chips_dir": chips_dir,
        "start_weights": start_weights,
        "out_dir": tmp_path / "run",
    }
    state = train(config, **options, budget_min=5.0, report=lines.append, log_every=2)
    assert state.step == config.steps
    rows = [json.loads(line) for line in (tmp_path / "run" / LOG_NAME).read_text().splitlines()]
    assert [row["step"] for row in rows] == [2, 4]
    assert rows == state.history
    again = train(config, **options, budget_min=5.0, report=lines.append)
    assert lines[-1].startswith("resumed at step 4")
    assert same_weights(again, state)


def test_the_wall_clock_ends_a_run(
    config: TrainConfig, start_weights: Path, chips_dir: Path, tmp_path: Path
) -> None:
    state = train(
        replace(config, steps=10**6),
        chips_dir=chips_dir,
        start_weights=start_weights,
        out_dir=tmp_path,
        budget_min=1e-4,
        report=lambda line: None,
    )
    assert 1 <= state.step < 50


def test_absent_checkpoint_says_what_to_run(config: TrainConfig, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="models train"):
        PIXEL_FORM.resume(config, tmp_path / CHECKPOINT_NAME)


def test_checkpoint_of_another_architecture_is_refused(
    config: TrainConfig, start_weights: Path, batches: BatchSource, tmp_path: Path
) -> None:
    path = tmp_path / CHECKPOINT_NAME
    save_state(PIXEL_FORM.start(config, start_weights, batches), config, path)
    with pytest.raises(BadInput, match=config.architecture):
        PIXEL_FORM.resume(replace(config, architecture="other"), path)


def test_a_network_with_another_head_begins_where_a_run_ended(
    config: TrainConfig, start_weights: Path, batches: BatchSource, tmp_path: Path
) -> None:
    ended = PIXEL_FORM.start(config, start_weights, batches)
    with torch.no_grad():
        ended.average.model[0].conv.weight.add_(1)  # type: ignore[index, union-attr]
    ended.unshippable = ("house",)
    save_state(ended, config, tmp_path / CHECKPOINT_NAME)
    finer = replace(config, architecture="yolo26n-sem-s2")
    begun = PIXEL_FORM.start(finer, start_weights, batches)
    fresh = {name: value.clone() for name, value in begun.network.state_dict().items()}
    count = begin_with(begun, tmp_path / CHECKPOINT_NAME)
    now, kept = begun.network.state_dict(), ended.average.state_dict()
    taken = {name for name in now if name in kept and kept[name].shape == now[name].shape}
    assert count == len(taken) < len(now)
    assert all(torch.equal(now[name], kept[name]) for name in taken)
    assert all(torch.equal(now[name], fresh[name]) for name in set(now) - taken)
    assert all(torch.equal(begun.average.state_dict()[name], now[name]) for name in now)
    assert begun.unshippable == ("house",)
    assert len(begun.begun_with) == 1
    assert begun.begun_with[0].startswith(f"{config.architecture}, 0 steps of {config.batch} x 32")
    save_state(begun, finer, tmp_path / "second.pt")
    assert PIXEL_FORM.resume(finer, tmp_path / "second.pt").begun_with == begun.begun_with


def test_a_beginning_of_which_nothing_fits_is_refused(
    config: TrainConfig, start_weights: Path, batches: BatchSource, tmp_path: Path
) -> None:
    state = PIXEL_FORM.start(config, start_weights, batches)
    other = torch.nn.Conv2d(1, 1, 1)
    save_state(replace(state, network=other, average=other), config, tmp_path / CHECKPOINT_NAME)
    with pytest.raises(BadInput, match="only 0 of"):
        begin_with(state, tmp_path / CHECKPOINT_NAME)
    with pytest.raises(NotFound, match="begin with"):
        begin_with(state, tmp_path / "elsewhere" / CHECKPOINT_NAME)


def test_labels_beside_their_cracks_are_moved_where_the_recipe_says_so(
    config: TrainConfig,
) -> None:
    """A dark line whose label lies 3 px beside it: only the moved label is dark."""
    rgb = np.full((64, 64, 3), 160, dtype=np.uint8)
    classes = np.zeros((64, 64), dtype=np.uint8)
    rgb[:, 30:32] = 20
    classes[:, 33:35] = CLASS_NAMES.index("crack")
    chip = Chip(
        source="uav75",
        split=Split.TRAIN,
        group="g",
        name="n",
        rgb=rgb,
        classes=classes,
        gsd_mm_per_px=None,
    )

    def brightness_of_label(slack_px: int) -> float:
        recipe = replace(
            config, sampling={"uav75": 1.0}, label_slack_px={"uav75": slack_px}, chip_px=64
        )
        images, labels = BatchSource([chip], recipe).draw(3)
        return float(images.mean(dim=1)[labels == CLASS_NAMES.index("crack")].mean())

    assert brightness_of_label(4) < 0.5 * brightness_of_label(0)


@pytest.mark.parametrize("cores", [{0}, {0, 1, 5}])
def test_torch_gets_the_cores_that_the_process_may_use(
    monkeypatch: pytest.MonkeyPatch, cores: set[int]
) -> None:
    before = torch.get_num_threads()
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: cores, raising=False)
    try:
        use_all_cores()
        assert torch.get_num_threads() == len(cores)
    finally:
        torch.set_num_threads(before)
