"""Ledger + records + surveys + road network → scores of every asset, explained on demand."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

from sqlalchemy import Connection

from inspection.codelists.bridgerules import load_soundness_rule
from inspection.codelists.members import load_members
from inspection.codelists.pavements import load_pavement_rule
from inspection.domain.asset import Asset, AssetKind
from inspection.domain.assetsheet import LedgerEntry, says_done
from inspection.domain.elementdamage import ElementDamage, latest, member_grades
from inspection.domain.grade import GradeCandidate
from inspection.domain.measure import Done, Stage, first_day
from inspection.domain.priority import Evidence, Falling
from inspection.domain.prioritymodel import Attribute, PriorityModel
from inspection.domain.prioritytable import Case, ScoreTable, score_table
from inspection.domain.roadnetwork import Closure
from inspection.domain.soundness import SOUNDNESS, bridge_candidate
from inspection.errors import NotFound
from inspection.pipeline.compile import DIAGNOSES
from inspection.pipeline.grade import grade
from inspection.pipeline.overrule import diagnosed
from inspection.pipeline.prioritise import complete, evidence
from inspection.pipeline.propose import pavement_of
from inspection.store import closures as closure_rows
from inspection.store import defects as defect_rows
from inspection.store import elements as element_rows
from inspection.store import measures, progress, sheets

BATCH = 500
LOOSE_TYPES = frozenset({7, 12})
"""Damage types that can fall on people (rule R2): 剥離・鉄筋露出, うき."""

DONE_WORDS = ("完了", "措置済", "補修済", "修繕済", "対策済", "done", "completed")
"""What ``repair_status`` says when the measure has been carried out."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """Carry every asset as the models read it.

    Attributes:
        entries: what the ledger says, by asset.
        cases: what the models read, by asset.
        fiscal_year: for which ages and waiting times are told.
    """

    entries: Mapping[str, LedgerEntry]
    cases: Mapping[str, Case]
    fiscal_year: int

    def table(self, model: PriorityModel) -> ScoreTable:
        """Score every asset."""
        return score_table(tuple(self.cases.values()), model=model)

    def case(self, asset_id: str) -> Case:
        """Give one asset.

        Raises:
            NotFound: when there is none.
        """
        if asset_id not in self.cases:
            raise NotFound(f"there is no asset {asset_id!r}")
        return self.cases[asset_id]

    @cached_property
    def digest(self) -> str:
        """Name the state of everything that the models read; another digest, other knowledge."""
        return _digest([_plain(case) for _, case in sorted(self.cases.items())])


def data_version(case: Case) -> str:
    """Name the state of what the models read of one asset."""
    return _digest(_plain(case))[:12]


def _digest(content: Any) -> str:  # noqa: ANN401 plain values
    text = json.dumps(content, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(case: Case) -> dict[str, Any]:
    seen = case.evidence
    return {
        "asset": case.asset_id,
        "kind": case.kind.value,
        "attributes": dict(case.attributes),
        "condition": seen.condition,
        "observed": dict(seen.observed),
        "falling": seen.falling.value,
        "derived": sorted(seen.derived),
    }


def know(
    connection: Connection,
    *,
    fiscal_year: int,
    kind: AssetKind | None = None,
    asset_ids: Iterable[str] | None = None,
) -> Known:
    """Gather what is known about every asset, or about some.

    What an owner states wins over what follows from it (ages, salt zone), over the newest damage
    records and over the road network. A survey's findings are evidence beside it.

    Args:
        connection: an open transaction.
        fiscal_year: present fiscal year.
        kind: only this kind.
        asset_ids: only these.
    """
    wanted = sorted(sheets.all_ids(connection) if asset_ids is None else set(asset_ids))
    entries = {
        asset_id: entry
        for asset_id, entry in sorted(sheets.by_ids(connection, wanted).items())
        if kind in (None, entry.asset.kind)
    }
    records = _records(connection, list(entries))
    closures = closure_rows.of_all(connection)
    done = measures.of_whole_assets(connection)
    decided = {one.asset_id: one for one in progress.decided_grades(connection, DIAGNOSES)}
    surveyed = frozenset(defect_rows.assets_with_any(connection))
    cases = {}
    for asset_id, entry in entries.items():
        seen = Evidence()
        if asset_id in surveyed:
            seen = _survey(connection, entry.asset, fiscal_year)
        cases[asset_id] = _case(
            diagnosed(entry, decided.get(asset_id)),
            records.get(asset_id, ()),
            closures.get(asset_id),
            seen,
            fiscal_year,
        )
        cases[asset_id] = _with_measures(cases[asset_id], done.get(asset_id, ()))
    return Known(entries=entries, cases=cases, fiscal_year=fiscal_year)


def _records(connection: Connection, asset_ids: Sequence[str]) -> dict[str, list[ElementDamage]]:
    """Read the newest damage records, by bridge."""
    found: dict[str, list[ElementDamage]] = {}
    for start in range(0, len(asset_ids), BATCH):
        batch = element_rows.damages_of(connection, asset_ids[start : start + BATCH])
        for damage in latest(batch):
            found.setdefault(damage.element.asset_id, []).append(damage)
    return found


def _survey(connection: Connection, asset: Asset, fiscal_year: int) -> Evidence:
    """Gather what surveys found on an asset."""
    known = defect_rows.standing(connection, asset.asset_id)
    return evidence(asset, known, grade(known, asset=asset, fiscal_year=fiscal_year))


def _case(
    entry: LedgerEntry,
    records: Sequence[ElementDamage],
    closure: Closure | None,
    seen: Evidence,
    fiscal_year: int,
) -> Case:
    """Bring together what is known about one asset."""
    asset = entry.asset
    known = dict(asset.attributes)
    if says_done(entry.sheet.repair_status, DONE_WORDS):
        known.setdefault("measure_done", True)
    for name, value in _from_records(records).items():
        known.setdefault(name, value)
    if closure is not None:
        known.setdefault("detour_min", closure.attribute)
    known = complete(known, fiscal_year)
    if asset.kind is AssetKind.PAVEMENT_SECTION:
        seen = _with_pavement(seen, asset, fiscal_year)
    elif records:
        seen = _with_records(seen, asset.asset_id, records)
    derived = frozenset(known.keys() - asset.attributes.keys())
    return Case(
        asset_id=asset.asset_id,
        kind=asset.kind,
        attributes=known,
        evidence=replace(seen, derived=derived),
    )


def _with_measures(case: Case, done: Done) -> Case:
    """Add that a measure was finished since the diagnosis, whatever a ledger says before that."""
    year = case.attributes.get(
        "diagnosis_fiscal_year", case.attributes.get("inspection_fiscal_year")
    )
    since = date(int(year), 4, 1) if isinstance(year, int | float) else date.min
    told = case.attributes.get("measure_done") is True
    if told or first_day(done, Stage.FINISHED, since=since) is None:
        return case
    seen = replace(case.evidence, derived=case.evidence.derived | {"measure_done"})
    return replace(case, attributes={**case.attributes, "measure_done": True}, evidence=seen)


def _from_records(records: Sequence[ElementDamage]) -> dict[str, Attribute]:
    """Give the inputs of the model that people's records of the newest inspection hold."""
    if not records:
        return {}
    kinds = load_members()
    main = [
        d.record.grade
        for d in records
        if (kind := kinds.get(d.element.number.symbol)) is not None and kind.main
    ]
    codes = sorted({code for d in records for code in d.countermeasures})
    found: dict[str, Attribute] = {"worsened_steps": max(d.record.worsened_steps for d in records)}
    if main:
        found["main_grade"] = max(main)
    if codes:
        found["countermeasures"] = ",".join(codes)
    return found


