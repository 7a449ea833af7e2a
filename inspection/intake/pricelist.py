"""Read price lists: unit costs of works, and estimates for single assets."""

import re
from collections.abc import Mapping

from inspection.codelists.columns import COSTS, load_fields
from inspection.domain.asset import AssetKind
from inspection.domain.notation import fold, read_soundness
from inspection.domain.programme import Work
from inspection.domain.unitcost import CostUnit, UnitCost
from inspection.errors import BadInput
from inspection.intake.cells import Value
from inspection.intake.mapping import ColumnMapping
from inspection.intake.reading import ReadRows, RowRefusedError, read_rows
from inspection.intake.table import Table

PAVEMENT_CLASSES = {"I", "II", "III-1", "III-2"}


def read_price_list(table: Table, mapping: ColumnMapping) -> ReadRows[UnitCost]:
    """Read every row of a price list.

    Args:
        table: the file.
        mapping: which column means which field.
    """
    seen: dict[UnitCost, int] = {}

    def build(cells: Mapping[str, Value], line: int) -> UnitCost:
        row = _row(cells)
        if row in seen:
            raise BadInput(f"the same price stands on {table.unit} {seen[row]} already")
        seen[row] = line
        return row

    return read_rows(table, mapping, load_fields(COSTS), build)


def _row(cells: Mapping[str, Value]) -> UnitCost:
    """Build one price."""
    if "work" not in cells:
        raise RowRefusedError("work", "the row does not say which work it prices")
    asset_id = str(cells.get("asset_id", ""))
    kind = AssetKind(str(cells.get("kind", AssetKind.BRIDGE)))
    if "unit" not in cells and not asset_id:
        raise RowRefusedError("unit", "the row names no unit; write m2, m or 式")
    return UnitCost(
        name=str(cells.get("name", cells["work"])),
        work=Work(str(cells["work"])),
        unit=CostUnit(str(cells.get("unit", CostUnit.EACH))),
        yen=_yen(cells),
        kind=kind,
        soundness=_conditions(str(cells.get("soundness", "")), kind),
        structure=str(cells.get("structure", "")),
        overhead_percent=float(cells.get("overhead_percent", 0.0)),
        minimum_yen=float(cells.get("minimum_yen", 0.0)),
        asset_id=asset_id,
    )


def _yen(cells: Mapping[str, Value]) -> float:
    """Give the price in yen, from the one column that has it."""
    found = [n for n in ("price_yen", "price_thousand_yen") if n in cells]
    if not found:
        raise RowRefusedError("price_yen", "the row has no price")
    if len(found) == 2:
        raise RowRefusedError("price_yen", "the row has a price in yen and one in thousands")
    price = float(cells[found[0]])
    # 16.1 thousand are 16 100 yen, not 16 100.000000000002
    return round(price * 1000.0, 4) if found[0] == "price_thousand_yen" else price


def _conditions(text: str, kind: AssetKind) -> frozenset[str]:
    """Read a list of conditions such as ``Ⅱ・Ⅲ``, or ``III-1`` of pavement."""
    words = [word for word in re.split(r"[,、・/ ]+", fold(text)) if word]
    if kind is not AssetKind.PAVEMENT_SECTION:
        try:
            return frozenset(read_soundness(word) for word in words)
        except BadInput as error:
            raise RowRefusedError("soundness", str(error)) from error
    wrong = [word for word in words if word.upper() not in PAVEMENT_CLASSES]
    if wrong:
        allowed = ", ".join(sorted(PAVEMENT_CLASSES))
        raise RowRefusedError("soundness", f"{wrong[0]!r} is none of {allowed}")
    return frozenset(word.upper() for word in words)
