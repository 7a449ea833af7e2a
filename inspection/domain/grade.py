"""Propose damage grades with their reasons; a machine never decides one.

What the image cannot resolve stays open: a crack "< 2 mm" may be of any width class, so all grades
that are possible are listed and none is chosen.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache

import numpy as np
import shapely
from numpy.typing import NDArray

from inspection.domain.asset import Concrete
from inspection.domain.measurement import Quantity
from inspection.errors import BadInput
from inspection.geo.parallels import Bundle
from inspection.geo.polyline import (
    PARALLEL_DEG,
    axial_difference_deg,
    axial_mean_deg,
    spacing_of_parallel,
)

SPACING_SEARCH_M = 5.0
"""How far away a parallel neighbour of a crack is looked for."""

OUTWARDS = np.array([[-1.0], [-1.0], [1.0], [1.0]])
"""Where the edges of a box go when it grows: west, south, east, north."""

FEW = 12
"""So many neighbours are measured sooner than ordered."""

GRADES = "abcde"
"""Letters of the damage grade, from none to most severe."""


class Subject(StrEnum):
    """Say what a grade is about."""

    DEFECT = "defect"
    ELEMENT = "element"
    MEMBER = "member"
    ASSET = "asset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Explain one step of a rule in a code and in two languages."""

    code: str
    ja: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeCandidate:
    """Propose a grade.

    Attributes:
        scheme: code-list and version of the rule, such as ``jp_crack_grade/1.0.0``.
        subject: what it is about.
        subject_id: identifier of the defect, or of the asset and member.
        candidates: every grade that the evidence allows, best first; empty when it says nothing.
        best: the grade of the measured value, None when the image cannot resolve it.
        borderline: a threshold lies within the uncertainty, so that more than one is possible.
        unresolved: the image does not support a choice between the candidates.
        record: the words for a record, such as ``⑥ひびわれ(大大)-e``; empty when open.
        values: measured values behind it, by name with unit.
        reasons: how it came about.
        needs_review: the rule itself is not yet checked against the official text.
    """

    scheme: str
    subject: Subject
    subject_id: str
    candidates: tuple[str, ...]
    best: str | None
    borderline: bool
    unresolved: bool
    record: str = ""
    values: Mapping[str, float] = field(default_factory=dict)
    reasons: tuple[Reason, ...] = ()
    needs_review: bool = False

    @property
    def worst(self) -> str | None:
        """Give the most severe grade that the evidence allows."""
        return self.candidates[-1] if self.candidates else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CrackGradeRule:
    """Hold the numbers of the code-list ``jp_crack_grade``.

    Attributes:
        version: version of the code-list.
        type_ja: number and name of the damage type in records.
        width_mm: lower bounds of the width classes 中 and 大 by kind of concrete.
        gauge_step_mm: steps of the crack gauge to which a width is rounded, half up.
        spacing_m: cracks closer than this are of the spacing class 大.
        matrix: grades by width class (小 中 大) and spacing class (小 大).
    """

    version: str
    type_ja: str
    width_mm: Mapping[Concrete, tuple[float, float]]
    gauge_step_mm: float
    spacing_m: float
    matrix: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        """Check that the matrix is whole and never gives a better grade for worse damage."""
        flat = [row for row in self.matrix if len(row) == 2 and set(row) <= set(GRADES)]
        if len(flat) != 3 or len(self.matrix) != 3:
            raise BadInput(f"the crack matrix needs 3×2 letters a–e, got {self.matrix}")
        by_width = [[row[i] for row in self.matrix] for i in (0, 1)]
        if any(line != sorted(line) for line in (*by_width, *(list(row) for row in self.matrix))):
            raise BadInput("the crack matrix gives a better grade for worse damage")

    def width_class(self, width_mm: float, concrete: Concrete) -> int:
        """Give 0, 1 or 2 for the width classes 小, 中, 大 of a width as it stands."""
        medium, large = self.width_mm[concrete]
        return 2 if width_mm >= large - 1e-9 else 1 if width_mm >= medium - 1e-9 else 0

    def spacing_class(self, spacing_m: float | None) -> int:
        """Give 0 or 1 for the spacing classes 小 (far apart, or alone) and 大."""
        return int(spacing_m is not None and spacing_m < self.spacing_m)

    def gauge_reading_mm(self, width_mm: float) -> float:
        """Round a width to the steps of a crack gauge, half up, in millimetres."""
        steps = math.floor(width_mm / self.gauge_step_mm + 0.5 + 1e-9)
        return round(steps * self.gauge_step_mm, 6)


