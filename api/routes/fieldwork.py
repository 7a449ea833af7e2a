"""What the crew asks on site: is everything covered, and how long will it take."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from api.deps import ServicesDep
from api.schemas.fieldwork import CoverageOut, OutlookOut
from inspection.pipeline.cover import cover
from inspection.pipeline.reckon import reckon
from inspection.store import jobs, photos, steps, surveys
from inspection.store.engine import reading

router = APIRouter(prefix="/api/surveys/{survey_id}", tags=["fieldwork"])

COSTS_MAX = 500
"""Finished steps that are asked what they took: about a hundred surveys."""


@router.get("/coverage", operation_id="read_coverage")
def read_coverage(
    services: ServicesDep,
    survey_id: UUID,
    width_mm: Annotated[float, Query(ge=0.01, le=50)] = 0.2,
    surface_height_m: Annotated[float, Query(ge=-500, le=500)] = 0.0,
) -> CoverageOut:
    """Say what the photos cover at a wanted crack width, by the positions that they state.

    ``surface_height_m`` is the height of the surface above the place of take-off. This is no proof:
    a drone without RTK is good to metres, and nothing has been compared with the pictures.
    """
    with reading(services.engine) as connection:
        survey = surveys.by_id(connection, survey_id)
        taken = photos.of_survey(connection, survey_id)
    covered = cover(taken, surface_height_m=surface_height_m, gsd_m_per_px=survey.gsd_m_per_px)
    return CoverageOut.of(covered, width_mm=width_mm, surface_height_m=surface_height_m)


@router.get("/outlook", operation_id="read_outlook")
def read_outlook(services: ServicesDep, survey_id: UUID) -> OutlookOut:
    """Say at which stage the work is and how long it still takes, by what it took before."""
    with reading(services.engine) as connection:
        surveys.by_id(connection, survey_id)
        newest = jobs.of_survey(connection, survey_id)
        outlook = reckon(
            newest[0] if newest else None,
            steps.of_survey(connection, survey_id),
            steps.costs(connection, limit=COSTS_MAX),
            photos=len(photos.of_survey(connection, survey_id)),
            now=services.clock.now(),
        )
    return OutlookOut.of(outlook)
