"""The small published sets that the tests of this folder read."""

from pathlib import Path

import pytest

from tests.support.tiny_sets import write_tiny_sets


@pytest.fixture
def tiny_sets(tmp_path: Path) -> Path:
    """Return a data folder with a few images of every source that has a reader."""
    return write_tiny_sets(tmp_path / "sets")
