"""``tenken programme costs``: price lists in, and looked at."""

from dataclasses import asdict
from pathlib import Path

import click

from inspection.codelists.columns import COSTS, load_fields
from inspection.domain.unitcost import UnitCost
from inspection.errors import BadInput
from inspection.intake.mapping import map_columns, read_choices
from inspection.intake.opening import open_table
from inspection.intake.pricelist import read_price_list
from inspection.pipeline.allot import check_name
from inspection.store import prices
from inspection.store.engine import reading, writing
from workers.planner_options import home_option, json_option, open_engine, print_json


@click.group()
def costs() -> None:
    """Bring in price lists: unit costs of works, estimates for single assets."""


@costs.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--list", "list_name", default="default", show_default=True, help="Name of the list.")
@click.option(
    "--map",
    "chosen",
    multiple=True,
    metavar="COLUMN=FIELD",
    help="Say what a column means; FIELD empty leaves it out. May be given several times.",
)
@click.option("--sheet", help="Sheet of a workbook.")
@click.option("--dry-run", is_flag=True, help="Only show what would be stored.")
@home_option
@json_option
def import_(
    *,
    file: Path,
    list_name: str,
    chosen: tuple[str, ...],
    sheet: str | None,
    dry_run: bool,
    home: Path | None,
    as_json: bool,
) -> None:
    """Store a price list in the place of the one of that name.

    A row prices one work: emergency, investigation, inspection, preventive, major or replacement,
    by m² (length × width), m or the piece. A row with an asset is an estimate for that asset. Rows
    that cannot be read are named; the others go in.

    \b
    Examples:
      tenken programme costs import prices.csv --dry-run
      tenken programme costs import prices.xlsx --sheet 単価 --list 2026
    """  # noqa: D301 click needs the character itself
    fields = load_fields(COSTS)
    table = open_table(file, fields, sheet=sheet)
    mapping = map_columns(table, fields, chosen=read_choices(chosen), needed=("work",))
    read = read_price_list(table, mapping)
    rows = [row for _, row in read.rows]
    if not rows:
        first = read.problems[0] if read.problems else "it has no rows"
        raise BadInput(f"{file.name} has no price that can be read ({first}); nothing was stored")
    if not dry_run:
        with writing(open_engine(home)) as connection:
            prices.replace_list(connection, check_name(list_name), rows)
    if as_json:
        print_json(
            {
                "list": list_name,
                "stored": not dry_run,
                "rows": [_plain(row) for row in rows],
                "problems": [asdict(problem) for problem in read.problems],
                "unused": list(mapping.unused),
            }
        )
        return
    columns = ", ".join(f"{table.heading[at]} → {name}" for name, at in mapping.columns.items())
    click.echo(f"{table.name}: {table.form}, {len(table.rows)} rows")
    click.echo(f"columns: {columns}")
    for problem in read.problems:
        click.echo(f"{table.unit} {problem.line}: {problem}")
    what = "would be stored" if dry_run else "stored"
    click.echo(f"{what}: {len(rows)} prices as {list_name!r}; {len(read.problems)} refused")


@costs.command()
@click.argument("list_name", default="default")
@home_option
@json_option
def show(*, list_name: str, home: Path | None, as_json: bool) -> None:
    """Show a price list.

    \b
    Example:
      tenken programme costs show 2026
    """  # noqa: D301 click needs the character itself
    with reading(open_engine(home)) as connection:
        rows = prices.of_list(connection, list_name)
    if as_json:
        print_json([_plain(row) for row in rows])
        return
    for row in rows:
        click.echo(_words(row))


@costs.command("list")
@home_option
def list_(*, home: Path | None) -> None:
    """Name the price lists.

    \b
    Example:
      tenken programme costs list
    """  # noqa: D301 click needs the character itself
    with reading(open_engine(home)) as connection:
        for name, count in prices.names(connection).items():
            click.echo(f"{name}  {count} prices")


def _plain(row: UnitCost) -> dict[str, object]:
    return {**asdict(row), "soundness": sorted(row.soundness)}


def _words(row: UnitCost) -> str:
    conditions = "/".join(sorted(row.soundness)) or "as meant for"
    extra = f" +{row.overhead_percent:g} %" if row.overhead_percent else ""
    least = f", at least {row.minimum_yen:,.0f} yen" if row.minimum_yen else ""
    where = f"for {row.asset_id}" if row.asset_id else f"{row.kind.value}, {conditions}"
    structure = f", {row.structure}" if row.structure else ""
    return (
        f"{row.work.value}  {row.name}  {row.yen:,.0f} yen/{row.unit.value}{extra}{least}  "
        f"({where}{structure})"
    )
