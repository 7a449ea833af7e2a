"""Read element sheets: which elements a bridge has, and what was recorded about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inspection.codelists.columns import ELEMENTS, load_fields
from inspection.codelists.guidelines import bridge_guideline, check_guideline
from inspection.codelists.members import load_members, load_named_types, load_targets
from inspection.domain.asset import Concrete
from inspection.domain.bridge import Element, Material, Span
from inspection.domain.damagerecord import DamageRecord, read_record
from inspection.domain.elementdamage import ElementDamage, damage_key
from inspection.domain.elementnumber import ElementNumber, expand_elements
from inspection.errors import BadInput
from inspection.intake.cells import Value
from inspection.intake.mapping import ColumnMapping
from inspection.intake.reading import ReadRows, RowRefusedError, read_rows
from inspection.intake.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementRow:
    """Carry what one row says: the elements of a range, and the record that all of them share.

    Attributes:
        asset_id: the bridge.
        span: its span.
        elements: the elements, with the usual material and concrete where the row says none.
        damages: one record for each of them; empty when the row has none.
        stated: which of ``material`` and ``concrete`` the row says.
    """

    asset_id: str
    span: Span
    elements: tuple[Element, ...]
    damages: tuple[ElementDamage, ...]
    stated: frozenset[str] = frozenset()


def read_element_sheet(
    table: Table, mapping: ColumnMapping, *, fiscal_year: int | None, bridges: frozenset[str]
) -> ReadRows[ElementRow]:
    """Read every row of an element sheet.

    Args:
        table: the file.
        mapping: which column means which field.
        fiscal_year: fiscal year of records whose row does not say; None: the row must.
        bridges: assets that are known; rows about others are refused.
    """
    fields = load_fields(ELEMENTS)
    seen: dict[tuple[str, int, int, int], int] = {}

    def build(cells: Mapping[str, Value], line: int) -> ElementRow:
        asset_id = str(cells.get("asset_id", ""))
        if asset_id not in bridges:
            reason = f"there is no asset {asset_id!r}; import the ledger first"
            raise RowRefusedError("asset_id", reason if asset_id else "the row names no asset")
        row = _row(asset_id, cells, fiscal_year)
        twice = [d for d in row.damages if damage_key(d) in seen]
        if twice:
            first = seen[damage_key(twice[0])]
            raise RowRefusedError(
                "record",
                f"{twice[0].element.number} has a record of this damage on {table.unit} {first} "
                "already; keep the worst, and the others as its note",
            )
        seen.update((damage_key(damage), line) for damage in row.damages)
        return row

    return read_rows(table, mapping, fields, build)


def _row(asset_id: str, cells: Mapping[str, Value], fiscal_year: int | None) -> ElementRow:
    """Build what a row says."""
    span = _whole(cells, "span") or 1
    length = cells.get("span_length_m")
    concrete = Concrete(str(cells.get("concrete", Concrete.RC)))
    elements = tuple(
        Element(
            asset_id=asset_id,
            span=span,
            number=number,
            material=_material(number.symbol, cells),
            concrete=concrete,
        )
        for number in _numbers(cells)
    )
    return ElementRow(
        asset_id=asset_id,
        span=Span(asset_id=asset_id, span=span, length_m=None if length is None else float(length)),
        elements=elements,
        damages=_damages(elements, cells, fiscal_year),
        stated=frozenset(cells) & {"material", "concrete"},
    )


def _whole(cells: Mapping[str, Value], field: str) -> int | None:
    value = cells.get(field)
    if value is None:
        return None
    if float(value) != int(float(value)):
        raise RowRefusedError(field, f"{value} is no whole number")
    return int(float(value))


def _numbers(cells: Mapping[str, Value]) -> tuple[ElementNumber, ...]:
    """Read the element numbers; a symbol in its own column stands for those without one."""
    text = str(cells.get("element", ""))
    if not text:
        raise RowRefusedError("element", "the row names no element")
    if "symbol" in cells and not any(letter.isascii() and letter.isalpha() for letter in text):
        text = f"{cells['symbol']}{text.strip()}"
    try:
        numbers = expand_elements(text)
    except BadInput as error:
        raise RowRefusedError("element", str(error)) from error
    unknown = sorted({number.symbol for number in numbers} - set(load_members()))
    if unknown:
        raise RowRefusedError("element", f"{', '.join(unknown)} is no member symbol")
    return numbers


def _material(symbol: str, cells: Mapping[str, Value]) -> Material:
    """Give the material: as the row says, or the only one that the symbol can have."""
    if "material" in cells:
        return Material(str(cells["material"]))
    possible: Sequence[Material] = [*load_targets().get(symbol, {})]
    if len(possible) == 1:
        return possible[0]
    return Material.CONCRETE


def _damages(
    elements: tuple[Element, ...], cells: Mapping[str, Value], fiscal_year: int | None
) -> tuple[ElementDamage, ...]:
    """Give the record for each element of the range, when there is one."""
    if "record" not in cells:
        return ()
    year = _whole(cells, "fiscal_year") or fiscal_year
    if year is None:
        raise RowRefusedError("fiscal_year", "the row has a record and no fiscal year")
    record = _record(str(cells["record"]))
    guideline = _guideline(cells, year)
    codes = str(cells.get("countermeasures", ""))
    return tuple(
        ElementDamage(
            element=element,
            fiscal_year=year,
            record=record,
            guideline=guideline,
            inspector=str(cells.get("inspector", "")),
            countermeasures=tuple(codes.split(",")) if codes else (),
            soundness=str(cells.get("soundness", "")),
        )
        for element in elements
    )


def _guideline(cells: Mapping[str, Value], year: int) -> str:
    """Give the guideline that a row names, else the one in force in its year."""
    if "guideline" not in cells:
        return bridge_guideline(year)
    try:
        return check_guideline(str(cells["guideline"]))
    except BadInput as error:
        raise RowRefusedError("guideline", str(error)) from error


def _record(text: str) -> DamageRecord:
    try:
        return read_record(text, types=load_named_types())
    except BadInput as error:
        raise RowRefusedError("record", str(error)) from error
