"""Evidence for one defect: widths along it, photos that see it, earlier surveys, its history."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.content import cached
from api.deps import PrincipalDep, ServicesDep
from api.schemas.evidence import (
    EarlierList,
    GrowthOut,
    HistoryOut,
    ProfileOut,
    SightingsOut,
)
from api.schemas.telling import (
    Told,
    earlier_out,
    history_out,
    profile_out,
    sightings_out,
)
from inspection.domain.grade import Subject
from inspection.errors import BadInput, NotFound
from inspection.imaging.darkroom import Darkroom
from inspection.imaging.photocrop import CROP_MAX_PX, Box, Cutter, fitted_px
from inspection.imaging.photosight import window_px
from inspection.pipeline.dossier import open_dossier, with_photo
from inspection.pipeline.lifeline import edits_of, family
from inspection.pipeline.onlook import photo_sightings
from inspection.pipeline.profilefile import profile_digest, profile_of
from inspection.pipeline.revisit import earlier_survey, earlier_surveys, growth_since
from inspection.pipeline.veil import blurred_photo
from inspection.store import defects, grades, observations, reviews, surveys
from inspection.store.engine import reading

router = APIRouter(prefix="/api/defects/{defect_id}", tags=["evidence"])

SurveyChoice = Annotated[
    UUID | None, Query(description="as this survey saw it; the latest sighting by default")
]
CROP_PX = 640
ORIGINALS = "originals"
"""Right to see photos as they were taken."""

_darkroom = Darkroom()
_cutter = Cutter(_darkroom)


@router.get("/profile", operation_id="defect_profile", responses={304: {}})
def defect_profile(
    request: Request,
    response: Response,
    services: ServicesDep,
    defect_id: UUID,
    survey_id: SurveyChoice = None,
) -> ProfileOut:
    """Show the widths along a crack, each with its uncertainty and the photo it was read in.

    They are read in the source photos when somebody asks for the first time, and kept.
    """
    dossier = open_dossier(services.engine, services.blobs, defect_id, survey_id)
    tag = profile_digest(dossier)[:32]
    known, headers = cached(request, tag=tag, media_type="application/json", versioned=False)
    if known is not None:
        return known  # type: ignore[return-value]  # FastAPI passes responses through
    response.headers.update(headers)
    return profile_out(dossier, profile_of(dossier, services.blobs))


@router.get("/photos", operation_id="defect_photos")
def defect_photos(
    services: ServicesDep, defect_id: UUID, survey_id: SurveyChoice = None
) -> SightingsOut:
    """List the photos that see a defect, the best first, with its outline in each."""
    dossier = open_dossier(services.engine, services.blobs, defect_id, survey_id)
    return sightings_out(dossier, photo_sightings(dossier))


@router.get(
    "/photos/{sha256}.jpg",
    operation_id="defect_photo",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}, 304: {}},
)
def defect_photo(
    *,
    request: Request,
    services: ServicesDep,
    principal: PrincipalDep,
    defect_id: UUID,
    sha256: str,
    survey_id: SurveyChoice = None,
    size: Annotated[int, Query(ge=32, le=CROP_MAX_PX, description="longest side, px")] = CROP_PX,
    window: Annotated[
        str | None,
        Query(
            pattern=r"^\d{1,6}(,\d{1,6}){3}$",
            description="x0,y0,x1,y1 px of the photo; what shows the defect by default",
        ),
    ] = None,
) -> Response:
    """Give a part of a photo that sees a defect: its own pixels, shrunk to ``size``, not enlarged.

    Ask for a window of ``size`` pixels to see every pixel of the photo. Who may not see originals
    gets what a detector and people marked as private blurred; a photo that no detector has looked
    at is not there for them.
    """
    dossier = open_dossier(services.engine, services.blobs, defect_id, survey_id)
    found = photo_sightings(dossier, sha256)
    if not found:
        raise NotFound(f"no photo {sha256[:12]}… of the survey sees defect {defect_id}")
    size_px = found[0].width_px, found[0].height_px
    box = window_px(found[0].box_px, size_px) if window is None else _inside(window, size_px)
    tag = f"{sha256[:32]}-{'-'.join(map(str, box))}-{size}"
    picture = None
    if ORIGINALS not in principal.rights:
        picture = blurred_photo(services.engine, services.blobs, dossier, sha256)
        tag = f"{tag}-{picture.tag}"
    # never kept without asking: the next person at this browser may see less at the same address
    known, headers = cached(request, tag=tag, media_type="image/jpeg", versioned=False)
    if known is not None:
        return known
    if picture is not None:
        content = picture.part(_darkroom, window=box, size_px=fitted_px(box, size))
        return Response(content, media_type="image/jpeg", headers=headers)
    with with_photo(dossier, sha256, services.blobs) as path:
        content = _cutter.cut(path, sha256, window=box, size_px=fitted_px(box, size))
    return Response(content, media_type="image/jpeg", headers=headers)


def _inside(window: str, size_px: tuple[int, int]) -> Box:
    """Read a window and keep it inside the photo.

    Raises:
        BadInput: when nothing of it lies in the photo.
    """
    x0, y0, x1, y1 = (int(number) for number in window.split(","))
    x1, y1 = min(x1, size_px[0]), min(y1, size_px[1])
    if not (x0 < x1 and y0 < y1):
        raise BadInput(
            f"window {window} px shows nothing of a photo of {size_px[0]}×{size_px[1]} px"
        )
    return x0, y0, x1, y1


@router.get("/earlier", operation_id="defect_earlier")
def defect_earlier(
    services: ServicesDep, defect_id: UUID, survey_id: SurveyChoice = None
) -> EarlierList:
    """List the earlier surveys of the asset, with what each saw at the place of the defect."""
    dossier = open_dossier(services.engine, services.blobs, defect_id, survey_id)
    found = earlier_surveys(services.engine, services.blobs, dossier)
    with reading(services.engine) as connection:
        own = surveys.by_id(connection, dossier.seen.survey_id)
    return EarlierList(
        defect_id=defect_id,
        survey_id=own.survey_id,
        created_at=own.created_at,
        surveys=[earlier_out(earlier) for earlier in found],
    )


@router.get("/earlier/{earlier_id}/growth", operation_id="defect_growth")
def defect_growth(
    services: ServicesDep, defect_id: UUID, earlier_id: UUID, survey_id: SurveyChoice = None
) -> GrowthOut:
    """Say what became of a defect since an earlier survey, each difference with its uncertainty."""
    dossier = open_dossier(services.engine, services.blobs, defect_id, survey_id)
    earlier = earlier_survey(services.engine, services.blobs, dossier, earlier_id)
    if earlier.obstacle is not None:
        raise NotFound(
            f"survey {earlier_id} cannot be laid over this one ({earlier.obstacle.value}), so "
            "nothing can be said about growth"
        )
    return GrowthOut.model_validate(growth_since(services.engine, services.blobs, dossier, earlier))


@router.get("/history", operation_id="defect_history")
def defect_history(services: ServicesDep, defect_id: UUID) -> HistoryOut:
    """Tell who saw what and who decided what, over all surveys and versions of a defect.

    Where an edit put it in the place of others, their lives are told too.
    """
    with reading(services.engine) as connection:
        defect = defects.by_id(connection, defect_id)
        members = family(connection, defect_id)
        seen = [
            (member, surveys.by_id(connection, row.survey_id).created_at, row)
            for member in members
            for row in observations.of_defect(connection, member)
        ]
        told = Told(
            seen=seen,
            decided=[record for m in members for record in reviews.history(connection, m)],
            graded=[
                (m, decision)
                for m in members
                for decision in grades.decisions_on(connection, Subject.DEFECT, str(m))
            ],
            edited=edits_of(connection, members),
        )
    return history_out(defect, told)
