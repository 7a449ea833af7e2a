"""Train the semantic network: a short loop of our own over Ultralytics' model class.

Ultralytics' trainer refuses mixed precision on a CPU and resets torch to one thread on a two-core
machine; this loop is resumable, ends on a schedule or on a wall clock, and keeps averaged weights.
"""

import copy
import json
import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import nn

from datasets.augment import augment
from datasets.chips import Chip, read_chips, unshippable_sources
from datasets.classes import IGNORE_INDEX, LABEL_NAMES
from datasets.label_slack import on_the_cracks
from datasets.manifest import Split
from inspection.errors import BadInput
from models.checkpoint import (
    CHECKPOINT_NAME,
    TrainState,
    begin_with,
    load_state,
    make_optimizer,
    save_state,
)
from models.config import TrainConfig
from models.losses import segmentation_loss
from models.network import build_network, load_start_weights, spread, unfold_batch_norm

Report = Callable[[str], None]
LOG_NAME = "log.jsonl"
UNFOLD_BATCHES = 24


def to_tensor(rgb: Sequence[np.ndarray[Any, Any]]) -> torch.Tensor:
    """Return images as (n, 3, h, w) float32 in 0..1, channels last in memory."""
    stacked = torch.from_numpy(np.stack(rgb)).permute(0, 3, 1, 2)
    return stacked.float().div_(255).contiguous(memory_format=torch.channels_last)


def output_table(classes: Sequence[str]) -> np.ndarray[Any, Any]:
    """Return the network's output for each label index, (256,) uint8; ``IGNORE_INDEX`` for none.

    A class that the network does not learn is undecided, not background: it is damage all the same.
    """
    table = np.full(256, IGNORE_INDEX, dtype=np.uint8)
    for output, name in enumerate(classes):
        table[LABEL_NAMES.index(name)] = output
    return table


class BatchSource:
    """Draw batches: a source by its share, a chip of it at random, a random view of the chip."""

    def __init__(self, chips: Sequence[Chip], config: TrainConfig) -> None:
        self._config = config
        self._by_source: dict[str, list[Chip]] = {}
        for chip in chips:
            slack_px = config.label_slack_px.get(chip.source, 0)
            self._by_source.setdefault(chip.source, []).append(on_the_cracks(chip, slack_px))
        missing = sorted(set(config.sampling) - set(self._by_source))
        if missing:
            raise BadInput(f"no training chips of {', '.join(missing)}; build them first")
        shares = np.array(list(config.sampling.values()), dtype=np.float64)
        self._names = list(config.sampling)
        self._outputs = output_table(config.classes)
        self._shares = shares / shares.sum()

    def draw(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the batch of a step: (n, 3, s, s) float32 and (n, s, s) int64.

        The seed and the step alone decide it, so a resumed run sees what an unbroken one sees.
        """
        rng = np.random.default_rng((self._config.seed, step))
        images, labels = [], []
        for name in rng.choice(self._names, self._config.batch, p=self._shares):
            pool = self._by_source[str(name)]
            chip = pool[int(rng.integers(len(pool)))]
            rgb, classes = augment(rng, chip.rgb, chip.classes, self._config.chip_px)
            images.append(rgb)
            labels.append(self._outputs[classes])
        return to_tensor(images), torch.from_numpy(np.stack(labels)).long()


def use_all_cores() -> None:
    """Give torch every core again; importing or building Ultralytics models may have cut it."""
    torch.set_num_threads(os.cpu_count() or 1)
    cv2.setNumThreads(1)


def rate_factor(progress: float, step: int, warmup_steps: int) -> float:
    """Return the share of the peak learning rate: linear warm-up, then half a cosine to 2 %.

    Examples:
        >>> rate_factor(0.0, 50, 100)
        0.5
        >>> round(rate_factor(1.0, 9000, 100), 3)
        0.02
    """
    warmup = min(1.0, step / max(1, warmup_steps))
    return warmup * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress))))


def start_state(config: TrainConfig, weights_path: Path, batches: BatchSource) -> TrainState:
    """Return the state before the first step: start weights, true BatchNorm statistics."""
    torch.manual_seed(config.seed)
    network = build_network(config.architecture, config.classes)
    load_start_weights(network, weights_path)
    unfold_batch_norm(network, (batches.draw(config.steps + i)[0] for i in range(UNFOLD_BATCHES)))
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub
    average = copy.deepcopy(network).eval().requires_grad_(False)
    return TrainState(network=network, average=average, optimizer=make_optimizer(network, config))


def update_average(state: TrainState, decay: float) -> None:
    """Move the averaged weights towards the network's, faster in the first steps."""
    share = 1 - decay * (1 - math.exp(-(state.step + 1) / 300))
    current = state.network.state_dict()
    with torch.no_grad():
        for name, value in state.average.state_dict().items():
            if value.dtype.is_floating_point:
                value.lerp_(current[name], share)
            else:
                value.copy_(current[name])


def draw_ahead(
    batches: BatchSource, first_step: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield the batches of a step and all later ones; a thread prepares the next meanwhile."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        step = first_step
        coming = pool.submit(batches.draw, step)
        while True:
            step += 1
            batch, coming = coming.result(), pool.submit(batches.draw, step)
            yield batch


def train_step(
    state: TrainState,
    config: TrainConfig,
    batch: tuple[torch.Tensor, torch.Tensor],
    progress: float,
) -> float:
    """Take one optimiser step and return its loss."""
    images, classes = batch
    weights = torch.tensor([config.class_weights[name] for name in config.classes])
    dice = tuple(config.classes.index(name) for name in config.dice_classes)
    factor = rate_factor(progress, state.step, config.warmup_steps)
    for group in state.optimizer.param_groups:
        group["lr"] = group["peak"] * factor
    state.network.train()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=config.precision == "bf16"):
        logits, auxiliary = state.network(images)
    logits, auxiliary = (spread(state.network, part.float()) for part in (logits, auxiliary))
    loss = segmentation_loss(logits, auxiliary, classes, weights, dice_classes=dice)
    state.optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]  # torch's stub
    nn.utils.clip_grad_norm_(state.network.parameters(), 10.0)
    state.optimizer.step()
    update_average(state, config.ema_decay)
    state.step += 1
    return float(loss.detach())


