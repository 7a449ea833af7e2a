"""A run is killed, a disk fills up, a file is copied half: going on works or says why not."""

import copy
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from inspection.errors import BadInput, Broken, NotFound
from models.training.config import TrainConfig
from models.training.loop import CHECKPOINT_NAME, TrainState, rate_factor, save_state
from models.training.network import build_network
from models.training.train import (
    PIXEL_FORM,
    BatchSource,
)
from tests.support.spoken import run_tenken


@pytest.fixture(scope="module")
def state(config: TrainConfig) -> TrainState:
    torch.manual_seed(1)
    network = build_network(config.architecture, config.classes)
    average = copy.deepcopy(network).eval().requires_grad_(False)
    return TrainState(
        network=network,
        average=average,
        optimizer=PIXEL_FORM.optimizer(network, config),
        step=7,
        elapsed_s=3.5,
        unshippable=("deepcrack",),
    )


@pytest.fixture(scope="module")
def whole(
    state: TrainState, config: TrainConfig, tmp_path_factory: pytest.TempPathFactory
) -> bytes:
    path = tmp_path_factory.mktemp("run") / CHECKPOINT_NAME
    save_state(state, config, path)
    return path.read_bytes()


def test_what_was_saved_comes_back(config: TrainConfig, whole: bytes, tmp_path: Path) -> None:
    (tmp_path / CHECKPOINT_NAME).write_bytes(whole)
    back = PIXEL_FORM.resume(config, tmp_path / CHECKPOINT_NAME)
    assert (back.step, back.elapsed_s, back.unshippable) == (7, 3.5, ("deepcrack",))
    assert not any(parameter.requires_grad for parameter in back.average.parameters())


@pytest.mark.parametrize("share", [0.0, 0.001, 0.2, 0.7, 0.999])
def test_a_half_written_file_is_ours_and_named(
    config: TrainConfig, whole: bytes, tmp_path: Path, share: float
) -> None:
    path = tmp_path / "run-3" / CHECKPOINT_NAME
    path.parent.mkdir()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(Broken, match=r"checkpoint\.pt in run-3 is damaged: .+") as told:
        PIXEL_FORM.resume(config, path)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    "content",
    [b"PK\x03\x04", b"words", b"\x80\x02", pickle.dumps({"config": 1}, 2), b"\0" * 4096],
)
def test_another_file_in_its_place_is_named(
    config: TrainConfig, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / CHECKPOINT_NAME).write_bytes(content)
    with pytest.raises(Broken, match=r"checkpoint\.pt"):
        PIXEL_FORM.resume(config, tmp_path / CHECKPOINT_NAME)


@pytest.mark.parametrize("seed", range(25))
def test_flipped_bytes_are_read_or_named(config: TrainConfig, tmp_path: Path, seed: int) -> None:
    """torch reads a small file of numbers; what is no checkpoint is told, whatever is in it."""
    path = tmp_path / CHECKPOINT_NAME
    torch.save({"a": torch.arange(4), "b": [1, "x", None], "c": {"d": 2.5}}, path)
    content, rng = bytearray(path.read_bytes()), np.random.default_rng(seed)
    for place in rng.integers(60, 500, size=4):
        content[place] = rng.integers(256)
    path.write_bytes(content)
    with pytest.raises(Broken, match=r"checkpoint\.pt"):
        PIXEL_FORM.resume(config, path)


@pytest.mark.parametrize("saved", [[1, 2], {"model": {}}, {"config": {}, "network": {}}])
def test_a_file_of_another_program_is_told(
    config: TrainConfig, tmp_path: Path, saved: object
) -> None:
    torch.save(saved, tmp_path / CHECKPOINT_NAME)
    with pytest.raises(Broken, match="is no checkpoint of `tenken models train`"):
        PIXEL_FORM.resume(config, tmp_path / CHECKPOINT_NAME)


