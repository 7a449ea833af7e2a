"""Give AASHTO MBEI condition states CS1–CS3 of measured defects, and sum their quantities.

CS4 ("the condition warrants a structural review") is a judgement of a person and is never given
by a rule.

Source: domain specification §3.2 (K-H; scheme S-31; "width or spacing" combined by maximum, D).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inspection.errors import BadInput

STATES = ("CS1", "CS2", "CS3", "CS4")


@dataclass(frozen=True, slots=True, kw_only=True)
class MbeiRule:
    """Hold the numbers of the code-list ``mbei_defect``.

    Attributes:
        version: version of the code-list.
        width_mm: bounds of CS2 and CS3 by defect (1110 prestressed, 1130 reinforced).
        spacing_m: cracks further apart than the first are CS1, closer than the second CS3.
        spall_depth_mm: deeper spalls are CS3.
        spall_diameter_mm: wider spalls are CS3.
    """

    version: str
    width_mm: Mapping[int, tuple[float, float]]
    spacing_m: tuple[float, float]
    spall_depth_mm: float
    spall_diameter_mm: float


def crack_state(defect: int, width_mm: float, spacing_m: float | None, *, rule: MbeiRule) -> str:
    """Give the state of a concrete crack: the worse of width and, where known, spacing.

    Args:
        defect: 1110 (prestressed) or 1130 (reinforced and other).
        width_mm: width.
        spacing_m: spacing to the next crack; None when unknown or alone.
        rule: the code-list.

    Raises:
        BadInput: when the defect is no crack of concrete, or a value is negative.
    """
    if defect not in rule.width_mm:
        raise BadInput(f"MBEI defect {defect} is no crack of concrete; known: {[*rule.width_mm]}")
    if not (width_mm >= 0 and (spacing_m is None or spacing_m >= 0)):
        raise BadInput(f"width {width_mm} mm and spacing {spacing_m} m must be ≥ 0")
    second, third = rule.width_mm[defect]
    by_width = 1 if width_mm < second else 2 if width_mm <= third else 3
    by_spacing = 1
    if spacing_m is not None:
        wide, close = rule.spacing_m
        by_spacing = 1 if spacing_m > wide else 2 if spacing_m >= close else 3
    return STATES[max(by_width, by_spacing) - 1]


def spall_state(
    depth_mm: float | None, diameter_mm: float, *, sound_patch: bool | None = None, rule: MbeiRule
) -> str | None:
    """Give the state of a spall, delamination or patch (1080).

    CS2 holds up to 25 mm deep or up to 150 mm across; CS3 is deeper and wider. With the depth
    unknown a wide spall stays open (None), because a photo cannot measure it.

    Raises:
        BadInput: when a size is negative or no number.
    """
    if not (diameter_mm >= 0 and (depth_mm is None or depth_mm >= 0)):
        raise BadInput(f"a spall cannot be {depth_mm} mm deep and {diameter_mm} mm across")
    if sound_patch is not None:
        return "CS2" if sound_patch else "CS3"
    if diameter_mm <= rule.spall_diameter_mm:
        return "CS2"
    if depth_mm is None:
        return None
    return "CS2" if depth_mm <= rule.spall_depth_mm else "CS3"


def rebar_state(*, seen: bool, section_loss: bool | None) -> str | None:
    """Give the state of exposed rebar (1090); open while nobody judged the loss of section.

    >>> rebar_state(seen=False, section_loss=None), rebar_state(seen=True, section_loss=True)
    ('CS1', 'CS3')
    """
    if not seen:
        return "CS1"
    return None if section_loss is None else "CS3" if section_loss else "CS2"


def efflorescence_state(*, seen: bool, build_up: bool, rust: bool) -> str:
    """Give the state of efflorescence (1120).

    >>> efflorescence_state(seen=True, build_up=False, rust=True)
    'CS3'
    """
    if not seen:
        return "CS1"
    return "CS3" if build_up or rust else "CS2"


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementQuantities:
    """Split the quantity of one element over the four states; the sum is the total."""

    element: int
    total: float
    states: tuple[float, float, float, float]

    def __post_init__(self) -> None:
        """Check that nothing is negative or lost."""
        lost = abs(sum(self.states) - self.total)
        if not (min(self.states) >= 0 and lost <= 1e-6 * max(1, self.total)):
            raise BadInput(
                f"element {self.element}: CS1–CS4 {self.states} must be ≥ 0 and sum to {self.total}"
            )


def split_quantity(
    element: int, total: float, defective: Sequence[tuple[str, float]]
) -> ElementQuantities:
    """Split the quantity of an element: what no defect covers is CS1.

    Args:
        element: number of the element.
        total: its whole quantity, m², m or each.
        defective: state and quantity of each defect; they must not overlap.

    Raises:
        BadInput: when the defects exceed the element, name no state or have no true quantity.

    >>> split_quantity(12, 100.0, [("CS2", 4.0), ("CS3", 1.0), ("CS2", 5.0)]).states
    (90.0, 9.0, 1.0, 0.0)
    """
    sums = dict.fromkeys(STATES, 0.0)
    for state, quantity in defective:
        if state not in sums:
            raise BadInput(f"{state!r} is none of {', '.join(STATES)}")
        if not 0 <= quantity < math.inf:
            raise BadInput(f"element {element}: a defect cannot cover {quantity:g}")
        sums[state] += quantity
    covered = sum(sums.values())
    if covered > total * (1 + 1e-9):
        raise BadInput(f"element {element}: defects cover {covered:g} of {total:g}")
    sums["CS1"] += max(0.0, total - covered)
    return ElementQuantities(
        element=element,
        total=total,
        states=(sums["CS1"], sums["CS2"], sums["CS3"], sums["CS4"]),
    )
