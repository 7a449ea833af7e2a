"""Assets, surveys, photos and mosaics come back exactly as they went in, once."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select

from inspection.domain.asset import Asset
from inspection.domain.capture import CapturePose, Photo, Rejection, RejectionReason
from inspection.domain.mission import Surface, SurveyState
from inspection.errors import BadInput, Broken, Conflict, NotFound
from inspection.geo.grid import LOCAL_CRS
from inspection.store import assets, orthomosaics, photos, surveys, tables
from inspection.store.engine import reading, writing
from tests.support.records import (
    NOON,
    Scene,
    digest,
    make_asset,
    make_mosaic,
    make_photo,
    make_survey,
    named,
)

JST = timezone(timedelta(hours=9))

plain = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
number = st.floats(allow_nan=False, allow_infinity=False, width=64)
in_one_database = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
    ],  # upserts share one database
)


@in_one_database
@given(name=plain, attributes=st.dictionaries(plain, st.one_of(plain, number, st.booleans())))
def test_any_asset_comes_back(
    engine: Engine, name: str, attributes: dict[str, str | float | bool]
) -> None:
    asset = Asset(asset_id="橋 1", name=name, attributes=attributes)
    with writing(engine) as connection:
        assets.save(connection, asset)
        assert assets.by_id(connection, "橋 1") == asset
        assert assets.find(connection).total == 1


def test_assets_are_listed_in_pages(engine: Engine) -> None:
    with writing(engine) as connection:
        for n in (3, 1, 2):
            assets.save(connection, make_asset(f"A-{n}"))
    with reading(engine) as connection:
        page = assets.find(connection, limit=2, offset=1)
        assert [asset.asset_id for asset in page.rows] == ["A-2", "A-3"]
        assert page.total == 3
        with pytest.raises(BadInput, match="limit"):
            assets.find(connection, limit=0)
        with pytest.raises(NotFound, match="A-9"):
            assets.by_id(connection, "A-9")


def test_whoever_locks_an_asset_sees_what_the_one_before_wrote(
    scene: Scene, engine: Engine
) -> None:
    """Let writers read, wait and write; without the lock they would all read the same name."""

    def append(_number: int) -> None:
        with writing(engine) as connection:
            assets.lock(connection, scene.asset.asset_id)
            asset = assets.by_id(connection, scene.asset.asset_id)
            time.sleep(0.02)
            assets.save(connection, replace(asset, name=asset.name + "+"))

    with ThreadPoolExecutor(5) as writers:
        list(writers.map(append, range(5)))
    with writing(engine) as connection:
        assert assets.by_id(connection, scene.asset.asset_id).name == scene.asset.name + "+" * 5
        with pytest.raises(NotFound, match="nobody"):
            assets.lock(connection, "nobody")


def test_a_survey_comes_back_with_its_moment_in_utc(engine: Engine) -> None:
    local = NOON.astimezone(JST)
    survey = make_survey(surface=Surface.STRIP, gsd_m_per_px=0.0023, created_at=local)
    with writing(engine) as connection:
        assets.save(connection, make_asset())
        assert surveys.save(connection, survey) == survey
        kept = surveys.by_id(connection, survey.survey_id)
    assert kept == survey
    assert kept.created_at.tzinfo is UTC
    assert kept.created_at.microsecond == 123456


def test_a_survey_that_runs_again_stays_as_it_is(scene: Scene, engine: Engine) -> None:
    later = replace(scene.survey, created_at=NOON + timedelta(days=90))
    with writing(engine) as connection:
        surveys.set_state(connection, scene.survey.survey_id, SurveyState.PROCESSED)
        kept = surveys.save(connection, later)
        assert kept == replace(scene.survey, state=SurveyState.PROCESSED)
        with pytest.raises(Conflict, match="other options"):
            surveys.save(connection, replace(scene.survey, surface=Surface.FACADE))


def test_a_survey_needs_its_asset(engine: Engine) -> None:
    with pytest.raises(Conflict, match="refuses"), writing(engine) as connection:
        surveys.save(connection, make_survey(asset_id="nobody"))


def test_surveys_are_found_newest_first(engine: Engine) -> None:
    made = [make_survey(n) for n in (1, 3, 2)]
    with writing(engine) as connection:
        assets.save(connection, make_asset())
        assets.save(connection, make_asset("other"))
        for survey in [*made, make_survey(9, "other")]:
            surveys.save(connection, survey)
        surveys.set_state(connection, made[0].survey_id, SurveyState.FAILED)
        page = surveys.find(connection, asset_id="ISK-0123", states=[SurveyState.CREATED])
        newest = surveys.find(connection, limit=1)
        named_so = surveys.find(connection, text="OTH", states=[SurveyState.CREATED])
        with pytest.raises(NotFound):
            surveys.set_state(connection, named("nothing"), SurveyState.FAILED)
    assert [survey.survey_id for survey in page.rows] == [made[1].survey_id, made[2].survey_id]
    assert (page.total, newest.total) == (2, 4)
    assert newest.rows[0].asset_id == "other"
    assert [survey.asset_id for survey in named_so.rows] == ["other"]


def test_a_state_that_this_program_does_not_know_is_said(scene: Scene, engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(tables.surveys.update().values(state="sleeping"))
        with pytest.raises(Broken, match=r"'sleeping'.*newer version"):
            surveys.by_id(connection, scene.survey.survey_id)


def _photos_twice(engine: Engine, scene: Scene, taken: list[Photo]) -> tuple[Photo, ...]:
    rejected = [
        Rejection(file="b.jpg", reason=RejectionReason.TRUNCATED, detail="ends after 3 kB"),
        Rejection(file="a.txt", reason=RejectionReason.NOT_AN_IMAGE, detail="text"),
    ]
    for _ in range(2):
        with writing(engine) as connection:
            photos.save(connection, scene.survey.survey_id, taken, rejected)
    with reading(engine) as connection:
        assert photos.rejected(connection, scene.survey.survey_id) == tuple(reversed(rejected))
        return photos.of_survey(connection, scene.survey.survey_id)


def test_photos_come_back_by_name_and_twice_is_once(scene: Scene, engine: Engine) -> None:
    bare = Photo(sha256=digest(3), name="a.jpg", width_px=1, height_px=2)
    taken = [make_photo(2), make_photo(1), bare]
    assert _photos_twice(engine, scene, taken) == (bare, make_photo(1), make_photo(2))
    with reading(engine) as connection:
        one = photos.by_sha256(connection, scene.survey.survey_id, digest(2))
        assert one == make_photo(2)
        with pytest.raises(NotFound, match="no photo"):
            photos.by_sha256(connection, scene.survey.survey_id, digest(9))


def test_the_same_photo_in_two_surveys_is_one_photo(scene: Scene, engine: Engine) -> None:
    second = make_survey(2)
    renamed = make_photo(1, name="other.jpg", quality=None)
    with writing(engine) as connection:
        surveys.save(connection, second)
        photos.save(connection, scene.survey.survey_id, [make_photo(1)])
        photos.save(connection, second.survey_id, [renamed, renamed])
        count = connection.execute(select(func.count()).select_from(tables.photos)).scalar_one()
        assert count == 1
        assert photos.of_survey(connection, second.survey_id) == (renamed,)
        assert photos.of_survey(connection, scene.survey.survey_id) == (make_photo(1),)


@in_one_database
@given(
    lon=st.floats(-180, 180),
    altitude_m=number,
    taken_at=st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(JST)),
)
def test_any_pose_and_moment_come_back(
    engine: Engine, lon: float, altitude_m: float, taken_at: datetime
) -> None:
    survey = make_survey(7)
    photo = make_photo(
        taken_at=taken_at, pose=CapturePose(lon_deg=lon, lat_deg=36.5, altitude_m=altitude_m)
    )
    with writing(engine) as connection:
        assets.save(connection, make_asset())
        surveys.save(connection, survey)
        photos.save(connection, survey.survey_id, [photo])
        assert photos.of_survey(connection, survey.survey_id) == (photo,)


def test_later_steps_reject_photos_too(scene: Scene, engine: Engine) -> None:
    late = Rejection(file="a.jpg", reason=RejectionReason.NOT_REGISTERED, detail="no ties")
    with writing(engine) as connection:
        for _ in range(2):
            photos.reject(connection, scene.survey.survey_id, [late, late])
        assert photos.rejected(connection, scene.survey.survey_id) == (late,)


@pytest.mark.parametrize("crs", ["EPSG:6675", LOCAL_CRS])
def test_a_mosaic_comes_back(scene: Scene, engine: Engine, crs: str) -> None:
    mosaic = make_mosaic(scene.survey, 7, crs)
    with writing(engine) as connection:
        for _ in range(2):
            orthomosaics.save(connection, mosaic)
        latest = orthomosaics.of_survey(connection, scene.survey.survey_id)
        kept = orthomosaics.by_sha256(connection, digest(7))
        count = connection.execute(
            select(func.count()).select_from(tables.orthomosaics)
        ).scalar_one()
    assert count == 2  # the scene has one
    assert latest.sha256 == kept.sha256 == digest(7)
    assert np.array_equal(kept.grid.surface_from_px, mosaic.grid.surface_from_px)
    assert replace(kept, grid=mosaic.grid) == mosaic
    assert kept.grid.crs == crs


def test_the_footprint_of_a_mosaic_is_on_the_earth_or_absent(scene: Scene, engine: Engine) -> None:
    with writing(engine) as connection:
        orthomosaics.save(connection, make_mosaic(scene.survey, 8, LOCAL_CRS))
        c = tables.orthomosaics.c
        rows = connection.execute(select(c.crs, c.footprint_lonlat))
        found = {row.crs: row.footprint_lonlat for row in rows}
    assert found[LOCAL_CRS] is None
    corner = shapely.Point(136.625669, 36.594606)
    assert found["EPSG:6675"].distance(corner) < 1e-5
    assert found["EPSG:6675"].area == pytest.approx(40 * 20 / (111_000 * 89_500), rel=0.02)


def test_a_missing_mosaic_is_not_found(scene: Scene, engine: Engine) -> None:
    with reading(engine) as connection:
        with pytest.raises(NotFound, match="no orthomosaic yet"):
            orthomosaics.of_survey(connection, named("nothing"))
        with pytest.raises(NotFound, match="there is no orthomosaic"):
            orthomosaics.by_sha256(connection, digest(9))
        with pytest.raises(NotFound, match="has no orthomosaic"):
            orthomosaics.of(connection, named("nothing"), scene.mosaic.sha256)


def test_surveys_with_equal_photos_have_each_their_own_mosaic(scene: Scene, engine: Engine) -> None:
    """Equal photos give equal pixels, and the digest alone does not say whose they are."""
    first, second = scene.survey.survey_id, make_survey(2)
    with writing(engine) as connection:
        surveys.save(connection, second)
        orthomosaics.save(connection, replace(scene.mosaic, survey_id=second.survey_id))
        for survey_id in (first, second.survey_id):
            found = orthomosaics.of(connection, survey_id, scene.mosaic.sha256)
            assert (found.survey_id, found.sha256) == (survey_id, scene.mosaic.sha256)
        with pytest.raises(NotFound, match=f"survey {first} has no orthomosaic"):
            orthomosaics.of(connection, first, digest(9))


def test_a_number_that_is_not_json_is_refused(scene: Scene, engine: Engine) -> None:
    mosaic = replace(make_mosaic(scene.survey, 9), facts={"rms_m": float("nan")})
    with pytest.raises(Broken, match="cannot be written"), writing(engine) as connection:
        orthomosaics.save(connection, mosaic)


def test_a_time_without_zone_is_refused(engine: Engine) -> None:
    with pytest.raises(Broken, match="without a zone"), writing(engine) as connection:
        connection.execute(select(tables.jobs).where(tables.jobs.c.due_at < datetime(2026, 1, 1)))
