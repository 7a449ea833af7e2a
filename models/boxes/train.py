"""Train the box network: what a step costs, and where a run begins."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from datasets.manifest import Split
from datasets.sources import find_source
from models.boxes.config import BoxConfig
from models.boxes.network import (
    build_box_network,
    head_index,
    load_box_weights,
    unfold_all,
)
from models.boxes.photos import BoxBatches, Targets, photo_files
from models.training.arithmetic import for_this_processor
from models.training.begin import Form
from models.training.loop import Report, TrainState, descend, run

FIRST_SHARE, LAST_SHARE = 0.8, 0.1
"""Weight of the half of the head that answers many times, at the start and at the end."""


BOX_FORM: Form[BoxConfig] = Form(
    build=lambda config: build_box_network(config.architecture, config.classes),
    first_fresh=head_index,
    load=load_box_weights,
    unfold=unfold_all,
)
"""Networks that put boxes around damage in photos of the road ahead."""


def many_share(progress: float) -> float:
    """Return the weight of the half that answers many times; the rest to 1 is the other's.

    Examples:
        >>> many_share(0.0), round(many_share(0.5), 3), round(many_share(1.0), 3)
        (0.8, 0.45, 0.1)
    """
    return FIRST_SHARE + (LAST_SHARE - FIRST_SHARE) * min(1.0, progress)


def box_loss(
    network: nn.Module, images: torch.Tensor, targets: Targets, progress: float, *, half: bool
) -> torch.Tensor:
    """Return the loss of a batch, the mean over its pictures, by Ultralytics' own criterion.

    Args:
        network: In training mode.
        images: (n, 3, h, w) float32.
        targets: What is to be found.
        progress: Share of the schedule that is done, 0..1.
        half: Whether the forward pass is computed in bfloat16; the loss always is in float32.
    """
    from ultralytics.utils.loss import E2ELoss  # noqa: PLC0415  # after models.boxes.network

    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
        answers = network(images)
    criterion = E2ELoss(network)
    criterion.o2m = many_share(progress)
    criterion.o2o = 1 - criterion.o2m
    parts, _ = criterion({name: _exact(part) for name, part in answers.items()}, targets)
    loss: torch.Tensor = parts.sum() / len(images)
    return loss


def _exact(half: dict[str, Any]) -> dict[str, Any]:
    """Return what a half of the head answers in float32."""
    return {
        "boxes": half["boxes"].float(),
        "scores": half["scores"].float(),
        "feats": [level.float() for level in half["feats"]],
    }


def train_step(
    state: TrainState,
    config: BoxConfig,
    batch: tuple[torch.Tensor, Targets],
    progress: float,
) -> float:
    """Take one optimiser step and return its loss."""
    images, targets = batch
    half = config.precision == "bf16"
    return descend(
        state,
        config,
        lambda network: box_loss(network, images, targets, progress, half=half),
        progress,
    )


def train_boxes(
    config: BoxConfig,
    *,
    data_dir: Path,
    start_weights: Path,
    out_dir: Path,
    budget_min: float,
    report: Report = print,
    log_every: int = 50,
    save_every_s: float = 300.0,
) -> TrainState:
    """Train until the schedule or the budget ends, resuming a checkpoint in ``out_dir``.

    Args:
        config: What to train.
        data_dir: Folder of the published sets; photos are read from it as they are.
        start_weights: COCO weights, safetensors.
        out_dir: Folder for checkpoint and log.
        budget_min: Minutes of training over all runs of this folder.
        report: Receives one line each ``log_every`` steps.
        log_every: Steps between lines.
        save_every_s: Seconds between checkpoints.

    Returns:
        The last state; its ``average`` is the model.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    config.check_sources()
    config = for_this_processor(config, report)
    photos = photo_files(config.sampling, config.label_indices, data_dir, Split.TRAIN)
    batches = BoxBatches(photos, config)
    state = BOX_FORM.begin(
        config,
        start_weights=start_weights,
        batches=batches,
        out_dir=out_dir,
        bound=[name for name in config.sampling if not find_source(name).shippable],
        report=report,
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
