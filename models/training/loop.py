"""Train a network of any form step by step: one loop, whatever it learns.

Ultralytics' trainer refuses mixed precision on a CPU and resets torch to one thread on a two-core
machine; this loop is resumable, ends on a schedule or on a wall clock, and keeps averaged weights.
What a batch is and what a step costs is told by the form: ``models.training.train`` for pixels,
``models.boxes.train`` for boxes.
"""

import copy
import json
import math
import os
import pickle
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Protocol, TypeVar

import cv2
import numpy as np
import torch
from torch import nn

from inspection.errors import BadInput, Broken, NotFound
from models.training.config import RunConfig

Report = Callable[[str], None]
Batch = TypeVar("Batch")
Batch_co = TypeVar("Batch_co", covariant=True)
CHECKPOINT_NAME = "checkpoint.pt"
LOG_NAME = "log.jsonl"
UNFOLD_BATCHES = 24
LEAST_FITTING = 0.5
"""Share of a network's tensors that another run must have for it to be a beginning."""

DAMAGED = (
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    pickle.UnpicklingError,
    struct.error,
)
"""What torch raises when it reads a file that is not whole."""


@dataclass(slots=True, kw_only=True)
class TrainState:
    """Hold what changes while training runs, so that a killed run can go on.

    Attributes:
        network: Weights being trained.
        average: Exponential average of the weights; this is what is kept.
        optimizer: AdamW with its moments.
        step: Steps done.
        elapsed_s: Seconds trained, over all runs.
        history: One row each logged step.
        begun_with: What it began with instead of the start weights: architecture, steps and
            minutes of the other runs, the earliest first.
        unshippable: Sources it learned from that forbid shipping the weights.
    """

    network: nn.Module
    average: nn.Module
    optimizer: torch.optim.Optimizer
    step: int = 0
    elapsed_s: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)
    begun_with: tuple[str, ...] = ()
    unshippable: tuple[str, ...] = ()


class Batches(Protocol[Batch_co]):
    """Draw the batch of a step; the step alone decides it, so that a resumed run sees the same."""

    def draw(self, step: int) -> Batch_co:
        """Return the batch of a step."""
        ...


def to_tensor(rgb: Sequence[np.ndarray[Any, Any]]) -> torch.Tensor:
    """Return images as (n, 3, h, w) float32 in 0..1, channels last in memory."""
    stacked = torch.from_numpy(np.stack(rgb)).permute(0, 3, 1, 2)
    return stacked.float().div_(255).contiguous(memory_format=torch.channels_last)


def use_all_cores() -> None:
    """Give torch every core that is this process's; importing Ultralytics may have cut it.

    With ``taskset`` two runs share a machine, a core each, and neither waits for the other.
    """
    allowed = getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))
    torch.set_num_threads(len(allowed(0)))
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


def group_parameters(
    network: nn.Module, config: RunConfig, is_fresh: Callable[[str], bool]
) -> torch.optim.Optimizer:
    """Return AdamW with two rates, and no decay on biases and normalisation.

    Args:
        network: What is trained.
        config: Says the rates.
        is_fresh: Tells by its name whether a parameter begins without start weights.
    """
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        groups.setdefault((is_fresh(name), parameter.ndim > 1), []).append(parameter)
    return torch.optim.AdamW(
        [
            {
                "params": parameters,
                "peak": config.rate if fresh else config.start_rate,
                "weight_decay": config.weight_decay if decays else 0.0,
            }
            for (fresh, decays), parameters in groups.items()
        ],
        lr=config.rate,
    )


def first_state(
    network: nn.Module, make_optimizer: Callable[[nn.Module], torch.optim.Optimizer]
) -> TrainState:
    """Return the state before the first step of a network that has its start weights."""
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub
    average = copy.deepcopy(network).eval().requires_grad_(False)
    return TrainState(network=network, average=average, optimizer=make_optimizer(network))


def begin_with(state: TrainState, path: Path) -> int:
    """Give a state the averaged weights of another run where names and shapes agree; count them.

    A network with a new head begins where one with another head ended. What that run learned from
    binds this one too.

    Raises:
        NotFound: There is no checkpoint.
        BadInput: Nothing of it fits.
        Broken: The file is damaged.
    """
    if not path.is_file():
        raise NotFound(f"no {path.name} in {path.parent.name} to begin with")
    saved = _read_checkpoint(path)
    own = state.network.state_dict()
    fitting = {
        name: tensor
        for name, tensor in saved["average"].items()
        if name in own and own[name].shape == tensor.shape
    }
    if len(fitting) < LEAST_FITTING * len(own):
        raise BadInput(
            f"only {len(fitting)} of {len(own)} tensors of {path.name} in {path.parent.name} fit "
            "the network; begin with the start weights"
        )
    for network in (state.network, state.average):
        network.load_state_dict(fitting, strict=False)
    state.begun_with = (*saved.get("begun_with", ()), _told(saved))
    state.unshippable = tuple(sorted({*state.unshippable, *saved.get("unshippable", ())}))
    return len(fitting)


def _told(saved: dict[str, Any]) -> str:
    """Say in short what a run was."""
    made, minutes = saved["config"], saved["elapsed_s"] / 60
    return (
        f"{made['architecture']}, {saved['step']} steps of {made['batch']} x {made['chip_px']} px "
        f"in {minutes:.1f} min, seed {made['seed']}"
    )


def save_state(state: TrainState, config: RunConfig, path: Path) -> None:
    """Write the state under a temporary name, then rename it."""
    part = path.with_suffix(".part")
    torch.save(
        {
            "config": {each.name: getattr(config, each.name) for each in fields(config)},
            "network": state.network.state_dict(),
            "average": state.average.state_dict(),
            "optimizer": state.optimizer.state_dict(),
            "step": state.step,
            "elapsed_s": state.elapsed_s,
            "history": state.history,
            "begun_with": list(state.begun_with),
            "unshippable": list(state.unshippable),
        },
        part,
    )
    part.replace(path)


