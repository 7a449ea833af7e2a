"""City A never reads or changes what city B has, whatever statement is sent; both engines."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

import inspection.store.ledger_tables as ledger
from inspection.domain.mission import SurveyState
from inspection.domain.review import Action, RejectReason, Verdict
from inspection.errors import Broken, Conflict, NotFound, TenkenError
from inspection.store import (
    assets,
    audit,
    catalogue,
    defects,
    identity_tables,
    jobs,
    observations,
    organisations,
    orthomosaics,
    ownership,
    photos,
    placed,
    reviews,
    sheets,
    steps,
    surveys,
    workorders,
)
from inspection.store import tables as t
from inspection.store.engine import reading, writing
from inspection.store.scope import HOME, Scope, scoped
from inspection.store.search import Search
from inspection.store.tables import metadata
from tests.support.people import add_cities
from tests.support.records import NOON, Scene, make_asset, make_photo, make_survey, named

A, B = "city-a", "city-b"


def scope_of(own: str | None, *more: str) -> Scope:
    seen = frozenset({*more, *([own] if own else [])})
    return Scope(actor="tester", action="test", at=NOON, own=own, visible=seen)


@pytest.fixture
def cities(engine: Engine, scene: Scene) -> Scene:
    """Give the scene to city A."""
    add_cities(engine)
    with writing(engine) as connection:
        organisations.give(connection, A, [scene.survey.asset_id])
        photos.save(connection, scene.survey.survey_id, [make_photo(1)])
        jobs.enqueue(connection, scene.survey.survey_id, "conduct", NOON)
    return scene


def everything(connection: sa.Connection, scene: Scene) -> dict[str, int]:
    """Count what every way of asking finds of the scene."""
    survey_id, asset_id = scene.survey.survey_id, scene.survey.asset_id
    return {
        "assets": assets.find(connection).total,
        "ledger": sheets.find(connection).total,
        "names": len(sheets.all_ids(connection)),
        "surveys": surveys.find(connection).total,
        "surveys of asset": surveys.find(connection, asset_id=asset_id).total,
        "surveys by text": surveys.find(connection, text=asset_id).total,
        "defects": defects.find(connection).total,
        "defects in a box": defects.find(connection, bbox_lonlat=(-180, -90, 180, 90)).total,
        "defects of survey": defects.find(connection, survey_id=survey_id).total,
        "known": len(defects.known(connection, asset_id)),
        "observations": len(observations.of_survey(connection, survey_id)),
        "photos": len(photos.of_survey(connection, survey_id)),
        "counts": len(catalogue.photo_counts(connection, [survey_id])),
        "frames": len(catalogue.frames(connection)),
        "footprints": len(catalogue.footprints(connection)),
        "placed": len(placed.find(connection, Search())[0]),
        "moments": len(surveys.moments_of(connection, [survey_id])),
        "jobs": len(jobs.of_survey(connection, survey_id)),
        "due": len(jobs.due(connection, NOON + timedelta(days=1))),
        "steps": len(steps.of_survey(connection, survey_id)),
    }


def test_the_owner_finds_all_and_the_other_nothing(engine: Engine, cities: Scene) -> None:
    with reading(engine) as connection:
        there = everything(connection, cities)
    assert {name for name, count in there.items() if count == 0} == {"steps"}
    with reading(scoped(engine, scope_of(A))) as connection:
        assert everything(connection, cities) == there
    for stranger in (scope_of(B), scope_of(None), scope_of(HOME)):
        with reading(scoped(engine, stranger)) as connection:
            assert set(everything(connection, cities).values()) == {0}


def test_the_prefecture_sees_its_cities_and_no_city_another(engine: Engine, cities: Scene) -> None:
    with reading(engine) as connection:
        assert organisations.seen_by(connection, HOME) == {HOME, A, B}
        assert organisations.seen_by(connection, A) == {A}
        seen = organisations.seen_by(connection, HOME)
    above = scope_of(HOME, *seen)
    with reading(scoped(engine, above)) as connection:
        assert assets.by_id(connection, cities.survey.asset_id)
        assert defects.find(connection).total == 3


READS = [
    lambda c, s: assets.by_id(c, s.survey.asset_id),
    lambda c, s: surveys.by_id(c, s.survey.survey_id),
    lambda c, s: defects.by_id(c, s.defects[0].defect_id),
    lambda c, s: orthomosaics.of_survey(c, s.survey.survey_id),
    lambda c, s: orthomosaics.by_sha256(c, s.mosaic.sha256),
    lambda c, s: orthomosaics.of(c, s.survey.survey_id, s.mosaic.sha256),
    lambda c, s: photos.by_sha256(c, s.survey.survey_id, make_photo(1).sha256),
    lambda c, s: assets.lock(c, s.survey.asset_id),
    lambda c, s: jobs.enqueue(c, s.survey.survey_id, "conduct", NOON),
    lambda c, s: surveys.set_state(c, s.survey.survey_id, SurveyState.CREATED),
]


def test_what_is_somebody_elses_is_not_there(engine: Engine, cities: Scene) -> None:
    for read in READS:
        with pytest.raises(NotFound), writing(scoped(engine, scope_of(B))) as connection:
            read(connection, cities)


def verdict(scene: Scene, **changes: Any) -> Verdict:
    values: dict[str, Any] = {
        "verdict_id": uuid.uuid4(),
        "defect_id": scene.defects[0].defect_id,
        "action": Action.REJECT,
        "reviewer": "Noto",
        "decided_at": NOON + timedelta(days=9),
        "expected_version": 1,
        "reason": RejectReason.SHADOW,
    }
    return Verdict(**(values | changes))


def test_only_the_owner_decides(engine: Engine, cities: Scene) -> None:
    for stranger in (scope_of(B), scope_of(HOME)):
        with pytest.raises(NotFound), writing(scoped(engine, stranger)) as connection:
            reviews.record(connection, verdict(cities))
    with writing(scoped(engine, scope_of(A))) as connection:
        assert reviews.record(connection, verdict(cities)).version == 2
    with reading(engine) as connection:
        subjects = [event.subject for event in audit.find(connection)]
    first = cities.defects[0].defect_id
    assert subjects[0] == f"defects {first}" and subjects[1].startswith("reviews ")
    assert len(subjects) == 2


def test_what_an_organisation_sees_below_it_does_not_change(engine: Engine, cities: Scene) -> None:
    """Even a transaction that sees the city's rows changes only those of its own organisation."""
    above = Scope(actor="t", action="t", at=NOON, own=HOME, visible=frozenset({HOME, A, B}))
    with writing(scoped(engine, above)) as connection:
        changed = connection.execute(sa.update(t.surveys).values(state="processed"))
        assert changed.rowcount == 0
        removed = connection.execute(sa.delete(t.rejections))
        assert removed.rowcount == 0
    with pytest.raises(Conflict), writing(scoped(engine, above)) as connection:
        reviews.record(connection, verdict(cities))


