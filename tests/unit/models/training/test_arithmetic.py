"""bf16 is computed where the processor has it, and nowhere else."""

from dataclasses import replace

import pytest
import torch

from models.training.arithmetic import computes_bf16, for_this_processor
from models.training.config import TrainConfig


def able(monkeypatch: pytest.MonkeyPatch, **capabilities: bool) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)


@pytest.mark.parametrize(
    ("capabilities", "has"),
    [
        ({}, False),
        ({"avx2": True, "avx512_bf16": False}, False),
        ({"avx512_f": True, "avx512_bf16": True}, True),
        ({"amx_bf16": True}, True),
        ({"neon": True, "bf16": True}, True),
    ],
)
def test_processors_tell_what_they_compute(
    monkeypatch: pytest.MonkeyPatch, capabilities: dict[str, bool], *, has: bool
) -> None:
    able(monkeypatch, **capabilities)
    assert computes_bf16() is has


def test_a_torch_that_cannot_tell_computes_in_f32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert not computes_bf16()


@pytest.mark.parametrize("has", [True, False])
def test_bf16_gives_way_and_says_so(
    config: TrainConfig, monkeypatch: pytest.MonkeyPatch, *, has: bool
) -> None:
    able(monkeypatch, avx512_bf16=has)
    told: list[str] = []
    found = for_this_processor(replace(config, precision="bf16"), told.append)
    assert found == replace(config, precision="bf16" if has else "f32")
    assert bool(told) is not has


def test_f32_stays(config: TrainConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    able(monkeypatch)
    told: list[str] = []
    assert for_this_processor(replace(config, precision="f32"), told.append).precision == "f32"
    assert not told