def crack_grade(
    width_mm: float | None,
    spacing_m: float | None,
    concrete: Concrete,
    *,
    rule: CrackGradeRule,
) -> str:
    """Give the grade a–e of a crack of known width and spacing.

    Args:
        width_mm: largest width as read from a gauge; None when there is no crack.
        spacing_m: smallest spacing to a parallel crack; None when there is none.
        concrete: RC or PC.
        rule: the code-list.

    Raises:
        BadInput: when a width or a spacing is negative or no number.

    Source: domain specification §1.5.1.
    """
    _check(width_mm, spacing_m)
    if width_mm is None:
        return "a"
    return rule.matrix[rule.width_class(width_mm, concrete)][rule.spacing_class(spacing_m)]


Classes = tuple[set[int], int | None, tuple[Reason, ...]]
"""Possible width classes (−1: no crack), the one that was measured, and why."""

_NO_CRACK: Classes = ({-1}, -1, ())


def crack_grade_candidate(
    width_mm: Quantity | None,
    spacing_m: float | None,
    concrete: Concrete,
    *,
    rule: CrackGradeRule,
    subject: Subject,
    subject_id: str,
) -> GradeCandidate:
    """Propose the grade of a crack from its measured width.

    The width is read as on a crack gauge (steps of 0.05 mm, half up). Every width class that
    touches w ± U, and that of the width as it stands, is a candidate.

    Raises:
        BadInput: when a width or a spacing is negative or no number.
    """
    _check(None if width_mm is None else width_mm.value, spacing_m)
    if width_mm is None:
        classes, best, reasons = _NO_CRACK
    elif width_mm.refused is not None:
        classes, best, reasons = _refused(rule)
    elif width_mm.value is None or width_mm.expanded_uncertainty is None:
        classes, best, reasons = _below_limit(width_mm.limit, concrete, rule)
    else:
        classes, best, reasons = _measured(
            width_mm.value, width_mm.expanded_uncertainty, concrete, rule
        )
    column = rule.spacing_class(spacing_m)
    letters = {w: "a" if w < 0 else rule.matrix[w][column] for w in classes}
    candidates = tuple(sorted(set(letters.values())))
    chosen = letters[best] if best is not None else None
    certain = len(classes) == 1 and best is not None and best >= 0
    return GradeCandidate(
        scheme=f"jp_crack_grade/{rule.version}",
        subject=subject,
        subject_id=subject_id,
        candidates=candidates,
        best=chosen,
        borderline=len(candidates) > 1,
        unresolved=best is None and len(candidates) > 1,
        record=_record(rule, max(classes), column, candidates) if certain else "",
        values=_values(width_mm, spacing_m),
        reasons=(*reasons, _spacing_reason(spacing_m, rule)) if width_mm is not None else (),
    )


def _check(width_mm: float | None, spacing_m: float | None) -> None:
    """Refuse what is no width or spacing: compared with bounds it would be the mildest class."""
    if not ((width_mm or 0.0) >= 0 and (spacing_m or 0.0) >= 0):
        raise BadInput(f"a crack of {width_mm} mm, {spacing_m} m from the next, has no grade")


def _below_limit(limit_mm: float, concrete: Concrete, rule: CrackGradeRule) -> Classes:
    """Give the width classes of a crack of which only "< limit" is known."""
    almost = math.nextafter(limit_mm, 0.0)  # anything from zero up to here, as read on a gauge
    highest = rule.width_class(max(almost, rule.gauge_reading_mm(almost)), concrete)
    reason = Reason(
        code="width_below_limit",
        ja=f"幅は画像の限界 {limit_mm:.2f} mm 未満。測定値なし、現地で計測が必要",
        en=f"width is below what the image resolves (< {limit_mm:.2f} mm): measure it on site",
    )
    classes = set(range(highest + 1))
    return classes, 0 if len(classes) == 1 else None, (reason,)


def _refused(rule: CrackGradeRule) -> Classes:
    """Give all width classes: a crack that no photo sees squarely may have any width."""
    reason = Reason(
        code="width_too_oblique",
        ja="どの写真も45°より斜め。幅は測定不可、正対して撮影するか現地で計測が必要",
        en="every photo sees it at more than 45°: photograph it squarely or measure it on site",
    )
    return set(range(len(rule.matrix))), None, (reason,)


def _measured(
    width_mm: float, uncertainty_mm: float, concrete: Concrete, rule: CrackGradeRule
) -> Classes:
    """Give the width classes that w ± U touches, and that of the gauge reading."""
    reading = rule.width_class(rule.gauge_reading_mm(width_mm), concrete)
    low = rule.width_class(max(0.0, width_mm - uncertainty_mm), concrete)
    high = rule.width_class(width_mm + uncertainty_mm, concrete)
    classes = set(range(min(low, reading), max(high, reading) + 1))
    reasons = [
        Reason(
            code="width",
            ja=f"幅 {width_mm:.2f} ± {uncertainty_mm:.2f} mm (k=2)",
            en=f"width {width_mm:.2f} ± {uncertainty_mm:.2f} mm (k=2)",
        )
    ]
    if len(classes) > 1:
        reasons.append(
            Reason(
                code="threshold_within_uncertainty",
                ja="区分の境界が不確かさの範囲にある",
                en="a class boundary lies within the uncertainty",
            )
        )
    return classes, reading, tuple(reasons)


