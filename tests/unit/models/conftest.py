"""What the tests of training and judgement share: small sets and a small training run."""

import os
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch: spinning threads starve others
os.environ.setdefault("OMP_NUM_THREADS", "1")  # two files run side by side: a core each

import pytest

from models.registry import DEFAULT_MODEL
from models.training.config import CONFIGS_DIR, TrainConfig, read_config
from tests.support.tiny_sets import write_tiny_sets


@pytest.fixture(autouse=True)
def one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let training take one core: threads of two test files would wait for each other."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0}, raising=False)


@pytest.fixture(scope="session")
def tiny_sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with a few images of every source; tests only read it."""
    return write_tiny_sets(tmp_path_factory.mktemp("sets"))


@pytest.fixture(scope="session")
def config() -> TrainConfig:
    """Return the shipped configuration, cut down to a few steps on 32 px chips."""
    shipped = read_config(CONFIGS_DIR / f"{DEFAULT_MODEL}.yaml")
    return replace(
        shipped,
        name="tiny",
        architecture="yolo26n-sem-s4",
        precision="f32",
        chip_px=32,
        batch=2,
        steps=4,
        warmup_steps=1,
        sampling={"uav75": 0.5, "procedural": 0.5},
        thresholds_from=(),
        label_slack_px={},
    )
