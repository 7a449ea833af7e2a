"""Score how soon an asset needs attention, with every point explained.

P = wL·L + wC·C + wT·T: likelihood (condition), consequence (importance), timing. Hard rules stand
above the score: an emergency is tier 0 whatever its points.

Source: domain specification §5.2.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from inspection.domain.asset import AssetKind
from inspection.domain.notation import read_codes
from inspection.domain.prioritymodel import (
    NOT_INSPECTED,
    Attribute,
    Factor,
    Item,
    KindModel,
    PriorityModel,
)
from inspection.errors import BadInput

PEOPLE_BELOW = frozenset(
    {"railway", "expressway", "emergency_road", "trunk_road", "road", "path", "park"}
)
"""Values of ``under_bridge`` where falling concrete can hit somebody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Carry one of L, C, T: its value 0–100, its weight and what it is made of."""

    key: str
    value: float
    weight: float
    items: tuple[Item, ...]

    @property
    def points(self) -> float:
        """Give what the part adds to the score."""
        return self.value * self.weight


@dataclass(frozen=True, slots=True, kw_only=True)
class HardRule:
    """Report a hard rule that applies.

    Attributes:
        rule: R1 to R5.
        tier: 0 emergency, 1 must be done in the next fiscal year.
        ja: what to do.
        en: what to do.
        provisional: it rests on a detection that nobody has reviewed: review it first.
    """

    rule: str
    tier: int
    ja: str
    en: str
    provisional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Priority:
    """Carry the priority of one asset and all that it is made of.

    Attributes:
        asset_id: the asset.
        model: code-list and version, such as ``priority_v1/1.0.0``.
        score: 0–100.
        tier: 0 emergency, 1 must, 2 by score.
        parts: L, C, T.
        missing: attributes that are unknown; a neutral level was taken.
        confidence: 0–1, less for what is missing or not reviewed.
        rules: the hard rules that apply, most urgent first.
        soundness_is_candidate: the base rests on a machine's proposal.
    """

    asset_id: str
    model: str
    score: float
    tier: int
    parts: tuple[Part, ...]
    missing: tuple[str, ...]
    confidence: float
    rules: tuple[HardRule, ...]
    soundness_is_candidate: bool

    @property
    def risk(self) -> float:
        """Give L·C/100, for the 5×5 matrix."""
        values = {part.key: part.value for part in self.parts}
        return values["L"] * values["C"] / 100.0

    def explanation(self) -> dict[str, object]:
        """Give the explanation as plain values, as the API and the pages show it."""
        return {
            "asset": self.asset_id,
            "model": self.model,
            "score": round(self.score, 2),
            "tier": self.tier,
            "parts": [_explain(part) for part in self.parts],
            "rules": [
                {
                    "rule": rule.rule,
                    "tier": rule.tier,
                    "ja": rule.ja,
                    "en": rule.en,
                    "provisional": rule.provisional,
                }
                for rule in self.rules
            ],
            "missing": list(self.missing),
            "confidence": round(self.confidence, 2),
            "soundness_is_candidate": self.soundness_is_candidate,
        }


def _explain(part: Part) -> dict[str, object]:
    """Give one part as plain values."""
    items = [
        {
            "code": item.code,
            "pts": round(item.points, 2),
            "ja": item.ja,
            "en": item.en,
            "origin": item.origin,
        }
        for item in part.items
    ]
    return {
        "k": part.key,
        "value": round(part.value, 2),
        "weight": part.weight,
        "points": round(part.points, 2),
        "items": items,
    }


class Falling(StrEnum):
    """Say whether loose concrete (types 7, 12) was seen, and by whom."""

    NONE = "none"
    CANDIDATE = "candidate"
    CONFIRMED = "confirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Carry what a survey adds to what the owner knows.

    Attributes:
        condition: machine's proposal for the condition, used while no engineer has diagnosed.
        observed: attributes as the survey found them, used where the owner says nothing.
        falling: loose concrete.
        derived: attributes that were computed from others, such as the salt zone from the coast.
    """

    condition: str | None = None
    observed: Mapping[str, Attribute] = field(default_factory=dict)
    falling: Falling = Falling.NONE
    derived: frozenset[str] = frozenset()


