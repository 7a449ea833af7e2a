"""Command ``tenken flight draw``: a picture of a plan."""

from pathlib import Path

import click

from flight.coverage import plan_coverage
from flight.picture import draw_plan
from flight.planfile import read_plan
from inspection.errors import BadInput

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="Picture: .png, .jpg or .webp.",
)
def draw(*, file: Path, out: Path) -> None:
    """Draw the photos that 'tenken flight plan' wrote, and what they see.

    \b
    Example:
      tenken flight draw deck.photos.geojson --out deck.png
    """  # noqa: D301 click needs the character itself
    if out.suffix.casefold() not in SUFFIXES:
        raise BadInput(f"{out.name} ends in none of {', '.join(SUFFIXES)}")
    plan = read_plan(file)
    if not plan.photos:
        raise BadInput(f"{file.name} has no photo: there is nothing to draw")
    seen = plan_coverage(plan)
    try:
        draw_plan(plan, seen).save(out)
    except OSError as error:
        raise BadInput(f"{out} cannot be written: {error}") from error
    click.echo(f"{out.name}: {len(plan.photos)} photos, {seen.good_share:.1%} seen as wished")
