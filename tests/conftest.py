"""Fixtures for the whole test suite."""

import os
from pathlib import Path

import pytest

DATA_DIR_VARIABLE = "TENKEN_DATA_DIR"


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Name the folder of the real photos; skip, saying why, where it is absent."""
    default = Path(__file__).resolve().parents[1].parent / "shared" / "data"
    folder = Path(os.environ.get(DATA_DIR_VARIABLE, default))
    if not folder.is_dir():
        pytest.skip(f"no real photos: set {DATA_DIR_VARIABLE} to the folder with 'flights' in it")
    return folder