def _spacing_reason(spacing_m: float | None, rule: CrackGradeRule) -> Reason:
    """Say how close the nearest parallel crack is."""
    if spacing_m is None:
        return Reason(
            code="no_parallel_crack", ja="並行するひびわれなし", en="no parallel crack nearby"
        )
    side_ja, side_en = ("未満", "<") if spacing_m < rule.spacing_m else ("以上", "≥")
    return Reason(
        code="spacing",
        ja=f"最小間隔 {spacing_m:.2f} m（{rule.spacing_m} m {side_ja}）",
        en=f"smallest spacing {spacing_m:.2f} m ({side_en} {rule.spacing_m} m)",
    )


def _record(
    rule: CrackGradeRule, width_class: int, spacing_class: int, candidates: tuple[str, ...]
) -> str:
    """Write the words of a record."""
    return f"{rule.type_ja}({'小中大'[width_class]}{'小大'[spacing_class]})-{candidates[0]}"


def _values(width_mm: Quantity | None, spacing_m: float | None) -> dict[str, float]:
    """Gather the numbers behind a grade; what was not measured is not there."""
    values: dict[str, float] = {}
    if width_mm is not None and width_mm.value is not None:
        values["width_mm"] = width_mm.value
    if width_mm is not None and width_mm.below_limit:
        values["width_limit_mm"] = width_mm.limit
    if spacing_m is not None:
        values["spacing_m"] = spacing_m
    return values


def smallest_spacings_m(
    cracks: Sequence[shapely.Geometry],
    *,
    search_m: float = SPACING_SEARCH_M,
    scale: float = 1.0,
    only: int | None = None,
) -> list[float | None]:
    """Give for each crack the spacing to its nearest parallel neighbour, metres; None when alone.

    Lines of one crack are never compared with each other: a branch is no second crack.

    Args:
        cracks: centre lines in one metric CRS.
        search_m: neighbours further away are not looked for.
        scale: map length ÷ ground length.
        only: number of the one crack that is asked about; the others get no answer.

    Source: domain specification §4.5.

    >>> lines = [shapely.LineString([(0, y), (5, y)]) for y in (0.0, 0.4, 1.2)]
    >>> [round(s, 6) for s in smallest_spacings_m(lines)]
    [0.4, 0.4, 0.8]
    """
    parts = [(i, line) for i, crack in enumerate(cracks) for line in shapely.get_parts(crack)]
    smallest: list[float | None] = [None] * len(cracks)
    if len(cracks) < 2:
        return smallest
    lines = [line for _, line in parts]
    asked = [n for n, (i, _) in enumerate(parts) if only in (None, i)]
    if not asked:
        return smallest
    reach = search_m * scale
    boxes = shapely.box(*(shapely.bounds([lines[n] for n in asked]).T + reach * OUTWARDS))
    near = shapely.STRtree(lines).query(boxes)  # whether they are that near is seen when it counts
    points = cache(lambda n: shapely.get_coordinates(lines[n]))
    towards_deg = cache(lambda n: axial_mean_deg([points(n)]))

    @cache
    def spacing(first: int, second: int) -> float | None:
        if axial_difference_deg(towards_deg(first), towards_deg(second)) >= PARALLEL_DEG:
            return None
        if not shapely.dwithin(lines[first], lines[second], reach):
            return None
        return spacing_of_parallel(points(first), points(second))

    bundle, crack_of = Bundle(lines), np.array([i for i, _ in parts])
    ends = np.bincount(near[0], minlength=len(asked)).cumsum()
    behind = np.split(near[1][np.argsort(near[0], kind="stable")], ends[:-1])
    for n, around in zip(asked, behind, strict=True):
        i, known = parts[n][0], smallest[parts[n][0]]
        for least, other in _nearest_first(bundle, n, around[crack_of[around] != i]):
            if known is not None and least / scale > known:
                break
            first, second = (n, other) if i < parts[other][0] else (other, n)
            found = spacing(first, second)
            if found is not None:
                known = found / scale if known is None else min(known, found / scale)
        smallest[i] = known
    return smallest


def _nearest_first(bundle: Bundle, n: int, others: NDArray[np.intp]) -> list[tuple[float, int]]:
    """Order neighbours of a line by what their spacing is at least; a few as they are.

    Those that are surely not parallel are left out: every line has many neighbours, few of them
    parallel.
    """
    if len(others) <= FEW:
        return [(0.0, other) for other in others.tolist()]
    least = bundle.least_spacings(n, others)
    order = np.lexsort((others, least))[: np.count_nonzero(least < math.inf)]
    return list(zip(least[order].tolist(), others[order].tolist(), strict=True))