def train(
    config: TrainConfig,
    *,
    chips_dir: Path,
    start_weights: Path,
    out_dir: Path,
    budget_min: float,
    beginning: Path | None = None,
    report: Report = print,
    log_every: int = 50,
    save_every_s: float = 300.0,
) -> TrainState:
    """Train until the schedule or the budget ends, resuming a checkpoint in ``out_dir``.

    The learning rate follows whichever of steps and wall clock is further on, so a run that the
    clock ends has also cooled down.

    Args:
        config: What to train.
        chips_dir: Folder that ``tenken datasets build`` wrote.
        start_weights: COCO weights, safetensors.
        out_dir: Folder for checkpoint and log.
        budget_min: Minutes of training over all runs of this folder.
        beginning: Checkpoint of another run whose weights a new run begins with.
        report: Receives one line each ``log_every`` steps.
        log_every: Steps between lines.
        save_every_s: Seconds between checkpoints.

    Returns:
        The last state; its ``average`` is the model.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    checkpoint = out_dir / CHECKPOINT_NAME
    use_all_cores()
    batches = BatchSource(list(read_chips(chips_dir, Split.TRAIN)), config)
    if checkpoint.is_file():
        state = load_state(config, checkpoint)
        report(f"resumed at step {state.step}, {state.elapsed_s / 60:.1f} min")
    else:
        state = start_state(config, start_weights, batches)
        if beginning is not None:
            report(f"begins with {begin_with(state, beginning)} tensors of {beginning.parent.name}")
    bound = unshippable_sources(chips_dir, config.sampling)
    state.unshippable = tuple(sorted({*state.unshippable, *bound}))
    use_all_cores()
    saved_at = time.monotonic()
    for row in _run(state, config, batches, budget_min, log_every):
        report(json.dumps(row))
        with (out_dir / LOG_NAME).open("a", encoding="utf-8") as log:
            log.write(json.dumps(row) + "\n")
        if time.monotonic() - saved_at >= save_every_s:
            save_state(state, config, checkpoint)
            saved_at = time.monotonic()
    save_state(state, config, checkpoint)
    return state


def _run(
    state: TrainState,
    config: TrainConfig,
    batches: BatchSource,
    budget_min: float,
    log_every: int,
) -> Iterator[dict[str, float]]:
    """Step until the end, yielding a row each ``log_every`` steps and after the last."""
    losses: list[float] = []
    drawn = draw_ahead(batches, state.step)
    while state.step < config.steps and state.elapsed_s < 60 * budget_min:
        began = time.monotonic()
        progress = max(state.step / config.steps, state.elapsed_s / (60 * budget_min))
        losses.append(train_step(state, config, next(drawn), progress))
        state.elapsed_s += time.monotonic() - began
        if state.step % log_every == 0 or state.step == config.steps:
            row = {
                "step": float(state.step),
                "minutes": round(state.elapsed_s / 60, 2),
                "loss": round(sum(losses) / len(losses), 4),
                "progress": round(progress, 4),
            }
            losses.clear()
            state.history.append(row)
            yield row
