"""Begin a training run of any form, or go on with it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from torch import nn

from models.registry import ModelEntry
from models.training.config import RunConfig
from models.training.loop import (
    CHECKPOINT_NAME,
    UNFOLD_BATCHES,
    Batches,
    Report,
    TrainState,
    begin_with,
    first_state,
    group_parameters,
    read_state,
)
from models.training.recover import begin_with_model

Config = TypeVar("Config", bound=RunConfig)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form(Generic[Config]):
    """Say what is particular to the networks of a form.

    Attributes:
        build: Makes the network of a configuration.
        first_fresh: Number of the first layer that learns at the rate of the head.
        load: Gives a network its start weights.
        unfold: Gives its folded BatchNorm layers true statistics.
    """

    build: Callable[[Config], nn.Module]
    first_fresh: Callable[[nn.Module], int]
    load: Callable[[nn.Module, Path], int]
    unfold: Callable[[nn.Module, Iterable[torch.Tensor]], int]

    def optimizer(self, network: nn.Module, config: Config) -> torch.optim.Optimizer:
        """Return AdamW with two rates, and no decay on biases and normalisation."""
        first = self.first_fresh(network)
        return group_parameters(network, config, lambda name: int(name.split(".")[1]) >= first)

    def start(
        self, config: Config, weights_path: Path, batches: Batches[tuple[torch.Tensor, Any]]
    ) -> TrainState:
        """Return the state before the first step: start weights, true BatchNorm statistics."""
        torch.manual_seed(config.seed)
        network = self.build(config)
        self.load(network, weights_path)
        self.unfold(network, _images(batches, config.steps))
        return first_state(network, lambda made: self.optimizer(made, config))

    def learn_on(
        self, config: Config, entry: ModelEntry, batches: Batches[tuple[torch.Tensor, Any]]
    ) -> TrainState:
        """Return the state before the first step of a run that goes on from a registered model.

        Raises as ``recover.begin_with_model`` does.
        """
        torch.manual_seed(config.seed)
        state = first_state(self.build(config), lambda made: self.optimizer(made, config))
        begin_with_model(state, entry, _images(batches, config.steps))
        return state

    def resume(self, config: Config, path: Path) -> TrainState:
        """Return the state that a run of this form wrote; raises as ``loop.read_state`` does."""
        return read_state(
            config,
            path,
            lambda: self.build(config),
            lambda network: self.optimizer(network, config),
        )

    def begin(
        self,
        config: Config,
        *,
        start_weights: Path,
        batches: Batches[tuple[torch.Tensor, Any]],
        out_dir: Path,
        bound: Iterable[str],
        report: Report,
        beginning: Path | ModelEntry | None = None,
    ) -> TrainState:
        """Return the state of the run in a folder, or that of a new one.

        Args:
            config: What to train.
            start_weights: COCO weights, safetensors.
            batches: What is learned from.
            out_dir: Folder of checkpoint and log.
            bound: Sources whose licence forbids shipping what was learned.
            report: Hears how it begins.
            beginning: What a new run begins with instead: the checkpoint of another run, or a
                registered model.
        """
        checkpoint = out_dir / CHECKPOINT_NAME
        if checkpoint.is_file():
            state = self.resume(config, checkpoint)
            report(f"resumed at step {state.step}, {state.elapsed_s / 60:.1f} min")
        elif isinstance(beginning, ModelEntry):
            state = self.learn_on(config, beginning, batches)
            report(f"begins with {beginning.name}")
        else:
            state = self.start(config, start_weights, batches)
            if beginning is not None:
                count = begin_with(state, beginning)
                report(f"begins with {count} tensors of {beginning.parent.name}")
        state.unshippable = tuple(sorted({*state.unshippable, *bound}))
        return state


def _images(batches: Batches[tuple[torch.Tensor, Any]], first: int) -> Iterator[torch.Tensor]:
    """Draw pictures of steps that no run takes."""
    return (batches.draw(first + number)[0] for number in range(UNFOLD_BATCHES))
