"""Command ``tenken record``: how far an inspection has come, its approval, its official record."""

import json
from dataclasses import asdict
from pathlib import Path
from uuid import UUID

import click

from api.commands.assets import home_option, json_option
from api.commands.release_words import say_event, say_progress
from api.worklist_file import CsvEncoding, Language
from inspection.codelists.findings import FILE_MAX, read_findings
from inspection.errors import BadInput
from inspection.export.recordform import TEMPLATE_MAX, read_cell_map, shipped_template
from inspection.pipeline.approve import approve, approved_record, revoke
from inspection.pipeline.examine import newest_year, progress
from inspection.pipeline.recordfile import RecordFormat, Wanted, write_record
from inspection.pipeline.tools import SystemClock
from inspection.settings import StoreSettings
from inspection.store import assets, releases, schema
from inspection.store.blobstore import blobs_of
from inspection.store.engine import create_engine, reading, writing

asset_argument = click.argument("asset_id")
year_option = click.option(
    "--fiscal-year",
    type=click.IntRange(1950, 2200),
    help="Of the inspection.  [default: the newest]",
)
by_option = click.option("--by", required=True, help="Who decides: a person with a name.")
why_option = click.option("--why", required=True, help="The reason; it is kept for ever.")


def open_store(home: Path | None) -> StoreSettings:
    """Find the rows and blobs, with the tables that this program needs."""
    settings = (
        StoreSettings()
        if home is None
        else StoreSettings(home=home, database_url=None, blobs_url=None)
    )
    schema.upgrade(settings.resolved_database_url())
    return settings


@click.group()
def record() -> None:
    """Approve inspections, and write their official records. Only approved results get there."""


@record.command()
@asset_argument
@year_option
@home_option
@json_option
def status(*, asset_id: str, fiscal_year: int | None, home: Path | None, as_json: bool) -> None:
    """Tell how far an inspection has come, and what is missing for its approval.

    \b
    Example:
      tenken record status ISK-0001 --fiscal-year 2026
    """  # noqa: D301 click needs the character itself
    engine = create_engine(open_store(home).resolved_database_url())
    with reading(engine) as connection:
        year = fiscal_year or newest_year(connection, asset_id)
        stands = progress(connection, asset_id, year)
    if as_json:
        plain = {**asdict(stands), "release": None if stands.release is None else "kept"}
        click.echo(json.dumps(plain, ensure_ascii=False, indent=2, default=str))
        return
    click.echo("\n".join(say_progress(stands)))


@record.command("approve")
@asset_argument
@year_option
@by_option
@why_option
@click.option(
    "--findings",
    type=click.Path(path_type=Path, dir_okay=False),
    help="What a person wrote for the 2024 forms (YAML): evaluation, events, remarks.",
)
@home_option
def approve_(
    *,
    asset_id: str,
    fiscal_year: int | None,
    by: str,
    why: str,
    findings: Path | None,
    home: Path | None,
) -> None:
    """Approve an inspection; its record is compiled now and kept whole.

    \b
    Examples:
      tenken record approve ISK-0001 --by 課長 --why 照査済
      tenken record approve ISK-0001 --by 課長 --why 照査済 --findings findings.yaml
    """  # noqa: D301 click needs the character itself
    written = read_findings(_read(findings, FILE_MAX)) if findings else {}
    with writing(create_engine(open_store(home).resolved_database_url())) as connection:
        year = fiscal_year or newest_year(connection, asset_id)
        kept = approve(
            connection, asset_id, year, by=by, why=why, findings=written, clock=SystemClock()
        )
    found = kept.record
    click.echo(
        f"{asset_id} {year}: approved by {by}, soundness {found.diagnosis.value}, "
        f"{len(found.damages)} element records, {len(found.defects)} confirmed defects, "
        f"sha256 {kept.sha256[:12]}"
    )
    if found.unverified:
        click.echo(f"  未確認 / unverified rules: {', '.join(found.unverified)}")


@record.command("revoke")
@asset_argument
@year_option
@by_option
@why_option
@home_option
def revoke_(
    *, asset_id: str, fiscal_year: int | None, by: str, why: str, home: Path | None
) -> None:
    """Take an approval back; what was approved stays in the history.

    \b
    Example:
      tenken record revoke ISK-0001 --by 課長 --why 記載の誤り
    """  # noqa: D301 click needs the character itself
    with writing(create_engine(open_store(home).resolved_database_url())) as connection:
        year = fiscal_year or newest_year(connection, asset_id)
        stands = revoke(connection, asset_id, year, by=by, why=why, clock=SystemClock())
    click.echo(f"{asset_id} {year}: {stands.state.value}, approval revoked by {by}")


