"""Draw up the work list of what the store holds, and freeze it as rows of its own.

``draw_up`` reads the truth as it stands now; ``freeze`` keeps what was issued, so that a planner
can defend a list long after its defects have changed. The same list is frozen once: its identifier
is made from its content.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import Connection

from inspection.domain.defect import Defect
from inspection.domain.eradate import fiscal_year
from inspection.domain.grade import GradeCandidate
from inspection.domain.mission import TENKEN_NAMESPACE
from inspection.domain.workorder import WorkList, WorkRow, shown, shown_grade
from inspection.errors import BadInput
from inspection.pipeline.issue import Appraised, appraise, issue
from inspection.store import assets, defects, photos, surveys, workorders


def draw_up(
    connection: Connection,
    *,
    today: date,
    asset_id: str | None = None,
    survey_id: uuid.UUID | None = None,
) -> tuple[WorkList, tuple[Appraised, ...]]:
    """Draw up the work list of one asset, or of the asset that a survey visited.

    With a survey, only defects seen in that survey are listed.

    Raises:
        BadInput: when neither or both are given.
        NotFound: when there is no such asset or survey.
    """
    if (asset_id is None) == (survey_id is None):
        raise BadInput("a work list is about one asset or one survey; give exactly one of the two")
    if survey_id is not None:
        asset_id = surveys.by_id(connection, survey_id).asset_id
    assert asset_id is not None
    asset = assets.by_id(connection, asset_id)
    known = defects.standing(connection, asset_id)
    listed = [defect for defect in known if survey_id in (None, defect.latest.survey_id)]
    appraised = (appraise(asset, listed, fiscal_year=fiscal_year(today)),)
    names = _photo_names(connection, listed)
    return issue(appraised, photo_names=names), appraised


def _photo_names(connection: Connection, listed: Sequence[Defect]) -> dict[str, str]:
    """Name the photos of the surveys behind the defects, by digest."""
    survey_ids = sorted({defect.latest.survey_id for defect in listed})
    return {
        photo.sha256: photo.name
        for survey_id in survey_ids
        for photo in photos.of_survey(connection, survey_id, left_out=None)
    }


def freeze(work_list: WorkList, *, survey_id: uuid.UUID, now: datetime) -> workorders.WorkList:
    """Turn a work list into the snapshot that the store keeps."""
    rows = tuple(_row(row) for row in work_list.rows)
    parameters = {"left_out": dict(work_list.left_out), "scope": f"survey {survey_id}"}
    return workorders.WorkList(
        work_list_id=list_id(work_list.model, rows, parameters),
        model=work_list.model,
        issued_at=now,
        parameters=parameters,
        rows=rows,
    )


def list_id(
    model: str, rows: Sequence[workorders.WorkOrderRow], parameters: Mapping[str, object]
) -> uuid.UUID:
    """Derive the identifier of a list from its content, which is more than its lines.

    Two surveys that found nothing have no lines both, and are two lists.
    """
    content = [[str(row.defect_id), row.score, row.tier, row.reasons] for row in rows]
    canonical = json.dumps([model, content, parameters], sort_keys=True, ensure_ascii=True)
    return uuid.uuid5(TENKEN_NAMESPACE, f"work list\n{canonical}")


def _row(row: WorkRow) -> workorders.WorkOrderRow:
    """Freeze one line with the numbers and reasons that it was ranked by."""
    return workorders.WorkOrderRow(
        rank=row.rank,
        asset_id=row.asset_id,
        survey_id=row.survey_id,
        defect_id=row.defect_id,
        score=row.score,
        tier=row.tier,
        reasons={
            "class": row.damage_class.value,
            "state": row.state.value,
            "grade": shown_grade(row.grade),
            "length_m": shown(row.length_m),
            "width_mm": shown(row.width_mm),
            "items": [
                {"code": item.code, "points": item.points, "ja": item.ja, "en": item.en}
                for item in row.reasons
            ],
        },
    )


def candidates_of(appraised: Sequence[Appraised]) -> list[GradeCandidate]:
    """List the grade candidates of appraised assets: defects, members, pavement, soundness."""
    return [
        candidate
        for entry in appraised
        for candidate in (
            *entry.grades.of_defects.values(),
            *entry.grades.of_member,
            entry.grades.crack_ratio,
            *entry.grades.of_asset,
        )
        if candidate is not None
    ]
