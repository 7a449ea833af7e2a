"""``tenken programme export``: a programme as CSV or XLSX."""

from pathlib import Path

import click

from inspection.errors import BadInput
from inspection.export.programme import write_programme_csv, write_programme_xlsx
from inspection.pipeline.programmesheet import laid_out
from inspection.store import programmes
from inspection.store.engine import reading
from workers.planner_options import home_option, lang_option, open_engine


@click.command()
@click.argument("name")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="File, .csv or .xlsx.",
)
@lang_option
@home_option
def export(*, name: str, out: Path, lang: str, home: Path | None) -> None:
    """Write a programme with every reason into a CSV (UTF-8 with BOM) or XLSX file.

    \b
    Examples:
      tenken programme export R9-13 --out programme.xlsx --lang ja
      tenken programme export R9-13 --out programme.csv
    """  # noqa: D301 click needs the character itself
    suffix = out.suffix.lower()
    if suffix not in (".csv", ".xlsx"):
        raise BadInput(f"{out.name}: a programme is written as .csv or .xlsx")
    with reading(open_engine(home)) as connection:
        found = programmes.by_name(connection, name)
        sheet = laid_out(connection, found, lang)
    if suffix == ".csv":
        write_programme_csv(sheet, out)
    else:
        write_programme_xlsx(sheet, out, japanese=lang == "ja")
    click.echo(f"{out}: {len(sheet.rows)} lines")