@record.command()
@asset_argument
@home_option
def history(*, asset_id: str, home: Path | None) -> None:
    """List who approved, revoked, published and withdrew what, when and why.

    \b
    Example:
      tenken record history ISK-0001
    """  # noqa: D301 click needs the character itself
    engine = create_engine(open_store(home).resolved_database_url())
    with reading(engine) as connection:
        assets.by_id(connection, asset_id)
        events = releases.history(connection, asset_id=asset_id)
    for event in events:
        click.echo(say_event(event))
    click.echo(f"{len(events)} decisions")


@record.command()
@asset_argument
@year_option
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="File.")
@click.option(
    "--format",
    "file_format",
    type=click.Choice([kind.value for kind in RecordFormat]),
    help="Format of the file; xlsx is the filled form.  [default: by the suffix of --out]",
)
@click.option(
    "--lang",
    type=click.Choice([kind.value for kind in Language]),
    default=Language.JA.value,
    show_default=True,
    help="Language of words and headings.",
)
@click.option(
    "--encoding",
    type=click.Choice([kind.value for kind in CsvEncoding]),
    default=CsvEncoding.UTF8.value,
    help="Characters of a CSV file.",
)
@click.option("--survey", "survey_id", type=click.UUID, help="Whose face a DXF shows.")
@click.option(
    "--template",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Workbook of an official form instead of the one that ships.",
)
@click.option(
    "--cell-map",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Which value goes where in the template (JSON).",
)
@home_option
def export(
    *,
    asset_id: str,
    fiscal_year: int | None,
    out: Path,
    file_format: str | None,
    lang: str,
    encoding: str,
    survey_id: UUID | None,
    template: Path | None,
    cell_map: Path | None,
    home: Path | None,
) -> None:
    """Write the official record of an approved inspection.

    \b
    Examples:
      tenken record export ISK-0001 --out record.pdf
      tenken record export ISK-0001 --out form.xlsx
      tenken record export ISK-0001 --out form.xlsx --template 様式.xlsx --cell-map 様式.json
      tenken record export ISK-0001 --out damage.dxf --survey SURVEY
    """  # noqa: D301 click needs the character itself
    workbook, mapped = _form(template, cell_map)
    wanted = Wanted(
        file_format=_format(file_format or out.suffix.removeprefix(".")),
        language=Language(lang).value,
        encoding="cp932" if encoding == CsvEncoding.CP932 else "utf-8-sig",
        survey_id=None if survey_id is None else str(survey_id),
        template=workbook,
        cell_map=mapped,
    )
    settings = open_store(home)
    with reading(create_engine(settings.resolved_database_url())) as connection:
        kept = approved_record(connection, asset_id, fiscal_year)
        blobs = blobs_of(settings)
        said = write_record(connection, blobs, kept, out, wanted)
    click.echo(f"{out}: {asset_id} {kept.record.fiscal_year}, approved by {kept.approved_by}")
    for sentence in said:
        click.echo(f"  {sentence}")


def _format(name: str) -> RecordFormat:
    try:
        return RecordFormat(name.lower())
    except ValueError as error:
        raise BadInput(
            f"a record cannot be written as {name!r}; choose {', '.join(RecordFormat)}"
        ) from error


def _form(template: Path | None, cell_map: Path | None) -> tuple[bytes, dict[str, object]]:
    """Read template and cell map; the ones that ship where none are given."""
    if (template is None) != (cell_map is None):
        raise BadInput("a form needs both --template and --cell-map, or none of them")
    if template is None or cell_map is None:
        return shipped_template()
    return _read(template, TEMPLATE_MAX), read_cell_map(_read(cell_map, FILE_MAX))


def _read(path: Path, most: int) -> bytes:
    """Read a file that somebody named.

    Raises:
        BadInput: when it cannot be read or is too large.
    """
    try:
        if path.stat().st_size > most:
            raise BadInput(f"{path} has {path.stat().st_size} bytes; up to {most} are read")
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error
