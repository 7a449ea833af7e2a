"""Say in lines of text what ``tenken assets`` found."""

from collections.abc import Iterator

from inspection.domain.assetsheet import LedgerEntry
from inspection.domain.bridge import Check
from inspection.domain.grade import GradeCandidate
from inspection.pipeline.assess import Assessment, Due, record_words
from inspection.pipeline.enrol import Enrolment
from inspection.store.page import Page

MOST_PROBLEMS = 100
"""Problems that are printed; ``--json`` has all of them."""


def say_enrolment(found: Enrolment, *, stored: bool) -> Iterator[str]:
    """Say what a file says, and what it did or would do."""
    table, mapping = found.table, found.mapping
    where = f", heading on {table.unit} {table.heading_line}" if table.heading_line else ""
    facts = "".join(f", {key} {value}" for key, value in table.facts.items())
    yield f"{table.name}: {table.form}{facts}{where}, {len(table.rows)} rows"
    yield "columns: " + ", ".join(
        f"{table.heading[at]} → {name}" for name, at in mapping.columns.items()
    )
    if mapping.unused:
        yield f"not used: {', '.join(mapping.unused)}"
    if not stored:
        yield from _sample(found)
    for one in found.differences[:MOST_PROBLEMS]:
        yield f"  {one.asset_id} {one.field}: {_shown(one.before)} → {_shown(one.after)}"
    for problem in found.problems[:MOST_PROBLEMS]:
        said = f" (says {problem.value!r})" if problem.value and not _quotes(problem) else ""
        yield f"{table.unit} {problem.line}: {problem}{said}"
    if len(found.problems) > MOST_PROBLEMS:
        yield f"… and {len(found.problems) - MOST_PROBLEMS} more; --json lists them all"
    counts = ", ".join(f"{count} {change.value}" for change, count in found.counts.items())
    tense = "stored" if stored else "would be stored"
    yield f"{tense}: {counts}; {len(found.problems)} refused"


def _quotes(problem: object) -> bool:
    """Tell whether a reason shows the value itself."""
    reason, value = getattr(problem, "reason", ""), getattr(problem, "value", "")
    return str(value).strip() in str(reason)


def _sample(found: Enrolment) -> Iterator[str]:
    """Show the first entries as they are read."""
    for entry in found.sample:
        attributes = ", ".join(f"{k}={_plain(v)}" for k, v in entry.asset.attributes.items())
        place = entry.sheet.lonlat
        where = "" if place is None else f" at {place[1]:.6f}, {place[0]:.6f}"
        yield f"  {entry.asset.asset_id} {entry.asset.name}{where}: {attributes}"


def _shown(value: object) -> str:
    return "unknown" if value in (None, "") else _plain(value)


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def say_list(page: Page[LedgerEntry]) -> Iterator[str]:
    """Say which assets there are."""
    for entry in page.rows:
        asset, sheet = entry.asset, entry.sheet
        condition = asset.attributes.get("soundness") or asset.attributes.get("pavement_class")
        words = (asset.asset_id, asset.kind.value, asset.name, sheet.route_name, sheet.municipality)
        yield "  ".join([*filter(None, words), *([str(condition)] if condition else [])])
    yield f"{len(page.rows)} of {page.total} assets"


def say_entry(entry: LedgerEntry) -> Iterator[str]:
    """Say what is known about an asset."""
    asset, sheet = entry.asset, entry.sheet
    yield f"{asset.asset_id}  {asset.name}  ({asset.kind.value}, {asset.concrete.value})"
    for name in ("route_name", "municipality", "address", "administrator", "structure"):
        if getattr(sheet, name):
            yield f"  {name}: {getattr(sheet, name)}"
    if sheet.lonlat is not None:
        yield f"  position: {sheet.lonlat[1]:.6f} N, {sheet.lonlat[0]:.6f} E"
    for name, value in sorted(asset.attributes.items()):
        yield f"  {name}: {_plain(value)}"
    if entry.section is not None and entry.section.length_m is not None:
        section = entry.section
        yield f"  section: {section.from_m:g} m to {section.to_m:g} m, {section.length_m:g} m"


def say_assessment(found: Assessment, entry: LedgerEntry) -> Iterator[str]:
    """Say what follows from the ledger and the records of an asset."""
    if found.due is not None:
        yield f"next inspection: {_due(found.due)}"
    if found.pavement is not None:
        yield from _pavement(found.pavement)
    if not found.damages:
        yield "no damage records"
    else:
        guidelines = ", ".join(sorted({d.guideline for d in found.damages} - {""}))
        yield f"records of fiscal year {found.fiscal_year} ({guidelines or 'no guideline named'}):"
    for damage in found.damages:
        codes = f"  {'+'.join(damage.countermeasures)}" if damage.countermeasures else ""
        where = f"{damage.element.span}/{damage.element.number}"
        yield f"  {where}  {record_words(damage)}{codes}"
    for group, candidate in found.groups.items():
        yield f"candidate {group}: {_letters(candidate)}  {candidate.reasons[0].en}"
    if found.bridge is not None:
        diagnosed = entry.asset.attributes.get("soundness", "nothing")
        yield f"candidate for the bridge: {_letters(found.bridge)}  {found.bridge.reasons[0].en}"
        yield f"its diagnosis says: {diagnosed}"
        yield "an engineer diagnoses; a candidate enters no record (unverified rule)"
    for where, reason in found.warnings:
        yield f"look at {where}: {reason.en}"
    yield from _open(found.open_checks)


def _due(due: Due) -> str:
    """Say when the next inspection is due."""
    left = {None: "", 0: ", overdue"}.get(
        due.warning_months, f", less than {due.warning_months} months left"
    )
    return f"due in fiscal year {due.fiscal_year}, until {due.last_day}{left}"


def _pavement(found: GradeCandidate) -> Iterator[str]:
    """Say which class a road section seems to have."""
    index = f", MCI {found.values['mci']:.2f}" if "mci" in found.values else ""
    yield f"candidate for the section: {_letters(found)}{index}"
    for reason in found.reasons:
        yield f"  {reason.en}"


def _letters(candidate: GradeCandidate) -> str:
    return "/".join(candidate.candidates)


def _open(checks: tuple[Check, ...]) -> Iterator[str]:
    """Say what a flight cannot show, by damage type."""
    by_type: dict[int, int] = {}
    for check in checks:
        by_type[check.damage_no] = by_type.get(check.damage_no, 0) + 1
    if by_type:
        counts = ", ".join(f"type {no} on {count}" for no, count in sorted(by_type.items()))
        yield f"a flight cannot show, still open (elements): {counts}"
