"""The work list: what to do next, ranked, with every reason; as data and as files."""

import tempfile
from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response

from api.deps import ServicesDep
from api.schemas.worklist import WorkListOut
from api.worklist_file import MEDIA_TYPES, CsvEncoding, FileFormat, Language, draw, write
from inspection.domain.eradate import day_in_japan
from inspection.pipeline.worklist import draw_up
from inspection.store.engine import reading

router = APIRouter(prefix="/api", tags=["worklist"])

CP932_CSV = "text/csv; charset=shift_jis"

SurveyId = Annotated[UUID | None, Query(description="only defects that this survey saw last")]
AssetId = Annotated[str | None, Query(description="all defects of this asset")]


@router.get("/worklist", operation_id="work_list")
def work_list(
    services: ServicesDep, survey_id: SurveyId = None, asset_id: AssetId = None
) -> WorkListOut:
    """Give the ranked work list of a survey or of an asset as it stands now."""
    with reading(services.engine) as connection:
        listed, _ = draw_up(
            connection,
            survey_id=survey_id,
            asset_id=asset_id,
            today=day_in_japan(services.clock.now()),
        )
    return WorkListOut.of(listed)


@router.get(
    "/worklist.{file_format}",
    operation_id="work_list_file",
    response_class=Response,
    responses={200: {"content": {kind: {} for kind in (*MEDIA_TYPES.values(), CP932_CSV)}}},
)
def work_list_file(
    *,
    services: ServicesDep,
    file_format: FileFormat,
    survey_id: SurveyId = None,
    asset_id: AssetId = None,
    lang: Language = Language.JA,
    encoding: CsvEncoding = CsvEncoding.UTF8,
) -> Response:
    """Give the ranked work list as a file: CSV, XLSX, GeoJSON, GeoPackage, DXF or PDF."""
    with reading(services.engine) as connection:
        drawn = draw(
            connection,
            services.blobs,
            survey_id=survey_id,
            asset_id=asset_id,
            now=services.clock.now(),
            file_format=file_format,
            language=lang,
        )
    services.scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="worklist-", dir=services.scratch) as folder:
        path = Path(folder) / f"worklist.{file_format.value}"
        write(drawn, path, file_format, language=lang, encoding=encoding)
        content = path.read_bytes()
    moment = f"{day_in_japan(services.clock.now()):%Y%m%d}"
    return Response(
        content,
        media_type=_media_type(file_format, encoding),
        headers={
            "Content-Disposition": f'attachment; filename="worklist-{moment}.{file_format.value}"',
            "Cache-Control": "no-store",
        },
    )


def _media_type(file_format: FileFormat, encoding: CsvEncoding) -> str:
    """Name the type of a file, and the characters of a CSV."""
    if file_format is FileFormat.CSV and encoding is CsvEncoding.CP932:
        return CP932_CSV
    return MEDIA_TYPES[file_format]
