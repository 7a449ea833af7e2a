"""Options and checks that several commands of ``tenken models`` share."""

import os
from pathlib import Path

import click

from inspection.errors import Unavailable
from models.registry import DEFAULT_MODEL
from models.training.config import CONFIGS_DIR

config_option = click.option(
    "--config",
    "config_path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=CONFIGS_DIR / f"{DEFAULT_MODEL}.yaml",
    help="Training configuration; by default that of the shipped model.",
)

sets_option = click.option(
    "--set",
    "sets",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="YAML file of a set of your own whose val images judge too; may be given again.",
)


def require_training_libraries() -> None:
    """Check that the extra ``ml`` is installed, and make OpenMP threads sleep while they wait.

    Spinning threads burn the time slices of whoever shares the machine, and with more work than
    cores they more than double the time of a training step.

    Raises:
        Unavailable: torch cannot be imported.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        import torch  # noqa: F401, PLC0415  # only commands that train need it
    except ImportError as error:
        raise Unavailable("training needs torch: pip install 'tenken[ml]'") from error


def say(line: str) -> None:
    """Tell a person how far the work is, beside what a program reads."""
    click.echo(line, err=True)
