"""The examples in the docstrings of the store hold."""

import doctest
from types import ModuleType

import pytest

from inspection.store import driver, job, keys, page, rows, schema, spatial


@pytest.mark.parametrize(
    "module", [driver, job, keys, page, rows, schema, spatial], ids=lambda module: module.__name__
)
def test_examples_hold(module: ModuleType) -> None:
    outcome = doctest.testmod(module)
    assert outcome.failed == 0
    assert outcome.attempted >= 1
