"""Propose grades of ⑤, ⑦ and ⑧ from what a photo shows together at one place.

A detector sees spalling, rebar, rust, efflorescence and wet spots as separate areas. Which letter
they stand for depends on what lies on what. Every result is a candidate for a person.

Source: domain specification §1.5.4, last paragraph (AI proposal rules, D).
"""

from dataclasses import dataclass

from inspection.domain.grade import Reason
from inspection.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class AppearanceRule:
    """Hold the code-list ``appearance_rule``.

    Attributes:
        version: version of the code-list.
        rusty_rebar_share: rust on more than this share of the visible bars makes ⑦ an e.
        stained_share: rust or mud on at least this share of the efflorescence makes ⑧ an e.
        element_share: efflorescence over at least this share of the element makes ⑧ an e.
    """

    version: str
    rusty_rebar_share: float
    stained_share: float
    element_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Propose letters, the likeliest first, and say why."""

    damage_no: int
    letters: tuple[str, ...]
    reason: Reason


def propose_spall(
    *,
    rebar_seen: bool,
    rusty_share: float = 0.0,
    bar_broken: bool = False,
    rule: AppearanceRule,
) -> Proposal:
    """Propose the letter of ⑦ 剥離・鉄筋露出: c without rebar, d with, e with severe corrosion.

    Args:
        rebar_seen: bars are exposed.
        rusty_share: share of the visible bars that is covered by rust, 0–1.
        bar_broken: a bar is broken.
        rule: the code-list.
    """
    _check_share(rusty_share, "rusty_share")
    if not rebar_seen:
        reason = Reason(code="spall_only", ja="剥離のみ", en="spalling only, no rebar seen")
        return Proposal(damage_no=7, letters=("c",), reason=reason)
    if bar_broken or rusty_share > rule.rusty_rebar_share:
        why_ja = "鉄筋の破断" if bar_broken else f"鉄筋の {rusty_share:.0%} に錆"
        why_en = "a bar is broken" if bar_broken else f"rust on {rusty_share:.0%} of the bars"
        reason = Reason(
            code="rebar_severe", ja=f"鉄筋露出、{why_ja}", en=f"exposed rebar, {why_en}"
        )
        return Proposal(damage_no=7, letters=("e",), reason=reason)
    reason = Reason(
        code="rebar_light",
        ja=f"鉄筋露出、錆は鉄筋の {rusty_share:.0%}",
        en=f"exposed rebar, rust on {rusty_share:.0%} of it",
    )
    return Proposal(damage_no=7, letters=("d",), reason=reason)


def propose_leak(
    *,
    efflorescence_seen: bool,
    stained_share: float = 0.0,
    stalactite: bool = False,
    element_share: float = 0.0,
    rule: AppearanceRule,
) -> Proposal:
    """Propose the letter of ⑧ 漏水・遊離石灰.

    Args:
        efflorescence_seen: white deposits are there; without them only a wet spot is.
        stained_share: share of the deposits that rust or mud stains, 0–1.
        stalactite: deposits hang down.
        element_share: share of the element that deposits cover, 0–1.
        rule: the code-list.
    """
    _check_share(stained_share, "stained_share")
    _check_share(element_share, "element_share")
    if not efflorescence_seen:
        reason = Reason(code="wet_along_crack", ja="ひびわれから漏水", en="wet along a crack")
        return Proposal(damage_no=8, letters=("c",), reason=reason)
    marked = stained_share >= rule.stained_share
    large = stalactite or element_share >= rule.element_share
    if marked or large:
        why_ja = f"錆汁が {stained_share:.0%}" if marked else "つらら状または広範囲"
        why_en = f"rust juice on {stained_share:.0%}" if marked else "stalactites or a wide area"
        reason = Reason(
            code="efflorescence_marked", ja=f"遊離石灰、{why_ja}", en=f"efflorescence, {why_en}"
        )
        return Proposal(damage_no=8, letters=("e",), reason=reason)
    reason = Reason(
        code="efflorescence",
        ja="遊離石灰、錆汁はほとんどない",
        en="efflorescence, almost no rust juice",
    )
    return Proposal(damage_no=8, letters=("d",), reason=reason)


def propose_coating(*, rust_spots: bool, coverage_share: float) -> Proposal:
    """Propose letters of ⑤ 防食機能の劣化, the likeliest first; an inspector chooses.

    Args:
        rust_spots: spots of rust (点錆) are seen.
        coverage_share: share of the member where the coating is lost, 0–1.
    """
    _check_share(coverage_share, "coverage_share")
    if rust_spots or coverage_share >= 0.5:
        letters = ("e", "d", "c")
    else:
        letters = ("d", "c", "e") if coverage_share >= 0.1 else ("c", "d", "e")
    reason = Reason(
        code="rust_spots" if rust_spots else "paint_loss",
        ja=f"{'点錆あり、' if rust_spots else ''}塗膜の損失 {coverage_share:.0%}：人が選ぶ",
        en=f"{'rust spots, ' if rust_spots else ''}coating lost on {coverage_share:.0%}: "
        "an inspector chooses",
    )
    return Proposal(damage_no=5, letters=letters, reason=reason)


def _check_share(value: float, name: str) -> None:
    if not 0 <= value <= 1:
        raise BadInput(f"{name} must be 0 to 1, got {value}")
