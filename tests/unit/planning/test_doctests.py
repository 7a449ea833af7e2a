"""The examples in the docstrings of the planner's modules are true."""

import doctest
import importlib

import pytest

MODULES = (
    "inspection.domain.ahp",
    "inspection.domain.choicereason",
    "inspection.domain.deterioration",
    "inspection.domain.emergency",
    "inspection.domain.programme",
    "inspection.domain.roadnetwork",
    "inspection.domain.unitcost",
    "inspection.pipeline.weigh",
    "workers.emergency.cli",
    "workers.planner_options",
    "workers.programme.plan",
    "workers.programme.words",
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    found = doctest.testmod(importlib.import_module(name))
    assert found.attempted > 0
    assert found.failed == 0
