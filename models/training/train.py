"""Train the semantic network: what a batch of pixels is and what a step costs.

The loop itself is ``models.training.loop``; the network is Ultralytics' model class.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from datasets.augment import augment
from datasets.chips import Chip, read_chips, unshippable_sources
from datasets.classes import IGNORE_INDEX, LABEL_NAMES
from datasets.label_slack import on_the_cracks
from datasets.manifest import Split
from inspection.errors import BadInput
from models.registry import ModelEntry
from models.training.arithmetic import for_this_processor
from models.training.begin import Form
from models.training.config import TrainConfig
from models.training.loop import Report, TrainState, descend, run, to_tensor, use_all_cores
from models.training.losses import segmentation_loss
from models.training.network import (
    HEAD_INPUT_LAYER,
    build_network,
    load_start_weights,
    spread,
    unfold_batch_norm,
)


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


PIXEL_FORM: Form[TrainConfig] = Form(
    build=lambda config: build_network(config.architecture, config.classes),
    first_fresh=lambda _: HEAD_INPUT_LAYER,
    load=load_start_weights,
    unfold=unfold_batch_norm,
)
"""Networks that tell the class of each pixel."""


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

    def loss_of(network: nn.Module) -> torch.Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=config.precision == "bf16"):
            logits, auxiliary = network(images)
        logits, auxiliary = (spread(network, part.float()) for part in (logits, auxiliary))
        return segmentation_loss(logits, auxiliary, classes, weights, dice_classes=dice)

    return descend(state, config, loss_of, progress)


def train(
    config: TrainConfig,
    *,
    chips_dir: Path,
    start_weights: Path,
    out_dir: Path,
    budget_min: float,
    beginning: Path | ModelEntry | None = None,
    report: Report = print,
    log_every: int = 50,
    save_every_s: float = 300.0,
) -> TrainState:
    """Train until the schedule or the budget ends, resuming a checkpoint in ``out_dir``.

    Args:
        config: What to train.
        chips_dir: Folder that ``tenken datasets build`` wrote.
        start_weights: COCO weights, safetensors.
        out_dir: Folder for checkpoint and log.
        budget_min: Minutes of training over all runs of this folder.
        beginning: What a new run begins with: the checkpoint of another run, or a registered model.
        report: Receives one line each ``log_every`` steps.
        log_every: Steps between lines.
        save_every_s: Seconds between checkpoints.

    Returns:
        The last state; its ``average`` is the model.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    use_all_cores()
    config = for_this_processor(config, report)
    batches = BatchSource(list(read_chips(chips_dir, Split.TRAIN)), config)
    state = PIXEL_FORM.begin(
        config,
        start_weights=start_weights,
        batches=batches,
        out_dir=out_dir,
        bound=unshippable_sources(chips_dir, config.sampling),
        report=report,
        beginning=beginning,
    )
    return run(
        state,
        config,
        batches,
        lambda now, batch, progress: train_step(now, config, batch, progress),
        out_dir=out_dir,
        budget_min=budget_min,
        report=report,
        log_every=log_every,
        save_every_s=save_every_s,
    )
