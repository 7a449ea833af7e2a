"""Every example in a docstring gives what it says."""

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("inspection", "models", "flight", "datasets", "api", "workers")


def modules() -> list[str]:
    """Name the modules whose docstrings have examples."""
    return sorted(
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if "node_modules" not in path.parts and ">>> " in path.read_text(encoding="utf-8")
    )


def test_there_are_examples() -> None:
    assert len(modules()) > 100


@pytest.mark.parametrize("name", modules())
def test_an_example_gives_what_it_says(name: str) -> None:
    done = doctest.testmod(importlib.import_module(name))
    assert done.attempted > 0
    assert done.failed == 0
