"""Models in the rows, on both engines: offers, uploads, errands, choices, trials."""

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from inspection.domain.account import Organisation
from inspection.domain.modelref import ModelRef
from inspection.errors import Conflict, NotFound
from inspection.store import errands, jobs, modelchoices, offers, organisations, ownmodels, trials
from inspection.store.engine import reading, writing
from inspection.store.job import Errand, JobState
from inspection.store.modelchoices import Choice
from inspection.store.offers import FORGOTTEN
from inspection.store.scope import HOME
from inspection.store.trials import Trial
from tests.support.modelrows import SHA, offered, own_model, publish, taken_in
from tests.support.records import NOON, Scene

REF = ModelRef(name="tenken-crack-n", sha256=SHA, answers="12ab34cd")


def ask(engine: Engine, subject: uuid.UUID | None = None) -> Errand:
    with writing(engine) as connection:
        return errands.enqueue(
            connection, errands.TRY, subject or uuid.uuid4(), NOON, organisation_id=HOME
        )


def test_a_worker_replaces_what_it_said_and_leaves_what_others_say(engine: Engine) -> None:
    publish(engine, NOON, offered(now=NOON), offered("b", now=NOON))
    publish(engine, NOON, offered(now=NOON, worker="host:2"), worker="host:2")
    later = NOON + timedelta(minutes=1)
    publish(engine, later, offered("c", now=later, fault="damaged", answers="12ab34cd"))
    with writing(engine) as connection:
        assert offers.touch(connection, "host:2", later) == 1
        assert offers.touch(connection, "host:9", later) == 0
        said = offers.every(connection)
    assert [(one.offer.worker, one.offer.key) for one in said] == [
        ("host:1", "c"),
        ("host:2", "tenken-crack-n"),
    ]
    assert said[0].offer.fault == "damaged" and said[0].card == {}
    assert [one.offer.answers for one in said] == ["12ab34cd", ""]
    assert said[1].card["classes"] == ["crack"] and said[1].offer.seen_at == later


def test_who_is_silent_for_a_week_is_forgotten(engine: Engine) -> None:
    publish(engine, NOON, offered(now=NOON))
    for after, kept in ((FORGOTTEN, 2), (FORGOTTEN + timedelta(seconds=1), 1)):
        now = NOON + after
        publish(engine, now, offered(now=now, worker="host:2"), worker="host:2")
        with reading(engine) as connection:
            assert len(offers.every(connection)) == kept


def test_an_errand_lives_as_a_job_does_and_disturbs_none(engine: Engine, scene: Scene) -> None:
    with writing(engine) as connection:
        job = jobs.enqueue(connection, scene.survey.survey_id, "conduct", NOON)
    asked = ask(engine)
    with writing(engine) as connection:
        assert errands.is_one(connection, asked.job_id)
        assert not errands.is_one(connection, job.job_id)
        assert [one.job_id for one in errands.due(connection, NOON)] == [asked.job_id]
        held = errands.claim(connection, asked.job_id, "host:1", NOON, 60)
        assert held is not None and held.attempt == 1
        assert errands.claim(connection, asked.job_id, "host:2", NOON, 60) is None
        assert errands.due(connection, NOON) == ()
        errands.progress(connection, held, step="detect", units_done=3, units_total=9)
        later = NOON + timedelta(seconds=59)
        errands.heartbeat(connection, held, later, 60)
        assert errands.due(connection, NOON + timedelta(seconds=61)) == ()
        failed = errands.fail(connection, held, "the disk is full", later, retryable=True)
        assert failed.state is JobState.FAILED and failed.step == "detect"
        assert errands.due(connection, later) == ()
        again = errands.claim(connection, asked.job_id, "host:2", later + timedelta(seconds=6), 60)
        assert again is not None
        with pytest.raises(Conflict, match="no longer yours"):
            errands.finish(connection, held, later)
        errands.commit(connection, again)
        done = errands.finish(connection, again, later)
    assert (done.state, done.error) == (JobState.DONE, "")
    with reading(engine) as connection:
        assert jobs.by_id(connection, job.job_id).state is JobState.QUEUED
        with pytest.raises(NotFound):
            errands.by_id(connection, job.job_id)


def test_one_thing_has_one_errand_at_a_time(engine: Engine) -> None:
    first = ask(engine)
    with pytest.raises(Conflict, match="is queued already"):
        ask(engine, first.subject_id)
    with writing(engine) as connection:
        errands.cancel(connection, first.job_id, NOON)
        with pytest.raises(Conflict, match="nothing to cancel"):
            errands.cancel(connection, first.job_id, NOON)
    second = ask(engine, first.subject_id)
    with reading(engine) as connection:
        newest = errands.of_subjects(connection, [first.subject_id, uuid.uuid4()])
    assert {key: one.job_id for key, one in newest.items()} == {first.subject_id: second.job_id}


def test_a_worker_that_falls_silent_three_times_ends_its_errand(engine: Engine) -> None:
    asked, now = ask(engine), NOON
    for _ in range(asked.attempts_max):
        with writing(engine) as connection:
            assert errands.claim(connection, asked.job_id, "gone:1", now, 60) is not None
        now += timedelta(seconds=61)
    with writing(engine) as connection:
        assert errands.claim(connection, asked.job_id, "host:1", now, 60) is None
        assert "fell silent" in errands.by_id(connection, asked.job_id).error


