"""What is kept of the days of damages is what the database would say, whatever happens."""

import random
import uuid
from collections import Counter
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from inspection.domain.defect import ReviewState
from inspection.domain.measure import Measure, Stage
from inspection.domain.review import Action
from inspection.pipeline import keptmoments
from inspection.pipeline.keptmoments import moments_of_all
from inspection.store import (
    assets,
    defects,
    measures,
    observations,
    organisations,
    orthomosaics,
    progress,
    reviews,
    steps,
    surveys,
)
from inspection.store.engine import is_reading, reading, writing
from inspection.store.scope import Scope, scoped
from tests.services.store import test_store_edits as editing
from tests.services.store.test_store_measures import DAY, decide, measure
from tests.support.people import add_cities
from tests.support.records import (
    NOON,
    Scene,
    make_asset,
    make_defect,
    make_mosaic,
    make_observation,
    make_survey,
)


def same(engine: Engine) -> Counter[progress.Moments]:
    """Check that what is kept is what is so, twice; give it."""
    with reading(engine) as connection:
        assert is_reading(connection)
        truth = Counter(progress.moments(connection))
        assert Counter(moments_of_all(connection)) == truth
        assert Counter(moments_of_all(connection)) == truth
    return truth


def see_again(connection: Connection, scene: Scene, number: int) -> None:
    """Let an earlier survey turn out to have seen a damage."""
    survey = make_survey(number, created_at=NOON - timedelta(days=100 * number))
    mosaic = make_mosaic(survey, 300 + number)
    surveys.save(connection, survey)
    orthomosaics.save(connection, mosaic)
    seen, defect = make_observation(mosaic, 1), scene.defects[number % 3]
    observations.save(connection, [seen])
    ids = (*defect.observation_ids, seen.observation_id)
    tied = make_defect(defect.latest, defect_id=defect.defect_id, observation_ids=ids)
    defects.save(connection, [tied], now=NOON)


def finish(connection: Connection, scene: Scene, days: int) -> None:
    steps.commit(
        connection,
        scene.survey.survey_id,
        steps.LAST_STEP,
        f"{days:064x}",
        result={},
        seconds=1.0,
        peak_rss_mb=1.0,
        now=NOON + timedelta(days=days),
    )


def test_whatever_happens_is_told(engine: Engine, scene: Scene) -> None:
    before = same(engine)
    done: Measure = measure(scene, stage=Stage.FINISHED)
    acts = [
        lambda c: finish(c, scene, 40),
        lambda c: finish(c, scene, 30),
        lambda c: decide_as(c, scene, 0, Action.CONFIRM),
        lambda c: decide_as(c, scene, 1, Action.REJECT),
        lambda c: measures.record(c, done),
        lambda c: measures.withdraw(c, done.event_id, by="x", now=NOON, note="wrong"),
        lambda c: measures.record(c, measure(scene, event_id=uuid.uuid4())),
        lambda c: see_again(c, scene, 2),
        lambda c: see_again(c, scene, 3),
    ]
    for act in acts:
        with writing(engine) as connection:
            act(connection)
        after = same(engine)
        assert after != before, acts.index(act)
        before = after
    with writing(engine) as connection:  # a step that is done again tells no other day
        steps.forget(connection, scene.survey.survey_id, steps.LAST_STEP)
        finish(connection, scene, 50)
    assert same(engine) == before
    editing.split_first(engine, unedited(engine, scene))
    assert same(engine) != before


def decide_as(connection: Connection, scene: Scene, number: int, action: Action) -> None:
    reviews.record(connection, decide(scene, number, action, days=4))


def unedited(engine: Engine, scene: Scene) -> Scene:
    """Give the scene with its first damage being one that may be edited, as it stands."""
    with reading(engine) as connection:
        known = [defects.by_id(connection, d.defect_id) for d in scene.defects]
    known.sort(key=lambda d: d.state is ReviewState.REJECTED)
    return Scene(asset=scene.asset, survey=scene.survey, mosaic=scene.mosaic, defects=tuple(known))


def test_what_is_taken_back_was_never_kept(engine: Engine, scene: Scene) -> None:
    before = same(engine)
    with pytest.raises(ZeroDivisionError), writing(engine) as connection:
        decide_as(connection, scene, 0, Action.CONFIRM)
        assert Counter(moments_of_all(connection)) != before  # a writer sees what it wrote
        assert not is_reading(connection)
        raise ZeroDivisionError
    assert same(engine) == before
    with writing(engine) as connection:  # the same number of the same counter, another verdict
        decide_as(connection, scene, 1, Action.REJECT)
    assert same(engine) != before


def test_only_what_changed_is_read_again(
    engine: Engine, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_asset("ISK-0999")
    with writing(engine) as connection:
        assets.save(connection, other)
        survey = make_survey(1, other.asset_id)
        surveys.save(connection, survey)
        mosaic = make_mosaic(survey, 900)
        orthomosaics.save(connection, mosaic)
        found = make_defect(make_observation(mosaic, 901), asset_id=other.asset_id)
        defects.save(connection, [found], now=NOON)
    same(engine)
    asked: list[list[str]] = []
    read = keptmoments._read

    def listen(connection: Connection, asset_ids: list[str]) -> dict[str, tuple[object, ...]]:
        asked.append(sorted(asset_ids))
        return dict(read(connection, asset_ids))

    monkeypatch.setattr(keptmoments, "_read", listen)
    same(engine)
    with writing(engine) as connection:
        decide_as(connection, scene, 0, Action.CONFIRM)
    same(engine)
    assert asked == [[scene.asset.asset_id]]


def test_nobody_is_told_what_somebody_else_s_page_has_kept(engine: Engine, scene: Scene) -> None:
    add_cities(engine)
    with writing(engine) as connection:
        organisations.give(connection, "city-a", [scene.asset.asset_id])
    assert sum(one.count for one in same(engine)) == 3
    for city, count in (("city-a", 3), ("city-b", 0)):
        scope = Scope(actor="t", action="t", at=NOON, own=city, visible=frozenset({city}))
        assert sum(one.count for one in same(scoped(engine, scope))) == count


def test_some_assets_are_read_as_among_all(engine: Engine, scene: Scene) -> None:
    """The longest waiting one is looked up by itself, the others by their survey: they agree."""
    rolls = random.Random(4)
    with writing(engine) as connection:
        finish(connection, scene, 12)
        see_again(connection, scene, 2)
        for number in rolls.sample(range(3), 3):
            decide_as(connection, scene, number, Action.CONFIRM)
        wanted = scene.asset.asset_id
        assert progress.moments(connection, [wanted]) == progress.moments(connection)
        assert progress.moments(connection, ["another"]) == ()
        waiting = progress.waiting(connection)
        known = progress.moments(connection)
    told = Counter({one.detected: one.count for one in known})
    assert Counter(one.detected for one in waiting) == told
    assert [one.detected for one in waiting] == sorted(one.detected for one in waiting)
    assert min(told) == DAY - timedelta(days=200) and max(told) == DAY + timedelta(days=12)


def test_a_damage_that_waits_is_the_oldest_first(engine: Engine, scene: Scene) -> None:
    with writing(engine) as connection:
        for number in range(3):
            decide_as(connection, scene, number, Action.CONFIRM)
        see_again(connection, scene, 2)
        first, *_ = progress.waiting(connection)
        counted = connection.execute(sa.text("SELECT count(*) FROM surveys")).scalar_one()
    assert (first.defect_id, counted) == (scene.defects[2].defect_id, 2)
