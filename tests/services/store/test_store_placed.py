"""Defects for a map, read by columns: the same as the whole objects say, on both engines."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import shapely
from sqlalchemy import Connection, Engine, update

from api.crs import CRS84, EPSG_URI
from api.features import defect_features
from inspection.domain.defect import Defect, ReviewState
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput, Broken, NotFound
from inspection.store import defects, placed, surveys
from inspection.store import tables as t
from inspection.store.engine import reading, writing
from inspection.store.page import LIMIT_MAX
from inspection.store.search import Search
from tests.support.feature_truth import all_ids, plain_text, true_feature, true_features
from tests.support.records import EAST_M, NOON, NORTH_M, Scene, make_survey, named
from tests.support.varied_scene import FRAMES, save_varied

EARTH = (-180.0, -90.0, 180.0, 90.0)
PLANE, UTM = EPSG_URI + FRAMES[0].removeprefix("EPSG:"), EPSG_URI + FRAMES[1].removeprefix("EPSG:")
URIS = (CRS84, PLANE, UTM, EPSG_URI + "4326")
COUNT = 60


@pytest.fixture
def varied(engine: Engine) -> tuple[Defect, ...]:
    """Write defects of every make; one has been superseded."""
    with writing(engine) as connection:
        made = save_varied(connection, count=COUNT)
        gone = t.defects.c.defect_id == made[7].defect_id
        connection.execute(update(t.defects).where(gone).values(state="superseded"))
    return made


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with reading(engine) as opened:
        yield opened


def searches(found: tuple[Defect, ...]) -> list[Search]:
    """Ask for everything, for parts by every filter, and for nothing."""
    far = make_survey(2).survey_id
    first = found[0].latest
    changed = {
        "updated_after": NOON + timedelta(hours=2),
        "updated_before": NOON + timedelta(days=60),
    }
    return [
        Search(bbox_lonlat=EARTH),
        Search(bbox_lonlat=(136.62, 36.59, 136.63, 36.60)),
        Search(bbox_surface=(EAST_M, NORTH_M, EAST_M + 20, NORTH_M + 20), surface_crs=FRAMES[0]),
        Search(bbox_lonlat=EARTH, classes=[DamageClass.SPALL, DamageClass.RUST_STAIN]),
        Search(bbox_lonlat=EARTH, states=[ReviewState.CONFIRMED, ReviewState.SUPERSEDED]),
        Search(bbox_lonlat=EARTH, survey_id=far),
        Search(bbox_lonlat=EARTH, asset_id=found[0].asset_id, **changed),
        Search(bbox_lonlat=EARTH, asset_id="nobody's"),
        Search(bbox_lonlat=(0.0, 0.0, 1e-6, 1e-6), survey_id=first.survey_id),
    ]


def test_every_feature_is_written_as_the_whole_object_would_be(
    varied: tuple[Defect, ...], connection: Connection
) -> None:
    everything = Search(bbox_lonlat=EARTH)
    for uri in URIS:
        found, matched = placed.find(connection, everything, limit=LIMIT_MAX)
        wanted = [
            plain_text(one) for one in true_features(connection, uri, everything, limit=LIMIT_MAX)
        ]
        assert defect_features(found, uri) == wanted
        assert matched == len(wanted) > COUNT / 2
        # numbers that most writers write otherwise, north first
        assert any("[0.0,2e-05]" in one for one in wanted) is (uri == PLANE)
    local = 0
    for defect_id in all_ids(connection)[::3]:
        one, whole = placed.by_id(connection, defect_id), defects.by_id(connection, defect_id)
        assert one.anchors_lonlat == [whole.latest.anchor_lonlat]
        assert shapely.equals_exact(one.outlines_surface_m, whole.latest.outline_surface_m).all()
        if whole.latest.anchor_lonlat is None:
            local += 1
        else:
            true = true_feature(connection, whole, PLANE)
            assert defect_features(one, PLANE) == [plain_text(true)]
    assert local > 2
    with pytest.raises(NotFound, match="there is no defect"):
        placed.by_id(connection, named("nobody"))


def test_every_filter_finds_the_same_in_the_same_order(
    varied: tuple[Defect, ...], connection: Connection
) -> None:
    sizes = []
    for wanted in searches(varied):
        found, matched = placed.find(connection, wanted, limit=LIMIT_MAX)
        true = true_features(connection, UTM, wanted, limit=LIMIT_MAX)
        assert defect_features(found, UTM) == [plain_text(one) for one in true]
        assert matched == len(found) == len(true)
        sizes.append(matched)
    assert len(set(sizes)) >= 6 and sizes[-2:] == [0, 0]


def test_pages_lose_nothing_and_each_knows_how_many_there_are(
    varied: tuple[Defect, ...], connection: Connection
) -> None:
    wanted = Search(bbox_lonlat=EARTH, classes=[DamageClass.CRACK])
    whole, matched = placed.find(connection, wanted, limit=LIMIT_MAX)
    limit, shown = matched // 3, list[Any]()
    for offset in range(0, matched + 1, limit):
        page, counted = placed.find(connection, wanted, limit=limit, offset=offset)
        assert (len(page), counted) == (max(0, min(limit, matched - offset)), matched)
        shown += page.defect_ids
    assert shown == list(whole.defect_ids)
    for limit, offset, there in (
        # a page that is just full, and none behind it; one that lies far beyond
        (matched - 1, 0, matched - 1),
        (matched, 0, matched),
        (matched + 1, 0, matched),
        (7, matched - 7, 7),
        (7, matched, 0),
        (7, matched + 99, 0),
    ):
        page, counted = placed.find(connection, wanted, limit=limit, offset=offset)
        assert (len(page), counted) == (there, matched)
        listed = defects.find(
            connection, bbox_lonlat=EARTH, classes=wanted.classes, limit=limit, offset=offset
        )
        assert (len(listed.rows), listed.total) == (there, matched)


def test_a_window_that_is_none_is_refused(scene: Scene, connection: Connection) -> None:
    for window in ({"limit": 0}, {"limit": LIMIT_MAX + 1}, {"offset": -1}):
        with pytest.raises(BadInput, match="must be"):
            placed.find(connection, Search(), **window)
    with pytest.raises(BadInput, match="needs a time zone"):
        placed.find(connection, Search(updated_after=NOON.replace(tzinfo=None)))
    assert len(placed.find(connection, Search(asset_id=scene.asset.asset_id))[0]) == 3


def test_a_code_that_this_program_does_not_know_is_told(engine: Engine, scene: Scene) -> None:
    one = t.defects.c.defect_id == scene.defects[1].defect_id
    for column, fits in (
        ("state", "candidate"),
        ("damage_class", "crack"),
        ("damage_class_reviewed", None),
    ):
        with writing(engine) as connection:
            connection.execute(update(t.defects).where(one).values({column: "dragon"}))
            with pytest.raises(Broken, match="'dragon'"):
                placed.find(connection, Search())
            connection.execute(update(t.defects).where(one).values({column: fits}))
            assert len(placed.find(connection, Search())[0]) == 3


def test_moments_of_surveys_are_read_in_batches(
    engine: Engine, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surveys, "CHUNK", 2)
    made = [scene.survey, *(make_survey(n) for n in range(20, 25))]
    with writing(engine) as connection:
        for survey in made[1:]:
            surveys.save(connection, survey)
        wanted = {survey.survey_id: survey.created_at for survey in made}
        assert surveys.moments_of(connection, wanted.keys()) == wanted
        assert surveys.moments_of(connection, [named("nobody")]) == {}
