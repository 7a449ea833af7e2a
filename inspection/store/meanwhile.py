"""Tell who changed a defect since somebody read it: verdicts and edits, by version, and surveys."""

import uuid
from collections.abc import Collection, Sequence

from sqlalchemy import Connection, literal, select

from inspection.domain.defect import Defect
from inspection.domain.edit import Edit
from inspection.domain.grade import Subject
from inspection.errors import Overtaken
from inspection.store import jobs, observations, surveys
from inspection.store.edit_tables import edit_shares, edits
from inspection.store.measure_tables import measures
from inspection.store.measures import standing
from inspection.store.tables import grade_decisions, reviews

Change = dict[str, str]


def check_version(connection: Connection, defect: Defect, expected_version: int | None) -> None:
    """Check that a defect is as its reader saw it.

    Raises:
        Overtaken: when it is not; it names who did what, and when.
    """
    if defect.version == expected_version:
        return
    meanwhile = changes(connection, defect.defect_id, since_version=expected_version or 0)
    told = "; ".join(f"{one['who']} did '{one['what']}' at {one['when']}" for one in meanwhile)
    raise Overtaken(
        f"defect {defect.defect_id} is at version {defect.version}, you decided on version "
        f"{expected_version}; read it again and decide anew"
        + (f". Meanwhile: {told}" if told else ""),
        meanwhile=meanwhile,
    )


def check_idle(connection: Connection, survey_ids: Collection[uuid.UUID]) -> None:
    """Check that no worker sees anew what is going to be edited, until the transaction ends.

    Raises:
        Conflict: when one of the surveys is being processed.
    """
    for survey_id in sorted(survey_ids):
        jobs.demand_idle(connection, survey_id, "what it shows may change, and is not edited now")


def check_sightings(
    connection: Connection, found: Sequence[Defect], shown: Sequence[uuid.UUID]
) -> None:
    """Check that defects are still shown by the sightings that somebody looked at.

    A survey that sees a defect again renews how it is shown and leaves its version, which counts
    what people decided.

    Args:
        connection: an open transaction.
        found: the defects as they stand.
        shown: identifier of the sighting by which each was shown.

    Raises:
        Overtaken: when one was seen again; it names the survey.
    """
    for defect, key in zip(found, shown, strict=True):
        now = defect.latest
        if now.observation_id == key:
            continue
        survey = surveys.by_id(connection, now.survey_id)
        same = observations.by_ids(connection, [key])[key].survey_id == survey.survey_id
        by = "another run of its survey" if same else "a later survey"
        when = survey.created_at.isoformat(timespec="seconds")
        seen_again = {
            "subject": str(defect.defect_id),
            "who": now.model_id,
            "when": when,
            "what": "see_again" if same else "see_later",
            "version": str(defect.version),
        }
        raise Overtaken(
            f"defect {defect.defect_id}: {by} has seen it since (survey {survey.survey_id} of "
            f"{when}); decide or edit anew instead",
            meanwhile=(seen_again,),
        )


def check_recorded(connection: Connection, edit: Edit, hidden: Sequence[uuid.UUID]) -> None:
    """Check that nobody has decided a grade of, or recorded a measure on, what an undo would hide.

    Nobody's decision is taken back unasked: roads are closed by them.

    Args:
        connection: an open transaction.
        edit: the edit that is to be taken back.
        hidden: defects that would stand no longer, and hand on nothing.

    Raises:
        Overtaken: when somebody has; it names all of them.
    """
    m, g = measures.c, grade_decisions.c
    done = connection.execute(
        select(m.defect_id, m.recorded_by, m.recorded_at, m.stage).where(
            m.defect_id.in_(hidden), standing()
        )
    ).all()
    graded = connection.execute(
        select(g.subject_id, g.decided_by, g.decided_at, literal("grade")).where(
            g.subject == Subject.DEFECT.value, g.subject_id.in_(list(map(str, hidden)))
        )
    ).all()
    found = [
        {
            "subject": str(subject),
            "who": who,
            "when": when.isoformat(timespec="seconds"),
            "what": what,
            "version": f"{what} {number}",
        }
        for number, (subject, who, when, what) in enumerate(
            sorted([*done, *graded], key=lambda row: row[2])
        )
    ]
    if found:
        told = "; ".join(f"{one['who']} did '{one['what']}' at {one['when']}" for one in found)
        raise Overtaken(
            f"edit {edit.edit_id} made defects about which people have decided since ({told}); "
            "withdraw the measures, or edit anew instead",
            meanwhile=found,
        )


def changes(
    connection: Connection, defect_id: uuid.UUID, *, since_version: int
) -> tuple[Change, ...]:
    """List what people did to a defect after a version of it, oldest first."""
    c, share = reviews.c, edit_shares.c
    verdicts = connection.execute(
        select(c.version_after, c.reviewer, c.decided_at, c.action).where(
            c.defect_id == defect_id, c.version_after > since_version
        )
    ).all()
    edited = connection.execute(
        select(share.version_after, edits.c.editor, edits.c.edited_at, edits.c.kind)
        .join_from(edit_shares, edits, edits.c.edit_id == share.edit_id)
        .where(share.defect_id == defect_id, share.version_after > since_version)
    ).all()
    return tuple(
        {
            "subject": str(defect_id),
            "who": who,
            "when": when.isoformat(timespec="seconds"),
            "what": what,
            "version": str(version),
        }
        for version, who, when, what in sorted([*verdicts, *edited], key=lambda row: row[0])
    )