def read_state(
    config: RunConfig,
    path: Path,
    build: Callable[[], nn.Module],
    make_optimizer: Callable[[nn.Module], torch.optim.Optimizer],
) -> TrainState:
    """Return the state that ``save_state`` wrote.

    Args:
        config: What the run is to learn.
        path: The checkpoint.
        build: Makes the network that it was made with.
        make_optimizer: Makes its optimiser.

    Raises:
        NotFound: There is no checkpoint.
        BadInput: The checkpoint belongs to another architecture, or learned other classes.
        Broken: The file is damaged.
    """
    if not path.is_file():
        raise NotFound(f"no {path.name} in {path.parent.name}; run `tenken models train` first")
    saved = _read_checkpoint(path)
    if saved["config"]["architecture"] != config.architecture:
        raise BadInput(f"{path.name} was trained as {saved['config']['architecture']}")
    if tuple(saved["config"]["classes"]) != config.classes:
        learned = ", ".join(saved["config"]["classes"])
        raise BadInput(
            f"{path.name} learned the classes {learned}, not {', '.join(config.classes)}; "
            "train in another folder"
        )
    network = build()
    network.load_state_dict(saved["network"])
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub
    average = copy.deepcopy(network)
    average.load_state_dict(saved["average"])
    optimizer = make_optimizer(network)
    optimizer.load_state_dict(saved["optimizer"])
    return TrainState(
        network=network,
        average=average.eval().requires_grad_(False),
        optimizer=optimizer,
        step=saved["step"],
        elapsed_s=saved["elapsed_s"],
        history=saved["history"],
        begun_with=tuple(saved.get("begun_with", ())),
        unshippable=tuple(saved.get("unshippable", ())),
    )


def _read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint; torch's ways to say that a file is damaged are many."""
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
    except DAMAGED as error:
        told = " ".join(str(error).split())[:200] or "it is empty"
        raise Broken(f"{path.name} in {path.parent.name} is damaged: {told}") from error
    if not isinstance(saved, dict) or not {"config", "network", "average"} <= set(saved):
        raise Broken(f"{path.name} in {path.parent.name} is no checkpoint of `tenken models train`")
    return saved


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


def draw_ahead(batches: Batches[Batch], first_step: int) -> Iterator[Batch]:
    """Yield the batches of a step and all later ones; a thread prepares the next meanwhile."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        step = first_step
        coming = pool.submit(batches.draw, step)
        while True:
            step += 1
            batch, coming = coming.result(), pool.submit(batches.draw, step)
            yield batch


def descend(
    state: TrainState,
    config: RunConfig,
    loss_of: Callable[[nn.Module], torch.Tensor],
    progress: float,
) -> float:
    """Take one optimiser step and return its loss.

    Args:
        state: Changed in place.
        config: Says the schedule.
        loss_of: Gives the loss of the network, in training mode, on the batch of this step.
        progress: Share of the schedule that is done, 0..1.
    """
    factor = rate_factor(progress, state.step, config.warmup_steps)
    for group in state.optimizer.param_groups:
        group["lr"] = group["peak"] * factor
    state.network.train()
    loss = loss_of(state.network)
    state.optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]  # torch's stub
    nn.utils.clip_grad_norm_(state.network.parameters(), 10.0)
    state.optimizer.step()
    update_average(state, config.ema_decay)
    state.step += 1
    return float(loss.detach())


def run(
    state: TrainState,
    config: RunConfig,
    batches: Batches[Batch],
    step: Callable[[TrainState, Batch, float], float],
    *,
    out_dir: Path,
    budget_min: float,
    report: Report,
    log_every: int = 50,
    save_every_s: float = 300.0,
) -> TrainState:
    """Step until the schedule or the budget ends; keep log and checkpoint in a folder.

    The learning rate follows whichever of steps and wall clock is further on, so a run that the
    clock ends has also cooled down.

    Args:
        state: Where to begin.
        config: Says the schedule.
        batches: Draws what is learned from.
        step: Takes a step with a batch at a progress, and returns its loss.
        out_dir: Folder of checkpoint and log.
        budget_min: Minutes of training over all runs of this folder.
        report: Receives one line each ``log_every`` steps.
        log_every: Steps between lines.
        save_every_s: Seconds between checkpoints.

    Returns:
        The last state; its ``average`` is the model.
    """
    use_all_cores()
    checkpoint = out_dir / CHECKPOINT_NAME
    saved_at = time.monotonic()
    for row in _rows(state, config, batches, step, budget_min=budget_min, log_every=log_every):
        report(json.dumps(row))
        with (out_dir / LOG_NAME).open("a", encoding="utf-8") as log:
            log.write(json.dumps(row) + "\n")
        if time.monotonic() - saved_at >= save_every_s:
            save_state(state, config, checkpoint)
            saved_at = time.monotonic()
    save_state(state, config, checkpoint)
    return state


def _rows(
    state: TrainState,
    config: RunConfig,
    batches: Batches[Batch],
    step: Callable[[TrainState, Batch, float], float],
    *,
    budget_min: float,
    log_every: int,
) -> Iterator[dict[str, float]]:
    """Step until the end, yielding a row each ``log_every`` steps and after the last."""
    losses: list[float] = []
    drawn = draw_ahead(batches, state.step)
    while state.step < config.steps and state.elapsed_s < 60 * budget_min:
        began = time.monotonic()
        progress = max(state.step / config.steps, state.elapsed_s / (60 * budget_min))
        losses.append(step(state, next(drawn), progress))
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
