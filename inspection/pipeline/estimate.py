"""Two ledgers, five years apart → a transition matrix of the agency's own bridges."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from inspection.codelists.ageing import load_ageing
from inspection.domain.asset import AssetKind
from inspection.domain.assetsheet import LedgerRow, says_done
from inspection.domain.deterioration import SHRINKAGE, Estimate, Pair, estimate
from inspection.domain.soundness import SOUNDNESS
from inspection.errors import BadInput
from inspection.intake.ledger import read_ledger
from inspection.pipeline.allot import check_name
from inspection.pipeline.enrol import open_ledger
from inspection.pipeline.ports import Clock
from inspection.pipeline.rank import DONE_WORDS
from inspection.store import sheets, transitions
from inspection.store.transitions import KeptTransition

SPAN_YEARS = (3, 7)
"""Inspections are five years apart; pairs outside these bounds say something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """Carry an estimate and how its pairs came about.

    Attributes:
        estimate: the matrix with its interval.
        problems: rows of the ledgers that were not read.
        unpaired: bridges that only one ledger diagnoses.
        other_span: pairs that are not about five years apart.
    """

    estimate: Estimate
    problems: int
    unpaired: int
    other_span: int

    def plain(self) -> dict[str, Any]:
        """Give it as values that JSON can carry."""
        found = self.estimate
        return {
            "matrix": found.matrix.tolist(),
            "counts": found.counts.tolist(),
            "low": found.low.tolist(),
            "high": found.high.tolist(),
            "pairs": found.pairs,
            "left_out": {
                **found.left_out,
                "only in one ledger": self.unpaired,
                "not five years apart": self.other_span,
                "rows not read": self.problems,
            },
        }


def learn(
    connection: Connection,
    before: Path,
    after: Path | None,
    *,
    today: date,
    shrinkage: float = SHRINKAGE,
) -> Learned:
    """Estimate transitions from two cycles of diagnoses.

    Args:
        connection: an open transaction.
        before: ledger of the earlier cycle.
        after: ledger of the later one; None: what the store knows now.
        today: years far beyond it are refused.
        shrinkage: how many observations the default matrix counts for.

    Raises:
        BadInput: when no bridge was diagnosed in both.
    """
    first, problems = _ledger(before, today)
    if after is None:
        second = _stored(connection)
    else:
        second, more = _ledger(after, today)
        problems += more
    pairs, other_span = [], 0
    for asset_id in sorted(first.keys() & second.keys()):
        span = _years_between(first[asset_id], second[asset_id])
        if span is not None and not SPAN_YEARS[0] <= span <= SPAN_YEARS[1]:
            other_span += 1
            continue
        pairs.append(
            Pair(
                before=str(first[asset_id]["soundness"]),
                after=str(second[asset_id]["soundness"]),
                measure=bool(first[asset_id].get("measure_done")),
            )
        )
    if not pairs:
        raise BadInput("no bridge was diagnosed in both cycles about five years apart")
    return Learned(
        estimate=estimate(pairs, prior=load_ageing().transition, shrinkage=shrinkage),
        problems=problems,
        unpaired=len(first.keys() ^ second.keys()),
        other_span=other_span,
    )


def _ledger(path: Path, today: date) -> tuple[dict[str, Mapping[str, Any]], int]:
    """Read the diagnoses of a ledger, and count the rows that could not be read."""
    opened = open_ledger(path)
    read = read_ledger(opened.table, opened.mapping, kind=AssetKind.BRIDGE, today=today)
    rows = {row.asset_id: _facts(row) for _, row in read.rows if "soundness" in row.attributes}
    return rows, len(read.problems)


def _facts(row: LedgerRow) -> Mapping[str, Any]:
    """Give what a row says; what its owner states of the measure wins over its words."""
    done = says_done(str(row.sheet.get("repair_status", "")), DONE_WORDS)
    return {"measure_done": done, **row.attributes}


def _stored(connection: Connection) -> dict[str, Mapping[str, Any]]:
    entries = sheets.by_ids(connection, sorted(sheets.all_ids(connection)))
    return {
        asset_id: entry.asset.attributes
        for asset_id, entry in entries.items()
        if entry.asset.attributes.get("soundness") in SOUNDNESS
        and entry.asset.kind is AssetKind.BRIDGE
    }


def _years_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> float | None:
    """Give the years between two diagnoses; None when a year is unknown."""
    years = [one.get("diagnosis_fiscal_year") for one in (before, after)]
    if any(isinstance(y, bool) or not isinstance(y, int | float) for y in years):
        return None
    return float(years[1]) - float(years[0])  # type: ignore[arg-type]  # numbers, as just seen


def keep(connection: Connection, name: str, learned: Learned, *, source: str, clock: Clock) -> None:
    """Keep an estimate under a name, in the place of the one of that name."""
    plain = learned.plain()
    transitions.save(
        connection,
        KeptTransition(
            name=check_name(name),
            matrix=plain.pop("matrix"),
            evidence={**plain, "source": source, "prior": load_ageing().name},
            made_at=clock.now(),
        ),
    )
