"""Load the rules of damage grades, crack ratio and soundness."""

from functools import lru_cache

from inspection.codelists.codelist import Codelist, load_codelist, number
from inspection.domain.asset import Concrete
from inspection.domain.crackratio import CrackRatioRule
from inspection.domain.grade import GRADES, CrackGradeRule
from inspection.errors import BadCodelist, BadInput

SOUNDNESS = ("I", "II", "III", "IV")
"""Codes of the soundness diagnosis, from sound to emergency."""


@lru_cache(maxsize=1)
def load_crack_grade_rule() -> CrackGradeRule:
    """Load the rule of ⑥ ひびわれ."""
    return crack_grade_rule(load_codelist("jp_crack_grade"))


def crack_grade_rule(codelist: Codelist) -> CrackGradeRule:
    """Build the rule of ⑥ ひびわれ from its code-list.

    Raises:
        BadCodelist: when a field is missing, of the wrong type or breaks the order of grades.
    """
    try:
        widths = {Concrete(kind): _ascending(pair) for kind, pair in codelist["width_mm"].items()}
        return CrackGradeRule(
            version=codelist.version,
            type_ja=str(codelist["type_ja"]),
            width_mm={kind: widths[kind] for kind in Concrete},
            gauge_step_mm=number(codelist["gauge_step_mm"]),
            spacing_m=number(codelist["spacing_m"]),
            matrix=tuple((str(far), str(close)) for far, close in codelist["matrix"]),
        )
    except (AttributeError, KeyError, TypeError, ValueError, BadInput) as error:
        raise BadCodelist(f"code-list {codelist.id!r}: {error}") from error


@lru_cache(maxsize=1)
def load_crack_ratio_rule() -> CrackRatioRule:
    """Load the rule of the crack ratio of pavement."""
    return crack_ratio_rule(load_codelist("pavement_crack_ratio"))


def crack_ratio_rule(codelist: Codelist) -> CrackRatioRule:
    """Build the rule of the crack ratio from its code-list.

    Raises:
        BadCodelist: when a field is missing or of the wrong type.
    """
    try:
        none, one, more = (number(v) for v in codelist["crack_area_m2"])
        small, half, full = (number(v) for v in codelist["patch_area_m2"])
        return CrackRatioRule(
            version=codelist.version,
            cell_m=number(codelist["cell_m"]),
            crack_area_m2=(none, one, more),
            patch_share=_ascending(codelist["patch_share"]),
            patch_area_m2=(small, half, full),
            alligator_share=number(codelist["alligator_share"]),
            min_width_mm=number(codelist["min_width_mm"]),
            min_length_m=number(codelist["min_length_m"]),
            class_percent=_ascending(codelist["class_percent"]),
        )
    except (TypeError, ValueError) as error:
        raise BadCodelist(f"code-list {codelist.id!r}: {error}") from error


@lru_cache(maxsize=1)
def load_soundness_candidates() -> dict[str, str]:
    """Load the stand-in that gives a soundness candidate for a worst damage grade."""
    return soundness_candidates(load_codelist("soundness_candidate"))


def soundness_candidates(codelist: Codelist) -> dict[str, str]:
    """Check and give the table grade → soundness candidate.

    Raises:
        BadCodelist: when a grade is missing, worse damage gives a better candidate, or the table
            says IV, which only a person may.
    """
    table = codelist["grades"]
    if not isinstance(table, dict) or sorted(table) != sorted(GRADES):
        raise BadCodelist(
            f"code-list {codelist.id!r} needs one soundness for each of a, b, c, d, e"
        )
    levels = [SOUNDNESS.index(table[g]) if table[g] in SOUNDNESS[:3] else -1 for g in GRADES]
    if -1 in levels:
        raise BadCodelist(f"code-list {codelist.id!r} may say I, II or III only, got {table}")
    if levels != sorted(levels):
        raise BadCodelist(f"code-list {codelist.id!r} gives a better soundness for worse damage")
    return {grade: str(table[grade]) for grade in GRADES}


def _ascending(pair: list[float]) -> tuple[float, float]:
    """Give two numbers of which the second is larger."""
    low, high = (number(value) for value in pair)
    if not low < high:
        raise ValueError(f"{low} must be less than {high}")
    return low, high
