"""Ledger entry + what people decided in Tenken → the entry with the diagnosis that counts."""

from dataclasses import replace

from inspection.domain.assetsheet import LedgerEntry
from inspection.domain.eradate import day_in_japan, fiscal_year
from inspection.domain.publicrow import level_of
from inspection.store.progress import DecidedGrade

OF_AN_OLDER_ONE = (
    *("soundness", "pavement_class", "measure_done"),
    *("diagnosis_fiscal_year", "years_since_diagnosis"),
)
"""What a ledger says about the diagnosis that it knows, and about no later one."""


def diagnosed(entry: LedgerEntry, decided: DecidedGrade | None) -> LedgerEntry:
    """Put a decision in Tenken in the place of a ledger's diagnosis that is not newer.

    What the ledger tells of measures was done about its own diagnosis, so that goes with it.
    """
    if decided is None:
        return entry
    attributes = dict(entry.asset.attributes)
    scheme = decided.scheme.split("/")[0]
    name = "pavement_class" if scheme == "pavement_class" else "soundness"
    stated = attributes.get("soundness") or attributes.get("pavement_class")
    year = attributes.get("inspection_fiscal_year")
    level = level_of(stated) if isinstance(stated, str) else None
    surveyed = fiscal_year(day_in_japan(decided.surveyed_at))
    in_ledger = int(year) if isinstance(year, int | float) else 0
    if level is not None and surveyed < in_ledger:
        return entry
    if (level, in_ledger) == (level_of(decided.decided), surveyed):
        return entry
    for gone in OF_AN_OLDER_ONE:
        attributes.pop(gone, None)
    attributes |= {name: decided.decided, "inspection_fiscal_year": float(surveyed)}
    return replace(
        entry,
        asset=replace(entry.asset, attributes=attributes),
        sheet=replace(entry.sheet, repair_status=""),
    )
