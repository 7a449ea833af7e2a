"""One survey with three cracks, written into a database of either kind."""

import pytest
from sqlalchemy import Engine

from inspection.store.engine import writing
from tests.support.records import Scene, make_scene, save_scene


@pytest.fixture
def scene(engine: Engine) -> Scene:
    """Write an asset, a survey, its mosaic and three defects."""
    made = make_scene()
    with writing(engine) as connection:
        save_scene(connection, made)
    return made