def test_an_upload_waits_comes_is_taken_in_and_withdrawn(engine: Engine) -> None:
    model = own_model(now=NOON)
    with writing(engine) as connection:
        ownmodels.add(connection, model)
        assert ownmodels.by_id(connection, model.own_model_id) == model
        assert model.ref is None and ownmodels.usable(connection) == ()
        with pytest.raises(Conflict, match="has a model 'own' already"):
            ownmodels.add(connection, own_model(now=NOON))
        came = {"file_key": "quarantine/x", "file_sha256": "d" * 64, "file_bytes": 7}
        ownmodels.file_came(connection, model.own_model_id, **came)
        with pytest.raises(Conflict, match="came already"):
            ownmodels.file_came(connection, model.own_model_id, **came)
        ownmodels.take_in(
            connection,
            model.own_model_id,
            sha256=SHA,
            network_key="networks/x",
            mpx_per_s=0.5,
            dead=("crack",),
        )
        (kept,) = ownmodels.usable(connection)
    assert kept.ref == ModelRef(name="own", sha256=SHA, own_model_id=model.own_model_id)
    assert (kept.file_key, kept.file_bytes, kept.dead) == ("", 7, ("crack",))
    with writing(engine) as connection:
        ownmodels.withdraw(connection, model.own_model_id, NOON)
        assert ownmodels.usable(connection) == () == ownmodels.of_organisation(connection, HOME)
        for again in (ownmodels.by_id, lambda c, i: ownmodels.withdraw(c, i, NOON)):
            with pytest.raises(NotFound, match="was withdrawn"):
                again(connection, model.own_model_id)
        with pytest.raises(Conflict, match="withdrawn while it was taken in"):
            ownmodels.take_in(
                connection,
                model.own_model_id,
                sha256=SHA,
                network_key="x",
                mpx_per_s=1.0,
                dead=(),
            )
        ownmodels.add(connection, own_model(now=NOON))  # its name is free again


def test_the_name_of_an_upload_that_was_refused_is_free(engine: Engine) -> None:
    model = own_model(now=NOON)
    with writing(engine) as connection:
        ownmodels.add(connection, model)
        ownmodels.file_came(
            connection, model.own_model_id, file_key="q", file_sha256="d" * 64, file_bytes=7
        )
    asked = ask(engine, model.own_model_id)
    with writing(engine) as connection:
        held = errands.claim(connection, asked.job_id, "host:1", NOON, 60)
        assert held is not None
        with pytest.raises(Conflict):
            ownmodels.add(connection, own_model(now=NOON))  # it may still be taken in
        errands.fail(connection, held, "no ONNX", NOON, retryable=False)
        ownmodels.refuse(connection, model.own_model_id)
        ownmodels.add(connection, own_model(now=NOON))


def test_a_survey_has_its_own_choice_or_that_of_its_organisation(
    engine: Engine, scene: Scene
) -> None:
    survey_id, own = scene.survey.survey_id, taken_in(engine, NOON)
    assert own.ref is not None
    with writing(engine) as connection:
        city = Organisation(organisation_id="city", name="市", parent_id=HOME)
        organisations.add(connection, city)
        assert modelchoices.of_survey(connection, survey_id) is None
        default = Choice(ref=REF, chosen_by="山田", chosen_at=NOON)
        modelchoices.choose_default(connection, "city", default)
        assert modelchoices.of_survey(connection, survey_id) is None  # of somebody else
        modelchoices.choose_default(connection, HOME, default)
        assert modelchoices.of_survey(connection, survey_id) == default
        named = Choice(ref=own.ref, chosen_by="佐藤", chosen_at=NOON, for_survey=True)
        modelchoices.choose_for_survey(connection, survey_id, named)
        assert modelchoices.of_survey(connection, survey_id) == named
        assert modelchoices.surveys_naming(connection, HOME) == (
            (survey_id, scene.survey.asset_id, named),
        )
        assert modelchoices.surveys_naming(connection, "city") == ()
        other = Choice(ref=REF, chosen_by="佐藤", chosen_at=NOON, for_survey=True)
        modelchoices.choose_for_survey(connection, survey_id, other)
        assert modelchoices.named_by(connection, survey_id) == other
        modelchoices.leave_for_survey(connection, survey_id)
        assert modelchoices.of_survey(connection, survey_id) == default
        modelchoices.leave_default(connection, HOME)
        assert modelchoices.of_survey(connection, survey_id) is None


def test_a_trial_is_kept_with_what_it_found_and_forgotten_with_its_errand(
    engine: Engine, scene: Scene
) -> None:
    trial = Trial(
        trial_id=uuid.uuid4(),
        survey_id=scene.survey.survey_id,
        mosaic_sha256=scene.mosaic.sha256,
        window_px=(0, 32, 640, 512),
        whole=False,
        ref=REF,
        asked_by="山田",
        asked_at=NOON,
    )
    with writing(engine) as connection:
        trials.add(connection, trial)
    asked = ask(engine, trial.trial_id)
    with writing(engine) as connection:
        assert trials.of_survey(connection, trial.survey_id) == (trial,)
        found = {"found": 3, "surface_m2": 1.5}
        trials.finish(connection, trial.trial_id, figures=found, outlines_key="trials/a")
        kept = trials.by_id(connection, trial.trial_id)
        assert (kept.figures, kept.outlines_key) == (found, "trials/a")
        trials.remove(connection, trial.trial_id)
        with pytest.raises(NotFound, match="no trial"):
            trials.by_id(connection, trial.trial_id)
        assert not errands.is_one(connection, asked.job_id)
