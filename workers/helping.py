"""Help with the bands of a mosaic that another worker conducts."""

import logging
from dataclasses import replace
from uuid import UUID

from sqlalchemy import Connection

from inspection.errors import Conflict, TenkenError
from inspection.pipeline.ledger import input_digest
from inspection.pipeline.ports import Silence
from inspection.pipeline.share import Part, assist, detect_inputs
from inspection.pipeline.tools import Tools
from inspection.store import bands, joblines, jobs, orthomosaics
from inspection.store.band import Band
from inspection.store.engine import reading, writing
from inspection.store.job import Job, JobState
from inspection.telemetry import about
from workers.joblog import JobLog

log = logging.getLogger("tenken.worker")


class Speaker(Silence):
    """Write sentences into the log."""

    def say(self, message: str) -> None:
        """Write a sentence into the log."""
        log.info("%s", message)


def lend_a_hand(tools: Tools, job_id: UUID) -> int:
    """Take bands of a job that another worker conducts, while there are any; give how many.

    A failure here is only said: the band is free again, and whoever conducts the survey finds out
    whether it is the band or this worker. Nobody helps who uses another detector or another version
    of the step, for what they find would differ.
    """
    with reading(tools.engine) as connection:
        job = jobs.by_id(connection, job_id)
    if job.state is not JobState.RUNNING:
        return 0
    try:
        tools = tools.fit(tools, job.survey_id)
    except TenkenError as error:
        log.warning("no help with job %s: %s", job_id, error)
        return 0
    with reading(tools.engine) as connection:
        wanted = _open_bands(connection, job, tools)
    if not wanted:
        return 0
    ear = JobLog(job_id, attempt=job.attempt, worker=tools.taker.worker)
    logging.getLogger().addHandler(ear)
    try:
        with about(survey_id=job.survey_id, job_id=job_id):
            return _help(job, wanted[0], tools)
    finally:
        logging.getLogger().removeHandler(ear)
        with writing(tools.engine) as connection:
            joblines.add(connection, job_id, ear.take())


def _open_bands(connection: Connection, job: Job, tools: Tools) -> list[Band]:
    """List the bands of a job that this worker may look at."""
    return [
        band
        for band in bands.of_survey(connection, job.survey_id)
        if band.blob_key is None and band.input_digest == _digest(band, tools)
    ]


def _digest(band: Band, tools: Tools) -> str:
    """Digest what this worker would find a band to depend on."""
    return input_digest("detect", detect_inputs(band.mosaic_sha256, tools.model_id))


def _goes_on(connection: Connection, job: Job, tools: Tools) -> bool:
    """Tell whether a job is still at work and nothing more urgent waits for a worker."""
    if jobs.by_id(connection, job.job_id).state is not JobState.RUNNING:
        return False
    waiting = jobs.due(connection, tools.clock.now(), limit=1)
    return not waiting or waiting[0].priority <= job.priority


def _demand_running(job: Job, tools: Tools) -> None:
    """Check that a job is still at work.

    Raises:
        Conflict: when it was cancelled or has ended.
    """
    with reading(tools.engine) as connection:
        state = jobs.by_id(connection, job.job_id).state
    if state is not JobState.RUNNING:
        raise Conflict(f"job {job.job_id} is {state.value}; nobody needs its bands")


def _help(job: Job, band: Band, tools: Tools) -> int:
    part = Part(
        survey_id=job.survey_id,
        mosaic_sha256=band.mosaic_sha256,
        input_digest=band.input_digest,
    )
    helping = replace(tools, progress=Speaker())
    try:
        with reading(tools.engine) as connection:
            key = orthomosaics.by_sha256(connection, band.mosaic_sha256).blob_key
        with tools.blobs.local_path(key) as path:
            finished = assist(
                path,
                part,
                helping,
                wanted=lambda c: _goes_on(c, job, tools),
                heard=lambda: _demand_running(job, tools),
            )
    except TenkenError as error:
        log.warning("helping with job %s ended: %s", job.job_id, error)
        return 0
    log.info("helped with job %s: %d bands", job.job_id, finished)
    return finished
