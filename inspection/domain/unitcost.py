"""Price works: unit costs times quantities, or an estimate made for one asset.

Source: domain specification §5.4 (no unit costs are shipped; the user imports own unit prices).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from inspection.domain.asset import AssetKind
from inspection.domain.notation import fold
from inspection.domain.programme import MOST_YEN, Work
from inspection.errors import BadInput

MOST_OVERHEAD = 1000.0
"""Percent; more is a slip of the pen."""


class CostUnit(StrEnum):
    """Say what a price is multiplied by."""

    SQUARE_METRE = "m2"
    METRE = "m"
    EACH = "each"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitCost:
    """Describe one row of a price list.

    Attributes:
        name: what people call the work.
        work: what it is.
        unit: what the price is multiplied by; a bridge's m² are length times width.
        yen: price of one unit.
        kind: of the assets that it applies to.
        soundness: conditions that it applies to; empty: those that the work is meant for.
        structure: words that the structure of the asset must have; empty: any.
        overhead_percent: added on top.
        minimum_yen: least price of a work.
        asset_id: an estimate for this asset alone; empty for a unit price.
    """

    name: str
    work: Work
    unit: CostUnit
    yen: float
    kind: AssetKind = AssetKind.BRIDGE
    soundness: frozenset[str] = frozenset()
    structure: str = ""
    overhead_percent: float = 0.0
    minimum_yen: float = 0.0
    asset_id: str = ""

    def __post_init__(self) -> None:
        """Check the price."""
        if not 0 < self.yen <= MOST_YEN:
            raise BadInput(f"the price of {self.name!r} must be above 0 yen, got {self.yen:g}")
        if self.asset_id and self.unit is not CostUnit.EACH:
            raise BadInput(f"an estimate for {self.asset_id!r} is a price for the whole work")
        if not 0 <= self.overhead_percent <= MOST_OVERHEAD:
            raise BadInput(
                f"the overhead of {self.name!r} must be 0 to {MOST_OVERHEAD:g} %, got "
                f"{self.overhead_percent:g} %"
            )
        if not 0 <= self.minimum_yen <= MOST_YEN:
            raise BadInput(
                f"the least price of {self.name!r} must be 0 yen or more, got {self.minimum_yen:g}"
            )

    def cost_yen(self, quantity: float) -> int:
        """Give what a quantity costs, whole yen, rounded up.

        >>> row = UnitCost(name="塗替え", work=Work.PREVENTIVE, unit=CostUnit.SQUARE_METRE,
        ...     yen=12_000, overhead_percent=50)
        >>> row.cost_yen(100.5)
        1809000
        """
        plain = self.yen * quantity * (1 + self.overhead_percent / 100)
        return -int(-round(max(plain, self.minimum_yen), 4) // 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sized:
    """Carry what a price depends on.

    Attributes:
        asset_id: the asset.
        kind: of the asset.
        condition: soundness or class that an engineer has given; empty: none.
        structure: form of the structure, as the ledger says.
        length_m: None when unknown.
        width_m: None when unknown.
    """

    asset_id: str
    kind: AssetKind
    condition: str
    structure: str
    length_m: float | None
    width_m: float | None

    def quantity(self, unit: CostUnit) -> float | None:
        """Give the quantity; None when a dimension is unknown."""
        if unit is CostUnit.EACH:
            return 1.0
        if unit is CostUnit.METRE:
            return self.length_m
        if self.length_m is None or self.width_m is None:
            return None
        return self.length_m * self.width_m

    def known(self, unit: CostUnit) -> float | None:
        """Give the quantity when it is one that can be paid for: a number above 0."""
        quantity = self.quantity(unit)
        return quantity if quantity is not None and 0 < quantity < math.inf else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """Say what a work on an asset costs, and by which row."""

    row: UnitCost
    cost_yen: int


def price(
    asset: Sized, work: Work, rows: Sequence[UnitCost], *, meant_for: frozenset[str]
) -> Priced | str:
    """Price one work on one asset.

    An estimate for the asset wins over unit prices, then the row that says more about structure and
    condition, then the cheaper one.

    Args:
        asset: what the price depends on.
        work: what is done.
        rows: the price list.
        meant_for: conditions that the work is meant for; empty: any.

    Returns:
        The price, or why there is none: ``no_cost`` or ``no_quantity``.
    """
    fitting = [row for row in rows if row.work is work and _fits(row, asset, meant_for)]
    if not fitting:
        return "no_cost"
    priced = [
        Priced(row=row, cost_yen=row.cost_yen(quantity))
        for row in fitting
        if (quantity := asset.known(row.unit)) is not None
    ]
    if not priced:
        return "no_quantity"
    return min(priced, key=lambda one: (*_vagueness(one.row), one.cost_yen, one.row.name))


def _fits(row: UnitCost, asset: Sized, meant_for: frozenset[str]) -> bool:
    conditions = row.soundness or meant_for
    if row.asset_id:
        return row.asset_id == asset.asset_id and (
            not row.soundness or asset.condition in row.soundness
        )
    return (
        row.kind is asset.kind
        and fold(row.structure) in fold(asset.structure)
        and (not conditions or asset.condition in conditions)
    )


def _vagueness(row: UnitCost) -> tuple[bool, bool, bool]:
    return not row.asset_id, not row.structure, not row.soundness
