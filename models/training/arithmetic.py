"""Choose the arithmetic of training that the processor is good at."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar

import torch

from models.training.config import RunConfig

Config = TypeVar("Config", bound=RunConfig)

HAS_BF16: Final = ("avx512_bf16", "amx_bf16", "bf16")
"""What torch calls bfloat16 in silicon, on x86 and on ARM."""


def computes_bf16() -> bool:
    """Tell whether the processor multiplies bfloat16 itself.

    Where it does not, torch emulates: a training step took 5.0 s instead of 0.76 s in float32 on
    two cores with AVX2. Releases of torch that cannot tell are taken for not having it.
    """
    tell = getattr(torch.cpu, "get_capabilities", dict)
    able: Mapping[str, Any] = tell()
    return any(able.get(name, False) for name in HAS_BF16)


def for_this_processor(config: Config, report: Callable[[str], None]) -> Config:
    """Return a configuration with bf16 replaced by f32 where bf16 would only be slower."""
    if config.precision != "bf16" or computes_bf16():
        return config
    report("this processor has no bf16: training in f32, as exact and here faster")
    return replace(config, precision="f32")
