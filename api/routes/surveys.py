"""Surveys: create, list, look into, send to the workers."""

import logging
import uuid
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy import Connection

from api.crs import require_metric
from api.deps import Services, ServicesDep
from api.schemas.base import Link
from api.schemas.job import JobOut, PriorityName
from api.schemas.photo import LeftOut, PhotoOut, RejectionOut
from api.schemas.survey import StepOut, SurveyDetail, SurveyIn, SurveyList, SurveyOut
from api.schemas.viewing import mosaic_out
from inspection.domain.mission import Survey, SurveyState
from inspection.domain.raster import Orthomosaic
from inspection.errors import BadInput, NotFound, Unavailable
from inspection.pipeline.admit import Options
from inspection.store import (
    assets,
    catalogue,
    jobs,
    orthomosaics,
    photos,
    removals,
    reviewqueue,
    steps,
    surveys,
)
from inspection.store.engine import reading, writing
from inspection.store.job import Priority
from inspection.store.page import OFFSET_MAX

router = APIRouter(prefix="/api/surveys", tags=["surveys"])

CONDUCT = "conduct"
"""The kind of job that takes a survey along the whole road."""

log = logging.getLogger("tenken.api")


@router.get("", operation_id="list_surveys")
def list_surveys(
    services: ServicesDep,
    asset_id: str | None = None,
    text: Annotated[
        str,
        Query(
            alias="q",
            max_length=200,
            description="only of assets whose identifier or name has this, in either case",
        ),
    ] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    offset: Annotated[int, Query(ge=0, le=OFFSET_MAX)] = 0,
) -> SurveyList:
    """List surveys, newest first."""
    with reading(services.engine) as connection:
        page = surveys.find(
            connection, asset_id=asset_id, text=text.strip(), limit=limit, offset=offset
        )
        rows = [_summary(connection, survey) for survey in page.rows]
    return SurveyList(surveys=rows, number_matched=page.total)


@router.post("", operation_id="create_survey", status_code=201)
def create_survey(services: ServicesDep, described: SurveyIn) -> SurveyOut:
    """Create an empty survey of an asset; photos are uploaded next."""
    gsd = described.gsd_mm_per_px
    survey = Survey(
        survey_id=uuid.uuid4(),
        asset_id=described.asset_id,
        surface=described.surface,
        gsd_m_per_px=None if gsd is None else gsd / 1000,
        map_crs=described.map_crs,
        created_at=services.clock.now(),
    )
    _check_options(survey)
    with writing(services.engine) as connection:
        assets.by_id(connection, survey.asset_id)
        surveys.save(connection, survey)
        return _summary(connection, survey)


@router.get("/{survey_id}", operation_id="read_survey")
def read_survey(services: ServicesDep, survey_id: UUID) -> SurveyDetail:
    """Show everything about a survey except its defects."""
    with reading(services.engine) as connection:
        survey = surveys.by_id(connection, survey_id)
        summary = _summary(connection, survey)
        made = mosaic_or_none(connection, survey_id)
        return SurveyDetail(
            **summary.model_dump(),
            photos=[PhotoOut.of(photo) for photo in photos.of_survey(connection, survey_id)],
            left_out=_left_out(connection, survey_id),
            rejections=[RejectionOut.of(row) for row in photos.rejected(connection, survey_id)],
            steps=[StepOut.of(step) for step in steps.of_survey(connection, survey_id)],
            mosaic=None if made is None else mosaic_out(made),
            links=_links(survey_id),
        )


@router.post("/{survey_id}/process", operation_id="process_survey", status_code=202)
def process_survey(
    services: ServicesDep, survey_id: UUID, priority: PriorityName | None = None
) -> JobOut:
    """Ask the workers to make the mosaic and find the damage; the job tells how far they are.

    Asking again while a job is under way gives that job; asking after it ended does only what is
    not done yet. Of the surveys that wait, those of the highest priority are taken first.
    """
    chosen = None if priority is None else Priority.named(priority)
    with writing(services.engine) as connection:
        survey = surveys.by_id(connection, survey_id)
        if not photos.of_survey(connection, survey_id):
            raise BadInput(f"survey {survey_id} has no usable photo; upload photos first")
        now = services.clock.now()
        job = jobs.enqueue(connection, survey_id, CONDUCT, now, priority=chosen)
        surveys.set_state(connection, survey.survey_id, SurveyState.PROCESSING)
    ring_or_log(services, job.job_id)
    return JobOut.of(job)


def _left_out(connection: Connection, survey_id: UUID) -> list[LeftOut]:
    decided = removals.standing(connection, survey_id)
    return [
        LeftOut.of(photo, decided[photo.sha256])
        for photo in photos.of_survey(connection, survey_id, left_out=True)
    ]


def ring_or_log(services: Services, job_id: UUID) -> None:
    """Ring the bell; when it cannot be heard the workers find the job a little later."""
    try:
        services.ring(job_id)
    except Unavailable as error:
        log.warning("%s", error)


def _check_options(survey: Survey) -> None:
    """Refuse options that do not go together, before any photo is uploaded."""
    if survey.map_crs is not None:
        require_metric(survey.map_crs)
    Options(surface=survey.surface, gsd_m_per_px=survey.gsd_m_per_px, map_crs=survey.map_crs)


def mosaic_or_none(connection: Connection, survey_id: UUID) -> Orthomosaic | None:
    """Read the mosaic of a survey, None before there is one."""
    try:
        return orthomosaics.of_survey(connection, survey_id)
    except NotFound:
        return None


def _summary(connection: Connection, survey: Survey) -> SurveyOut:
    newest = jobs.of_survey(connection, survey.survey_id)
    return SurveyOut(
        survey_id=survey.survey_id,
        asset_id=survey.asset_id,
        asset_name=assets.by_id(connection, survey.asset_id).name,
        surface=survey.surface,
        gsd_mm_per_px=None if survey.gsd_m_per_px is None else survey.gsd_m_per_px * 1000,
        map_crs=survey.map_crs,
        created_at=survey.created_at,
        state=survey.state,
        photo_count=catalogue.photo_counts(connection, [survey.survey_id]).get(survey.survey_id, 0),
        defect_count=reviewqueue.total(connection, survey.survey_id),
        job=JobOut.of(newest[0]) if newest else None,
    )


def _links(survey_id: UUID) -> list[Link]:
    base = f"/api/surveys/{survey_id}"
    return [
        Link(href=base, rel="self", type="application/json"),
        Link(href=f"{base}/defects", rel="defects", type="application/json"),
        Link(href=f"/api/worklist?survey_id={survey_id}", rel="worklist", type="application/json"),
    ]
