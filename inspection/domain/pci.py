"""Give the Pavement Condition Index of asphalt by deduct values (method of ASTM D6433).

The curves are polynomials of log10(density) from a code-list. Outside the range in which a curve
rises they are not used as they stand: below it the deduct value falls to zero in proportion, above
it it stays, and a running maximum takes out every dip.

Source: domain specification §3.1 (method K-H and S-29; safety rules D). The coefficients
approximate the graphs of ASTM D6433 and are no substitute for the standard.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inspection.errors import BadInput

Severity = Literal["L", "M", "H", "-"]

FEET_PER_METRE_DENSITY = 0.3048
"""A length in ft over ft² is this times the same in m over m²."""

COUNT_DENSITY = 0.09290304
"""A count over ft² is this times the same over m²."""

_GRID = np.logspace(-2, 2, 401)  # 0.01 % to 100 % in steps of a hundredth of a decade
NEGLIGIBLE_DEDUCT = 2.0


class QuantityKind(StrEnum):
    """Say how a distress is measured: area in m², length in m, or a count."""

    AREA = "area"
    LENGTH = "length"
    COUNT = "count"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeductCurve:
    """Hold one curve.

    Attributes:
        number: distress 1–19.
        severity: L, M, H, or ``-`` where the distress has none.
        quantity: how it is measured.
        coefficients: a0, a1, … of powers of log10(density %).
        low_percent: density from which the curve rises.
        high_percent: density up to which it rises.
    """

    number: int
    severity: Severity
    quantity: QuantityKind
    coefficients: tuple[float, ...]
    low_percent: float
    high_percent: float

    def __post_init__(self) -> None:
        """Check the range."""
        if not 0 < self.low_percent <= self.high_percent <= 100:
            raise BadInput(
                f"curve {self.number}{self.severity} has the range "
                f"{self.low_percent}–{self.high_percent} %"
            )

    def deduct(self, density_percent: float) -> float:
        """Give the deduct value 0–100 of a density in percent (US customary ratio).

        Raises:
            BadInput: when the density is negative or no number.
        """
        if not 0 <= density_percent < math.inf:
            raise BadInput(f"a density must be ≥ 0 %, got {density_percent}")
        if density_percent <= self.low_percent:
            return self.raw_deduct(self.low_percent) * density_percent / self.low_percent
        reached = min(density_percent, self.high_percent)
        grid, highest = _rising(self)
        before = highest[np.searchsorted(grid, reached, side="right") - 1]
        return max(float(before), self.raw_deduct(reached))

    def raw_deduct(self, density_percent: float) -> float:
        """Evaluate the polynomial as it stands, clipped to 0–100."""
        x = math.log10(density_percent)
        return min(100.0, max(0.0, sum(a * x**i for i, a in enumerate(self.coefficients))))


@lru_cache(maxsize=128)
def _rising(curve: DeductCurve) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the grid from the low end of a curve on, and the running maximum on it."""
    grid = np.concatenate([[curve.low_percent], _GRID[curve.low_percent < _GRID]])
    values = np.array([curve.raw_deduct(float(d)) for d in grid])
    return grid, np.maximum.accumulate(values)


@dataclass(frozen=True, slots=True, kw_only=True)
class PciModel:
    """Hold the code-list ``astm_pci``.

    Attributes:
        version: version of the code-list.
        curves: by distress number and severity.
        corrected: c0…c3 of the corrected deduct value by q; the greatest q serves all above.
        ratings: lower bound and name (en, ja), from the best.
        names: name of each distress, en and ja.
    """

    version: str
    curves: Mapping[tuple[int, str], DeductCurve]
    corrected: Mapping[int, tuple[float, ...]]
    ratings: tuple[tuple[float, str, str], ...]
    names: Mapping[int, tuple[str, str]]

    def curve(self, number: int, severity: str) -> DeductCurve:
        """Find a curve.

        Raises:
            BadInput: when there is none.
        """
        found = self.curves.get((number, severity))
        if found is None:
            raise BadInput(f"no deduct curve for distress {number} of severity {severity!r}")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class DistressQuantity:
    """Carry the total of one distress and severity in a sample unit: m², m or a count."""

    number: int
    severity: str
    quantity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PciResult:
    """Carry a PCI with what it is made of.

    Attributes:
        pci: 0–100.
        deducts: deduct value by distress and severity, largest first.
        allowed: m, how many deduct values count.
        corrected: corrected deduct value of each step, from the most values down to one.
        max_corrected: the greatest of them.
    """

    pci: float
    deducts: tuple[tuple[str, float], ...]
    allowed: float
    corrected: tuple[float, ...] = field(default=())
    max_corrected: float = 0.0


