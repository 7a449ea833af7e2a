"""Write a work list in the format that somebody asked for; shared by service and command."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from inspection.domain.defect import Defect
from inspection.domain.workorder import WorkList
from inspection.errors import BadInput
from inspection.export.csv import write_csv
from inspection.export.geojson import write_geojson
from inspection.export.gpkg import write_gpkg
from inspection.export.xlsx import write_xlsx


class FileFormat(StrEnum):
    """Say in which format a work list is written."""

    CSV = "csv"
    XLSX = "xlsx"
    GEOJSON = "geojson"
    GPKG = "gpkg"


class Language(StrEnum):
    """Say in which language headings are."""

    JA = "ja"
    EN = "en"


MEDIA_TYPES = {
    FileFormat.CSV: "text/csv; charset=utf-8",
    FileFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    FileFormat.GEOJSON: "application/geo+json",
    FileFormat.GPKG: "application/geopackage+sqlite3",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Carry a work list with the defects behind it."""

    work_list: WorkList
    defects: Sequence[Defect]


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
    drawn: Drawn, path: Path, file_format: FileFormat, *, language: Language = Language.JA
) -> None:
    """Write a work list; the file is complete or not there.

    Raises:
        BadInput: when the format cannot hold several frames and the defects have several.
        Unavailable: when the folder cannot be written.
    """
    writers: dict[FileFormat, Callable[[], object]] = {
        FileFormat.CSV: lambda: write_csv(drawn.work_list, path),
        FileFormat.XLSX: lambda: write_xlsx(drawn.work_list, path, language=language.value),
        FileFormat.GEOJSON: lambda: write_geojson(drawn.defects, path, work_list=drawn.work_list),
        FileFormat.GPKG: lambda: write_gpkg(drawn.defects, drawn.work_list, path),
    }
    writers[file_format]()
