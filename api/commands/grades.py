"""Command ``tenken grades``: what the rules propose for a survey, and what people decide."""

import json
from dataclasses import asdict
from pathlib import Path
from uuid import UUID

import click

from api.commands.assets import home_option, json_option, open_engine
from inspection.pipeline.decide import Judgement, decide, history_of
from inspection.pipeline.tools import SystemClock
from inspection.store import grades as grade_rows
from inspection.store import surveys
from inspection.store.engine import reading, writing
from inspection.store.grades import GradeRow

survey_argument = click.argument("survey_id", type=click.UUID)
scheme_argument = click.argument("scheme")
subject_argument = click.argument("subject_id")


@click.group()
def grades() -> None:
    """Look at grade candidates of a survey, and decide on them."""


@grades.command("list")
@survey_argument
@home_option
@json_option
def list_(*, survey_id: UUID, home: Path | None, as_json: bool) -> None:
    """List the candidates of a survey with what people decided.

    \b
    Example:
      tenken grades list 7f3c2a10-0000-5000-8000-000000000001 --home out/bridge-12/store
    """  # noqa: D301 click needs the character itself
    with reading(open_engine(home)) as connection:
        surveys.by_id(connection, survey_id)
        rows = grade_rows.of_survey(connection, survey_id)
    if as_json:
        click.echo(json.dumps([asdict(r) for r in rows], ensure_ascii=False, indent=2, default=str))
        return
    for row in rows:
        click.echo(_line(row))
        for reason in row.candidate.reasons:
            click.echo(f"    {reason.en}")
    click.echo(f"{len(rows)} candidates")


@grades.command("decide")
@survey_argument
@scheme_argument
@subject_argument
@click.argument("value")
@click.option("--by", required=True, help="Who decides: a person with knowledge and skill.")
@click.option("--note", default="", help="Why; needed where the value departs from the candidate.")
@click.option("--version", type=click.IntRange(1), help="Version that was read; refuses others.")
@home_option
def decide_(
    *,
    survey_id: UUID,
    scheme: str,
    subject_id: str,
    value: str,
    by: str,
    note: str,
    version: int | None,
    home: Path | None,
) -> None:
    """Decide on one candidate; the candidate and every decision are kept.

    \b
    Examples:
      tenken grades decide SURVEY jp_crack_grade ISK-0001/Ds0101 d --by 山田
      tenken grades decide SURVEY soundness_candidate ISK-0001 III --by 山田 --note 桁端の腐食
    """  # noqa: D301 click needs the character itself
    judgement = Judgement(
        survey_id=survey_id,
        scheme=scheme,
        subject_id=subject_id,
        decided=value,
        by=by,
        note=note,
        expected_version=version,
    )
    with writing(open_engine(home)) as connection:
        row = decide(connection, judgement, clock=SystemClock())
        decisions = history_of(connection, judgement)
    click.echo(_line(row))
    for one in decisions:
        why = f": {one.note}" if one.note else ""
        click.echo(f"    {one.decided_at:%Y-%m-%d %H:%M} UTC  {one.decided_by}  {one.decided}{why}")


def _line(row: GradeRow) -> str:
    """Say what is proposed and what was decided."""
    found = row.candidate
    mark = "  unverified rule" if found.needs_review else ""
    decided = "open" if row.decided is None else f"decided {row.decided} by {row.decided_by}"
    letters = "/".join(found.candidates)
    return f"{found.scheme}  {found.subject} {found.subject_id}: {letters}  {decided}{mark}"
