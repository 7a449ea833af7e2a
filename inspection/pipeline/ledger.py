"""Do each step of a survey at most once: heavy work first, its rows and its ledger row last.

A step is keyed by survey, name and a digest of everything that it depends on. Killing the process
at any moment loses at most the step in progress: its files lie under temporary names, and its rows
are committed in one transaction together with the row that says "done".
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from sqlalchemy import Connection

from inspection import __version__
from inspection.pipeline.gauge import Gauge
from inspection.pipeline.ports import Clock
from inspection.pipeline.tools import Tools
from inspection.store import steps
from inspection.store.engine import reading, writing
from inspection.tracing import span

Plain = Mapping[str, Any]
"""Values that JSON can carry."""

REVISIONS: Mapping[str, int] = {
    "ingest": 1,
    "mosaic": 1,
    "detect": 1,
    "measure": 2,
    "consolidate": 1,
    "issue": 1,
}
"""Raise a step's number when its result changes for equal inputs: finished surveys are then redone
from that step on. The version of Tenken itself is not part of the key, so that an upgrade which
changes nothing redoes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Hand over what a step made.

    Attributes:
        result: plain facts, kept in the ledger and shown in ``run.json``.
        save: writes the step's rows inside the transaction that commits the ledger row, and gives
            facts that are known only there, often none.
    """

    result: Plain
    save: Callable[[Connection], Plain]


def keep_nothing(connection: Connection) -> Plain:
    """Save no rows: the step's result is a blob or plain facts."""
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Say what a step gave, what it cost, and whether it was done now or earlier."""

    step: str
    result: Plain
    seconds: float
    peak_rss_mb: float
    reused: bool

    @classmethod
    def of(cls, row: steps.StepRow) -> Self:
        """Read an entry that stands in the ledger already."""
        return cls(
            step=row.step,
            result=row.result,
            seconds=row.seconds,
            peak_rss_mb=row.peak_rss_mb,
            reused=True,
        )


def input_digest(step: str, inputs: Plain) -> str:
    """Digest everything that a step depends on.

    >>> input_digest("mosaic", {"a": 1, "b": 2}) == input_digest("mosaic", {"b": 2, "a": 1})
    True
    """
    canonical = json.dumps(
        {"step": step, "revision": REVISIONS[step], "inputs": inputs},
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=True,
    )
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def record(
    connection: Connection,
    clock: Clock,
    survey_id: UUID,
    *,
    step: str,
    inputs: Plain,
    result: Plain,
    gauge: Gauge,
) -> Plain:
    """Write the ledger row of a step that was just done; give its result as it is kept."""
    kept = {**result, "code": f"tenken {__version__}, {step} r{REVISIONS[step]}"}
    row = steps.commit(
        connection,
        survey_id,
        step,
        input_digest(step, inputs),
        result=kept,
        seconds=gauge.seconds,
        peak_rss_mb=gauge.peak_rss_mb,
        now=clock.now(),
    )
    return row.result


def once(
    tools: Tools,
    survey_id: UUID,
    step: str,
    inputs: Plain,
    work: Callable[[], Outcome],
    *,
    overwrites: bool = False,
) -> Entry:
    """Do a step, or give what it gave when it was done before with equal inputs.

    Args:
        tools: of this worker.
        survey_id: the survey.
        step: name of the step.
        inputs: all that it depends on.
        work: does it.
        overwrites: the step writes over what it wrote on other inputs. Then it counts as done only
            when it was done last on these: whoever goes back to an earlier model gets what that
            one found, not what another one wrote since.

    Raises:
        Conflict: when the work is no longer ours; nothing of the step is then kept.
    """
    digest = input_digest(step, inputs)
    with reading(tools.engine) as connection:
        done = steps.done(connection, survey_id, step, digest)
        if overwrites and done is not None and steps.newest(connection, survey_id, step) != done:
            done = None
    if done is not None:
        return Entry.of(done)
    with span(f"step {step}"), Gauge() as gauge:
        outcome = work()
    with writing(tools.engine) as connection:
        tools.warrant.commit(connection)
        if overwrites:
            steps.forget(connection, survey_id, step, input_digest=digest)
        result = {**outcome.result, **outcome.save(connection)}
        kept = record(
            connection,
            tools.clock,
            survey_id,
            step=step,
            inputs=inputs,
            result=result,
            gauge=gauge,
        )
    return Entry(
        step=step,
        result=kept,
        seconds=gauge.seconds,
        peak_rss_mb=gauge.peak_rss_mb,
        reused=False,
    )
