"""List what to do next: one row a defect, ranked, with its numbers and its reasons."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inspection.domain.defect import ReviewState
from inspection.domain.grade import GradeCandidate
from inspection.domain.measurement import Quantity, Refusal
from inspection.domain.priority import Priority
from inspection.domain.prioritymodel import Item
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput

NEEDS_REVIEW_JA = "要確認"
NEEDS_REVIEW_EN = "needs review"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkRow:
    """Carry one line of a work list.

    Attributes:
        rank: place in the list, from 1.
        tier: 0 emergency, 1 must, 2 by score (hard rules of the priority model).
        asset_id: the asset.
        asset_name: its name.
        member: inspected member, empty when unknown.
        defect_id: the defect.
        survey_id: the survey of its latest observation.
        damage_class: what counts: a person's class, else the machine's.
        class_ja: its name.
        class_en: its name.
        colour: ``#RRGGBB`` of its class.
        state: what people have decided.
        confidence: of the detector, 0–1.
        grade: grade candidate, None when no rule grades it.
        length_m: length of a linear damage.
        width_mm: width of a linear damage; show it with ``shown``.
        area_m2: area.
        lon_deg: longitude WGS 84, None when not georeferenced.
        lat_deg: latitude.
        x_m: position in ``surface_crs``.
        y_m: likewise.
        surface_crs: CRS of the mosaic, or ``LOCAL``.
        asset_score: priority of the asset, 0–100.
        severity: place among the defects of the asset, 0–10.
        reasons: additive items: hard rules (0 points), L, C and T of the asset, then severity;
            their points sum up to ``score``.
        photos: names of the photos that show it, best first.
        model_id: the model that saw it.
        gsd_mm_per_px: ground sample distance of the measured pixels.
    """

    rank: int
    tier: int
    asset_id: str
    asset_name: str
    member: str
    defect_id: uuid.UUID
    survey_id: uuid.UUID
    damage_class: DamageClass
    class_ja: str
    class_en: str
    colour: str
    state: ReviewState
    confidence: float
    grade: GradeCandidate | None
    length_m: Quantity | None
    width_mm: Quantity | None
    area_m2: Quantity
    lon_deg: float | None
    lat_deg: float | None
    x_m: float
    y_m: float
    surface_crs: str
    asset_score: float
    severity: float
    reasons: tuple[Item, ...]
    photos: tuple[str, ...]
    model_id: str
    gsd_mm_per_px: float

    @property
    def score(self) -> float:
        """Give what ranks the row within its tier: the asset's score and the severity, 0–110."""
        return self.asset_score + self.severity

    @property
    def is_confirmed(self) -> bool:
        """Tell whether a person has confirmed the defect."""
        return self.state is ReviewState.CONFIRMED

    @property
    def note_ja(self) -> str:
        """Give the mark of a row that nobody has reviewed."""
        return "確認済" if self.is_confirmed else NEEDS_REVIEW_JA

    @property
    def note_en(self) -> str:
        """Give the mark of a row that nobody has reviewed."""
        return "confirmed" if self.is_confirmed else NEEDS_REVIEW_EN


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkList:
    """Carry a ranked list.

    Attributes:
        model: priority model and version.
        rows: by rank.
        priorities: the priority of each asset with its reasons, by identifier of the asset.
        left_out: how many defects are not listed, by reason.
    """

    model: str
    rows: tuple[WorkRow, ...]
    priorities: tuple[Priority, ...]
    left_out: Mapping[str, int]

    def __post_init__(self) -> None:
        """Check that the ranks count 1, 2, 3, …."""
        if [row.rank for row in self.rows] != list(range(1, len(self.rows) + 1)):
            raise BadInput("the ranks of a work list must count 1, 2, 3, … in the order of rows")


REFUSALS = {Refusal.TOO_OBLIQUE: "測定不可（斜め45°超） / not measurable (beyond 45°)"}
"""Why a number is not given, in both languages of the sheets."""


def shown(
    quantity: Quantity | None, *, digits: int = 2, uncertainty: bool = True, unit: str = ""
) -> str:
    """Write a quantity for people: a value with ± U, "< limit", or why there is no number.

    Empty when there is none. A unit follows numbers only.

    >>> shown(Quantity(value=6.0, expanded_uncertainty=2.01, limit=2.0))
    '6.00 ± 2.01'
    >>> shown(Quantity(value=None, expanded_uncertainty=None, limit=2.0, below_limit=True))
    '< 2.00'
    >>> oblique = Quantity(value=None, expanded_uncertainty=None, refused=Refusal.TOO_OBLIQUE)
    >>> shown(oblique, unit=" mm")
    '測定不可（斜め45°超） / not measurable (beyond 45°)'
    """
    if quantity is None:
        return ""
    if quantity.refused is not None:
        return REFUSALS[quantity.refused]
    if quantity.value is None:
        return f"< {quantity.limit:.{digits}f}{unit}"
    text = f"{quantity.value:.{digits}f}"
    if uncertainty and quantity.expanded_uncertainty is not None:
        text += f" ± {quantity.expanded_uncertainty:.{digits}f}"
    return text + unit


def shown_grade(grade: GradeCandidate | None) -> str:
    """Write a grade for people: all candidates, best first; empty when no rule grades it.

    An open grade is never written as one letter.
    """
    return "" if grade is None else "/".join(grade.candidates)


def reasons_text(items: Sequence[Item], language: str) -> str:
    """Write additive reasons in one line, in ``ja`` or ``en``.

    >>> item = Item(code="grade_d", points=4, ja="損傷程度 d", en="damage grade d")
    >>> reasons_text([item], "en")
    'damage grade d +4.0'
    """
    if language not in ("ja", "en"):
        raise BadInput(f"reasons exist in 'ja' and 'en', not in {language!r}")
    words = [(item.ja if language == "ja" else item.en, item.points) for item in items]
    return "; ".join(f"{word} {points:+.1f}" if points else word for word, points in words)
