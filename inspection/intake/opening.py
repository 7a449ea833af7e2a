"""Open a file about assets by what it is."""

from collections.abc import Mapping
from pathlib import Path

from inspection.codelists.columns import LedgerField
from inspection.errors import BadInput, NotFound
from inspection.intake.csvtable import read_csv
from inspection.intake.gpkgtable import read_gpkg
from inspection.intake.jsontable import read_json
from inspection.intake.table import MAX_BYTES, Table
from inspection.intake.xlsxtable import read_xlsx

SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".json", ".geojson", ".gpkg")


def open_table(path: Path, fields: Mapping[str, LedgerField], *, sheet: str | None = None) -> Table:
    """Read a file as a table.

    Args:
        path: CSV, TSV, XLSX, xROAD JSON, GeoJSON or GeoPackage.
        fields: known fields, by which the heading is found.
        sheet: sheet of a workbook or layer of a GeoPackage; the first unless named.

    Raises:
        NotFound: when there is no such file.
        BadInput: when its kind is unknown, it is too large, or it cannot be read.
    """
    if not path.is_file():
        raise NotFound(f"there is no file {path}")
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise BadInput(f"{path.name}: {suffix or 'no suffix'} is none of {', '.join(SUFFIXES)}")
    if path.stat().st_size > MAX_BYTES:
        raise BadInput(
            f"{path.name} has {path.stat().st_size / 2**20:.0f} MB; up to "
            f"{MAX_BYTES / 2**20:.0f} MB are read: split the file"
        )
    if suffix == ".gpkg":
        return read_gpkg(path, layer=sheet)
    content = path.read_bytes()
    known = frozenset(alias for one in fields.values() for alias in one.aliases)
    if suffix in (".xlsx", ".xlsm"):
        return read_xlsx(content, path.name, known=known, sheet=sheet)
    if sheet is not None:
        raise BadInput(f"{path.name} has no sheets; leave --sheet out")
    if suffix in (".json", ".geojson"):
        return read_json(content, path.name)
    return read_csv(content, path.name, known=known)
