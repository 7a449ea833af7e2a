"""The examples in the docstrings of formats, link and simulator hold."""

import doctest
import importlib
import pkgutil

import pytest

import flight.formats
import flight.simulator

PACKAGES = (flight.formats, flight.simulator)
MODULES = [
    "flight.command",
    "flight.geodesic",
    "flight.wireitem",
    "flight.commands.simulate",
    *(
        module.name
        for package in PACKAGES
        for module in pkgutil.iter_modules(package.__path__, package.__name__ + ".")
    ),
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples() -> None:
    tried = [doctest.testmod(importlib.import_module(name)).attempted for name in MODULES]
    assert sum(tried) >= 12
