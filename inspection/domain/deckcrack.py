"""Grade ⑪ 床版ひびわれ (underside of an RC deck slab) by words made testable.

The official table speaks of "mainly ≤ 0.1 mm" and "conspicuous". Here each word has a number:
mainly means at least 80 % of the crack length, conspicuous at least 20 %, both data of the
code-list. One panel (格間) is one element. The table itself awaits a check (``needs_review``).

Source: domain specification §1.5.2 (table K-M, leak column K-L, machine definitions D).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import shapely
from numpy.typing import NDArray

from inspection.domain.grade import GRADES, GradeCandidate, Reason, Subject
from inspection.errors import BadGeometry, BadInput
from inspection.geo.places import distinct

ROUNDING = 1e-9
"""A bound that is met but for the rounding of a sum is met."""


class Directions(StrEnum):
    """Say whether the cracks of a panel run mainly one way or form a grid."""

    ONE = "one"
    TWO = "two"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeckWords:
    """Hold the numbers behind the words (code-list ``jp_deck_crack``, ``words``).

    Attributes:
        mainly_share: share of the crack length that "mainly" means.
        conspicuous_share: share that "conspicuous" means.
        conspicuous_mm: width from which a crack counts as conspicuous.
        second_share: share of the length that a second direction needs.
        second_angle_deg: angle from the first direction at which the second begins.
        crossings: crossings that a grid needs in one panel.
        spall_area_m2: smallest corner spall at a crossing (角落ち).
    """

    mainly_share: float
    conspicuous_share: float
    conspicuous_mm: float
    second_share: float
    second_angle_deg: float
    crossings: int
    spall_area_m2: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DeckRow:
    """Hold one row of the table: the letter when everything that is given holds.

    Attributes:
        grade: letter.
        directions: one or two; None for either.
        mainly_mm: the cracks are mainly no wider; None for any width.
        max_mm: none is wider; None for any.
        grid_m: the grid (or spacing) is at least this; None for any.
        leak: whether leak or efflorescence must be (True) or must not be (False) there.
        conspicuous: wide cracks must be conspicuous.
        corner_spall: corner spalls must be there.
    """

    grade: str
    directions: Directions | None = None
    mainly_mm: float | None = None
    max_mm: float | None = None
    grid_m: float | None = None
    leak: bool | None = None
    conspicuous: bool | None = None
    corner_spall: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeckCrackRule:
    """Hold one version of the table; rows are tried from the mildest, the first that holds counts.

    Attributes:
        id: name of the code-list, ``jp_deck_crack`` or ``jp_deck_crack_2004``.
        version: version of the code-list.
        type_ja: number and name in records.
        words: numbers behind the words.
        rows: from the mildest letter.
        otherwise: letter of a cracked panel that no row describes.
    """

    id: str
    version: str
    type_ja: str
    words: DeckWords
    rows: tuple[DeckRow, ...]
    otherwise: str

    def __post_init__(self) -> None:
        """Check that letters are letters and ascend."""
        letters = [row.grade for row in self.rows] + [self.otherwise]
        if not set(letters) <= set(GRADES) or letters != sorted(letters):
            raise BadInput(f"the rows of {self.id} must ascend from a to e, got {letters}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeckPanel:
    """Carry what was measured on one panel.

    Attributes:
        area_m2: area of the panel.
        lengths_m: (n,) length of each piece of crack.
        widths_mm: (n,) width of each piece.
        angles_deg: (n,) direction of each piece against the axis of the bridge, 0–180.
        crossings: crossings of cracks in the panel.
        corner_spall: a spall touches a crossing.
        leak: leak or efflorescence was seen.
    """

    area_m2: float
    lengths_m: NDArray[np.float64]
    widths_mm: NDArray[np.float64]
    angles_deg: NDArray[np.float64]
    crossings: int = 0
    corner_spall: bool = False
    leak: bool = False

    def __post_init__(self) -> None:
        """Check shapes and sizes."""
        shapes = {v.shape for v in (self.lengths_m, self.widths_mm, self.angles_deg)}
        if len(shapes) != 1 or self.lengths_m.ndim != 1:
            raise BadInput(f"lengths, widths and angles need one shape (n,), got {shapes}")
        if not 0 < self.area_m2 < np.inf:
            raise BadGeometry(f"a deck panel needs an area > 0 m², got {self.area_m2}")
        if self.lengths_m.size and not (
            self.lengths_m.min() > 0
            and np.isfinite(self.lengths_m).all()
            and np.isfinite(self.widths_mm).all()
            and self.widths_mm.min() >= 0
            and np.isfinite(self.angles_deg).all()
        ):
            raise BadInput(
                "pieces of crack need a length > 0 m, a finite width ≥ 0 mm and an angle"
            )

    @property
    def total_m(self) -> float:
        """Give the crack length, metres."""
        return float(self.lengths_m.sum())

    def share_up_to(self, width_mm: float) -> float:
        """Give the share of the crack length whose width is at most this, 0–1."""
        if not self.total_m:
            return 1.0
        return float(self.lengths_m[self.widths_mm <= width_mm + ROUNDING].sum()) / self.total_m

    def share_from(self, width_mm: float) -> float:
        """Give the share of the crack length whose width is at least this, 0–1."""
        if not self.total_m:
            return 0.0
        return float(self.lengths_m[self.widths_mm >= width_mm - ROUNDING].sum()) / self.total_m

    @property
    def grid_m(self) -> float:
        """Give the side of an ideal square grid of this crack length, metres: 2·A / L.

        >>> import numpy as np
        >>> lines = np.ones(8)
        >>> DeckPanel(area_m2=2.0, lengths_m=lines, widths_mm=lines, angles_deg=lines).grid_m
        0.5
        """
        return 2.0 * self.area_m2 / self.total_m if self.total_m else float("inf")

    def spacing_m(self, directions: Directions) -> float:
        """Give the mean spacing, metres: A / L of parallel lines, 2·A / L of a grid."""
        return self.grid_m if directions is Directions.TWO else self.grid_m / 2.0


def directions_of(panel: DeckPanel, words: DeckWords) -> Directions:
    """Tell whether the cracks of a panel run one way or form a grid.

    The first direction is the bin of 15° that holds most length. A grid has at least
    ``second_share`` of its length ``second_angle_deg`` or more away from it, and crossings.
    """
    if not panel.total_m or panel.crossings < words.crossings:
        return Directions.ONE
    angles = panel.angles_deg % 180.0
    bins, _ = np.histogram(angles, bins=12, range=(0, 180), weights=panel.lengths_m)
    # a direction at the seam of two bins is shared between them: weigh neighbours together
    smooth = bins + 0.5 * (np.roll(bins, 1) + np.roll(bins, -1))
    first = (int(np.argmax(smooth)) + 0.5) * 15.0
    away = np.abs((angles - first + 90.0) % 180.0 - 90.0)
    second = panel.lengths_m[away >= words.second_angle_deg].sum() / panel.total_m
    return Directions.TWO if second >= words.second_share - ROUNDING else Directions.ONE


def deck_grade(panel: DeckPanel, *, rule: DeckCrackRule) -> str:
    """Give the letter of a panel: that of the mildest row that holds."""
    if not panel.total_m:
        return "a"
    row = _row_of(panel, rule)
    return rule.otherwise if row is None else row.grade


def _row_of(panel: DeckPanel, rule: DeckCrackRule) -> DeckRow | None:
    """Give the mildest row that holds; None where the table has a gap."""
    directions = directions_of(panel, rule.words)
    return next((row for row in rule.rows if _holds(row, panel, directions, rule.words)), None)


def _holds(row: DeckRow, panel: DeckPanel, directions: Directions, words: DeckWords) -> bool:
    """Tell whether everything that a row asks is true of a panel."""
    conspicuous = panel.share_from(words.conspicuous_mm) >= words.conspicuous_share - ROUNDING
    return (
        row.directions in (None, directions)
        and (
            row.mainly_mm is None
            or panel.share_up_to(row.mainly_mm) >= words.mainly_share - ROUNDING
        )
        and (row.max_mm is None or panel.share_up_to(row.max_mm) >= 1.0 - ROUNDING)
        and (row.grid_m is None or panel.spacing_m(directions) >= row.grid_m - ROUNDING)
        and row.leak in (None, panel.leak)
        and row.conspicuous in (None, conspicuous)
        and row.corner_spall in (None, panel.corner_spall)
    )


def deck_candidate(
    panel: DeckPanel,
    *,
    width_uncertainty_mm: float,
    rule: DeckCrackRule,
    subject_id: str,
    subject: Subject = Subject.MEMBER,
) -> GradeCandidate:
    """Propose the letter of a panel, with those that widths off by ± U (k = 2) would give.

    Raises:
        BadInput: when the uncertainty is negative.
    """
    if not width_uncertainty_mm >= 0:
        raise BadInput(f"the uncertainty of widths must be ≥ 0 mm, got {width_uncertainty_mm}")
    best = deck_grade(panel, rule=rule)
    letters = {best}
    for shift in (-width_uncertainty_mm, width_uncertainty_mm):
        letters.add(deck_grade(_shifted(panel, shift), rule=rule))
    span = GRADES[GRADES.index(min(letters)) : GRADES.index(max(letters)) + 1]
    directions = directions_of(panel, rule.words)
    return GradeCandidate(
        scheme=f"{rule.id}/{rule.version}",
        subject=subject,
        subject_id=subject_id,
        candidates=tuple(span),
        best=best,
        borderline=len(span) > 1,
        unresolved=False,
        record=f"{rule.type_ja}-{best}" if len(span) == 1 and best != "a" else "",
        values=_values(panel, directions),
        reasons=_reasons(panel, directions, rule) if panel.total_m else (),
        needs_review=True,
    )


def _shifted(panel: DeckPanel, shift_mm: float) -> DeckPanel:
    """Give the same panel with all widths changed; no crack becomes narrower than nothing."""
    return DeckPanel(
        area_m2=panel.area_m2,
        lengths_m=panel.lengths_m,
        widths_mm=np.maximum(panel.widths_mm + shift_mm, 0.0),
        angles_deg=panel.angles_deg,
        crossings=panel.crossings,
        corner_spall=panel.corner_spall,
        leak=panel.leak,
    )


def _values(panel: DeckPanel, directions: Directions) -> dict[str, float]:
    """Gather the numbers behind a letter."""
    if not panel.total_m:
        return {"area_m2": panel.area_m2, "length_m": 0.0}
    return {
        "area_m2": panel.area_m2,
        "length_m": panel.total_m,
        "width_max_mm": float(panel.widths_mm.max()),
        "spacing_m": panel.spacing_m(directions),
        "crossings": float(panel.crossings),
    }


def _reasons(panel: DeckPanel, directions: Directions, rule: DeckCrackRule) -> tuple[Reason, ...]:
    """Say what the letter rests on."""
    words = rule.words
    way_ja, way_en = (
        ("1方向", "one direction") if directions is Directions.ONE else ("2方向", "two directions")
    )
    wide = panel.share_from(words.conspicuous_mm)
    spacing = panel.spacing_m(directions)
    reasons = [
        Reason(
            code=f"directions_{directions.value}",
            ja=f"{way_ja}、間隔 {spacing:.2f} m",
            en=f"{way_en}, spacing {spacing:.2f} m",
        ),
        Reason(
            code="wide_share",
            ja=f"幅 {words.conspicuous_mm:g} mm 以上が延長の {wide:.0%}",
            en=f"{wide:.0%} of the length is {words.conspicuous_mm:g} mm wide or more",
        ),
    ]
    if panel.leak:
        reasons.append(Reason(code="leak", ja="漏水・遊離石灰あり", en="leak or efflorescence"))
    if panel.corner_spall:
        reasons.append(Reason(code="corner_spall", ja="角落ちあり", en="corner spalls"))
    return (*reasons, *(() if _row_of(panel, rule) else (_GAP,)))


_GAP = Reason(
    code="not_in_the_table",
    ja="表のどの行にも当てはまらないため、安全側の程度とした",
    en="no row of the table describes this panel: the worst letter is proposed",
)


def panel_of(
    cracks: Sequence[tuple[shapely.Geometry, float]],
    *,
    area_m2: float,
    axis_deg: float = 0.0,
    spalls: Sequence[shapely.Geometry] = (),
    leak: bool = False,
    words: DeckWords,
    scale: float = 1.0,
) -> DeckPanel:
    """Measure one panel from centre lines and widths.

    Args:
        cracks: centre lines in one metric CRS, each with its width in mm.
        area_m2: area of the panel on the ground.
        axis_deg: direction of the axis of the bridge, counter-clockwise from x.
        spalls: outlines; one that touches a crossing and is large enough is a corner spall.
        leak: leak or efflorescence was seen on the panel.
        words: numbers behind the words.
        scale: map length ÷ ground length.

    >>> words = DeckWords(mainly_share=.8, conspicuous_share=.2, conspicuous_mm=.2,
    ...     second_share=.25, second_angle_deg=45, crossings=3, spall_area_m2=4e-4)
    >>> across = [(shapely.LineString([(x, 0), (x, 1)]), 0.1) for x in (.25, .5, .75)]
    >>> along = [(shapely.LineString([(0, y), (1, y)]), 0.1) for y in (.25, .5, .75)]
    >>> panel = panel_of(across + along, area_m2=1.0, words=words)
    >>> panel.crossings, directions_of(panel, words).value, round(panel.grid_m, 3)
    (9, 'two', 0.333)
    """
    pieces = [
        (np.diff(shapely.get_coordinates(line), axis=0) / scale, width)
        for crack, width in cracks
        for line in shapely.get_parts(crack)
    ]
    steps = np.concatenate([s for s, _ in pieces]) if pieces else np.zeros((0, 2))
    widths = np.concatenate([np.full(len(s), w) for s, w in pieces]) if pieces else np.zeros(0)
    lengths = np.hypot(steps[:, 0], steps[:, 1])
    kept = lengths > 0
    crossings = _crossings([crack for crack, _ in cracks])
    large = [s for s in spalls if shapely.area(s) / scale**2 >= words.spall_area_m2 - 1e-12]
    return DeckPanel(
        area_m2=area_m2,
        lengths_m=lengths[kept],
        widths_mm=widths[kept],
        angles_deg=(np.degrees(np.arctan2(steps[kept, 1], steps[kept, 0])) - axis_deg) % 180.0,
        crossings=len(crossings),
        corner_spall=any(shapely.intersects(s, p) for s in large for p in crossings),
        leak=leak,
    )


def _crossings(cracks: Sequence[shapely.Geometry]) -> list[shapely.Geometry]:
    """Give the points where one crack crosses or meets another, each once."""
    if len(cracks) < 2:
        return []
    pairs = shapely.STRtree(cracks).query(cracks, predicate="intersects").T.tolist()
    points = [
        shapely.get_coordinates(shapely.centroid(part))[0]
        for a, b in pairs
        if a < b
        for part in shapely.get_parts(shapely.intersection(cracks[a], cracks[b]))
    ]
    return list(shapely.points(distinct(points))) if points else []
