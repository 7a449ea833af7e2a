"""The work list: what to do next, ranked, with every reason; as data and as files."""

import tempfile
from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response

from api.deps import Services, ServicesDep
from api.schemas.worklist import WorkListOut
from api.worklist_file import MEDIA_TYPES, Drawn, FileFormat, Language, write
from inspection.pipeline.worklist import draw_up
from inspection.store.engine import reading

router = APIRouter(prefix="/api", tags=["worklist"])

SurveyId = Annotated[UUID | None, Query(description="only defects that this survey saw last")]
AssetId = Annotated[str | None, Query(description="all defects of this asset")]


@router.get("/worklist", operation_id="work_list")
def work_list(
    services: ServicesDep, survey_id: SurveyId = None, asset_id: AssetId = None
) -> WorkListOut:
    """Give the ranked work list of a survey or of an asset as it stands now."""
    return WorkListOut.of(_drawn(services, survey_id, asset_id).work_list)


@router.get(
    "/worklist.{file_format}",
    operation_id="work_list_file",
    response_class=Response,
    responses={200: {"content": {media_type: {} for media_type in MEDIA_TYPES.values()}}},
)
def work_list_file(
    services: ServicesDep,
    file_format: FileFormat,
    survey_id: SurveyId = None,
    asset_id: AssetId = None,
    lang: Language = Language.JA,
) -> Response:
    """Give the ranked work list as a file: CSV, XLSX, GeoJSON or GeoPackage."""
    drawn = _drawn(services, survey_id, asset_id)
    services.scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="worklist-", dir=services.scratch) as folder:
        path = Path(folder) / f"worklist.{file_format.value}"
        write(drawn, path, file_format, language=lang)
        content = path.read_bytes()
    moment = f"{services.clock.now():%Y%m%d}"
    return Response(
        content,
        media_type=MEDIA_TYPES[file_format],
        headers={
            "Content-Disposition": f'attachment; filename="worklist-{moment}.{file_format.value}"',
            "Cache-Control": "no-store",
        },
    )


def _drawn(services: Services, survey_id: UUID | None, asset_id: str | None) -> Drawn:
    with reading(services.engine) as connection:
        listed, appraised = draw_up(
            connection,
            survey_id=survey_id,
            asset_id=asset_id,
            today=services.clock.now().date(),
        )
    found = [defect for entry in appraised for defect in entry.defects]
    return Drawn(work_list=listed, defects=found)