def score_priority(
    asset_id: str,
    kind: AssetKind,
    attributes: Mapping[str, Attribute],
    evidence: Evidence,
    *,
    model: PriorityModel,
) -> Priority:
    """Score one asset.

    An engineer's diagnosis decides the base. Without one the asset counts as not inspected, and a
    machine's proposal may raise it above that but never lower it: that a flight saw nothing does
    not make a bridge sound.

    Args:
        asset_id: the asset.
        kind: bridges and pavement have tables of their own; anything else is scored as a bridge.
        attributes: what the owner knows.
        evidence: what the survey adds.
        model: the code-list.

    Raises:
        BadInput: when an attribute has a value that the model does not know.
    """
    tables = model.kinds.get(kind.value) or model.kinds[AssetKind.BRIDGE.value]
    case = _Case(attributes=attributes, evidence=evidence, tables=tables)
    missing = case.missing()
    parts = tuple(
        Part(
            key=key,
            value=sum(item.points for item in items),
            weight=model.weights[key],
            items=items,
        )
        for key, items in (
            ("L", case.likelihood()),
            ("C", case.consequence()),
            ("T", case.timing()),
        )
    )
    rules = tuple(sorted(case.rules(model.falling_days), key=lambda rule: (rule.tier, rule.rule)))
    undiagnosed = case.diagnosis() is None
    confidence = 1 - model.missing_costs * len(missing) - model.candidate_costs * undiagnosed
    return Priority(
        asset_id=asset_id,
        model=f"{model.id}/{model.version}",
        score=sum(part.points for part in parts),
        tier=min((rule.tier for rule in rules), default=2),
        parts=parts,
        missing=missing,
        confidence=max(0.0, confidence),
        rules=rules,
        soundness_is_candidate=undiagnosed,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """Apply the tables of one kind of asset to one asset."""

    attributes: Mapping[str, Attribute]
    evidence: Evidence
    tables: KindModel

    def diagnosis(self) -> str | None:
        """Give the engineer's diagnosis."""
        value = self.attributes.get(self.tables.condition)
        allowed = [key for key in self.tables.bases if key != NOT_INSPECTED]
        if value is not None and value not in allowed:
            raise BadInput(f"attribute {self.tables.condition!r} is {value!r}; allowed: {allowed}")
        return None if value is None else str(value)

    def number(self, name: str) -> float | None:
        """Give an attribute that must be a number ≥ 0."""
        value = self.attributes.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
            raise BadInput(f"attribute {name!r} must be a number ≥ 0, got {value!r}")
        return float(value)

    def missing(self) -> tuple[str, ...]:
        """Name what is unknown and counts."""
        known = set(self.attributes) | set(self.evidence.observed)
        factors = (*self.tables.likelihood, *self.tables.consequence)
        names = [f.name for f in factors if f.name not in known and not f.optional]
        if "overdue_years" not in self.attributes:
            names.append("overdue_years")
        timed = self.tables.timing.get(self.diagnosis() or "")
        if timed and timed.years and "years_since_diagnosis" not in self.attributes:
            names.append("years_since_diagnosis")
        return tuple(names)

    def likelihood(self) -> tuple[Item, ...]:
        """Give L: the base that says more, and the modifiers, up to the cap."""
        modifiers = [item for factor in self.tables.likelihood for item in self._factor(factor)]
        options = [self._capped(base, origin, modifiers) for base, origin in self._bases()]
        return max(options, key=lambda items: sum(item.points for item in items))

    def _bases(self) -> list[tuple[str, str]]:
        """List the bases that apply, with their origin."""
        diagnosis, candidate = self.diagnosis(), self.evidence.condition
        if diagnosis is not None:
            overdue = (self.number("overdue_years") or 0) > 1
            return [(diagnosis, "known")] + [(NOT_INSPECTED, "known")] * overdue
        return [(NOT_INSPECTED, "known")] + ([(candidate, "candidate")] if candidate else [])

    def _capped(self, base: str, origin: str, modifiers: list[Item]) -> tuple[Item, ...]:
        """Put a base before the modifiers and cut at its cap."""
        row = self.tables.bases[base]
        first = Item(code=f"base_{base}", points=row.points, ja=row.ja, en=row.en, origin=origin)
        return _cut((first, *modifiers), row.cap)

    def consequence(self) -> tuple[Item, ...]:
        """Give C: the factors, up to 100."""
        return _cut(
            tuple(item for factor in self.tables.consequence for item in self._factor(factor)), 100
        )

    def _factor(self, factor: Factor) -> tuple[Item, ...]:
        """Give the points of a factor, from the owner or else from the survey."""
        if factor.name in self.attributes:
            origin = "derived" if factor.name in self.evidence.derived else "known"
            return factor.items(self.attributes[factor.name], origin)
        return factor.items(self.evidence.observed.get(factor.name), "candidate")

    def timing(self) -> tuple[Item, ...]:
        """Give T: how long the diagnosis has waited, and an overdue inspection."""
        items: list[Item] = []
        diagnosis = self.diagnosis()
        timed = self.tables.timing.get(diagnosis or "")
        if diagnosis and timed:
            items.append(self._waited(diagnosis, timed.points, timed.years))
        if self.number("overdue_years"):
            points = self.tables.timing["overdue"].points
            items.append(
                Item(code="overdue", points=points, ja="点検期限超過", en="Inspection overdue")
            )
        return _cut(tuple(item for item in items if item.points), 100)

    def _waited(self, diagnosis: str, points: float, span: float) -> Item:
        """Give the points for the years since the diagnosis; half the span while unknown."""
        if not span:
            return Item(code=f"{diagnosis}_now", points=points, ja="緊急", en="Urgent at once")
        years = self.number("years_since_diagnosis")
        waited = span / 2 if years is None else years
        share = min(1.0, waited / span)
        return Item(
            code=f"{diagnosis}_{waited:g}y_of_{span:g}",
            points=points * share,
            ja=f"診断 {diagnosis} から {waited:g} 年（{span:g} 年中）",
            en=f"{waited:g} of {span:g} years since diagnosis {diagnosis}",
            origin="neutral" if years is None else "known",
        )

    def rules(self, falling_days: int) -> list[HardRule]:
        """List the hard rules that apply."""
        codes = set(read_codes(str(self.attributes.get("countermeasures", ""))))
        diagnosis, years = self.diagnosis(), self.number("years_since_diagnosis") or 0
        applies: list[HardRule] = []
        if diagnosis == "IV" or "E1" in codes:
            applies.append(_EMERGENCY)
        if (loose := self._falling(codes, falling_days)) is not None:
            applies.append(loose)
        if diagnosis == "III" and self.attributes.get("measure_done") is not True and years >= 4:
            applies.append(_WAITED)
        if "S1" in codes and (self.number("s1_open_years") or 0) > 1:
            applies.append(_INVESTIGATE)
        if self.number("overdue_years"):
            applies.append(_INSPECT)
        return applies

    def _falling(self, codes: set[str], days: int) -> HardRule | None:
        """Give R2 when E2 was judged or loose concrete hangs over people."""
        over_people = self.attributes.get("under_bridge") in PEOPLE_BELOW
        seen = self.evidence.falling if over_people else Falling.NONE
        if "E2" not in codes and seen is Falling.NONE:
            return None
        judged = "E2" in codes or seen is Falling.CONFIRMED
        rule = HardRule(
            rule="R2",
            tier=0,
            ja=f"{days} 日以内に応急措置（たたき落とし等）",
            en=f"Emergency measure within {days} days (remove loose concrete)",
        )
        if judged:
            return rule
        return replace(
            rule, provisional=True, ja=f"要確認：{rule.ja}", en=f"Review first: {rule.en}"
        )


def _cut(items: tuple[Item, ...], cap: float) -> tuple[Item, ...]:
    """Add a negative item when the sum exceeds a cap."""
    excess = sum(item.points for item in items) - cap
    if excess <= 0:
        return items
    return (*items, Item(code="cap", points=-excess, ja=f"上限 {cap:g}", en=f"Capped at {cap:g}"))


_EMERGENCY = HardRule(
    rule="R1",
    tier=0,
    ja="緊急措置：通行規制の要否を確認",
    en="Emergency: go through the traffic-restriction checklist",
)
_WAITED = HardRule(
    rule="R3",
    tier=1,
    ja="診断 III・未措置：次年度までに措置",
    en="Diagnosis III without a measure: due in the next fiscal year",
)
_INVESTIGATE = HardRule(
    rule="R4",
    tier=1,
    ja="詳細調査 S1 が 1 年を超えて未実施",
    en="Detailed investigation S1 open for more than a year",
)
_INSPECT = HardRule(rule="R5", tier=1, ja="点検期限超過：点検を実施", en="Inspect: overdue")
