"""Ledger + decisions + surveys + measures → how far the work has come, for planners."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from inspection.codelists.opendata import load_redaction_rule
from inspection.domain.assetsheet import LedgerEntry
from inspection.domain.figures import URGENT
from inspection.domain.measure import Done, Stage, first_day
from inspection.domain.progress import AssetStanding, DamageCase
from inspection.domain.publicrow import level_of
from inspection.pipeline.compile import DIAGNOSES
from inspection.pipeline.keptmoments import moments_of_all
from inspection.pipeline.overrule import diagnosed
from inspection.store import measures, progress, sheets
from inspection.store.progress import DecidedGrade, Moments, WaitingDamage

BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Oversight:
    """Carry all that the figures of a dashboard are counted from.

    Attributes:
        assets: every asset, by identifier.
        cases: every damage, equal ones together.
    """

    assets: tuple[AssetStanding, ...]
    cases: tuple[DamageCase, ...]

    def only(self, *, kind: str | None, municipality: str | None) -> "Oversight":
        """Keep what is of a kind and of a municipality; None keeps all."""

        def wanted(one: AssetStanding | DamageCase) -> bool:
            return kind in (None, one.kind) and municipality in (None, one.municipality)

        return Oversight(
            assets=tuple(filter(wanted, self.assets)), cases=tuple(filter(wanted, self.cases))
        )

    def places(self) -> tuple[tuple[str, str], ...]:
        """Name every kind and municipality that there is."""
        return tuple(sorted({(one.kind, one.municipality) for one in self.assets}))

    def urgent_open(self) -> tuple[AssetStanding, ...]:
        """List assets of III and IV without a finished measure, the worst and oldest first."""
        found = [one for one in self.assets if (one.level or 0) >= URGENT and not one.done]
        return tuple(
            sorted(
                found,
                key=lambda one: (-(one.level or 0), one.inspected_fiscal_year or 0, one.asset_id),
            )
        )


def oversee(connection: Connection) -> Oversight:
    """Gather what is known about every asset and every damage."""
    entries = sheets.by_ids(connection, sorted(sheets.all_ids(connection)))
    decided = {one.asset_id: one for one in progress.decided_grades(connection, DIAGNOSES)}
    whole = measures.of_whole_assets(connection)
    return Oversight(
        assets=tuple(
            _asset(entry, decided.get(asset_id), whole.get(asset_id, ()))
            for asset_id, entry in sorted(entries.items())
        ),
        cases=tuple(
            _case(entries[one.asset_id], one, whole.get(one.asset_id, ()))
            for one in moments_of_all(connection)
        ),
    )


def longest_waiting(
    connection: Connection, *, kind: str | None, municipality: str | None, limit: int
) -> tuple[WaitingDamage, ...]:
    """List confirmed damages that nobody has recorded as repaired, the longest known first."""
    whole = measures.of_whole_assets(connection)
    places: dict[str, LedgerEntry] = {}

    def still(batch: Iterable[WaitingDamage]) -> list[WaitingDamage]:
        batch = list(batch)
        new = {one.asset_id for one in batch} - set(places)
        places.update(sheets.by_ids(connection, sorted(new)))
        return [one for one in batch if wanted(one, places[one.asset_id])]

    def wanted(one: WaitingDamage, entry: LedgerEntry) -> bool:
        here = kind in (None, entry.asset.kind.value)
        there = municipality in (None, entry.sheet.municipality)
        done = whole.get(one.asset_id, ())
        return here and there and first_day(done, Stage.FINISHED, since=one.detected) is None

    found: list[WaitingDamage] = []
    after = 0
    while len(found) < limit:
        batch = progress.waiting(connection, after=after, limit=BATCH)
        found += still(batch)
        after += BATCH
        if len(batch) < BATCH:
            break
    found += still(progress.waiting_edited(connection))
    return tuple(sorted(found, key=lambda one: one.detected)[:limit])


def _asset(entry: LedgerEntry, decided: DecidedGrade | None, done: Done) -> AssetStanding:
    """Say how an asset stands: a decision in Tenken wins over a ledger that is not newer."""
    entry = diagnosed(entry, decided)
    attributes: Mapping[str, object] = entry.asset.attributes
    year = attributes.get("inspection_fiscal_year")
    inspected = int(year) if isinstance(year, int | float) else None
    stated = attributes.get("soundness") or attributes.get("pavement_class")
    level = level_of(stated) if isinstance(stated, str) else None
    # what was done before the year of the diagnosis is not what the diagnosis asks for
    since = date(inspected, 4, 1) if inspected else date.min
    finished = first_day(done, Stage.FINISHED, since=since) is not None or _told_done(entry)
    ordered = first_day(done, Stage.ORDERED, since=since) is not None
    return AssetStanding(
        asset_id=entry.asset.asset_id,
        name=entry.asset.name,
        kind=entry.asset.kind.value,
        municipality=entry.sheet.municipality,
        level=level,
        inspected_fiscal_year=inspected,
        begun=ordered or finished,
        done=finished,
    )


def _told_done(entry: LedgerEntry) -> bool:
    """Tell whether the ledger says that its diagnosis was answered."""
    told = entry.asset.attributes.get("measure_done")
    if isinstance(told, bool):
        return told
    return load_redaction_rule().measure_done(entry.sheet.repair_status)


def _case(entry: LedgerEntry, seen: Moments, whole: Done) -> DamageCase:
    """Bring a damage together with what was done about its asset as a whole since it was found."""
    return DamageCase(
        kind=entry.asset.kind.value,
        municipality=entry.sheet.municipality,
        count=seen.count,
        detected=seen.detected,
        decided=seen.decided,
        confirmed=seen.confirmed,
        ordered=_earliest(seen.ordered, first_day(whole, Stage.ORDERED, since=seen.detected)),
        finished=_earliest(seen.finished, first_day(whole, Stage.FINISHED, since=seen.detected)),
    )


def _earliest(*days: date | None) -> date | None:
    return min(filter(None, days), default=None)
