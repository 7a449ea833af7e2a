"""A person's judgement of an asset as a whole → a decision beside what the rules propose."""

import uuid
from dataclasses import dataclass

from sqlalchemy import Connection

from inspection.codelists.codelist import load_codelist
from inspection.domain.asset import AssetKind
from inspection.domain.grade import Subject
from inspection.domain.release import IN_RECORDS
from inspection.errors import Conflict
from inspection.pipeline.compile import diagnosing_row, gather
from inspection.pipeline.decide import Judgement, decide, legal_values, nothing_proposed
from inspection.pipeline.ports import Clock
from inspection.store import grades, releases
from inspection.store.grades import GradeRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosing:
    """Carry what a person says of an asset in a fiscal year.

    Attributes:
        asset_id: the asset.
        fiscal_year: of the inspection.
        value: the soundness, or the class of a road section.
        by: the person.
        why: what it rests on; kept for ever.
        account_id: the account of the person, where people sign in.
        decided_before: what the person read as the diagnosis until now; None for none.
    """

    asset_id: str
    fiscal_year: int
    value: str
    by: str
    why: str
    account_id: uuid.UUID | None = None
    decided_before: str | None = None


def scheme_of(kind: AssetKind) -> str:
    """Name the code-list by which an asset of a kind is diagnosed.

    >>> scheme_of(AssetKind.BRIDGE), scheme_of(AssetKind.PAVEMENT_SECTION)
    ('soundness_candidate', 'pavement_class')
    """
    return "pavement_class" if kind is AssetKind.PAVEMENT_SECTION else "soundness_candidate"


def values_for(kind: AssetKind) -> tuple[str, ...]:
    """Name the values that a diagnosis of an asset of a kind may have, the mildest first."""
    return legal_values(scheme_of(kind))


def diagnose(connection: Connection, said: Diagnosing, *, clock: Clock) -> GradeRow:
    """Keep a person's diagnosis of an asset beside the newest survey of the fiscal year.

    Where the rules had proposed nothing, that is what stands beside it.

    Raises:
        NotFound: when there is no such asset.
        Conflict: when it is approved, has no survey in that year, or somebody diagnosed meanwhile.
        BadInput: when the value is none of the scheme, or name or reason lack.
    """
    found = gather(connection, said.asset_id, said.fiscal_year)
    release = releases.find(connection, said.asset_id, said.fiscal_year)
    if release is not None and release.state in IN_RECORDS:
        raise Conflict(
            f"the inspection of {said.asset_id} in {said.fiscal_year} is {release.state.value}; "
            "its approval is taken back first"
        )
    if not found.surveys:
        raise Conflict(
            f"{said.asset_id} has no survey of fiscal year {said.fiscal_year} to rest a diagnosis "
            "on; import the ledger that says its soundness"
        )
    last = diagnosing_row(found)
    if (None if last is None else last.decided) != said.decided_before:
        raise Conflict(
            f"somebody diagnosed {said.asset_id} meanwhile; read it again and decide anew"
        )
    name = scheme_of(found.entry.asset.kind)
    scheme = f"{name}/{load_codelist(name).version}"
    newest = found.surveys[0].survey_id
    # the row as it was read with all the rest: whoever decides since is not written over
    mine = next((row for row in found.grades if _is_it(row, newest, scheme, said.asset_id)), None)
    if mine is None:
        nothing = nothing_proposed(scheme, Subject.ASSET, said.asset_id)
        grades.save(connection, newest, [nothing])
    judgement = Judgement(
        survey_id=newest,
        scheme=scheme,
        subject_id=said.asset_id,
        decided=said.value,
        by=said.by,
        note=said.why,
        expected_version=1 if mine is None else mine.version,
        account_id=said.account_id,
    )
    return decide(connection, judgement, clock=clock)


def _is_it(row: GradeRow, survey_id: uuid.UUID, scheme: str, asset_id: str) -> bool:
    one = row.candidate
    about = (one.scheme, one.subject, one.subject_id)
    return row.survey_id == survey_id and about == (scheme, Subject.ASSET, asset_id)
