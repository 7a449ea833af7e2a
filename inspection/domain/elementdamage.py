"""Carry what people recorded about an element in one inspection.

A record is a person's value: it names its inspector and its fiscal year. What the rules say stands
beside it, never instead of it.

Source: domain specification §1.6 (damage records), §0.2 rules 1–3.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from inspection.domain.bridge import Element, MemberKind
from inspection.domain.damagerecord import DamageRecord
from inspection.domain.soundness import MemberGrade
from inspection.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementDamage:
    """Carry one damage record of one element.

    Attributes:
        element: where.
        fiscal_year: fiscal year of the inspection.
        record: what was recorded.
        guideline: code of the guideline by which it was recorded, such as ``jp_bridge_2019``.
        inspector: who recorded it; empty when the sheet does not say.
        countermeasures: classes of 対策区分, such as ``C2`` and ``S1``.
        soundness: diagnosis of the member, empty when none was given.
    """

    element: Element
    fiscal_year: int
    record: DamageRecord
    guideline: str = ""
    inspector: str = ""
    countermeasures: tuple[str, ...] = ()
    soundness: str = ""

    def __post_init__(self) -> None:
        """Check the year."""
        if not 1950 <= self.fiscal_year <= 2200:
            raise BadInput(f"fiscal year {self.fiscal_year} is no year of an inspection")


def damage_key(damage: ElementDamage) -> tuple[str, int, int, int]:
    """Give what makes a record one of its kind: element, year, damage type and classification."""
    record = damage.record
    return (
        damage.element.subject_id,
        damage.fiscal_year,
        record.number or 0,
        record.division or 0,
    )


def latest(damages: Sequence[ElementDamage]) -> tuple[ElementDamage, ...]:
    """Keep the records of the newest inspection of each bridge."""
    newest: dict[str, int] = {}
    for damage in damages:
        key = damage.element.asset_id
        newest[key] = max(newest.get(key, 0), damage.fiscal_year)
    return tuple(d for d in damages if d.fiscal_year == newest[d.element.asset_id])


def member_grades(
    damages: Sequence[ElementDamage],
    *,
    kinds: Mapping[str, MemberKind],
    words: Callable[[ElementDamage], str],
) -> tuple[MemberGrade, ...]:
    """Give what each record says about its member group.

    Args:
        damages: records of one inspection.
        kinds: member symbols (code-list ``jp_member``).
        words: writes a record as its form has it.

    Raises:
        BadInput: when a symbol is not in the code-list.
    """
    return tuple(
        MemberGrade(
            group=f"{damage.element.span}/{damage.element.number.symbol}",
            main=_kind(damage, kinds).main,
            subject_id=f"{damage.element.span}/{damage.element.number}",
            grade=damage.record.grade,
            possible=damage.record.grade,
            what=words(damage),
        )
        for damage in damages
    )


def _kind(damage: ElementDamage, kinds: Mapping[str, MemberKind]) -> MemberKind:
    symbol = damage.element.number.symbol
    if symbol not in kinds:
        raise BadInput(f"{symbol!r} is no member symbol of the code-list jp_member")
    return kinds[symbol]
