"""Read the rows of an asset ledger."""

from collections.abc import Mapping
from datetime import date

from inspection.codelists.columns import LEDGER, LedgerField, Target, load_fields
from inspection.domain.asset import AssetKind
from inspection.domain.assetsheet import LedgerRow, merge
from inspection.domain.eradate import fiscal_year
from inspection.intake.cells import Value
from inspection.intake.mapping import ColumnMapping
from inspection.intake.reading import ReadRows, RowRefusedError, read_rows
from inspection.intake.table import Table

OLDEST_BRIDGE_YEAR = 1700
PAVEMENT_CLASSES = ("I", "II", "III-1", "III-2")
FUTURE_YEARS = 10
"""A ledger may plan that far ahead; years beyond are slips of the pen."""


def read_ledger(
    table: Table, mapping: ColumnMapping, *, kind: AssetKind, today: date
) -> ReadRows[LedgerRow]:
    """Read every row of a ledger.

    Args:
        table: the file.
        mapping: which column means which field.
        kind: kind of an asset whose row does not say.
        today: years far beyond it are refused.
    """
    fields = load_fields(LEDGER)
    seen: dict[str, int] = {}

    def build(cells: Mapping[str, Value], line: int) -> LedgerRow:
        row = _row(cells, fields, today, kind)
        if row.asset_id in seen:
            raise RowRefusedError(
                "asset_id",
                f"asset {row.asset_id!r} stands on {table.unit} {seen[row.asset_id]} already",
            )
        merge(None, row if "name" in row.asset else _named(row), kind=kind)
        seen[row.asset_id] = line
        return row

    return read_rows(table, mapping, fields, build)


def _named(row: LedgerRow) -> LedgerRow:
    """Give the row a name for checking; whether it needs one is known when it is stored."""
    return LedgerRow(
        asset_id=row.asset_id,
        asset={**row.asset, "name": row.asset_id},
        sheet=row.sheet,
        section=row.section,
        attributes=row.attributes,
    )


def _row(
    cells: Mapping[str, Value], fields: Mapping[str, LedgerField], today: date, usual: AssetKind
) -> LedgerRow:
    """Sort the cells of a row by what they belong to."""
    if "asset_id" not in cells:
        raise RowRefusedError("asset_id", "the row names no asset")
    parts: dict[Target, dict[str, Value]] = {target: {} for target in Target}
    for name, value in cells.items():
        parts[fields[name].target][name] = value
    kind = AssetKind(str(parts[Target.ASSET].get("kind", usual)))
    attributes = _derived(_diagnosed(parts[Target.ATTRIBUTE], kind), today)
    sheet = _placed(parts[Target.SHEET])
    return LedgerRow(
        asset_id=str(cells["asset_id"]),
        asset={name: str(value) for name, value in parts[Target.ASSET].items()},
        sheet=sheet,
        section=parts[Target.SECTION],
        attributes=attributes,
    )


def _diagnosed(attributes: dict[str, Value], kind: AssetKind) -> dict[str, Value]:
    """Put the diagnosis of a road section where sections have it: their III comes in two halves.

    Open data has one column for what bridges and sections are diagnosed with.
    """
    stated = attributes.get("soundness")
    if kind is not AssetKind.PAVEMENT_SECTION:
        if str(stated).startswith("III-"):
            raise RowRefusedError(
                "soundness", f"{stated} is a class of road sections; this is of kind {kind.value}"
            )
        return attributes
    if stated not in PAVEMENT_CLASSES:
        return attributes  # nothing, or a III that does not say which of the two
    rest = {name: value for name, value in attributes.items() if name != "soundness"}
    if rest.setdefault("pavement_class", stated) != stated:
        raise RowRefusedError(
            "soundness", f"the row says {stated} and in another column {rest['pavement_class']}"
        )
    return rest


def _derived(attributes: dict[str, Value], today: date) -> dict[str, Value]:
    """Check years, and give those of the inspection and of its diagnosis where they follow."""
    for name in ("built_fiscal_year", "inspection_fiscal_year", "diagnosis_fiscal_year"):
        year = attributes.get(name)
        if year is not None:
            _check_year(name, int(year), today)
    day = attributes.pop("inspected_on", None)
    if day is not None:
        from_day = fiscal_year(date.fromisoformat(str(day)))
        _check_year("inspected_on", from_day, today)
        stated = attributes.setdefault("inspection_fiscal_year", from_day)
        if stated != from_day:
            raise RowRefusedError(
                "inspected_on", f"{day} lies in fiscal year {from_day}, the row says {stated}"
            )
    if {"soundness", "pavement_class"} & attributes.keys() and (
        "inspection_fiscal_year" in attributes
    ):
        # a periodic inspection ends with its diagnosis
        attributes.setdefault("diagnosis_fiscal_year", attributes["inspection_fiscal_year"])
    return attributes


def _check_year(field: str, year: int, today: date) -> None:
    latest = today.year + (0 if field == "inspected_on" else FUTURE_YEARS)
    if not OLDEST_BRIDGE_YEAR <= year <= latest:
        raise RowRefusedError(field, f"the year {year} is outside {OLDEST_BRIDGE_YEAR} to {latest}")


def _placed(sheet: dict[str, Value]) -> dict[str, str | float]:
    """Check the position; where it is missing, take it from an xROAD identifier "lat, lon"."""
    has = [name for name in ("lat_deg", "lon_deg") if name in sheet]
    if len(has) == 1:
        missing = "lon_deg" if has == ["lat_deg"] else "lat_deg"
        word = "longitude" if missing == "lon_deg" else "latitude"
        raise RowRefusedError(missing, f"the position lacks its {word}; give both or none")
    if not has and (found := _from_xroad(str(sheet.get("xroad_id", "")))) is not None:
        sheet = {**sheet, "lat_deg": found[0], "lon_deg": found[1]}
    return {name: value for name, value in sheet.items() if not isinstance(value, bool)}


def _from_xroad(identifier: str) -> tuple[float, float] | None:
    """Read latitude and longitude out of an xROAD identifier; None when it is of another form.

    >>> _from_xroad("36.594606, 136.625669")
    (36.594606, 136.625669)
    """
    parts = identifier.split(",")
    try:
        lat, lon = (float(part) for part in parts)
    except ValueError:
        return None
    return (lat, lon) if -90 <= lat <= 90 and -180 <= lon <= 180 else None
