"""Diagnose asphalt pavement from crack ratio, rut depth and IRI, and give its MCI.

Source: domain specification §2.1 (S-22, S-24, S-25), §2.3 (S-14), §2.4 (K-H).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from inspection.domain.grade import GradeCandidate, Reason, Subject
from inspection.errors import BadInput

INDICES = ("crack_ratio_percent", "rut_mm", "iri_mm_per_m")
"""The three reference indices, by the names that attributes have."""

IRI_PER_SIGMA, IRI_OFFSET = 1.33, 0.24
"""IRI = 1.33 σ + 0.24 (mm/m from mm); published as such, S-14."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PavementRule:
    """Hold the code-list ``pavement_class``.

    Attributes:
        version: version of the code-list.
        bounds: lower bounds of the classes II and III by index.
        mci_bounds: MCI above the first is I, at or below the second III.
        names: name of each index, ja and en.
    """

    version: str
    bounds: Mapping[str, tuple[float, float]]
    mci_bounds: tuple[float, float]
    names: Mapping[str, tuple[str, str]]


def iri_from_sigma(sigma_mm: float) -> float:
    """Give IRI in mm/m from the roughness σ in mm of a 3 m profilometer.

    >>> round(iri_from_sigma(2.0), 2)
    2.9
    """
    return IRI_PER_SIGMA * _not_negative(sigma_mm, "sigma_mm") + IRI_OFFSET


def sigma_from_iri(iri_mm_per_m: float) -> float:
    """Give the roughness σ in mm from IRI in mm/m; never less than zero.

    >>> round(sigma_from_iri(3.0), 2), round(sigma_from_iri(8.0), 2)
    (2.08, 5.83)
    """
    return max(0.0, (_not_negative(iri_mm_per_m, "iri_mm_per_m") - IRI_OFFSET) / IRI_PER_SIGMA)