def _with_records(seen: Evidence, asset_id: str, records: Sequence[ElementDamage]) -> Evidence:
    """Add what records say about loose concrete and, as a candidate, about soundness."""
    grades = member_grades(
        records, kinds=load_members(), words=lambda damage: str(damage.record.number)
    )
    bridge = bridge_candidate(grades, asset_id=asset_id, rule=load_soundness_rule())
    loose = any(d.record.number in LOOSE_TYPES and d.record.grade > "b" for d in records)
    return replace(
        seen,
        condition=_worse(seen.condition, None if bridge is None else bridge.candidates[0]),
        falling=Falling.CONFIRMED if loose else seen.falling,
    )


def _worse(one: str | None, other: str | None) -> str | None:
    """Give the worse of two candidates."""
    known = [c for c in (one, other) if c in SOUNDNESS]
    return max(known, key=SOUNDNESS.index) if known else one or other


def _with_pavement(seen: Evidence, asset: Asset, fiscal_year: int) -> Evidence:
    """Add what the indices of a road section suggest: class, excess of cracks, MCI."""
    found = pavement_of(None, asset, fiscal_year=fiscal_year)
    if found is None:
        return seen
    rule = load_pavement_rule()
    observed = dict(seen.observed)
    crack = asset.attributes.get("crack_ratio_percent")
    if isinstance(crack, int | float):
        second, third = rule.bounds["crack_ratio_percent"]
        bound = third if crack >= third else second if crack >= second else 0.0
        observed["crack_excess_percent"] = float(crack) - bound
    if "mci" in found.values:
        observed["mci_bad"] = found.values["mci"] <= rule.mci_bounds[1]
    return replace(seen, condition=seen.condition or _class_of(found), observed=observed)


def _class_of(found: GradeCandidate) -> str:
    """Give a class that the model knows: III without its half is III-1."""
    worst = found.candidates[0]
    return "III-1" if worst == "III" else worst


def explained(known: Known, asset_id: str, model: PriorityModel) -> dict[str, Any]:
    """Draw up the explanation object of one asset, in Japanese and English.

    Raises:
        NotFound: when there is no such asset.
        BadInput: when the model does not know one of its values.
    """
    case = known.case(asset_id)
    found = case.explain(model)
    return {
        **found.explanation(),
        "name": known.entries[asset_id].asset.name,
        "missing_words": _named_missing(found.missing, case.kind, model),
        "risk": round(found.risk, 2),
        "data_version": data_version(case),
    }


OVERDUE_WORDS = {
    "overdue_years": {"ja": "点検の遅れ", "en": "Inspection overdue"},
    "years_since_diagnosis": {"ja": "診断からの年数", "en": "Years since the diagnosis"},
}
"""Words for what the timing reads; the model's factors bring their own."""


def _named_missing(
    missing: Iterable[str], kind: AssetKind, model: PriorityModel
) -> list[dict[str, str]]:
    """Name what is unknown in the model's own words; a code that has none names itself."""
    tables = model.kinds.get(kind.value, model.kinds[AssetKind.BRIDGE.value])
    words: dict[str, dict[str, str]] = {
        factor.name: {"ja": factor.ja, "en": factor.en}
        for factor in (*tables.likelihood, *tables.consequence)
    }
    words |= OVERDUE_WORDS
    return [{"code": code, **words.get(code, {"ja": code, "en": code})} for code in missing]
