"""Workers answer bells: the most urgent job first, then help with the bands of others."""

import logging
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Connection

from inspection.domain.asset import Asset
from inspection.domain.mission import Survey
from inspection.errors import NotFound, Unavailable
from inspection.pipeline.ledger import input_digest
from inspection.pipeline.share import Part, detect_inputs, share
from inspection.pipeline.tools import Tools
from inspection.store import assets, bands, joblines, jobs, orthomosaics, surveys
from inspection.store.engine import reading, writing
from inspection.store.job import Job, JobState, Priority
from tests.support.conducted import Site, photographed, second_site, site  # noqa: F401 fixtures
from tests.support.seed import SeededSurvey
from tests.support.sharing import CUT, CountedDetector, Killed, as_worker, helpers
from tests.unit.workers.conftest import START, Yard
from workers import helping, runtime
from workers.helping import lend_a_hand
from workers.runtime import HELPERS_MAX, answer, invite
from workers.sweep import Sweep


class Bell:
    """Remember for which jobs it was rung; may be out of order."""

    def __init__(self, *, broken: bool = False) -> None:
        self.rung: list[uuid.UUID] = []
        self.broken = broken

    def __call__(self, job_id: uuid.UUID) -> None:
        if self.broken:
            raise Unavailable("the broker is down")
        self.rung.append(job_id)


def another(yard: Yard, priority: Priority) -> Job:
    survey = Survey(survey_id=uuid.uuid4(), asset_id="b-1", created_at=START)
    with writing(yard.engine) as connection:
        assets.save(connection, Asset(asset_id="b-1", name="Bridge"))
        surveys.save(connection, survey)
        return jobs.enqueue(
            connection, survey.survey_id, "conduct", yard.clock.now(), priority=priority
        )


