"""Name the crack widths at which a rule changes its mind, to draw them beside what was measured."""

from dataclasses import dataclass

from inspection.codelists.grades import load_crack_grade_rule, load_crack_ratio_rule
from inspection.domain.asset import Asset, AssetKind
from inspection.domain.taxonomy import LINEAR_CLASSES, DamageClass


@dataclass(frozen=True, slots=True, kw_only=True)
class WidthLimit:
    """Carry one width from which on a rule counts a crack as more severe.

    Attributes:
        width_mm: lower bound, inclusive.
        scheme: code-list and version of the rule.
        ja: what begins there.
        en: likewise.
    """

    width_mm: float
    scheme: str
    ja: str
    en: str


def width_limits(asset: Asset, damage_class: DamageClass) -> tuple[WidthLimit, ...]:
    """List the widths that matter for a class on an asset, ascending; none where no rule asks.

    >>> bridge = Asset(asset_id="b", name="橋", kind=AssetKind.BRIDGE)
    >>> [limit.width_mm for limit in width_limits(bridge, DamageClass.CRACK)]
    [0.2, 0.3]
    """
    if damage_class not in LINEAR_CLASSES:
        return ()
    if asset.kind is AssetKind.PAVEMENT_SECTION:
        ratio = load_crack_ratio_rule()
        return (
            WidthLimit(
                width_mm=ratio.min_width_mm,
                scheme=f"pavement_crack_ratio/{ratio.version}",
                ja="ひび割れ率に算入",
                en="counts in the crack ratio",
            ),
        )
    if damage_class is not DamageClass.CRACK:
        return ()
    rule = load_crack_grade_rule()
    medium_mm, large_mm = rule.width_mm[asset.concrete]
    scheme = f"jp_crack_grade/{rule.version}"
    return (
        WidthLimit(width_mm=medium_mm, scheme=scheme, ja="幅「中」", en="width class medium"),
        WidthLimit(width_mm=large_mm, scheme=scheme, ja="幅「大」", en="width class large"),
    )
