"""Bands: each is held by one worker at a time, on both engines, however many want it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from inspection.errors import Conflict
from inspection.pipeline.backup import blobs_of_rows
from inspection.store import bands, jobs, keys
from inspection.store.band import Band, BandState, Taker
from inspection.store.engine import reading, writing
from tests.support.records import NOON, Scene

COUNT = 6


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def taker(name: str) -> Taker:
    return Taker(worker=name, lease_s=60)


def band(scene: Scene, number: int, digest: str = "d") -> Band:
    return Band(
        survey_id=scene.survey.survey_id,
        input_digest=digest,
        y0_px=100 * number,
        y1_px=100 * (number + 1),
        mosaic_sha256=scene.mosaic.sha256,
        model_id="m",
        planned_at=NOON,
        chips_total=7,
    )


@pytest.fixture
def planned(scene: Scene, engine: Engine) -> tuple[Band, ...]:
    made = tuple(band(scene, number) for number in range(COUNT))
    with writing(engine) as connection:
        bands.plan(connection, made)
    return made


def take(engine: Engine, scene: Scene, name: str, now: datetime = NOON) -> Band | None:
    with writing(engine) as connection:
        return bands.take(connection, scene.survey.survey_id, "d", taker(name), now)


def taken(engine: Engine, scene: Scene, name: str, now: datetime = NOON) -> Band:
    held = take(engine, scene, name, now)
    assert held is not None
    return held


def listed(engine: Engine, scene: Scene) -> tuple[Band, ...]:
    with reading(engine) as connection:
        return bands.of_survey(connection, scene.survey.survey_id)


def test_bands_come_back_as_they_were_planned(
    engine: Engine, scene: Scene, planned: tuple[Band, ...]
) -> None:
    assert listed(engine, scene) == planned
    with writing(engine) as connection:
        bands.plan(connection, planned)  # again changes nothing
    assert listed(engine, scene) == planned


def test_a_band_is_taken_renewed_and_finished(
    engine: Engine, scene: Scene, planned: tuple[Band, ...]
) -> None:
    held = taken(engine, scene, "a")
    assert (held.y0_px, held.attempt, held.worker) == (0, 1, "a")
    assert held.state(NOON) is BandState.TAKEN
    assert held.state(after(60)) is BandState.OPEN
    with writing(engine) as connection:
        bands.renew(connection, held, taker("a"), after(50), chips_done=3)
    renewed = listed(engine, scene)[0]
    assert (renewed.chips_done, renewed.lease_until) == (3, after(110))
    with writing(engine) as connection:
        bands.finish(connection, held, blob_key="k", chips_read=6, seconds=1.5)
    done = listed(engine, scene)[0]
    assert done.state(after(9999)) is BandState.FINISHED
    assert (done.chips_done, done.chips_read, done.seconds, done.lease_until) == (7, 6, 1.5, None)
    assert taken(engine, scene, "b").y0_px == 100


def test_a_lease_that_runs_out_frees_the_band_and_the_old_worker_hears_so(
    engine: Engine, scene: Scene, planned: tuple[Band, ...]
) -> None:
    old = taken(engine, scene, "a")
    new = taken(engine, scene, "b", after(60))
    assert (new.y0_px, new.attempt, new.chips_done) == (0, 2, 0)
    for late in (
        lambda c: bands.renew(c, old, taker("a"), after(61), chips_done=1),
        lambda c: bands.finish(c, old, blob_key="old", chips_read=1, seconds=1),
    ):
        words = r"rows 0–100 px .* no longer yours"
        with pytest.raises(bands.TakenAway, match=words) as told, writing(engine) as connection:
            late(connection)
        assert isinstance(told.value, Conflict)
    with writing(engine) as connection:
        bands.release(connection, old)  # nothing happens: it is not theirs
    assert listed(engine, scene)[0].lease_until == after(120)
    with writing(engine) as connection:
        bands.finish(connection, new, blob_key="new", chips_read=1, seconds=1)
    with pytest.raises(bands.TakenAway), writing(engine) as connection:
        bands.finish(connection, new, blob_key="twice", chips_read=1, seconds=1)
    assert listed(engine, scene)[0].blob_key == "new"


def test_a_band_that_is_given_back_is_free_at_once(
    engine: Engine, scene: Scene, planned: tuple[Band, ...]
) -> None:
    held = taken(engine, scene, "a")
    with writing(engine) as connection:
        bands.release(connection, held)
    again = taken(engine, scene, "b")
    assert (again.y0_px, again.attempt) == (0, 2)


def test_a_finished_band_is_looked_at_again_when_its_blob_is_gone(
    engine: Engine, scene: Scene, planned: tuple[Band, ...]
) -> None:
    held = taken(engine, scene, "a")
    with writing(engine) as connection:
        bands.finish(connection, held, blob_key="k", chips_read=6, seconds=1.5)
        bands.reopen(connection, bands.of_survey(connection, scene.survey.survey_id)[0])
    again = taken(engine, scene, "b")
    assert (again.y0_px, again.blob_key, again.chips_done) == (0, None, 0)


def test_of_many_workers_each_band_goes_to_one(
    engine: Engine, scene: Scene, planned: tuple[Band, ...]
) -> None:
    gate = threading.Barrier(4)

    def work(number: int) -> list[int]:
        gate.wait(timeout=30)
        mine = []
        while (held := take(engine, scene, f"w{number}")) is not None:
            mine.append(held.y0_px)
            with writing(engine) as connection:
                bands.finish(connection, held, blob_key=f"k{held.y0_px}", chips_read=7, seconds=0)
        return mine

    with ThreadPoolExecutor(4) as pool:
        got = [place for mine in pool.map(work, range(4)) for place in mine]
    assert sorted(got) == [one.y0_px for one in planned]
    assert {one.attempt for one in listed(engine, scene)} == {1}
    assert take(engine, scene, "late", after(9999)) is None


def test_a_new_plan_forgets_what_is_not_in_it(
    engine: Engine, scene: Scene, planned: tuple[Band, ...]
) -> None:
    held = taken(engine, scene, "a")
    with writing(engine) as connection:
        bands.finish(connection, held, blob_key="k", chips_read=6, seconds=1.5)
        wider = replace(planned[1], y1_px=600)
        bands.plan(connection, [planned[0], wider])
    kept = listed(engine, scene)
    assert [(one.y0_px, one.y1_px, one.blob_key) for one in kept] == [
        (0, 100, "k"),
        (100, 600, None),
    ]
    with writing(engine) as connection:
        bands.plan(connection, [band(scene, 0, "newer")])
        assert bands.take(connection, scene.survey.survey_id, "d", taker("a"), NOON) is None
        assert bands.forget(connection, scene.survey.survey_id) == 1
    assert listed(engine, scene) == ()


def test_help_is_wanted_while_a_job_is_at_work_and_has_a_free_band(
    engine: Engine, scene: Scene, planned: tuple[Band, ...]
) -> None:
    def wanted(now: datetime = NOON) -> tuple[object, ...]:
        with reading(engine) as connection:
            return bands.open_at(connection, now)

    assert wanted() == ()  # nobody conducts it
    with writing(engine) as connection:
        job = jobs.enqueue(connection, scene.survey.survey_id, "conduct", NOON)
    assert wanted() == ()
    with writing(engine) as connection:
        assert jobs.claim(connection, job.job_id, "c", NOON, 600) is not None
    assert wanted() == (job.job_id,)
    for _ in range(COUNT):
        taken(engine, scene, "a")
    assert wanted() == ()
    assert wanted(after(60)) == (job.job_id,)  # whoever held them fell silent
    assert wanted(after(600)) == ()  # and whoever conducts it, too: the job itself is due


def test_a_backup_names_what_bands_show(
    engine: Engine, scene: Scene, planned: tuple[Band, ...]
) -> None:
    key = keys.band_key("ab" * 32)
    assert key == f"bands/ab/{'ab' * 32}.npz"
    held = taken(engine, scene, "a")
    with writing(engine) as connection:
        bands.finish(connection, held, blob_key=key, chips_read=6, seconds=1.5)
    with reading(engine) as connection:
        assert key in set(blobs_of_rows(connection))
