"""Keep what changes while a network is trained, so that a killed run can go on."""

import copy
import pickle
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from inspection.errors import BadInput, Broken, NotFound
from models.config import TrainConfig
from models.network import HEAD_INPUT_LAYER, build_network

CHECKPOINT_NAME = "checkpoint.pt"

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
        unshippable: Sources it learned from that forbid shipping the weights.
    """

    network: nn.Module
    average: nn.Module
    optimizer: torch.optim.Optimizer
    step: int = 0
    elapsed_s: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)
    unshippable: tuple[str, ...] = ()


def make_optimizer(network: nn.Module, config: TrainConfig) -> torch.optim.Optimizer:
    """Return AdamW with two rates, and no decay on biases and normalisation."""
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        fresh = int(name.split(".")[1]) >= HEAD_INPUT_LAYER
        groups.setdefault((fresh, parameter.ndim > 1), []).append(parameter)
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
    state.unshippable = tuple(sorted({*state.unshippable, *saved.get("unshippable", ())}))
    return len(fitting)


def save_state(state: TrainState, config: TrainConfig, path: Path) -> None:
    """Write the state under a temporary name, then rename it."""
    part = path.with_suffix(".part")
    torch.save(
        {
            "config": {name: getattr(config, name) for name in config.__slots__},
            "network": state.network.state_dict(),
            "average": state.average.state_dict(),
            "optimizer": state.optimizer.state_dict(),
            "step": state.step,
            "elapsed_s": state.elapsed_s,
            "history": state.history,
            "unshippable": list(state.unshippable),
        },
        part,
    )
    part.replace(path)


def load_state(config: TrainConfig, path: Path) -> TrainState:
    """Return the state that ``save_state`` wrote.

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
    network = build_network(config.architecture, config.classes)
    network.load_state_dict(saved["network"])
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub
    average = copy.deepcopy(network)
    average.load_state_dict(saved["average"])
    optimizer = make_optimizer(network, config)
    optimizer.load_state_dict(saved["optimizer"])
    return TrainState(
        network=network,
        average=average.eval().requires_grad_(False),
        optimizer=optimizer,
        step=saved["step"],
        elapsed_s=saved["elapsed_s"],
        history=saved["history"],
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
