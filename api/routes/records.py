"""The official record of an approved inspection, as the files that a prefecture signs or keeps."""

import tempfile
from pathlib import Path
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response

from api.deps import ServicesDep
from api.schemas.inspection import FiscalYear
from api.worklist_file import MEDIA_TYPES as LIST_TYPES
from api.worklist_file import CsvEncoding, FileFormat, Language
from inspection.export.recordform import shipped_template
from inspection.pipeline.approve import approved_record
from inspection.pipeline.recordfile import RecordFormat, Wanted, write_record
from inspection.store import assets
from inspection.store.engine import reading

router = APIRouter(prefix="/api/inspections", tags=["inspections"])

CP932_CSV = "text/csv; charset=shift_jis"
JSON = "application/json"
MEDIA_TYPES = {
    one: JSON if one is RecordFormat.JSON else LIST_TYPES[FileFormat(one.value)]
    for one in RecordFormat
}


@router.get(
    "/record.{file_format}",
    operation_id="record_file",
    response_class=Response,
    responses={200: {"content": {kind: {} for kind in (*MEDIA_TYPES.values(), CP932_CSV)}}},
)
def record_file(
    *,
    services: ServicesDep,
    file_format: RecordFormat,
    asset_id: Annotated[str, Query(min_length=1, max_length=200)],
    fiscal_year: Annotated[FiscalYear, Query()],
    lang: Language = Language.JA,
    encoding: CsvEncoding = CsvEncoding.UTF8,
    survey_id: Annotated[
        UUID | None, Query(description="whose face a DXF shows, where there are several")
    ] = None,
) -> Response:
    """Give the official record of an approved inspection: the filled form (xlsx), PDF, drawings.

    It is written from what was kept when it was approved, never from the rows of today.
    """
    template, cell_map = shipped_template()
    wanted = Wanted(
        file_format=file_format,
        language=lang.value,
        encoding="cp932" if encoding is CsvEncoding.CP932 else "utf-8-sig",
        survey_id=None if survey_id is None else str(survey_id),
        template=template,
        cell_map=cell_map,
    )
    services.scratch.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="record-", dir=services.scratch) as folder,
        reading(services.engine) as connection,
    ):
        assets.by_id(connection, asset_id)
        kept = approved_record(connection, asset_id, fiscal_year)
        path = Path(folder) / f"record.{file_format.value}"
        write_record(connection, services.blobs, kept, path, wanted)
        content = path.read_bytes()
    return Response(
        content,
        media_type=_media_type(file_format, encoding),
        headers={
            "Content-Disposition": _named(asset_id, fiscal_year, file_format),
            "Cache-Control": "no-store",
        },
    )


def _media_type(file_format: RecordFormat, encoding: CsvEncoding) -> str:
    """Name the type of a file, and the characters of a CSV."""
    if file_format is RecordFormat.CSV and encoding is CsvEncoding.CP932:
        return CP932_CSV
    return MEDIA_TYPES[file_format]


def _named(asset_id: str, fiscal_year: int, file_format: RecordFormat) -> str:
    """Name the file after its asset; in plain letters for programs that know no others (RFC 6266).

    >>> _named("橋/1", 2026, RecordFormat.PDF).split("; ")[2]
    "filename*=UTF-8''record-%E6%A9%8B%2F1-2026.pdf"
    """
    end = f"{fiscal_year}.{file_format.value}"
    return (
        f'attachment; filename="record-{end}"; '
        f"filename*=UTF-8''{quote(f'record-{asset_id}-{end}', safe='')}"
    )
