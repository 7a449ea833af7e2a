"""Defects: look at them, see the evidence, decide."""

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy import Connection

from api.content import cached
from api.deps import PrincipalDep, Services, ServicesDep
from api.principal import Principal
from api.routes.surveys import mosaic_or_none
from api.schemas.defect import DefectDetail, DefectOut, DefectPage, GradeIn, VerdictIn
from api.schemas.reviewing import CHIP_PX, defect_detail, defect_out, priority_out
from api.schemas.worklist import RankOut
from inspection.domain.defect import Defect, Observation, ReviewState
from inspection.domain.eradate import day_in_japan
from inspection.domain.raster import Orthomosaic
from inspection.domain.review import Verdict
from inspection.domain.taxonomy import DamageClass
from inspection.errors import NotFound
from inspection.geo.grid import LOCAL_CRS
from inspection.imaging import maptiles
from inspection.pipeline.appraisal import appraise_defect, rank_defect
from inspection.pipeline.judge import Said, gradable, judge
from inspection.pipeline.review import review
from inspection.pipeline.settle import settled_grades_of, work_on
from inspection.store import defects, orthomosaics, photos, reviewqueue, reviews, surveys
from inspection.store.engine import reading, writing
from inspection.store.page import OFFSET_MAX

router = APIRouter(prefix="/api", tags=["defects"])


@router.get("/surveys/{survey_id}/defects", operation_id="survey_defects")
def survey_defects(
    *,
    request: Request,
    services: ServicesDep,
    survey_id: UUID,
    damage_class: Annotated[list[DamageClass] | None, Query()] = None,
    state: Annotated[list[ReviewState] | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=5000)] = 1000,
    offset: Annotated[int, Query(ge=0, le=OFFSET_MAX)] = 0,
) -> DefectPage:
    """List the defects of a survey as its mosaic shows them, in the frame of the mosaic."""
    with reading(services.engine) as connection:
        surveys.by_id(connection, survey_id)
        mosaic = mosaic_or_none(connection, survey_id)
        page = defects.find(
            connection,
            survey_id=survey_id,
            classes=damage_class or (),
            states=state or (),
            limit=limit,
            offset=offset,
        )
        shown = _as_seen_in(connection, survey_id, page.rows)
    return DefectPage(
        surface_crs=LOCAL_CRS if mosaic is None else mosaic.grid.crs,
        mosaic_sha256=None if mosaic is None else mosaic.sha256,
        number_matched=page.total,
        number_returned=len(shown),
        limit=limit,
        offset=offset,
        next=_next_page(request, offset + limit) if offset + limit < page.total else None,
        defects=shown,
    )


@router.get("/defects/{defect_id}", operation_id="read_defect")
def read_defect(services: ServicesDep, defect_id: UUID) -> DefectDetail:
    """Show all about one defect: numbers, grades, photos, history."""
    with reading(services.engine) as connection:
        return _detail(connection, defects.by_id(connection, defect_id), _today(services))


@router.post("/defects/{defect_id}/verdicts", operation_id="decide", status_code=201)
def decide(
    services: ServicesDep, principal: PrincipalDep, defect_id: UUID, decision: VerdictIn
) -> DefectDetail:
    """Record what a reviewer decided; 409 when somebody else decided in the meantime.

    Whoever is signed in decides under the name of their account; ``reviewer`` counts only where
    nobody signs in. Sending the same ``verdict_id`` again counts once.
    """
    verdict = Verdict(
        verdict_id=decision.verdict_id or uuid.uuid4(),
        defect_id=defect_id,
        action=decision.action,
        reviewer=_reviewer(principal, decision),
        decided_at=services.clock.now(),
        expected_version=decision.expected_version,
        reason=decision.reason,
        damage_class=decision.damage_class,
        note=decision.note,
    )
    with writing(services.engine) as connection:
        review(connection, verdict, clock=services.clock)
    # what follows from it is read afterwards: others need not wait for that
    with reading(services.engine) as connection:
        return _detail(connection, defects.by_id(connection, defect_id), _today(services))


