"""Take a bridge apart: spans, members and elements, as its inspection records do.

Source: domain specification §1.6.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from inspection.domain.asset import Concrete
from inspection.domain.elementnumber import ElementNumber
from inspection.errors import BadInput


class Material(StrEnum):
    """Material codes of the records (材料)."""

    STEEL = "S"
    CONCRETE = "C"
    ASPHALT = "A"
    RUBBER = "R"
    OTHER = "X"


class WorkGroup(StrEnum):
    """Structure groups of the records (工種)."""

    SUPERSTRUCTURE = "superstructure"
    SUBSTRUCTURE = "substructure"
    BEARING = "bearing"
    ROAD_SURFACE = "road_surface"
    DRAINAGE = "drainage"
    INSPECTION_FACILITY = "inspection_facility"
    UTILITY = "utility"
    SIDE_WALL = "side_wall"


class Numbering(StrEnum):
    """Say which digits of an element number are the member's."""

    FIRST = "first"
    LAST = "last"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberKind:
    """Describe one symbol of the code-list ``jp_member``.

    Attributes:
        symbol: such as ``Mg``.
        ja: name.
        en: name.
        group: structure group.
        main: whether the soundness of the bridge rests on it.
        numbering: which digits are the member's number.
    """

    symbol: str
    ja: str
    en: str
    group: WorkGroup
    main: bool
    numbering: Numbering

    def member_number(self, element: ElementNumber) -> str:
        """Give the two digits that stand for the member in the summary form.

        >>> kind = MemberKind(
        ...     symbol="Pw", ja="", en="", group=WorkGroup.SUBSTRUCTURE, main=True,
        ...     numbering=Numbering.LAST)
        >>> kind.member_number(ElementNumber(symbol="Pw", number="0102"))
        '02'
        """
        if self.numbering is Numbering.NONE or not self.main:
            return "00"
        return element.number[:2] if self.numbering is Numbering.FIRST else element.number[2:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Name one span of a bridge, counted from 1 at the start point."""

    asset_id: str
    span: int
    length_m: float | None = None

    def __post_init__(self) -> None:
        """Check that the number and the length are possible."""
        _check_span(self.span)
        if self.length_m is not None and not 0 < self.length_m <= 5000:
            raise BadInput(f"span {self.span} has a length of {self.length_m} m; 0 to 5000 is read")


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """Name one element of a span: what a damage grade is given to.

    Attributes:
        asset_id: the bridge.
        span: number of the span, from 1.
        number: symbol and four digits.
        material: of which it is.
        concrete: RC or PC, an attribute of the member; it chooses the width classes of cracks.
    """

    asset_id: str
    span: int
    number: ElementNumber
    material: Material = Material.CONCRETE
    concrete: Concrete = Concrete.RC

    def __post_init__(self) -> None:
        """Check the number of the span."""
        _check_span(self.span)

    @property
    def subject_id(self) -> str:
        """Name the element among all bridges.

        >>> number = ElementNumber(symbol="Mg", number="0101")
        >>> Element(asset_id="ISK-1", span=2, number=number).subject_id
        'ISK-1/2/Mg0101'
        """
        return f"{self.asset_id}/{self.span}/{self.number}"


def _check_span(span: int) -> None:
    if not 1 <= span <= 999:
        raise BadInput(f"spans are counted from 1 to 999, got {span}")


Targets = Mapping[str, Mapping[Material, tuple[int, ...]]]
"""Damage types to check by member symbol and material (code-list ``jp_target_damage``)."""


def damages_to_check(
    symbol: str, material: Material, *, targets: Targets
) -> tuple[int, ...] | None:
    """Give the damage types to check on a member; None when the code-list does not say.

    >>> damages_to_check("Ff", Material.CONCRETE, targets={"Ff": {Material.CONCRETE: (6, 7)}})
    (6, 7)
    """
    return targets.get(symbol, {}).get(material)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Put one damage type of one element on the checklist of an inspection.

    Attributes:
        element: where.
        damage_no: which of the 26 types.
        flight: yes, partly or no: whether a colour photo of a flight can show it.
    """

    element: Element
    damage_no: int
    flight: str


def checklist(
    elements: Iterable[Element], *, targets: Targets, flight: Mapping[int, str]
) -> tuple[Check, ...]:
    """List what is to be checked on some elements, and what a flight cannot show.

    What a flight cannot assess (12 うき, 21, 22, 25, 26 …) stays an open item for people.

    Args:
        elements: in any order.
        targets: the code-list ``jp_target_damage``.
        flight: ``drone_rgb`` of the code-list ``jp_damage_type`` by number.
    """
    return tuple(
        Check(element=element, damage_no=number, flight=flight[number])
        for element in sorted(elements, key=lambda e: (e.asset_id, e.span, e.number))
        for number in damages_to_check(element.number.symbol, element.material, targets=targets)
        or ()
    )
