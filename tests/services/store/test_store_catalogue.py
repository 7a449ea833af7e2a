"""What map programs ask about everything that is kept."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from inspection.geo.grid import LOCAL_CRS
from inspection.store import (
    catalogue,
    defects,
    observations,
    orthomosaics,
    photos,
    placed,
    surveys,
)
from inspection.store.engine import reading, writing
from inspection.store.search import Search
from tests.support.records import (
    NOON,
    PLANE_CRS,
    Scene,
    digest,
    make_mosaic,
    make_observation,
    make_photo,
    make_survey,
    named,
)


@pytest.fixture
def two_more(scene: Scene, engine: Engine) -> Scene:
    """Add a newer survey of the same place, and one in a local frame."""
    with writing(engine) as connection:
        for number, crs in ((2, PLANE_CRS), (3, LOCAL_CRS)):
            survey = surveys.save(connection, make_survey(number))
            orthomosaics.save(connection, make_mosaic(survey, 200 + number, crs))
        renewed = make_mosaic(make_survey(2), 300)
        orthomosaics.save(connection, renewed)
    return scene


def test_the_newest_mosaic_of_each_survey_has_a_footprint(two_more: Scene, engine: Engine) -> None:
    with reading(engine) as connection:
        found = catalogue.footprints(connection)
        assert [print_.mosaic_sha256 for print_ in found] == [digest(300), digest(101)]
        assert {print_.crs for print_ in found} == {PLANE_CRS}
        assert catalogue.frames(connection) == (PLANE_CRS,)
        west, south, east, north = found[0].outline_lonlat.bounds
        assert catalogue.bounds_lonlat(connection) == (west, south, east, north)
        inside = (west + 1e-5, south + 1e-5, east - 1e-5, north - 1e-5)
        assert catalogue.footprints(connection, bbox_lonlat=inside) == found
        assert catalogue.footprints(connection, bbox_lonlat=(0, 0, 1, 1)) == ()
        assert catalogue.footprints(connection, asset_id="other") == ()
        day_2 = NOON + timedelta(days=2)
        assert catalogue.footprints(connection, created_after=day_2) == found[:1]
        before = catalogue.footprints(connection, created_before=day_2 - timedelta(seconds=1))
        assert before == found[1:]


def test_an_empty_store_is_nowhere(engine: Engine) -> None:
    with reading(engine) as connection:
        assert catalogue.bounds_lonlat(connection) is None
        assert catalogue.frames(connection) == ()
        assert catalogue.photo_counts(connection, []) == {}


def test_photos_and_moments_are_counted(scene: Scene, engine: Engine) -> None:
    later = NOON + timedelta(days=9)
    seen = make_observation(scene.mosaic, 1)
    with writing(engine) as connection:
        photos.save(connection, scene.survey.survey_id, [make_photo(1), make_photo(2)])
        counts = catalogue.photo_counts(connection, [scene.survey.survey_id, named("other")])
        assert counts == {scene.survey.survey_id: 2}
        assert seen == scene.defects[0].latest
        found, _ = placed.find(connection, Search())
        assert dict(zip(found.defect_ids, found.changed_at, strict=True)) == dict.fromkeys(
            [defect.defect_id for defect in scene.defects], NOON
        )
        assert defects.find(connection, updated_after=later).total == 0


def test_observations_are_listed_by_mosaic(scene: Scene, engine: Engine) -> None:
    survey_id = scene.survey.survey_id
    with writing(engine) as connection:
        again = make_mosaic(scene.survey, 7)
        orthomosaics.save(connection, again)
        observations.save(connection, [make_observation(again, 1)])
        old = observations.of_mosaic(connection, survey_id, scene.mosaic.sha256)
        new = observations.of_mosaic(connection, survey_id, digest(7))
        assert old == tuple(defect.latest for defect in scene.defects)
        assert new == (make_observation(again, 1),)
        assert len(observations.of_survey(connection, survey_id)) == 4
        assert observations.of_mosaic(connection, named("other"), digest(7)) == ()