def section_rut_mm(samples_mm: list[float]) -> tuple[float, float]:
    """Give mean and greatest rut depth of a section from its samples every 20 m.

    >>> section_rut_mm([10.0, 14.0])
    (12.0, 14.0)
    """
    if not samples_mm:
        raise BadInput("a section needs at least one sample of rut depth")
    checked = [_not_negative(value, "rut_mm") for value in samples_mm]
    return sum(checked) / len(checked), max(checked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mci:
    """Carry a Maintenance Control Index and the formulas behind it, each 0–10."""

    value: float
    by_formula: Mapping[str, float]

    @property
    def partial(self) -> bool:
        """Tell whether some formula lacked its inputs."""
        return len(self.by_formula) < 4


def mci(
    crack_percent: float | None = None,
    rut_mm: float | None = None,
    sigma_mm: float | None = None,
) -> Mci:
    """Give the MCI: the least of the formulas whose inputs are known.

    Raises:
        BadInput: when neither crack ratio nor rut depth is known, or a value is impossible.

    Source: domain specification §2.4.

    >>> round(mci(10, 5, 2).value, 2), round(mci(0, 0, 0).value, 2)
    (5.55, 10.0)
    """
    c = None if crack_percent is None else _percent(crack_percent)
    d = None if rut_mm is None else _not_negative(rut_mm, "rut_mm")
    s = None if sigma_mm is None else _not_negative(sigma_mm, "sigma_mm")
    raw: dict[str, float] = {}
    if c is not None and d is not None and s is not None:
        raw["MCI"] = 10 - 1.48 * c**0.3 - 0.29 * d**0.7 - 0.47 * s**0.2
    if c is not None and d is not None:
        raw["MCI0"] = 10 - 1.51 * c**0.3 - 0.30 * d**0.7
    if c is not None:
        raw["MCI1"] = 10 - 2.23 * c**0.3
    if d is not None:
        raw["MCI2"] = 10 - 0.54 * d**0.7
    if not raw:
        raise BadInput("the MCI needs a crack ratio in % or a rut depth in mm")
    clipped = {name: min(10.0, max(0.0, value)) for name, value in raw.items()}
    return Mci(value=min(clipped.values()), by_formula=clipped)


def mci_class(value: float, *, rule: PavementRule) -> str:
    """Give I, II or III of an MCI by the mapping of the code-list; there is no official one.

    Raises:
        BadInput: when it is none from 0 to 10.
    """
    if not 0 <= value <= 10:
        raise BadInput(f"an MCI is 0 to 10, got {value}")
    high, low = rule.mci_bounds
    return "I" if value > high else "III" if value <= low else "II"


def index_class(name: str, value: float, *, rule: PavementRule) -> str:
    """Give I, II or III of one index.

    Raises:
        BadInput: when the value is impossible.
    """
    _percent(value) if name == "crack_ratio_percent" else _not_negative(value, name)
    second, third = rule.bounds[name]
    return "III" if value >= third else "II" if value >= second else "I"


def repair_kind(surface_age_years: float | None, design_target_years: float | None) -> str | None:
    """Tell III-1 (surface) from III-2 (base) by age; None while an age is unknown.

    A surface that wears out before its target age lets damage below be presumed.

    >>> repair_kind(15, 13), repair_kind(6, 13), repair_kind(None, 13)
    ('III-1', 'III-2', None)
    """
    if surface_age_years is None or design_target_years is None:
        return None
    _not_negative(surface_age_years, "surface_age_years")
    _not_negative(design_target_years, "design_target_years")
    return "III-1" if surface_age_years >= design_target_years else "III-2"


def pavement_candidate(
    known: Mapping[str, float],
    *,
    rule: PavementRule,
    asset_id: str,
    surface_age_years: float | None = None,
    design_target_years: float | None = None,
    base_damaged: bool | None = None,
) -> GradeCandidate:
    """Propose the class of a section: the worst of the indices that are known.

    Args:
        known: indices by name (``INDICES``); those that are absent are named as missing.
        rule: the code-list.
        asset_id: the section.
        surface_age_years: age of the surface.
        design_target_years: 使用目標年数.
        base_damaged: what a person or a test says of the base; decides III-1 or III-2 above age.

    Raises:
        BadInput: when no index is known, one is unknown to the rule, or a value is impossible.
    """
    unknown = sorted(set(known) - set(INDICES))
    if unknown or not known:
        raise BadInput(f"pavement indices are {INDICES}, got {sorted(known)}")
    classes = {name: index_class(name, known[name], rule=rule) for name in INDICES if name in known}
    worst = max(classes.values())
    best = worst if worst != "III" else _kind(base_damaged, surface_age_years, design_target_years)
    candidates = (best,) if best else ("III-1", "III-2")
    missing = [name for name in INDICES if name not in known]
    return GradeCandidate(
        scheme=f"pavement_class/{rule.version}",
        subject=Subject.ASSET,
        subject_id=asset_id,
        candidates=candidates,
        best=best,
        borderline=len(candidates) > 1,
        unresolved=best is None,
        values={**known, "mci": _mci_of(known)} if _has_mci(known) else dict(known),
        reasons=(
            *(_index_reason(name, known[name], code, rule) for name, code in classes.items()),
            *([_partial_reason(missing, rule)] if missing else []),
            *([_BASE_UNKNOWN] if best is None else []),
        ),
    )


def _kind(base_damaged: bool | None, age: float | None, target: float | None) -> str | None:
    """Give III-1 or III-2: a finding about the base decides, else the age of the surface."""
    if base_damaged is not None:
        return "III-2" if base_damaged else "III-1"
    return repair_kind(age, target)


def is_partial(candidate: GradeCandidate) -> bool:
    """Tell whether a class rests on fewer than the three indices."""
    return any(reason.code == "partial" for reason in candidate.reasons)


def _has_mci(known: Mapping[str, float]) -> bool:
    return "crack_ratio_percent" in known or "rut_mm" in known


def _mci_of(known: Mapping[str, float]) -> float:
    """Give the MCI of the indices that are known."""
    iri = known.get("iri_mm_per_m")
    sigma = None if iri is None else sigma_from_iri(iri)
    return mci(known.get("crack_ratio_percent"), known.get("rut_mm"), sigma).value


def _index_reason(name: str, value: float, code: str, rule: PavementRule) -> Reason:
    ja, en = rule.names[name]
    return Reason(
        code=f"{name}_{code}", ja=f"{ja} {value:.1f}：{code}", en=f"{en} {value:.1f}: {code}"
    )


def _partial_reason(missing: list[str], rule: PavementRule) -> Reason:
    ja = "・".join(rule.names[name][0] for name in missing)
    en = ", ".join(rule.names[name][1] for name in missing)
    return Reason(code="partial", ja=f"{ja} なしの判定", en=f"judged without {en}")


_BASE_UNKNOWN = Reason(
    code="base_unknown",
    ja="路盤の状態と表層の供用年数が不明：III-1 か III-2 かは未定",
    en="neither the base nor the age of the surface is known: III-1 or III-2 stays open",
)


def _not_negative(value: float, name: str) -> float:
    if not 0 <= value < 1e6:
        raise BadInput(f"{name} must be ≥ 0, got {value}")
    return value


def _percent(value: float) -> float:
    if not 0 <= value <= 100:
        raise BadInput(f"a crack ratio must be 0 to 100 %, got {value}")
    return value
