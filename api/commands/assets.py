"""Command ``tenken assets``: ledgers in, assets, elements and their candidates out."""

import json
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path

import click
from sqlalchemy import Engine

from api.commands.assets_words import say_assessment, say_enrolment, say_entry, say_list
from inspection.domain.asset import AssetKind
from inspection.domain.eradate import day_in_japan
from inspection.pipeline.assess import assess
from inspection.pipeline.enrol import (
    Enrolment,
    enrol,
    enrol_elements,
    open_elements,
    open_ledger,
)
from inspection.pipeline.tools import SystemClock
from inspection.settings import StoreSettings
from inspection.store import schema, sheets
from inspection.store.engine import create_engine, reading, writing

KINDS = click.Choice([kind.value for kind in AssetKind])
WHAT = click.Choice(["assets", "elements"])

file_argument = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
home_option = click.option(
    "--home", type=click.Path(path_type=Path, file_okay=False), help="Folder of rows."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
map_option = click.option(
    "--map",
    "chosen",
    multiple=True,
    metavar="COLUMN=FIELD",
    help="Say what a column means; FIELD empty leaves it out. May be given several times.",
)
sheet_option = click.option("--sheet", help="Sheet of a workbook or layer of a GeoPackage.")
kind_option = click.option(
    "--kind", type=KINDS, default=AssetKind.BRIDGE.value, help="Kind where a row does not say."
)
as_option = click.option(
    "--as", "what", type=WHAT, default="assets", help="What the rows are: assets, or elements."
)
year_option = click.option(
    "--fiscal-year", type=click.IntRange(1950, 2200), help="Of records whose row does not say."
)


@click.group()
def assets() -> None:
    """Bring ledgers of bridges and road sections in, and look at what is known."""


@assets.command()
@file_argument
@as_option
@map_option
@sheet_option
@kind_option
@year_option
@home_option
@json_option
def preview(
    *,
    file: Path,
    what: str,
    chosen: tuple[str, ...],
    sheet: str | None,
    kind: str,
    fiscal_year: int | None,
    home: Path | None,
    as_json: bool,
) -> None:
    """Show what a file would bring: encoding, columns, first rows, problems. Stores nothing.

    \b
    Examples:
      tenken assets preview ledger.csv
      tenken assets preview ledger.xlsx --sheet 橋梁一覧 --map 整理番号=asset_id --json
    """  # noqa: D301 click needs the character itself
    with reading(open_engine(home)) as connection:
        if what == "elements":
            opened = open_elements(file, chosen=chosen, sheet=sheet)
            found = enrol_elements(connection, opened, fiscal_year=fiscal_year, write=False)
        else:
            opened = open_ledger(file, chosen=chosen, sheet=sheet)
            found = enrol(connection, opened, kind=AssetKind(kind), today=_today(), write=False)
    _print_enrolment(found, as_json=as_json, stored=False)


@assets.command("import")
@file_argument
@as_option
@map_option
@sheet_option
@kind_option
@year_option
@home_option
@json_option
def import_(
    *,
    file: Path,
    what: str,
    chosen: tuple[str, ...],
    sheet: str | None,
    kind: str,
    fiscal_year: int | None,
    home: Path | None,
    as_json: bool,
) -> None:
    """Store what a file says; rows that cannot be read are named, the others go in.

    The same file twice is the same as once. What a row omits stays as it is.

    \b
    Examples:
      tenken assets import ledger.csv
      tenken assets import xroad.json
      tenken assets import elements.csv --as elements --fiscal-year 2025
    """  # noqa: D301 click needs the character itself
    with writing(open_engine(home)) as connection:
        if what == "elements":
            opened = open_elements(file, chosen=chosen, sheet=sheet)
            found = enrol_elements(connection, opened, fiscal_year=fiscal_year, write=True)
        else:
            opened = open_ledger(file, chosen=chosen, sheet=sheet)
            found = enrol(connection, opened, kind=AssetKind(kind), today=_today(), write=True)
    _print_enrolment(found, as_json=as_json, stored=True)


@assets.command("list")
@click.option("--kind", type=KINDS, help="Only this kind.")
@click.option("--find", "text", default="", help="Only with this in identifier, name or route.")
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="Most rows."
)
@click.option("--offset", type=click.IntRange(0), default=0, help="Rows to skip.")
@home_option
@json_option
def list_(
    *,
    kind: str | None,
    text: str,
    limit: int,
    offset: int,
    home: Path | None,
    as_json: bool,
) -> None:
    """List assets by identifier.

    \b
    Examples:
      tenken assets list --kind bridge --find 金沢
      tenken assets list --limit 1000 --json
    """  # noqa: D301 click needs the character itself
    with reading(open_engine(home)) as connection:
        page = sheets.find(
            connection,
            kind=AssetKind(kind) if kind else None,
            text=text,
            limit=limit,
            offset=offset,
        )
    if as_json:
        rows = [asdict(entry) for entry in page.rows]
        _print_json({"assets": rows, "number_matched": page.total})
        return
    for line in say_list(page):
        click.echo(line)


@assets.command()
@click.argument("asset_id")
@click.option(
    "--today",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Day for which due dates and ages are told.  [default: today]",
)
@home_option
@json_option
def show(*, asset_id: str, today: datetime | None, home: Path | None, as_json: bool) -> None:
    """Show one asset: its sheet, its elements' newest records, candidates, what is left to check.

    \b
    Examples:
      tenken assets show ISK-0123
      tenken assets show ISK-0123 --today 2027-04-01 --json
    """  # noqa: D301 click needs the character itself
    with reading(open_engine(home)) as connection:
        entry = sheets.by_id(connection, asset_id)
        found = assess(connection, asset_id, today=today.date() if today else _today())
    if as_json:
        _print_json({**asdict(entry), "assessment": asdict(found)})
        return
    for line in (*say_entry(entry), *say_assessment(found, entry)):
        click.echo(line)


def _print_enrolment(found: Enrolment, *, as_json: bool, stored: bool) -> None:
    """Print what a file says and what became of it."""
    if not as_json:
        for line in say_enrolment(found, stored=stored):
            click.echo(line)
        return
    table, mapping = found.table, found.mapping
    _print_json(
        {
            "file": table.name,
            "form": table.form,
            "heading_line": table.heading_line,
            "facts": dict(table.facts),
            "columns": {name: table.heading[at] for name, at in mapping.columns.items()},
            "unused": list(mapping.unused),
            "rows": len(table.rows),
            "blank": table.blank,
            "stored": stored,
            "counts": {change.value: count for change, count in found.counts.items()},
            "problems": [asdict(problem) for problem in found.problems],
            "differences": [asdict(one) for one in found.differences],
            "sample": [asdict(entry) for entry in found.sample],
        }
    )


def _print_json(content: object) -> None:
    click.echo(json.dumps(content, ensure_ascii=False, indent=2, default=str))


def _today() -> date:
    return day_in_japan(SystemClock().now())


def open_engine(home: Path | None) -> Engine:
    """Open the database; a home folder on the command line wins over the environment."""
    store = (
        StoreSettings()
        if home is None
        else StoreSettings(home=home, database_url=None, blobs_url=None)
    )
    url = store.resolved_database_url()
    schema.upgrade(url)
    return create_engine(url)
