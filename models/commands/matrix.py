"""Command ``tenken models matrix``: how good each model is, in each arithmetic, as a page."""

from pathlib import Path

import click

from datasets.options import data_dir_option
from inspection.settings import DetectSettings
from models.registry import shipped_names


@click.command("matrix")
@click.argument("names", nargs=-1)
@click.option(
    "--out",
    "out_path",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("docs/what-it-finds-and-misses.md"),
    show_default=True,
    help="Page to write; pictures go into the folder `pictures` beside it.",
)
@click.option(
    "--precision",
    "precisions",
    type=click.Choice(["f32", "bf16"]),
    multiple=True,
    default=("f32", "bf16"),
    show_default=True,
    help="Arithmetic; may be given again.",
)
@click.option(
    "--pictures/--no-pictures",
    "pictured",
    default=True,
    show_default=True,
    help="Draw the best, the worst and the false; they show photos of the published sets.",
)
@data_dir_option
def matrix_command(
    *,
    names: tuple[str, ...],
    out_path: Path,
    precisions: tuple[str, ...],
    pictured: bool,
    data_dir: Path,
) -> None:
    """Judge models (by default all that ship) side by side and write the page with pictures.

    \b
    Examples:
      tenken models matrix
      tenken models matrix tenken-crack-n mine --precision f32 --out mine.md
    """  # noqa: D301
    from models.judging.matrix import write_page  # noqa: PLC0415  # pulls in OpenVINO and the readers

    write_page(
        out_path,
        names or shipped_names(),
        data_dir,
        own_dir=DetectSettings().models_dir,
        precisions=precisions,
        pictured=pictured,
        report=lambda line: click.echo(line, err=True),
    )
    click.echo(f"wrote {out_path}")
