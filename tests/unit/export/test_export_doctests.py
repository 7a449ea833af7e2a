"""The examples in the docstrings of exports, records and figures hold."""

import doctest
import importlib
import pkgutil

import pytest

from inspection import export

MODULES = [f"inspection.export.{module.name}" for module in pkgutil.iter_modules(export.__path__)]
OTHERS = [
    "api.commands.release_words",
    "inspection.codelists.findings",
    "inspection.imaging.burn",
    "inspection.pipeline.approve",
    "inspection.pipeline.recordfile",
]


@pytest.mark.parametrize("name", [*MODULES, *OTHERS])
def test_doctests_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
