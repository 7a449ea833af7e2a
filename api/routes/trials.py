"""Trials, for those who administer: let a model look at a mosaic, compare two, change nothing."""

import uuid
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.deps import PrincipalDep, Services, ServicesDep
from api.modelroom import Room, organisation_of, who_is
from api.routes.surveys import ring_or_log
from api.schemas.trial import ComparisonOut, OutlineList, OutlineOut, TrialIn, TrialList, TrialOut
from inspection.domain.comparison import SHARE, Outline
from inspection.domain.raster import Orthomosaic
from inspection.errors import BadInput, Conflict
from inspection.pipeline.tryout import OUTLINES_MAX, compare, read_outlines
from inspection.store import errands, orthomosaics, surveys, trials
from inspection.store.engine import reading, writing
from inspection.store.job import ACTIVE
from inspection.store.trials import Trial, Window
from inspection.turns import Turns

router = APIRouter(prefix="/api/trials", tags=["models"])

_reading = Turns("reading what trials found", waiting_most=3, patience_s=15.0)

LEAST_PX = 64
MOST_MPX = 150
"""Largest window that is no whole mosaic: half a minute on two cores."""


@router.get("", operation_id="list_trials")
def list_trials(services: ServicesDep, survey_id: UUID) -> TrialList:
    """List the newest hundred trials on a survey."""
    with reading(services.engine) as connection:
        surveys.by_id(connection, survey_id)
        found = trials.of_survey(connection, survey_id)
        jobs = errands.of_subjects(connection, [one.trial_id for one in found])
    return TrialList(trials=[TrialOut.of(one, jobs.get(one.trial_id)) for one in found])


@router.post("", operation_id="ask_trial", status_code=202)
def ask_trial(services: ServicesDep, principal: PrincipalDep, wanted: TrialIn) -> TrialOut:
    """Ask a worker to let a model look at a mosaic; no defect and no decision is touched."""
    organisation_id, now = organisation_of(principal), services.clock.now()
    with writing(services.engine) as connection:
        surveys.by_id(connection, wanted.survey_id)
        mosaic = orthomosaics.of_survey(connection, wanted.survey_id)
        room = Room.look(connection, organisation_id, now)
        trial = Trial(
            trial_id=uuid.uuid4(),
            survey_id=wanted.survey_id,
            mosaic_sha256=mosaic.sha256,
            window_px=_window(wanted.window_px, mosaic),
            whole=wanted.window_px is None,
            ref=room.newest(wanted.model.name, wanted.model.own_model_id),
            asked_by=who_is(principal),
            asked_at=now,
        )
        trials.add(connection, trial)
        errand = errands.enqueue(
            connection, errands.TRY, trial.trial_id, now, organisation_id=organisation_id
        )
    ring_or_log(services, errand.job_id)
    return TrialOut.of(trial, errand)


@router.get("/comparison", operation_id="compare_trials")
def compare_trials(
    services: ServicesDep,
    first: Annotated[UUID, Query(description="one trial")],
    second: Annotated[UUID, Query(description="another one, on the same window")],
) -> ComparisonOut:
    """Say what two models found in the same window: both, only the one, only the other.

    Where one of them found too much to keep, each side says how much of it is ``left_out``.
    """
    with reading(services.engine) as connection:
        one, other = trials.by_id(connection, first), trials.by_id(connection, second)
        mosaic = orthomosaics.of(connection, one.survey_id, one.mosaic_sha256)
    _demand_same_place(one, other)
    with _reading.one():
        compared = compare(
            _outlines(services, one),
            _outlines(services, other),
            gsd_m_per_px=mosaic.grid.gsd_m_per_px,
        )
    return ComparisonOut.of(one, other, compared, share=SHARE)


@router.get("/{trial_id}", operation_id="read_trial")
def read_trial(services: ServicesDep, trial_id: UUID) -> TrialOut:
    """Show a trial and how far it is."""
    with reading(services.engine) as connection:
        trial = trials.by_id(connection, trial_id)
        errand = errands.of_subjects(connection, [trial_id]).get(trial_id)
    return TrialOut.of(trial, errand)


@router.get("/{trial_id}/outlines", operation_id="trial_outlines")
def trial_outlines(services: ServicesDep, trial_id: UUID) -> OutlineList:
    """List what a trial found, the largest first."""
    with reading(services.engine) as connection:
        trial = trials.by_id(connection, trial_id)
    with _reading.one():
        shown = _outlines(services, trial)[:OUTLINES_MAX]
    return OutlineList(outlines=[OutlineOut.of(one) for one in shown])


@router.delete("/{trial_id}", operation_id="remove_trial", status_code=204)
def remove_trial(services: ServicesDep, trial_id: UUID) -> Response:
    """Stop a trial and forget it."""
    with writing(services.engine) as connection:
        trial = trials.by_id(connection, trial_id)
        trials.remove(connection, trial_id)
    if trial.outlines_key is not None:
        services.blobs.delete(trial.outlines_key)
    return Response(status_code=204)


def _window(wanted: Window | None, mosaic: Orthomosaic) -> Window:
    """Give the part of a mosaic that is looked at.

    Raises:
        BadInput: when it does not lie on the mosaic, or is too small or too large.
    """
    width, height = mosaic.grid.width_px, mosaic.grid.height_px
    if wanted is None:
        return (0, 0, width, height)
    x0, y0, x1, y1 = wanted
    if not (0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height):
        raise BadInput(
            f"window {x0} {y0} {x1} {y1} px does not lie on the mosaic of {width}×{height} px"
        )
    if min(x1 - x0, y1 - y0) < LEAST_PX:
        raise BadInput(
            f"a window of {x1 - x0}×{y1 - y0} px is too small; its sides are {LEAST_PX} px or more"
        )
    if (x1 - x0) * (y1 - y0) > MOST_MPX * 1e6:
        raise BadInput(
            f"a window of {(x1 - x0) * (y1 - y0) / 1e6:.0f} Mpx is over {MOST_MPX} Mpx; take a "
            "smaller one, or the whole mosaic by leaving the window out"
        )
    return wanted


def _demand_same_place(one: Trial, other: Trial) -> None:
    places = [(each.survey_id, each.mosaic_sha256, each.window_px) for each in (one, other)]
    if places[0] != places[1]:
        raise BadInput(
            "the two trials are not of the same window of the same mosaic; try both models on one"
        )


def _outlines(services: Services, trial: Trial) -> tuple[Outline, ...]:
    """Read what a trial found.

    Raises:
        Conflict: when it is not done.
    """
    if trial.outlines_key is None:
        with reading(services.engine) as connection:
            errand = errands.of_subjects(connection, [trial.trial_id]).get(trial.trial_id)
        state = "not asked for" if errand is None else errand.state.value
        advice = "wait for it" if errand and errand.state in ACTIVE else "try it again"
        raise Conflict(f"trial {trial.trial_id} found nothing yet: it is {state}; {advice}")
    return read_outlines(services.blobs.read_bytes(trial.outlines_key))
