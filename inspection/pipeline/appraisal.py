"""Say what the rules propose for one defect, without drawing up the list of its whole asset.

A grade depends on the defect and what lies near it, so it is exact however many others there are.
A rank is a place among all of them: it is given at once while the asset is small, else when asked
for.
"""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from inspection.domain.defect import Defect
from inspection.domain.grade import SPACING_SEARCH_M, GradeCandidate
from inspection.domain.taxonomy import DamageClass
from inspection.domain.workorder import WorkRow
from inspection.geo.scale import map_scale
from inspection.pipeline.grade import grade_one, shown_class, spacing_among
from inspection.pipeline.propose import COVERED_BY
from inspection.pipeline.worklist import draw_up
from inspection.store import assets, defects

RANKED_MOST = 200
"""Most defects of an asset whose work list is drawn up at every look at one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appraisal:
    """Carry what the rules propose for one defect.

    Attributes:
        grade: its grade candidate, None when no rule grades it or it does not count.
        row: its line in the work list of the asset; None when it has none, or nobody has ranked.
        model: the priority model of the row.
        is_ranked: whether the work list was drawn up.
    """

    grade: GradeCandidate | None
    row: WorkRow | None
    model: str
    is_ranked: bool


def appraise_defect(
    connection: Connection, defect: Defect, *, today: date, ranked_most: int = RANKED_MOST
) -> Appraisal:
    """Appraise a defect as it stands; of a large asset without its rank.

    Args:
        connection: an open transaction.
        defect: the defect.
        today: the day, from which ages follow.
        ranked_most: most defects of an asset for which the rank is given too.
    """
    if not defects.has_more_than(connection, defect.asset_id, ranked_most):
        return rank_defect(connection, defect, today=today)
    return Appraisal(grade=_grade(connection, defect), row=None, model="", is_ranked=False)


def rank_defect(connection: Connection, defect: Defect, *, today: date) -> Appraisal:
    """Appraise a defect with its rank; takes as long as the work list of its asset does."""
    work_list, (appraised,) = draw_up(connection, asset_id=defect.asset_id, today=today)
    rows = {row.defect_id: row for row in work_list.rows}
    return Appraisal(
        grade=appraised.grades.of_defects.get(defect.defect_id),
        row=rows.get(defect.defect_id),
        model=work_list.model,
        is_ranked=True,
    )


def _grade(connection: Connection, defect: Defect) -> GradeCandidate | None:
    asset = assets.by_id(connection, defect.asset_id)
    damage_class = shown_class(defect)
    if damage_class is not DamageClass.CRACK:
        lying = defects.around(
            connection, defect, COVERED_BY.get(damage_class, frozenset()), reach_m=0.0
        )
        return grade_one(defect, lying, asset=asset)
    place = defects.first_crack_m(connection, defect) or defect.latest.anchor_surface_m
    scale = map_scale(defect.latest.surface_crs, *place).linear
    axes = defects.crack_axes(connection, defect, reach_m=SPACING_SEARCH_M * scale)
    return grade_one(defect, asset=asset, spacing_m=spacing_among(defect, axes, scale=scale))