def rows_of(engine: Engine, table: sa.Table) -> list[Any]:
    with reading(engine) as connection:
        return list(connection.execute(sa.select(table)).all())


WRITES = [
    lambda c, s: assets.save(c, make_asset(s.survey.asset_id)),
    lambda c, s: surveys.save(c, make_survey(7, s.survey.asset_id)),
    lambda c, s: surveys.save(c, s.survey),
    lambda c, s: photos.save(c, s.survey.survey_id, [make_photo(2)]),
    lambda c, s: orthomosaics.save(c, s.mosaic),
    lambda c, s: defects.save(c, s.defects, now=NOON),
]


def test_nothing_is_written_over_or_under_somebody_elses(engine: Engine, cities: Scene) -> None:
    kept = {name: rows_of(engine, metadata.tables[name]) for name in ownership.OWNED}
    for write in WRITES:
        with pytest.raises(TenkenError), writing(scoped(engine, scope_of(B))) as connection:
            write(connection, cities)
    assert kept == {name: rows_of(engine, metadata.tables[name]) for name in ownership.OWNED}


def test_new_rows_belong_to_whoever_makes_them(engine: Engine, cities: Scene) -> None:
    with writing(scoped(engine, scope_of(B))) as connection:
        assets.save(connection, make_asset("b-1"))
        surveys.save(connection, make_survey(1, "b-1"))
        assert surveys.find(connection).total == 1
    with reading(scoped(engine, scope_of(A))) as connection:
        assert surveys.find(connection).total == 1
        with pytest.raises(NotFound):
            assets.by_id(connection, "b-1")
    with writing(engine) as connection:
        assets.save(connection, make_asset("mine"))
        counts = organisations.asset_counts(connection)
    assert counts == {A: 1, B: 1, HOME: 1}


