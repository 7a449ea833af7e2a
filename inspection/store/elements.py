"""Keep spans, elements and the damage records that people made of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, select

from inspection.domain.asset import Concrete
from inspection.domain.bridge import Element, Material, Span
from inspection.domain.damagerecord import DamageRecord
from inspection.domain.elementdamage import ElementDamage
from inspection.domain.elementnumber import ElementNumber
from inspection.store.ledger_tables import element_damages, elements, spans
from inspection.store.rows import add_or_replace, choice

BATCH = 500
"""Identifiers in one query; SQLite bears at most 32 766 variables."""

ELEMENT_KEY = ("asset_id", "span", "symbol", "number")
DAMAGE_KEY = (*ELEMENT_KEY, "fiscal_year", "damage_no", "division")


def save_spans(connection: Connection, known: Iterable[Span]) -> None:
    """Add spans, or replace their lengths."""
    rows = [asdict(span) for span in known]
    add_or_replace(connection, spans, rows, key=("asset_id", "span"))


def save_elements(connection: Connection, known: Iterable[Element]) -> None:
    """Add elements, or replace their materials; their spans must be there."""
    rows = [
        {
            **_element_key(element),
            "material": element.material.value,
            "concrete": element.concrete.value,
        }
        for element in known
    ]
    add_or_replace(connection, elements, rows, key=ELEMENT_KEY)


def save_damages(connection: Connection, known: Iterable[ElementDamage]) -> None:
    """Add records, or replace those of the same element, year and damage type."""
    rows = [
        {
            **_element_key(damage.element),
            "fiscal_year": damage.fiscal_year,
            "damage_no": damage.record.number or 0,
            "division": damage.record.division or 0,
            "grade": damage.record.grade,
            "record": asdict(damage.record),
            "guideline": damage.guideline,
            "inspector": damage.inspector,
            "countermeasures": list(damage.countermeasures),
            "soundness": damage.soundness,
        }
        for damage in known
    ]
    add_or_replace(connection, element_damages, rows, key=DAMAGE_KEY)


def spans_of(connection: Connection, asset_ids: Sequence[str]) -> tuple[Span, ...]:
    """List the spans of some bridges."""
    c = spans.c
    query = select(spans).order_by(c.asset_id, c.span)
    return tuple(
        Span(asset_id=row.asset_id, span=row.span, length_m=row.length_m)
        for batch in _batches(asset_ids)
        for row in connection.execute(query.where(c.asset_id.in_(batch)))
    )


def elements_of(connection: Connection, asset_ids: Sequence[str]) -> tuple[Element, ...]:
    """List the elements of some bridges by span, symbol and number."""
    query = select(elements).order_by(*(elements.c[name] for name in ELEMENT_KEY))
    return tuple(
        _element(row)
        for batch in _batches(asset_ids)
        for row in connection.execute(query.where(elements.c.asset_id.in_(batch)))
    )


def damages_of(connection: Connection, asset_ids: Sequence[str]) -> tuple[ElementDamage, ...]:
    """List the records of some bridges, by element, oldest first."""
    c = element_damages.c
    query = (
        select(element_damages, elements.c.material, elements.c.concrete)
        .join_from(element_damages, elements)
        .order_by(*(c[name] for name in DAMAGE_KEY))
    )
    return tuple(
        ElementDamage(
            element=_element(row),
            fiscal_year=row.fiscal_year,
            record=DamageRecord(**row.record),
            guideline=row.guideline,
            inspector=row.inspector,
            countermeasures=tuple(row.countermeasures),
            soundness=row.soundness,
        )
        for batch in _batches(asset_ids)
        for row in connection.execute(query.where(c.asset_id.in_(batch)))
    )


def _batches(asset_ids: Sequence[str]) -> Iterator[list[str]]:
    """Give identifiers, each once, in pieces that a statement bears."""
    ordered = sorted(set(asset_ids))
    for start in range(0, len(ordered), BATCH):
        yield ordered[start : start + BATCH]


def _element_key(element: Element) -> dict[str, object]:
    return {
        "asset_id": element.asset_id,
        "span": element.span,
        "symbol": element.number.symbol,
        "number": element.number.number,
    }


def _element(row: Row[Any]) -> Element:
    return Element(
        asset_id=row.asset_id,
        span=row.span,
        number=ElementNumber(symbol=row.symbol, number=row.number),
        material=choice(Material, row.material),
        concrete=choice(Concrete, row.concrete),
    )