def test_any_bell_does_the_most_urgent_job_and_each_job_is_done(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def note(survey_id: uuid.UUID, _tools: Tools) -> None:
        yard.done.append(survey_id)

    monkeypatch.setitem(runtime.KINDS, "conduct", note)
    first = yard.enqueue()
    low, urgent = another(yard, Priority.LOW), another(yard, Priority.EMERGENCY)
    for bell in (first, low, urgent, first):
        answer(yard.tools, bell.job_id, ring=Bell())
    assert yard.done == [urgent.survey_id, first.survey_id, low.survey_id]
    with pytest.raises(NotFound):
        answer(yard.tools, uuid.uuid4(), ring=Bell())


def test_whoever_conducts_may_invite_others(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    bell = Bell()
    monkeypatch.setitem(runtime.KINDS, "conduct", lambda _survey, tools: tools.invite(3))
    job = yard.enqueue()
    answer(yard.tools, job.job_id, ring=bell)
    assert bell.rung == [job.job_id] * 3
    invite(bell, job.job_id, 1000)
    assert len(bell.rung) == 3 + HELPERS_MAX
    invite(Bell(broken=True), job.job_id, 3)  # the sweeps of the others find the bands


@pytest.fixture
def shared(site: Site) -> Iterator[tuple[Site, Job]]:  # noqa: F811 the fixture
    """Give a survey whose conductor died after its first band, and whose job is held by another."""
    log = logging.getLogger("tenken.worker")
    log.setLevel(logging.INFO)
    site.tools = replace(site.tools, cut=replace(CUT, band_chips=20))
    part = part_of(site)
    with reading(site.tools.engine) as connection:
        key = mosaic_key(connection, part)
    dying = CountedDetector(stop_at=40, error=Killed())
    with site.tools.blobs.local_path(key) as path, pytest.raises(Killed):
        share(path, part, as_worker(site.tools, "gone:1", dying))
    with writing(site.tools.engine) as connection:
        job = jobs.enqueue(connection, site.survey_id, "conduct", site.tools.clock.now())
        held = jobs.claim(connection, job.job_id, "conductor:2", site.tools.clock.now(), 3600)
        assert held is not None
    yield site, held
    log.setLevel(logging.NOTSET)


def part_of(site: Site) -> Part:  # noqa: F811
    with reading(site.tools.engine) as connection:
        made = orthomosaics.of_survey(connection, site.survey_id)
    digest = input_digest("detect", detect_inputs(made.sha256, site.tools.model_id))
    return Part(survey_id=site.survey_id, mosaic_sha256=made.sha256, input_digest=digest)


def mosaic_key(connection: Connection, part: Part) -> str:
    return orthomosaics.by_sha256(connection, part.mosaic_sha256).blob_key


def unfinished(site: Site) -> int:  # noqa: F811
    with reading(site.tools.engine) as connection:
        found = bands.of_survey(connection, site.survey_id)
    return sum(band.blob_key is None for band in found)


def said(site: Site, job: Job) -> list[str]:  # noqa: F811
    with reading(site.tools.engine) as connection:
        return [line.message for line in joblines.of_job(connection, job.job_id)]


def test_a_bell_for_a_job_at_work_brings_help_and_the_log_says_so(
    shared: tuple[Site, Job],
) -> None:
    site, job = shared  # noqa: F811
    left = unfinished(site)
    assert left >= 3
    helper = as_worker(site.tools, "helper:3", CountedDetector())
    answer(helper, job.job_id, ring=Bell())
    assert unfinished(site) == 1  # the one that the dead worker still holds
    assert said(site, job)[-1] == f"helped with job {job.job_id}: {left - 1} bands"
    with reading(site.tools.engine) as connection:
        lines = joblines.of_job(connection, job.job_id)
        assert {line.worker for line in lines} == {"helper:3"}
        assert jobs.by_id(connection, job.job_id) == job  # it is nobody else's job
    before = len(lines)
    assert lend_a_hand(helper, job.job_id) == 0
    assert len(said(site, job)) == before + 1


def test_nobody_helps_with_another_detector_or_a_job_that_is_not_at_work(
    shared: tuple[Site, Job],
) -> None:
    site, job = shared  # noqa: F811
    left = unfinished(site)
    other = replace(as_worker(site.tools, "h", CountedDetector()), model_id="darkness@1/bf16")
    assert lend_a_hand(other, job.job_id) == 0
    with writing(site.tools.engine) as connection:
        jobs.cancel(connection, job.job_id, site.tools.clock.now())
    assert lend_a_hand(as_worker(site.tools, "h"), job.job_id) == 0
    assert unfinished(site) == left
    assert said(site, job) == []


def test_help_ends_when_the_job_does_or_something_more_urgent_waits(
    shared: tuple[Site, Job],
) -> None:
    site, job = shared  # noqa: F811
    left = unfinished(site)

    def urgent() -> None:
        with writing(site.tools.engine) as connection:
            surveys.save(connection, survey)
            jobs.enqueue(
                connection,
                survey.survey_id,
                "conduct",
                site.tools.clock.now(),
                priority=Priority.HIGH,
            )

    with reading(site.tools.engine) as connection:
        here = surveys.by_id(connection, site.survey_id)
    survey = replace(here, survey_id=uuid.uuid4())
    interrupted = CountedDetector(before=lambda: None if interrupted.seen else urgent())
    assert lend_a_hand(as_worker(site.tools, "h", interrupted), job.job_id) == 1
    assert unfinished(site) == left - 1


def test_a_cancelled_job_ends_the_help_in_the_middle_of_a_band(
    shared: tuple[Site, Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    site, job = shared  # noqa: F811
    monkeypatch.setattr("inspection.pipeline.look.REPORT_S", 0.0)
    left = unfinished(site)

    def cancel() -> None:
        if counted.seen == 4:
            with writing(site.tools.engine) as connection:
                jobs.cancel(connection, job.job_id, site.tools.clock.now())

    counted = CountedDetector(before=cancel)
    assert lend_a_hand(as_worker(site.tools, "h", counted), job.job_id) == 0
    assert 8 <= counted.seen <= 12  # of a band of sixteen; one group is scored ahead
    assert unfinished(site) == left
    assert said(site, job)[-1].endswith("is cancelled; nobody needs its bands")


def test_a_failure_while_helping_is_said_and_harms_nobody(shared: tuple[Site, Job]) -> None:
    site, job = shared  # noqa: F811
    left = unfinished(site)
    failing = CountedDetector(stop_at=1, error=Unavailable("the card fell off the bus"))
    assert lend_a_hand(as_worker(site.tools, "h", failing), job.job_id) == 0
    assert unfinished(site) == left
    assert said(site, job)[-1].endswith("ended: the card fell off the bus")
    with reading(site.tools.engine) as connection:
        assert jobs.by_id(connection, job.job_id).state is JobState.RUNNING
    assert lend_a_hand(as_worker(site.tools, "h2", CountedDetector()), job.job_id) == left - 1
    handlers = logging.getLogger().handlers
    assert not [one for one in handlers if isinstance(one, helping.JobLog)]


def test_the_sweep_rings_for_free_bands_and_not_all_the_time(shared: tuple[Site, Job]) -> None:
    site, job = shared  # noqa: F811
    bell = Bell()
    sweep = Sweep(site.tools.engine, site.tools.clock, bell, patience_s=30)
    assert sweep.once() == [job.job_id]
    assert sweep.once() == []
    assert bell.rung == [job.job_id]


def found_by(site: Site, tools: Tools) -> list[object]:  # noqa: F811
    runtime.conduct(site.survey_id, tools)
    return list(site.found())


def test_defects_are_equal_for_one_worker_for_four_and_for_a_run_that_was_killed(
    site: Site,  # noqa: F811
    photographed: tuple[Path, SeededSurvey],  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Identifiers and geometry of defects, along the whole road."""
    monkeypatch.setattr("inspection.pipeline.share.WAIT_S", 0.01)
    alone = found_by(site, site.tools)
    assert len(alone) >= 3
    cut = replace(CUT, band_chips=20)
    with second_site(tmp_path / "four", photographed) as other:
        patient = replace(other.tools.taker, lease_s=1e6)  # each look at this clock is a second
        tools = replace(other.tools, cut=cut, taker=patient)
        part = part_of(other)
        with reading(tools.engine) as connection:
            key = mosaic_key(connection, part)
        with tools.blobs.local_path(key) as path, helpers(path, part, tools, 3) as begin:
            conductor = as_worker(tools, "c", CountedDetector(before=begin.set))
            assert found_by(other, conductor) == alone
    with second_site(tmp_path / "killed", photographed) as third:
        dying = CountedDetector(stop_at=50, error=Killed())
        tools = replace(third.tools, cut=cut, taker=replace(third.tools.taker, lease_s=2))
        with pytest.raises(Killed):
            found_by(third, as_worker(tools, "dies", dying))
        resumed = CountedDetector()
        assert found_by(third, as_worker(tools, "goes on", resumed)) == alone
        assert resumed.seen < np.prod([-(-1500 // 96), -(-900 // 96)])