def test_replacing_an_asset_does_not_move_it(engine: Engine, cities: Scene) -> None:
    with writing(engine) as connection:
        assets.save(connection, make_asset(cities.survey.asset_id))
    with reading(engine) as connection:
        assert organisations.asset_counts(connection) == {A: 1}


def test_a_work_list_with_a_line_of_somebody_else_is_not_shown(
    engine: Engine, cities: Scene
) -> None:
    with writing(engine) as connection:
        assets.save(connection, make_asset("b-1"))
        organisations.give(connection, B, ["b-1"])
        for number, ids in enumerate((["b-1"], [cities.survey.asset_id, "b-1"], [])):
            rows = tuple(
                workorders.WorkOrderRow(rank=rank, asset_id=asset_id, score=1.0, reasons={})
                for rank, asset_id in enumerate(ids, 1)
            )
            issued = workorders.WorkList(
                work_list_id=named(number), model="m", issued_at=NOON, parameters={}, rows=rows
            )
            workorders.save(connection, issued)
    for scope, wanted in ((scope_of(A), set()), (scope_of(B), {named(0)})):
        with reading(scoped(engine, scope)) as connection:
            assert {head.work_list_id for head in workorders.find(connection).rows} == wanted


def test_every_table_says_whose_its_rows_are() -> None:
    assert ledger.elements.metadata is metadata and identity_tables.accounts.metadata is metadata
    everybody = {**ownership.SHARED, **ownership.REFERENCE, **ownership.CLOSED}
    told = {*ownership.OWNED, *everybody, ownership.LISTS}
    assert set(metadata.tables) <= told, "say in ownership.py whose the rows of a new table are"
    assert told - set(metadata.tables) == {name for name in ownership.SHARED if "rtree" in name}
    assert all(everybody.values())


def test_each_way_to_an_owner_is_one_of_columns_that_exist(engine: Engine) -> None:
    with reading(scoped(engine, scope_of(A))) as connection:
        for name in ownership.OWNED:
            assert connection.execute(sa.select(metadata.tables[name])).all() == []


def test_what_the_gate_keeps_is_closed_to_routes(engine: Engine) -> None:
    with writing(scoped(engine, scope_of(A))) as connection:
        for name in ownership.CLOSED:
            table = metadata.tables[name]
            counted = sa.select(sa.func.count(next(iter(table.c))))
            for statement in (sa.select(table), sa.delete(table), sa.insert(table), counted):
                with pytest.raises(Broken, match="cannot be reached with a scope"):
                    connection.execute(statement)


def test_what_is_the_same_for_everybody_is_read_and_not_written_by_routes(engine: Engine) -> None:
    with writing(scoped(engine, scope_of(A))) as connection:
        for name in ownership.REFERENCE:
            table = metadata.tables[name]
            assert connection.execute(sa.select(table)).all() == []
            for statement in (
                sa.insert(table),
                sa.delete(table),
                sa.update(table).values({next(iter(table.c)): "x"}),
            ):
                with pytest.raises(Broken, match="cannot be written with a scope"):
                    connection.execute(statement)


BLUNT = [
    sa.text("SELECT * FROM assets"),
    sa.select(sa.text("name FROM assets")),
    sa.select(t.assets).where(sa.text("1 = 1")),
    sa.select(sa.Table("unheard_of", sa.MetaData(), sa.Column("a", sa.Integer))),
    sa.select(t.assets).outerjoin(t.surveys),
    sa.select(t.assets, t.surveys).select_from(t.assets.join(t.surveys, full=True)),
    sa.insert(t.assets).from_select(["asset_id"], sa.select(t.assets.c.asset_id)),
]


