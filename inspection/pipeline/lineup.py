"""Many assets → a list of their inspections, each as it stands, page by page.

The list counts; it compiles no record. Only what was sent back is compared with what it was then.
"""

import base64
import binascii
import json
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection

from inspection.domain.eradate import day_in_japan
from inspection.domain.eradate import fiscal_year as fiscal_year_of
from inspection.domain.mission import SurveyState
from inspection.domain.publicrow import level_of
from inspection.domain.release import IN_RECORDS, Evidence, InspectionState, state_of
from inspection.errors import BadInput
from inspection.pipeline.compile import DIAGNOSES, SEARCHED
from inspection.pipeline.examine import progress
from inspection.store import standings
from inspection.store.releases import ReleaseEvent
from inspection.store.standings import Decided, Flown, Known

LIMIT_MAX = 100
"""Most inspections of one page."""

AT_ONCE = 100
"""Assets that are read together."""

SEARCHED_MOST = 2000
"""Assets that are looked through for one page; where fewer fit, the page is short and goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Carry one inspection of a list.

    Attributes:
        asset_id: the asset.
        name: what people call it.
        kind: code of its kind.
        fiscal_year: of the inspection.
        state: how far it has come.
        version: counts decisions; 0 when nobody has decided anything.
        evidence: what is there.
        soundness: what a person diagnosed, or the ledger says; empty when nobody has.
        diagnosed_by: who; empty for a ledger.
        last: the last decision about it as a whole.
    """

    asset_id: str
    name: str
    kind: str
    fiscal_year: int
    state: InspectionState
    version: int
    evidence: Evidence
    soundness: str
    diagnosed_by: str
    last: ReleaseEvent | None

    @property
    def is_ours(self) -> bool:
        """Tell whether more than a ledger speaks of it."""
        found = self.evidence
        return bool(found.surveys or found.failed or found.records or self.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineup:
    """Carry a page of inspections; ``next`` leads on, None at the end."""

    rows: tuple[Standing, ...]
    next: str | None


def line_up(
    connection: Connection,
    *,
    states: Collection[InspectionState] = (),
    fiscal_year: int | None = None,
    ledger_only: bool = True,
    after: str | None = None,
    limit: int = 50,
) -> Lineup:
    """List inspections by asset, the newest fiscal year of an asset first.

    Args:
        connection: an open transaction.
        states: only these; empty for all.
        fiscal_year: only this; None for all.
        ledger_only: those too of which only a ledger speaks: no survey, no record of an element,
            no decision.
        after: ``next`` of the page before.
        limit: most rows, 1–100.

    Raises:
        BadInput: when the limit or the mark is unusable.
    """
    if not 1 <= limit <= LIMIT_MAX:
        raise BadInput(f"limit must be 1 to {LIMIT_MAX} rows, got {limit}")
    first, before_year = ("", 0) if after is None else _read_mark(after)
    rows: list[Standing] = []
    looked = 0
    while looked < SEARCHED_MOST:
        batch = standings.known_from(connection, first, AT_ONCE)
        for asset in batch:
            for year in _years(asset):
                done = asset.asset_id == first and before_year and year >= before_year
                if done or fiscal_year not in (None, year):
                    continue
                found = _standing(connection, asset, year)
                if (not states or found.state in states) and (ledger_only or found.is_ours):
                    rows.append(found)
                if len(rows) == limit:
                    return Lineup(rows=tuple(rows), next=_write_mark(asset.asset_id, year))
        looked += len(batch)
        if len(batch) < AT_ONCE:
            return Lineup(rows=tuple(rows), next=None)
        # the last asset is read again, and nothing of it is left to show
        first, before_year = batch[-1].asset_id, 1
    return Lineup(rows=tuple(rows), next=_write_mark(first, before_year))


def _years(asset: Known) -> list[int]:
    """List the fiscal years of which anything is known, newest first."""
    years = {_year(one) for one in asset.flown} | set(asset.records) | set(asset.releases)
    last = asset.attributes.get("inspection_fiscal_year")
    if isinstance(last, int | float) and not isinstance(last, bool):
        years.add(int(last))
    return sorted(years, reverse=True)


def _year(flown: Flown) -> int:
    return fiscal_year_of(day_in_japan(flown.created_at))


def _standing(connection: Connection, asset: Known, year: int) -> Standing:
    flown = [one for one in asset.flown if _year(one) == year]
    ours = [one for one in flown if one.state is not SurveyState.FAILED or one.seen]
    value, by = _diagnosis(asset, ours, year)
    evidence = Evidence(
        surveys=len(ours),
        with_mosaic=sum(one.has_mosaic for one in ours),
        searched=sum(one.state in SEARCHED for one in ours),
        unreviewed=sum(one.unreviewed for one in ours),
        records=asset.records.get(year, 0),
        diagnosed=bool(value),
        failed=len(flown) - len(ours),
    )
    release = asset.releases.get(year)
    state = state_of(evidence)
    if release is not None and release.state in IN_RECORDS:
        state = release.state
    elif release is not None and release.state is InspectionState.SENT_BACK:
        state = progress(connection, asset.asset_id, year).state
    return Standing(
        asset_id=asset.asset_id,
        name=asset.name,
        kind=asset.kind,
        fiscal_year=year,
        state=state,
        version=0 if release is None else release.version,
        evidence=evidence,
        soundness=value,
        diagnosed_by=by,
        last=asset.last.get(year),
    )


def _diagnosis(asset: Known, ours: list[Flown], year: int) -> tuple[str, str]:
    """Give the soundness of an asset and who said it, as ``diagnosis_of`` does."""
    ids = {one.survey_id for one in ours}
    said = [
        one
        for one in asset.decided
        if one.survey_id in ids and one.scheme.split("/")[0] in DIAGNOSES
    ]
    if said:
        last: Decided = max(said, key=lambda one: one.at)
        return last.value, last.by
    if asset.attributes.get("inspection_fiscal_year") != year:
        return "", ""
    value = asset.attributes.get("soundness") or asset.attributes.get("pavement_class")
    return (value, "") if isinstance(value, str) and level_of(value) is not None else ("", "")


def _write_mark(asset_id: str, year: int) -> str:
    plain = json.dumps([asset_id, year], separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def _read_mark(mark: str) -> tuple[str, int]:
    """Read a place in the list.

    Raises:
        BadInput: when it is none.
    """
    try:
        asset_id, year = json.loads(base64.urlsafe_b64decode(mark + "=" * (-len(mark) % 4)))
        if not (isinstance(asset_id, str) and type(year) is int) or "\0" in asset_id:
            raise ValueError(mark)
        asset_id.encode()
    except (ValueError, TypeError, RecursionError, binascii.Error) as error:
        raise BadInput(
            f"mark {mark[:80]!r} is no place in the list; take `next` of a page as it was given"
        ) from error
    return asset_id, year
