"""A reviewer's verdict on a defect → its state and history, and the grade of the class it then has.

All or nothing: a process that dies in the middle leaves neither the verdict nor half of what
follows from it.
"""

from sqlalchemy import Connection

from inspection.domain.review import Action, Verdict
from inspection.pipeline.ports import Clock
from inspection.pipeline.regrade import regrade_one
from inspection.store import assets, defects, reviews

REGRADED = frozenset({Action.RECLASSIFY, Action.REOPEN})
"""Verdicts after which another rule may grade the defect, or one grades it again."""


def review(connection: Connection, verdict: Verdict, *, clock: Clock) -> None:
    """Apply a verdict; the same twice counts once.

    A verdict that changes the grade holds the asset first. Whoever grades a survey does too, and
    holds grades before the defects' rows in the queue; this holds those first.

    Args:
        connection: an open writing transaction.
        verdict: what the reviewer decided.
        clock: tells the day, from which ages follow.

    Raises:
        NotFound: when there is no such defect.
        Overtaken: when somebody else changed the defect since the reviewer read it; it says who.
        Conflict: when another verdict has the same identifier.
        IllegalTransition: when the defect's state does not allow the action.
    """
    regraded = verdict.action in REGRADED
    if regraded:
        assets.lock(connection, defects.by_id(connection, verdict.defect_id).asset_id)
    reviews.record(connection, verdict)
    if regraded:
        regrade_one(connection, verdict.defect_id, clock=clock)
