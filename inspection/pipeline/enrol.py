"""Ledger → assets: preview what a file says, then bring it together with what is known."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from enum import StrEnum
from pathlib import Path

from sqlalchemy import Connection

from inspection.codelists.columns import ELEMENTS, LEDGER, load_fields
from inspection.domain.asset import AssetKind
from inspection.domain.assetsheet import LedgerEntry, LedgerRow, merge
from inspection.domain.bridge import Element, Span
from inspection.domain.elementdamage import damage_key
from inspection.errors import BadInput
from inspection.intake.elementsheet import ElementRow, read_element_sheet
from inspection.intake.ledger import read_ledger
from inspection.intake.mapping import ColumnMapping, map_columns, read_choices
from inspection.intake.opening import open_table
from inspection.intake.reading import RowProblem
from inspection.intake.table import Table
from inspection.store import elements as element_rows
from inspection.store import sheets

BATCH = 400
"""Bridges whose elements are compared in one query."""


class Change(StrEnum):
    """Say what a row did to what was known."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Say what a row changes of an asset that is known."""

    asset_id: str
    field: str
    before: object
    after: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """Carry what a file says and what it would do, or did.

    Attributes:
        table: the file.
        mapping: which column means which field.
        counts: rows by what they do; for an element sheet elements and records together.
        problems: rows that are not read, each with line and reason.
        sample: the first entries as they are read, for people to look at.
        differences: what changes of assets that are known, field by field.
    """

    table: Table
    mapping: ColumnMapping
    counts: dict[Change, int]
    problems: tuple[RowProblem, ...]
    sample: tuple[LedgerEntry, ...] = ()
    differences: tuple[Difference, ...] = ()

    @property
    def accepted(self) -> int:
        """Count the rows that are read."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """Carry a file with the meaning of its columns."""

    table: Table
    mapping: ColumnMapping


def open_ledger(path: Path, *, chosen: Sequence[str] = (), sheet: str | None = None) -> Opened:
    """Open a ledger and map its columns.

    Args:
        path: CSV, XLSX, xROAD JSON, GeoJSON or GeoPackage.
        chosen: ``COLUMN=FIELD`` pairs that win over what the headings suggest.
        sheet: sheet or layer; the first unless named.
    """
    fields = load_fields(LEDGER)
    table = open_table(path, fields, sheet=sheet)
    return Opened(
        table=table, mapping=map_columns(table, fields, chosen=read_choices(tuple(chosen)))
    )


def open_elements(path: Path, *, chosen: Sequence[str] = (), sheet: str | None = None) -> Opened:
    """Open an element sheet and map its columns."""
    fields = load_fields(ELEMENTS)
    table = open_table(path, fields, sheet=sheet)
    needed = ("asset_id", "element")
    choices = read_choices(tuple(chosen))
    return Opened(table=table, mapping=map_columns(table, fields, chosen=choices, needed=needed))


def enrol(
    connection: Connection,
    opened: Opened,
    *,
    kind: AssetKind = AssetKind.BRIDGE,
    today: date,
    write: bool,
    sample: int = 5,
) -> Enrolment:
    """Bring a ledger together with the assets that are known; the same file twice is once.

    What a row says replaces what was known, what it omits stays. A row that cannot be used is
    reported and nothing of it is stored.

    Args:
        connection: an open transaction.
        opened: the file.
        kind: kind of a new asset whose row does not say.
        today: years far beyond it are refused.
        write: store it; otherwise only tell what would happen.
        sample: entries to give back as they are read.
    """
    read = read_ledger(opened.table, opened.mapping, kind=kind, today=today)
    known = sheets.by_ids(connection, [row.asset_id for _, row in read.rows])
    counts = dict.fromkeys(Change, 0)
    problems = list(read.problems)
    to_save: list[LedgerEntry] = []
    shown: list[LedgerEntry] = []
    differences: list[Difference] = []
    for line, row in read.rows:
        entry = _merged(known.get(row.asset_id), row, kind, line, problems)
        if entry is None:
            continue
        before = known.get(row.asset_id)
        change = _change(before, entry)
        counts[change] += 1
        if before is not None:
            differences += _differences(before, entry)
        if change is not Change.UNCHANGED:
            to_save.append(entry)
        if len(shown) < sample:
            shown.append(entry)
    if write:
        sheets.save(connection, to_save)
    return Enrolment(
        table=opened.table,
        mapping=opened.mapping,
        counts=counts,
        problems=tuple(sorted(problems, key=lambda problem: problem.line)),
        sample=tuple(shown),
        differences=tuple(differences),
    )


def _merged(
    known: LedgerEntry | None,
    row: LedgerRow,
    kind: AssetKind,
    line: int,
    problems: list[RowProblem],
) -> LedgerEntry | None:
    """Merge a row, or report why it cannot be."""
    try:
        return merge(known, row, kind=kind)
    except BadInput as error:
        problems.append(RowProblem(line=line, column="", reason=str(error)))
        return None


def _differences(before: LedgerEntry, after: LedgerEntry) -> list[Difference]:
    """List the fields in which two states of an asset differ."""
    old, new = _fields(before), _fields(after)
    return [
        Difference(
            asset_id=after.asset.asset_id, field=name, before=old.get(name), after=new.get(name)
        )
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]


def _fields(entry: LedgerEntry) -> dict[str, object]:
    """Give every field of an asset by name."""
    section = {} if entry.section is None else asdict(entry.section)
    asset = {"name": entry.asset.name, "kind": entry.asset.kind, "concrete": entry.asset.concrete}
    return {**section, **asdict(entry.sheet), **asset, **entry.asset.attributes}


def _change(known: object | None, now: object) -> Change:
    if known is None:
        return Change.ADDED
    return Change.UNCHANGED if known == now else Change.CHANGED


def enrol_elements(
    connection: Connection, opened: Opened, *, fiscal_year: int | None, write: bool
) -> Enrolment:
    """Bring an element sheet together with the elements and records that are known.

    Material and concrete that a row omits stay as they were.

    Args:
        connection: an open transaction.
        opened: the file.
        fiscal_year: fiscal year of records whose row does not say.
        write: store it; otherwise only tell what would happen.
    """
    read = read_element_sheet(
        opened.table,
        opened.mapping,
        fiscal_year=fiscal_year,
        bridges=sheets.all_ids(connection),
    )
    counts = dict.fromkeys(Change, 0)
    bridges = sorted({row.asset_id for _, row in read.rows})
    for start in range(0, len(bridges), BATCH):
        batch = frozenset(bridges[start : start + BATCH])
        _enrol_batch(connection, [r for _, r in read.rows if r.asset_id in batch], counts, write)
    return Enrolment(
        table=opened.table, mapping=opened.mapping, counts=counts, problems=read.problems
    )


def _enrol_batch(
    connection: Connection, rows: Sequence[ElementRow], counts: dict[Change, int], write: bool
) -> None:
    """Compare and store what some rows say about their bridges."""
    bridges = sorted({row.asset_id for row in rows})
    known_spans = {(s.asset_id, s.span): s for s in element_rows.spans_of(connection, bridges)}
    known = {e.subject_id: e for e in element_rows.elements_of(connection, bridges)}
    recorded = {damage_key(d): d for d in element_rows.damages_of(connection, bridges)}
    spans = _spans(rows, known_spans)
    elements: dict[str, Element] = {}
    for row in rows:
        before = known | elements
        elements |= {e.subject_id: _filled(e, before.get(e.subject_id), row) for e in row.elements}
    damages = {
        damage_key(d): replace(d, element=elements[d.element.subject_id])
        for row in rows
        for d in row.damages
    }
    for name, element in elements.items():
        counts[_change(known.get(name), element)] += 1
    for key, damage in damages.items():
        counts[_change(recorded.get(key), damage)] += 1
    if write:
        element_rows.save_spans(connection, spans)
        element_rows.save_elements(connection, elements.values())
        element_rows.save_damages(connection, damages.values())


def _filled(element: Element, known: Element | None, row: ElementRow) -> Element:
    """Give an element with what a row omits as it was known."""
    if known is None:
        return element
    return replace(
        element,
        material=element.material if "material" in row.stated else known.material,
        concrete=element.concrete if "concrete" in row.stated else known.concrete,
    )


def _spans(rows: Sequence[ElementRow], known: dict[tuple[str, int], Span]) -> list[Span]:
    """Give each span once; a length that is known stays unless a row says another."""
    found = dict(known)
    for row in rows:
        key = (row.asset_id, row.span.span)
        if row.span.length_m is not None or key not in found:
            found[key] = row.span
    return [span for key, span in found.items() if known.get(key) != span]