def density_percent(found: DistressQuantity, area_m2: float, *, kind: QuantityKind) -> float:
    """Give the density of a distress in percent, as a US customary ratio.

    >>> one = DistressQuantity(number=13, severity="L", quantity=1)
    >>> round(density_percent(one, 2500 * 0.09290304, kind=QuantityKind.COUNT), 4)
    0.04
    """
    if not area_m2 > 0:
        raise BadInput(f"a sample unit needs an area > 0 m², got {area_m2}")
    if not 0 <= found.quantity < math.inf:
        raise BadInput(f"the quantity of distress {found.number} must be ≥ 0, got {found.quantity}")
    factor = {
        QuantityKind.AREA: 1.0,
        QuantityKind.LENGTH: FEET_PER_METRE_DENSITY,
        QuantityKind.COUNT: COUNT_DENSITY,
    }[kind]
    return 100.0 * found.quantity / area_m2 * factor


def sample_unit_pci(
    found: Sequence[DistressQuantity], area_m2: float, *, model: PciModel
) -> PciResult:
    """Give the PCI of one sample unit; several rows of one distress and severity add up."""
    totals: dict[tuple[int, str], float] = {}
    for row in found:
        key = (row.number, row.severity)
        totals[key] = totals.get(key, 0.0) + row.quantity
    deducts: list[tuple[str, float]] = []
    for (number, severity), quantity in totals.items():
        curve = model.curve(number, severity)
        summed = DistressQuantity(number=number, severity=severity, quantity=quantity)
        density = density_percent(summed, area_m2, kind=curve.quantity)
        deducts.append((f"{number}{severity}", curve.deduct(density)))
    return pci_from_deducts(deducts, model=model)


def pci_from_deducts(deducts: Sequence[tuple[str, float]], *, model: PciModel) -> PciResult:
    """Give the PCI of deduct values that are known, by name.

    Raises:
        BadInput: when a deduct value is not within 0–100.
    """
    ordered = sorted(deducts, key=lambda item: -item[1])
    values = [value for _, value in ordered]
    if any(not 0 <= value <= 100 for value in values):
        raise BadInput(f"deduct values must be 0 to 100, got {values}")
    if sum(value > NEGLIGIBLE_DEDUCT for value in values) <= 1:
        total = min(100.0, sum(values))
        return PciResult(
            pci=100.0 - total,
            deducts=tuple(ordered),
            allowed=allowed_deducts(values[0]) if values else 10.0,
            corrected=(total,),
            max_corrected=total,
        )
    allowed = allowed_deducts(values[0])
    steps = _corrections(_reduced(values, allowed), model)
    return PciResult(
        pci=100.0 - max(steps),
        deducts=tuple(ordered),
        allowed=allowed,
        corrected=tuple(steps),
        max_corrected=max(steps),
    )


def allowed_deducts(highest: float) -> float:
    """Give m, how many deduct values count: 1 + (9/98)(100 − highest), at most 10.

    >>> round(allowed_deducts(25.1), 2)
    7.88
    """
    return min(10.0, 1.0 + 9.0 / 98.0 * (100.0 - highest))


def _reduced(values: Sequence[float], allowed: float) -> list[float]:
    """Keep the m largest values, the last of them by the fraction of m."""
    if len(values) <= allowed:
        return list(values)
    whole = math.floor(allowed)
    kept = list(values[:whole])
    fraction = allowed - whole
    return [*kept, values[whole] * fraction] if fraction > 0 else kept


def _corrections(values: Sequence[float], model: PciModel) -> list[float]:
    """Give the corrected value of each step, setting the smallest above 2 to 2 each time."""
    current, steps = list(values), []
    while True:
        above = [i for i, value in enumerate(current) if value > NEGLIGIBLE_DEDUCT]
        steps.append(corrected_deduct(sum(current), max(1, len(above)), model=model))
        if len(above) <= 1:
            return steps
        current[min(above, key=lambda i: current[i])] = NEGLIGIBLE_DEDUCT