class Planted:
    """Run a command when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (self.trace,))  # type: ignore[return-value]


def test_a_planted_checkpoint_runs_nothing(config: TrainConfig, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    torch.save({"config": Planted(trace)}, tmp_path / CHECKPOINT_NAME)
    with pytest.raises(Broken, match="is damaged"):
        PIXEL_FORM.resume(config, tmp_path / CHECKPOINT_NAME)
    assert not trace.exists()


def test_a_run_goes_on_with_its_own_classes_only(
    config: TrainConfig, whole: bytes, tmp_path: Path
) -> None:
    (tmp_path / CHECKPOINT_NAME).write_bytes(whole)
    fewer = replace(
        config,
        classes=("background", "crack"),
        class_weights={"background": 1.0, "crack": 3.0},
        dice_classes=("crack",),
    )
    with pytest.raises(BadInput, match=r"learned the classes background, crack, .*joint, not ba"):
        PIXEL_FORM.resume(fewer, tmp_path / CHECKPOINT_NAME)


def test_classes_in_another_order_are_another_network(
    config: TrainConfig, whole: bytes, tmp_path: Path
) -> None:
    """The same names in another order would load, and call every crack a joint."""
    (tmp_path / CHECKPOINT_NAME).write_bytes(whole)
    turned = replace(config, classes=("background", *config.classes[:0:-1]))
    with pytest.raises(BadInput, match="train in another folder"):
        PIXEL_FORM.resume(turned, tmp_path / CHECKPOINT_NAME)


def test_saving_again_replaces_the_file_in_one_step(
    state: TrainState, config: TrainConfig, tmp_path: Path
) -> None:
    path = tmp_path / CHECKPOINT_NAME
    path.write_bytes(b"the half of an earlier one")
    path.with_suffix(".part").write_bytes(b"left by a killed run")
    save_state(state, config, path)
    assert PIXEL_FORM.resume(config, path).step == 7
    assert [file.name for file in tmp_path.iterdir()] == [CHECKPOINT_NAME]


def test_an_export_of_a_damaged_run_is_exit_code_5(whole: bytes, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / CHECKPOINT_NAME).write_bytes(whole[:999])
    said = run_tenken(
        *("models", "export", run, "--weights-dir", tmp_path / "w", "--data-dir", tmp_path)
    )
    assert said.code == 5
    assert "checkpoint.pt in run is damaged" in said.err
    assert not (tmp_path / "w").exists()


def test_an_export_of_nothing_is_exit_code_2(tmp_path: Path) -> None:
    said = run_tenken("models", "export", tmp_path, "--data-dir", tmp_path)
    assert said.code == 2
    assert "run `tenken models train` first" in said.err


def test_training_on_a_folder_that_was_not_built_is_exit_code_2(tmp_path: Path) -> None:
    said = run_tenken(
        "models", "train", tmp_path, "--out", tmp_path / "run", "--data-dir", tmp_path
    )
    assert said.code == 2
    assert "run `tenken datasets build` first" in said.err


@pytest.mark.parametrize("minutes", ["0", "-1", "nan", "soon"])
def test_a_budget_that_is_none_is_exit_code_2(tmp_path: Path, minutes: str) -> None:
    said = run_tenken(
        *("models", "train", tmp_path, "--out", tmp_path / "run", "--data-dir", tmp_path),
        *("--budget-min", minutes),
    )
    assert said.code == 2
    assert not (tmp_path / "run" / CHECKPOINT_NAME).exists()


def test_sources_without_chips_are_all_named(config: TrainConfig) -> None:
    with pytest.raises(BadInput, match="no training chips of procedural, uav75; build them first"):
        BatchSource([], config)


def test_an_unknown_architecture_is_not_found(config: TrainConfig) -> None:
    with pytest.raises(NotFound, match=r"no architecture '\.\./x' in models/architectures"):
        build_network("../x", config.classes)


@pytest.mark.parametrize(
    ("progress", "step", "warmup", "factor"),
    [
        (0.0, 0, 100, 0.0),
        (0.0, 25, 100, 0.25),
        (0.0, 100, 100, 1.0),
        (0.0, 5000, 100, 1.0),
        (0.5, 5000, 100, 0.51),
        (1.0, 5000, 100, 0.02),
        (7.0, 5000, 100, 0.02),
        (0.0, 0, 0, 0.0),
        (0.0, 1, 0, 1.0),
    ],
)
def test_golden_rates(progress: float, step: int, warmup: int, factor: float) -> None:
    """0.02 + 0.98 · ½ (1 + cos πp), after a linear warm-up."""
    assert rate_factor(progress, step, warmup) == pytest.approx(factor, abs=1e-12)


def test_the_rate_never_rises_after_the_warm_up() -> None:
    rates = [rate_factor(p / 100, 1000, 100) for p in range(101)]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == pytest.approx(0.02)
