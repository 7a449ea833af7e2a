"""Do jobs: claim, work under a lease, finish or fail. One model at a time.

The rows say what is to be done; whoever calls ``work`` has only heard a bell. A job that is claimed
is held by a *lease* (``holding``): two workers never finish the same job.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from uuid import UUID

from sqlalchemy import Connection

from inspection.domain.mission import SurveyState
from inspection.errors import Broken, Unavailable
from inspection.pipeline.conduct import conduct
from inspection.pipeline.tools import LEASE_S, Tools, this_process
from inspection.store import errands, joblines, jobs, surveys
from inspection.store.engine import reading, writing
from inspection.store.job import ACTIVE, Job, JobState
from inspection.store.joblines import Said
from inspection.telemetry import about
from inspection.tracing import span
from workers.errand import ErrandKinds, run_errand
from workers.helping import lend_a_hand
from workers.holding import Held

BEATS = 4
"""How often the lease is renewed while it lasts: three beats may be lost."""

log = logging.getLogger("tenken.worker")

HELPERS_MAX = 15
"""Most bells that are rung for the bands of one mosaic; more workers find them by their sweeps."""

Ring = Callable[[UUID], None]
"""Tells the workers of a job; raises Unavailable."""

Kind = Callable[[UUID, Tools], object]

KINDS: dict[str, Kind] = {"conduct": conduct}
"""What each kind of job does with its survey."""


def worker_name() -> str:
    """Name this process among all workers of all hosts."""
    return this_process().worker


def work(
    tools: Tools, job_id: UUID, *, lease_s: float = LEASE_S, beat_s: float | None = None
) -> bool:
    """Do a job if it is due; give whether there was anything to do.

    An error of Tenken's tree is written into the job and goes no further; any other error is
    written there too and raised again, so that the log shows where it came from.

    Args:
        tools: what the work needs.
        job_id: the job that the bell named.
        lease_s: silence after which this worker is taken for dead.
        beat_s: how often the lease is renewed, a quarter of it unless given.

    Raises:
        NotFound: when there is no such job.
    """
    claimed = _claim(tools, job_id, lease_s)
    if claimed is None:
        return False
    subjects = about(survey_id=claimed.survey_id, job_id=job_id)
    with subjects, span(f"job {claimed.kind}", attempt=claimed.attempt):
        _do(tools, claimed, lease_s=lease_s, beat_s=beat_s or lease_s / BEATS)
    return True


def answer(
    tools: Tools,
    job_id: UUID,
    *,
    ring: Ring,
    lease_s: float = LEASE_S,
    kinds: ErrandKinds | None = None,
) -> None:
    """Answer one bell: do the most urgent job that is due, or help with the one that was named.

    A bell is worth one piece of work, whichever it named: a job that waits has a bell of its own.
    Errands (models that are taken in or tried) wait until no survey does.

    Args:
        tools: what the work needs.
        job_id: the job that the bell named.
        ring: rings for a job, so that others come to help with its bands.
        lease_s: silence after which this worker is taken for dead.
        kinds: what each kind of errand does; without it this worker does none.

    Raises:
        NotFound: when there is no such job.
    """
    with reading(tools.engine) as connection:
        now = tools.clock.now()
        waiting = [job.job_id for job in jobs.due(connection, now, limit=8)]
        aside = [errand.job_id for errand in errands.due(connection, now, limit=8)]
        is_errand = errands.is_one(connection, job_id)
    for due in dict.fromkeys([*waiting, *([] if is_errand else [job_id])]):
        inviting = replace(tools, invite=partial(invite, ring, due))
        if work(inviting, due, lease_s=lease_s):
            return
    for due in aside:
        if run_errand(tools, due, kinds or {}, worker=worker_name(), lease_s=lease_s):
            return
    if not is_errand:
        lend_a_hand(tools, job_id)


def invite(ring: Ring, job_id: UUID, count: int) -> None:
    """Ring for a job that is at work, so that others come to help."""
    try:
        for _ in range(min(count, HELPERS_MAX)):
            ring(job_id)
    except Unavailable as error:
        log.warning("%s", error)  # the sweeps of the others find the bands


def _do(tools: Tools, claimed: Job, *, lease_s: float, beat_s: float) -> None:
    """Do a job that was claimed."""
    job_id = claimed.job_id
    with HeldJob(tools, claimed, lease_s=lease_s, beat_s=beat_s) as held:
        log.info("job %s: %s of survey %s begins", job_id, claimed.kind, claimed.survey_id)
        todo = KINDS.get(claimed.kind)
        if todo is None:
            raise Broken(f"this worker does not know jobs of kind {claimed.kind!r}; upgrade it")
        ours = replace(tools, progress=held.progress, warrant=held)
        todo(claimed.survey_id, tools.fit(ours, claimed.survey_id))


def _claim(tools: Tools, job_id: UUID, lease_s: float) -> Job | None:
    """Take a job; one that has cost too many workers dies here, and its survey with it."""
    with writing(tools.engine) as connection:
        before = jobs.by_id(connection, job_id)
        claimed = jobs.claim(connection, job_id, worker_name(), tools.clock.now(), lease_s)
        if claimed is None and before.state in ACTIVE:
            _mourn(connection, jobs.by_id(connection, job_id))
    return claimed


def _mourn(connection: Connection, ended: Job) -> None:
    """Let a survey fail when its job is dead; share the transaction that ended the job."""
    if ended.state is JobState.DEAD:
        surveys.set_state(connection, ended.survey_id, SurveyState.FAILED)


class HeldJob(Held[Job]):
    """Hold a job of a survey: its lines are kept, and its survey fails with it."""

    def __init__(self, tools: Tools, job: Job, *, lease_s: float, beat_s: float) -> None:
        """Prepare to hold a job that was just claimed."""
        super().__init__(tools, job, jobs, lease_s=lease_s, beat_s=beat_s)

    def mourn(self, connection: Connection, ended: Job) -> None:
        """Let the survey fail when its job is dead."""
        _mourn(connection, ended)

    def write_down(self, connection: Connection, said: Sequence[Said]) -> None:
        """Keep the lines with the job, so that people can read them at the service."""
        joblines.add(connection, self._job.job_id, said)
