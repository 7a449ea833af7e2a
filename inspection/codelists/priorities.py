"""Load priority models."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from inspection.codelists.codelist import Codelist, load_codelist, number, whole
from inspection.domain.grade import GRADES
from inspection.domain.prioritymodel import (
    NOT_INSPECTED,
    Base,
    Factor,
    KindModel,
    PriorityModel,
    Ramp,
    SeverityModel,
    Step,
    Timing,
)
from inspection.errors import BadCodelist

DEFAULT_MODEL = "priority_v1"


@lru_cache(maxsize=4)
def load_priority_model(name: str = DEFAULT_MODEL) -> PriorityModel:
    """Load a priority model that ships with Tenken."""
    return priority_model(load_codelist(name))


def priority_model(codelist: Codelist) -> PriorityModel:
    """Build a priority model from its code-list.

    Raises:
        BadCodelist: when a field is missing or wrong, or the weights do not add up to 1.
    """
    try:
        model = PriorityModel(
            id=codelist.id,
            version=codelist.version,
            weights={key: number(codelist["weights"][key]) for key in "LCT"},
            missing_costs=number(codelist["missing_costs"]),
            candidate_costs=number(codelist["candidate_costs"]),
            kinds={str(kind): _kind(table) for kind, table in codelist["kinds"].items()},
            severity=_severity(codelist["severity"]),
            falling_days=whole(codelist["falling_days"]),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadCodelist(f"priority model {codelist.id!r}: {error!r}") from error
    total = sum(model.weights.values())
    if not abs(total - 1) <= 1e-9 or min(model.weights.values()) < 0:  # NaN too
        raise BadCodelist(f"the weights of {codelist.id!r} must add up to 1, got {model.weights}")
    if "bridge" not in model.kinds:
        raise BadCodelist(f"priority model {codelist.id!r} needs tables for 'bridge'")
    return model


def _kind(table: Mapping[str, Any]) -> KindModel:
    """Build the tables for one kind of asset."""
    bases = {
        str(key): Base(
            points=number(row["points"]),
            cap=number(row["cap"]),
            ja=str(row["ja"]),
            en=str(row["en"]),
        )
        for key, row in table["bases"].items()
    }
    timing = {
        str(key): Timing(points=number(row["points"]), years=number(row.get("years", 0)))
        for key, row in table["timing"].items()
    }
    if NOT_INSPECTED not in bases or "overdue" not in timing:
        raise ValueError("bases need 'not_inspected' and timing needs 'overdue'")
    return KindModel(
        condition=str(table["condition"]),
        bases=bases,
        likelihood=tuple(factor_of(row) for row in table["likelihood"]),
        consequence=tuple(factor_of(row) for row in table["consequence"]),
        timing=timing,
    )


def factor_of(row: Mapping[str, Any]) -> Factor:
    """Build one factor; bands must ascend, and more must never give fewer points."""
    bands = tuple((number(band["from"]), _step(band)) for band in row.get("bands", ()))
    bounds = [bound for bound, _ in bands]
    points = [step.points for _, step in bands]
    if bounds != sorted(set(bounds)) or points != sorted(points):
        raise ValueError(f"the bands of {row['name']!r} must ascend")
    ramp = row.get("ramp")
    return Factor(
        name=str(row["name"]),
        ja=str(row["ja"]),
        en=str(row["en"]),
        neutral=_step(row["neutral"]),
        levels={str(key): _step(level) for key, level in row.get("levels", {}).items()},
        bands=bands,
        ramp=None if ramp is None else _ramp(ramp),
        contains=bool(row.get("contains", False)),
        optional=bool(row.get("optional", False)),
    )


def _step(row: Mapping[str, Any]) -> Step:
    """Build the points of one level."""
    return Step(points=number(row["points"]), code=str(row.get("code", "")))


def _ramp(row: Mapping[str, Any]) -> Ramp:
    """Build a ramp."""
    start, per, most = (number(row[key]) for key in ("start", "per", "most"))
    return Ramp(start=start, per=per, most=most, code=str(row["code"]))


def _severity(row: Mapping[str, Any]) -> SeverityModel:
    """Build the order of the defects of one asset; worse grades must not weigh less."""
    grade = {letter: number(row["grade"][letter]) for letter in GRADES}
    if list(grade.values()) != sorted(grade.values()):
        raise ValueError(f"severity by grade must ascend from a to e, got {grade}")
    return SeverityModel(
        grade=grade,
        ungraded=number(row["ungraded"]),
        width_most=number(row["width"]["most"]),
        width_full_at_mm=number(row["width"]["full_at_mm"]),
        length_most=number(row["length"]["most"]),
        length_full_at_m=number(row["length"]["full_at_m"]),
        area_most=number(row["area"]["most"]),
        area_full_at_m2=number(row["area"]["full_at_m2"]),
    )
