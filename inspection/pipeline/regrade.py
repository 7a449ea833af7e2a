"""Defects that an engineer edited → grade candidates as they follow now, beside any decisions."""

import uuid
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from inspection.domain.defect import Defect
from inspection.domain.eradate import day_in_japan
from inspection.domain.grade import GradeCandidate, Subject
from inspection.pipeline.appraisal import RANKED_MOST, appraise_defect
from inspection.pipeline.grade import is_open
from inspection.pipeline.ports import Clock
from inspection.pipeline.worklist import candidates_of, draw_up
from inspection.store import defects, edits, grades, reviewqueue


def regrade(
    connection: Connection,
    edited: Sequence[Defect],
    *,
    clock: Clock,
    ranked_most: int = RANKED_MOST,
) -> None:
    """Propose grades anew, as the road does for what a machine saw; what follows no longer goes.

    Of a large asset only those of the defects themselves: those of its members follow when it is
    processed or assessed again.

    Args:
        connection: an open writing transaction.
        edited: defects of one asset, as they stand.
        clock: tells the day, from which ages follow.
        ranked_most: most defects of an asset that is graded as a whole.
    """
    today = day_in_japan(clock.now())
    for survey_id in sorted({defect.latest.survey_id for defect in edited}):
        mine = [d for d in edited if d.latest.survey_id == survey_id]
        about = None
        if defects.has_more_than(connection, edited[0].asset_id, ranked_most):
            found = [appraise_defect(connection, d, today=today).grade for d in mine if is_open(d)]
            about = [str(d.defect_id) for d in mine]
            proposed = [grade for grade in found if grade is not None]
        else:
            _, appraised = draw_up(connection, survey_id=survey_id, today=today)
            proposed = candidates_of(appraised)
        grades.renew(connection, survey_id, proposed, about=about)


def regrade_one(connection: Connection, defect_id: uuid.UUID, *, clock: Clock) -> None:
    """Propose the grade of one defect anew, whose class a person has changed.

    The defect is read here: what is proposed is about the class that it has.

    Args:
        connection: an open writing transaction that holds the asset.
        defect_id: the defect.
        clock: tells the day, from which ages follow.

    Raises:
        NotFound: when there is no such defect.
    """
    (defect,) = edits.locked(connection, {defect_id: None})
    found = appraise_defect(
        connection, defect, today=day_in_japan(clock.now()), ranked_most=0
    ).grade
    proposed = [] if found is None else [found]
    grades.renew(connection, defect.latest.survey_id, proposed, about=[str(defect_id)])


def up_to_date(
    connection: Connection,
    survey_id: uuid.UUID,
    proposed: Sequence[GradeCandidate],
    *,
    versions: Mapping[uuid.UUID, int],
    clock: Clock,
) -> list[GradeCandidate]:
    """Give what is proposed, anew for those defects that people have changed since all were read.

    Who grades a whole survey reads it first and writes later. A class that somebody changed in
    between has been graded by its own rule already, and would get back the grade of the former one.

    Args:
        connection: an open writing transaction, which holds the asset.
        survey_id: the survey.
        proposed: what followed from what was read.
        versions: of the survey's defects when they were read.
        clock: tells the day, from which ages follow.
    """
    now = reviewqueue.versions(connection, survey_id)
    changed = [key for key, version in now.items() if versions.get(key) != version]
    about, today = set(map(str, changed)), day_in_japan(clock.now())
    found = [p for p in proposed if p.subject is not Subject.DEFECT or p.subject_id not in about]
    for key in changed:
        defect = defects.by_id(connection, key)
        anew = appraise_defect(connection, defect, today=today, ranked_most=0).grade
        if anew is not None:
            found.append(anew)
    return found