def test_what_cannot_be_narrowed_is_refused(engine: Engine) -> None:
    with writing(scoped(engine, scope_of(A))) as connection:
        for statement in BLUNT:
            with pytest.raises(Broken):
                connection.execute(statement)


def sly_statements() -> list[Any]:
    """Make statements that name a table where one would not look for it."""
    a = t.assets.alias("inner_one")
    counted = sa.select(sa.func.count()).select_from(t.assets).scalar_subquery()
    cte = sa.select(t.assets.c.asset_id).cte("those")
    return [
        sa.select(a.c.asset_id),
        sa.select(sa.select(t.assets.c.asset_id).subquery().c.asset_id),
        sa.select(cte.c.asset_id),
        sa.union_all(sa.select(t.assets.c.asset_id), sa.select(a.c.asset_id)),
        sa.select(sa.literal(1)).where(sa.exists(sa.select(t.assets.c.asset_id))),
        sa.select(sa.literal(1)).where(
            sa.literal(1).in_(sa.select(sa.literal(1)).where(counted > 0))
        ),
        sa.select(t.surveys.c.survey_id).join(t.assets).join(t.jobs),
        sa.select(t.defects.c.defect_id, t.assets.c.name).where(
            t.assets.c.asset_id == t.defects.c.asset_id
        ),
        sa.select(sa.func.max(t.assets.c.name)).having(sa.func.count() > 0),
    ]


def test_no_depth_hides_a_table(engine: Engine, cities: Scene) -> None:
    for statement in sly_statements():
        with reading(scoped(engine, scope_of(A))) as connection:
            assert connection.execute(statement).all(), str(statement)
        with reading(scoped(engine, scope_of(B))) as connection:
            assert connection.execute(statement).all() == [], str(statement)


def test_an_outer_join_shows_no_sheet_of_somebody_else(engine: Engine, cities: Scene) -> None:
    """The right side of an outer join is narrowed in its condition: left rows stay."""
    other = t.assets.alias("other")
    query = sa.select(t.assets.c.asset_id, other.c.asset_id).select_from(
        t.assets.outerjoin(other, sa.true())
    )
    with writing(engine) as connection:
        assets.save(connection, make_asset("b-1"))
        organisations.give(connection, B, ["b-1"])
        assert len(connection.execute(query).all()) == 4
    with reading(scoped(engine, scope_of(B))) as connection:
        assert connection.execute(query).all() == [("b-1", "b-1")]


def test_the_same_scene_in_two_cities_stays_two(engine: Engine, cities: Scene) -> None:
    """A photo is one row by its content; what a city says about it is its own."""

    with writing(scoped(engine, scope_of(B))) as connection:
        assets.save(connection, make_asset("b-1"))
        survey = surveys.save(connection, make_survey(1, "b-1"))
        photos.save(connection, survey.survey_id, [make_photo(1, name="of-b.jpg")])
        (mine,) = photos.of_survey(connection, survey.survey_id)
        assert mine.name == "of-b.jpg"
        assert photos.of_survey(connection, cities.survey.survey_id) == ()
    with reading(scoped(engine, scope_of(A))) as connection:
        (theirs,) = photos.of_survey(connection, cities.survey.survey_id)
    assert theirs.name == make_photo(1).name


def test_a_rolled_back_change_leaves_nothing_in_the_log(engine: Engine, cities: Scene) -> None:
    class Stop(Exception):
        pass

    with pytest.raises(Stop), writing(scoped(engine, scope_of(A))) as connection:
        assets.save(connection, make_asset("a-2"))
        raise Stop
    with writing(scoped(engine, scope_of(A))) as connection:
        assets.save(connection, make_asset("a-3"))
    with reading(engine) as connection:
        assert [event.subject for event in audit.find(connection)] == ["assets a-3"]


def test_a_scope_owns_nothing_that_it_does_not_see() -> None:
    with pytest.raises(Broken, match="must see it too"):
        Scope(actor="t", action="t", at=NOON, own=A, visible=frozenset({B}))
