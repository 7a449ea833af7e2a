"""Count what a month's frozen rows say: how many assets, inspected, of which soundness, repaired.

Every figure has one meaning, said here; the same figures come out of SQL on the frozen tables, and
``tenken publish verify`` compares them.

Source: domain specification §9 (figures that residents see), §1.1 (cycles of five years).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

CYCLE_START = 2014
CYCLE_YEARS = 5
URGENT = 3
"""From this level on a measure is due."""

LEVEL_NAMES = {1: "I", 2: "II", 3: "III", 4: "IV"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenAsset:
    """Carry one asset as a month froze it.

    Attributes:
        asset_id: the asset.
        kind: bridge, pavement_section or other.
        municipality: name; empty when unknown.
        published: an inspection of it is published.
        mesh_code: cell of about 1 km; None unless published with a position.
        soundness: 1 to 4; None unless published.
        inspected_fiscal_year: of the published inspection.
        measure_done: a measure is finished.
        public_row: the open-data row and its damages; None unless published.
    """

    asset_id: str
    kind: str
    municipality: str
    published: bool
    mesh_code: str | None = None
    soundness: int | None = None
    inspected_fiscal_year: int | None = None
    measure_done: bool | None = None
    public_row: dict[str, Any] | None = None


def cycle_of(fiscal_year: int) -> tuple[int, int]:
    """Give first and last fiscal year of the inspection cycle that holds a year.

    >>> cycle_of(2018), cycle_of(2026)
    ((2014, 2018), (2024, 2028))
    """
    first = CYCLE_START + (fiscal_year - CYCLE_START) // CYCLE_YEARS * CYCLE_YEARS
    return first, first + CYCLE_YEARS - 1


def figures_of(rows: Sequence[FrozenAsset], *, fiscal_year: int) -> dict[str, Any]:
    """Count frozen rows, by kind of asset and by municipality.

    Args:
        rows: all assets of the register.
        fiscal_year: in which the month lies; chooses the cycle.
    """
    first, last = cycle_of(fiscal_year)
    kinds = sorted({row.kind for row in rows})
    return {
        "cycle": [first, last],
        "kinds": {
            kind: _counted([row for row in rows if row.kind == kind], first, last) for kind in kinds
        },
        "municipalities": [
            {"kind": kind, "municipality": name}
            | _counted(
                [row for row in rows if (row.kind, row.municipality) == (kind, name)], first, last
            )
            for kind, name in sorted({(row.kind, row.municipality) for row in rows})
        ],
    }


def _counted(rows: Sequence[FrozenAsset], first: int, last: int) -> dict[str, Any]:
    """Count some rows."""
    seen = [row for row in rows if row.published]
    inspected = sum(first <= (row.inspected_fiscal_year or 0) <= last for row in seen)
    urgent = [row for row in seen if (row.soundness or 0) >= URGENT]
    done = sum(bool(row.measure_done) for row in urgent)
    return {
        "assets": len(rows),
        "published": len(seen),
        "inspected_in_cycle": inspected,
        "inspected_percent": percent(inspected, len(rows)),
        "soundness": {
            name: sum(row.soundness == level for row in seen) for level, name in LEVEL_NAMES.items()
        },
        "urgent": len(urgent),
        "urgent_done": done,
        "urgent_done_percent": percent(done, len(urgent)),
    }


def percent(part: int, whole: int) -> float | None:
    """Give a share in percent with one decimal; None of nothing.

    >>> percent(1, 3), percent(0, 0)
    (33.3, None)
    """
    return None if whole == 0 else round(100.0 * part / whole, 1)