def corrected_deduct(total: float, q: int, *, model: PciModel) -> float:
    """Give the corrected deduct value of a total, 0 to min(100, total)."""
    if q <= 1:
        return min(100.0, total)
    coefficients = model.corrected[min(q, max(model.corrected))]
    value = sum(c * total**i for i, c in enumerate(coefficients))
    return min(100.0, total, max(0.0, value))


def rating(pci: float, *, model: PciModel) -> tuple[str, str]:
    """Give the name of a PCI, en and ja; a boundary belongs to the class above."""
    if not 0 <= pci <= 100:
        raise BadInput(f"a PCI is 0 to 100, got {pci}")
    return next((en, ja) for low, en, ja in model.ratings if pci >= low)


def section_pci(
    sampled: Sequence[tuple[float, float]],
    additional: Sequence[tuple[float, float]] = (),
    *,
    area_m2: float | None = None,
) -> float:
    """Give the PCI of a section from pairs of PCI and area of its units.

    Args:
        sampled: units chosen at random, or all.
        additional: units surveyed because they are unusual; they count only for themselves.
        area_m2: area of the whole section; needed with additional units.

    >>> round(section_pci([(80, 200), (60, 100)]), 2)
    73.33
    """
    if not sampled:
        raise BadInput("a section needs at least one sampled unit")
    mean = _weighted(sampled)
    if not additional:
        return mean
    extra = sum(area for _, area in additional)
    if area_m2 is None or area_m2 < extra + sum(area for _, area in sampled) - 1e-6:
        raise BadInput(f"additional units need the area of the section in m², got {area_m2}")
    return (mean * (area_m2 - extra) + _weighted(additional) * extra) / area_m2


def _weighted(units: Sequence[tuple[float, float]]) -> float:
    """Give the mean weighted by area."""
    if not all(0 <= value <= 100 and 0 < a < math.inf for value, a in units):
        raise BadInput("sample units need a PCI of 0 to 100 and an area > 0 m²")
    area = sum(a for _, a in units)
    return sum(value * a for value, a in units) / area


def units_to_survey(units: int, *, spread: float = 10.0, error: float = 5.0) -> int:
    """Give how many of N units to survey: N s² / ((e²/4)(N−1) + s²), rounded up.

    Args:
        units: N, units in the section.
        spread: s, standard deviation of the PCI among units; 10 for asphalt, 15 for concrete.
        error: e, allowed error of the section's PCI in points.

    >>> units_to_survey(30), units_to_survey(3)
    (11, 3)
    """
    if units < 1:
        raise BadInput(f"a section has at least one unit, got {units}")
    if not (0 < spread < math.inf and 0 < error < math.inf):
        raise BadInput(f"spread and error of a PCI are points > 0, got {spread:g} and {error:g}")
    wanted = units * spread**2 / ((error**2 / 4) * (units - 1) + spread**2)
    return min(units, math.ceil(wanted - 1e-9))


def pothole_severity(depth_mm: float, diameter_mm: float) -> tuple[Severity, float]:
    """Give severity and equivalent count of a pothole.

    One wider than 750 mm counts as its area ÷ 0.5 m².

    >>> pothole_severity(30, 300), pothole_severity(60, 150)
    (('M', 1.0), ('M', 1.0))
    """
    if not (depth_mm > 0 and diameter_mm > 0):
        raise BadInput(f"a pothole needs a size > 0, got {depth_mm} mm deep, {diameter_mm} mm wide")
    if diameter_mm > 750:
        area_m2 = math.pi / 4 * (diameter_mm / 1000) ** 2
        return ("M" if depth_mm <= 25 else "H"), area_m2 / 0.5
    row = 0 if depth_mm <= 25 else 1 if depth_mm <= 50 else 2
    column = 0 if diameter_mm < 200 else 1 if diameter_mm < 450 else 2
    table: tuple[tuple[Severity, ...], ...] = (("L", "L", "M"), ("L", "M", "H"), ("M", "M", "H"))
    return table[row][column], 1.0
