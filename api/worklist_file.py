"""Write a work list in the format that somebody asked for; shared by service and command."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from sqlalchemy import Connection

from inspection.domain.defect import Defect
from inspection.domain.workorder import WorkList
from inspection.errors import BadInput
from inspection.export.csv import write_csv
from inspection.export.dxf import DamageMap, write_dxf
from inspection.export.encoding import CsvReport
from inspection.export.figure import Figure
from inspection.export.geojson import write_geojson
from inspection.export.gpkg import write_gpkg
from inspection.export.worklistpdf import CARDS, write_worklist_pdf
from inspection.export.xlsx import write_xlsx
from inspection.pipeline.damagemap import map_of_list
from inspection.pipeline.figures import chip_figures, of_defect
from inspection.pipeline.ports import BlobStore
from inspection.pipeline.worklist import day_in_japan, draw_up


class FileFormat(StrEnum):
    """Say in which format a work list is written."""

    CSV = "csv"
    XLSX = "xlsx"
    GEOJSON = "geojson"
    GPKG = "gpkg"
    DXF = "dxf"
    PDF = "pdf"


class CsvEncoding(StrEnum):
    """Say in which characters a CSV file is written."""

    UTF8 = "utf-8"
    CP932 = "cp932"


class Language(StrEnum):
    """Say in which language headings are."""

    JA = "ja"
    EN = "en"


MEDIA_TYPES = {
    FileFormat.CSV: "text/csv; charset=utf-8",
    FileFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    FileFormat.GEOJSON: "application/geo+json",
    FileFormat.GPKG: "application/geopackage+sqlite3",
    FileFormat.DXF: "image/vnd.dxf",
    FileFormat.PDF: "application/pdf",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Carry a work list with the defects behind it, and what only some formats need.

    Attributes:
        work_list: the list.
        defects: the defects behind it.
        made: when it was drawn up, for people.
        figures: pictures by defect; only for PDF.
        damage_map: the drawing; only for DXF.
    """

    work_list: WorkList
    defects: Sequence[Defect]
    made: str = ""
    figures: Mapping[str, Figure] = field(default_factory=dict)
    damage_map: DamageMap | None = None


def draw(
    connection: Connection,
    blobs: BlobStore,
    *,
    survey_id: uuid.UUID | None,
    asset_id: str | None,
    now: datetime,
    file_format: FileFormat,
    language: Language = Language.JA,
) -> Drawn:
    """Draw a work list up with what a format needs.

    Raises:
        BadInput: when neither or both of survey and asset are given, or a drawing cannot hold
            the defects.
        NotFound: when there is no such asset or survey.
    """
    listed, appraised = draw_up(
        connection, survey_id=survey_id, asset_id=asset_id, today=day_in_japan(now)
    )
    defects = [defect for entry in appraised for defect in entry.defects]
    made = f"{now:%Y-%m-%d %H:%M} UTC"
    shown = {row.defect_id for row in listed.rows[:CARDS]}
    first = [defect for defect in defects if defect.defect_id in shown]
    is_pdf, is_dxf = file_format is FileFormat.PDF, file_format is FileFormat.DXF
    return Drawn(
        work_list=listed,
        defects=defects,
        made=made,
        figures=chip_figures(connection, blobs, [of_defect(d) for d in first]) if is_pdf else {},
        damage_map=map_of_list(connection, defects, listed, language=language.value, made=made)
        if is_dxf
        else None,
    )


def format_of(name: str) -> FileFormat:
    """Find a format by its name.

    Raises:
        BadInput: when there is no such format.

    >>> format_of("XLSX").value
    'xlsx'
    """
    try:
        return FileFormat(name.lower())
    except ValueError as error:
        raise BadInput(
            f"a work list cannot be written as {name!r}; choose {', '.join(FileFormat)}"
        ) from error


def write(
    drawn: Drawn,
    path: Path,
    file_format: FileFormat,
    *,
    language: Language = Language.JA,
    encoding: CsvEncoding = CsvEncoding.UTF8,
) -> list[str]:
    """Write a work list; the file is complete or not there.

    Returns:
        What a reader of the file should know, such as characters that had to be replaced.

    Raises:
        BadInput: when the format cannot hold several frames and the defects have several.
        Unavailable: when the folder cannot be written, or a library of the system is missing.
    """
    writers: dict[FileFormat, Callable[[], object]] = {
        FileFormat.CSV: lambda: write_csv(
            drawn.work_list,
            path,
            encoding="cp932" if encoding is CsvEncoding.CP932 else "utf-8-sig",
        ),
        FileFormat.XLSX: lambda: write_xlsx(
            drawn.work_list, path, language=language.value, made=drawn.made
        ),
        FileFormat.GEOJSON: lambda: write_geojson(drawn.defects, path, work_list=drawn.work_list),
        FileFormat.GPKG: lambda: write_gpkg(drawn.defects, drawn.work_list, path),
        FileFormat.DXF: lambda: _write_map(drawn, path),
        FileFormat.PDF: lambda: write_worklist_pdf(
            drawn.work_list,
            path,
            figures=drawn.figures,
            language=language.value,
            made=drawn.made,
        ),
    }
    report = writers[file_format]()
    return report.sentences() if isinstance(report, CsvReport) else []


def _write_map(drawn: Drawn, path: Path) -> None:
    """Write the damage map that was drawn up with the list."""
    if drawn.damage_map is None:
        raise BadInput("the list was drawn up without its damage map; draw it up for DXF")
    write_dxf(drawn.damage_map, path)
