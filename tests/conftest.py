"""Fixtures for the whole test suite."""

import gc
import os
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The suite draws the same examples every time, so that a red run is red again for whoever looks
# for the cause; TENKEN_HYPOTHESIS=explore draws new ones, to hunt for faults. How long an example
# takes says how busy the machine is, so no law is broken by it.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("suite", PATIENT, derandomize=True)
settings.register_profile("explore", PATIENT, print_blob=True)
settings.load_profile(os.environ.get("TENKEN_HYPOTHESIS", "suite"))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage among what is collected: it stays to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


DATA_DIR_VARIABLE = "TENKEN_DATA_DIR"


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Name the folder of the real photos; skip, saying why, where it is absent."""
    default = Path(__file__).resolve().parents[1].parent / "shared" / "data"
    folder = Path(os.environ.get(DATA_DIR_VARIABLE, default))
    if not folder.is_dir():
        pytest.skip(f"no real photos: set {DATA_DIR_VARIABLE} to the folder with 'flights' in it")
    return folder