@router.post(
    "/defects/{defect_id}/grades",
    operation_id="decide_grade",
    status_code=201,
)
def decide_grade(
    services: ServicesDep, principal: PrincipalDep, defect_id: UUID, decision: GradeIn
) -> DefectDetail:
    """Decide the grade of a defect as it was read; what the rules propose stays beside it.

    409 when the defect was changed or graded since, is rejected, or others stand in its place.
    Whoever is signed in decides under their account; ``by`` counts only where nobody signs in.
    """
    account = principal.account
    said = Said(
        defect_id=defect_id,
        scheme=decision.scheme,
        grade=decision.grade,
        by=decision.by if account is None else account.display_name,
        expected_version=decision.expected_version,
        grade_version=decision.grade_version,
        note=decision.note,
        account_id=None if account is None else account.account_id,
    )
    with writing(services.engine) as connection:
        judge(connection, said, clock=services.clock)
    with reading(services.engine) as connection:
        return _detail(connection, defects.by_id(connection, defect_id), _today(services))


@router.get("/defects/{defect_id}/priority", operation_id="defect_priority")
def defect_priority(services: ServicesDep, defect_id: UUID) -> RankOut:
    """Rank a defect among all of its asset; takes as long as drawing up the work list."""
    with reading(services.engine) as connection:
        defect = defects.by_id(connection, defect_id)
        ranked = rank_defect(connection, defect, today=_today(services))
    return RankOut(priority=priority_out(ranked))


@router.get(
    "/defects/{defect_id}/chip.png",
    operation_id="defect_chip",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}, 304: {}},
)
def defect_chip(
    request: Request,
    services: ServicesDep,
    defect_id: UUID,
    max_px: Annotated[int, Query(ge=32, le=maptiles.CHIP_MAX_PX)] = CHIP_PX,
) -> Response:
    """Give the part of the mosaic that shows a defect, with a margin."""
    with reading(services.engine) as connection:
        seen = defects.by_id(connection, defect_id).latest
        mosaic = orthomosaics.of(connection, seen.survey_id, seen.mosaic_sha256)
    window = _window(seen, mosaic)
    tag = f"{mosaic.sha256[:32]}-{'-'.join(map(str, window))}-{max_px}"
    known, headers = cached(request, tag=tag, media_type="image/png", versioned=False)
    if known is not None:
        return known
    with services.blobs.local_path(mosaic.blob_key) as cog:
        content = maptiles.picture(cog, window=window, max_px=max_px)
    return Response(content, media_type="image/png", headers=headers)


def _reviewer(principal: Principal, decision: VerdictIn) -> str:
    account = principal.account
    return decision.reviewer if account is None else account.display_name


def _window(seen: Observation, mosaic: Orthomosaic) -> tuple[int, int, int, int]:
    return maptiles.chip_window(
        seen.box_px, width_px=mosaic.grid.width_px, height_px=mosaic.grid.height_px
    )


def _as_seen_in(
    connection: Connection, survey_id: UUID, found: Sequence[Defect]
) -> list[DefectOut]:
    """Show defects by what this survey saw of them, not by a later survey's sighting."""
    earlier = [defect.defect_id for defect in found if defect.latest.survey_id != survey_id]
    own = reviewqueue.sightings(connection, survey_id, earlier) if earlier else {}
    return [defect_out(defect, own.get(defect.defect_id, defect.latest)) for defect in found]


def _today(services: Services) -> date:
    return day_in_japan(services.clock.now())


def _detail(connection: Connection, defect: Defect, today: date) -> DefectDetail:
    seen = defect.latest
    try:
        mosaic = orthomosaics.of(connection, seen.survey_id, seen.mosaic_sha256)
    except NotFound:
        mosaic = None
    appraisal = appraise_defect(connection, defect, today=today)
    settled = settled_grades_of(connection, defect)
    return defect_detail(
        defect,
        appraisal=appraisal,
        photo_names=photos.names(connection, seen.survey_id, seen.photo_sha256s),
        history=reviews.history(connection, defect.defect_id),
        settled=settled,
        gradable=gradable(connection, defect, appraisal.grade, settled),
        work=work_on(connection, defect),
        chip_window=None if mosaic is None else _window(seen, mosaic),
    )


def _next_page(request: Request, offset: int) -> str:
    query = [pair for pair in request.query_params.multi_items() if pair[0] != "offset"]
    return f"{request.url.path}?{urlencode([*query, ('offset', str(offset))])}"
