"""Programmes: what is done in which year with the money there is; what if it were other money."""

import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query
from fastapi.responses import Response
from sqlalchemy import Connection

from api.deps import Services, ServicesDep
from api.schemas.programme import ProgrammeIn, ProgrammeList, ProgrammeOut, head_of
from api.worklist_file import Language
from inspection.domain.assetsheet import LedgerEntry
from inspection.domain.eradate import day_in_japan, fiscal_year
from inspection.export.programme import write_programme_csv, write_programme_xlsx
from inspection.pipeline.allot import Allotted, allot, check_name, compare
from inspection.pipeline.programmesheet import laid_out
from inspection.store import prices, programmes, sheets
from inspection.store.engine import reading, writing
from inspection.store.programmes import KeptProgramme

router = APIRouter(prefix="/api/programmes", tags=["programmes"])

DRAFT = "draft"


class ProgrammeFormat(StrEnum):
    """Say in which format a programme is written."""

    CSV = "csv"
    XLSX = "xlsx"


MEDIA_TYPES = {
    ProgrammeFormat.CSV: "text/csv; charset=utf-8",
    ProgrammeFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@router.get("", operation_id="list_programmes")
def list_programmes(services: ServicesDep) -> ProgrammeList:
    """List the programmes that are kept, and the price lists that a new one can use."""
    with reading(services.engine) as connection:
        return ProgrammeList(
            programmes=[head_of(head) for head in programmes.heads(connection)],
            price_lists=list(prices.names(connection)),
        )


@router.post("/drafts", operation_id="draft_programme")
def draft_programme(services: ServicesDep, wanted: ProgrammeIn) -> ProgrammeOut:
    """Draw up a programme without keeping it, and compare it with one that is kept."""
    drawn = _drawn(services, wanted, DRAFT)
    if wanted.compare_with is None:
        return ProgrammeOut.of(drawn.programme, drawn.known.entries)
    with reading(services.engine) as connection:
        before = programmes.by_name(connection, wanted.compare_with)
        entries = {**_entries(connection, before), **drawn.known.entries}
    changes = compare(before, drawn.programme)
    return ProgrammeOut.of(drawn.programme, entries, before=before, changes=changes)


@router.put("/{name}", operation_id="keep_programme")
def keep_programme(
    services: ServicesDep,
    name: str,
    wanted: ProgrammeIn,
    replace: Annotated[bool, Query(description="put it in the place of one of that name")] = False,
) -> ProgrammeOut:
    """Draw up a programme and keep it; 409 when there is one of that name and none is replaced."""
    check_name(name)
    drawn = _drawn(services, wanted, name)
    with writing(services.engine) as connection:
        programmes.save(connection, drawn.programme, replace=replace)
    return ProgrammeOut.of(drawn.programme, drawn.known.entries)


@router.get("/{name}", operation_id="read_programme")
def read_programme(services: ServicesDep, name: str) -> ProgrammeOut:
    """Show a programme that is kept: money, works by year, and why each is in or not."""
    with reading(services.engine) as connection:
        found = programmes.by_name(connection, name)
        return ProgrammeOut.of(found, _entries(connection, found))


@router.get(
    "/{name}/file.{file_format}",
    operation_id="programme_file",
    response_class=Response,
    responses={200: {"content": {media_type: {} for media_type in MEDIA_TYPES.values()}}},
)
def programme_file(
    services: ServicesDep,
    name: str,
    file_format: ProgrammeFormat,
    lang: Language = Language.JA,
) -> Response:
    """Give a programme that is kept as a file, with every reason: CSV or XLSX."""
    with reading(services.engine) as connection:
        sheet = laid_out(connection, programmes.by_name(connection, name), lang.value)
    services.scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="programme-", dir=services.scratch) as folder:
        path = Path(folder) / f"programme.{file_format.value}"
        if file_format is ProgrammeFormat.CSV:
            write_programme_csv(sheet, path)
        else:
            write_programme_xlsx(sheet, path, japanese=lang is Language.JA)
        content = path.read_bytes()
    return Response(
        content,
        media_type=MEDIA_TYPES[file_format],
        headers={
            "Content-Disposition": _named(name, file_format),
            "Cache-Control": "no-store",
        },
    )


def _named(name: str, file_format: ProgrammeFormat) -> str:
    """Name a file after its programme (RFC 6266), with a plain name for old programs."""
    ending = file_format.value
    return f"attachment; filename=\"programme.{ending}\"; filename*=UTF-8''{quote(name)}.{ending}"


def _drawn(services: Services, wanted: ProgrammeIn, name: str) -> Allotted:
    """Draw a programme up from what the asker's organisation owns."""
    now = services.clock.now()
    with reading(services.engine) as connection:
        request = wanted.to_request(fiscal_year(day_in_japan(now)))
        return allot(connection, request, name=name, clock=services.clock)


def _entries(connection: Connection, found: KeptProgramme) -> dict[str, LedgerEntry]:
    return sheets.by_ids(connection, sorted({line.asset_id for line in found.lines}))
