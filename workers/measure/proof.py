"""Commands ``tenken measure capability`` and ``tenken measure growth``."""

import json
from pathlib import Path

import click

from inspection.errors import Unavailable
from inspection.export.writing import replace_text
from inspection.finite import FiniteRange
from inspection.imaging.viewfile import from_plain
from inspection.pipeline.capability import CELL_M, prove, read_elements, summary, write_proof
from inspection.pipeline.growth import Side, compare, cracks_of, growth_to_plain
from workers.progress import progress_for_stderr
from workers.surveyed import open_survey, photo_files


@click.command()
@click.argument("survey")
@click.option(
    "--width-mm",
    type=FiniteRange(0, min_open=True),
    default=0.2,
    show_default=True,
    help="Crack width that should have been measurable.",
)
@click.option(
    "--elements",
    "elements_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="GeoJSON polygons of the elements; default: all that any photo sees.",
)
@click.option(
    "--photos",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of the photos, when the store has none.",
)
@click.option(
    "--cell-m",
    type=FiniteRange(0, min_open=True),
    default=CELL_M,
    show_default=True,
    help="Side of a cell of the map.",
)
@click.option(
    "--max-incidence-deg",
    type=FiniteRange(0, 45, min_open=True),
    default=20.0,
    show_default=True,
    help="Flatter views prove nothing.",
)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Default: SURVEY/capability."
)
@click.option("--json", "as_json", is_flag=True, help="Print capability.json.")
def capability(
    *,
    survey: str,
    width_mm: float,
    elements_file: Path | None,
    photos: Path | None,
    cell_m: float,
    max_incidence_deg: float,
    out: Path | None,
    as_json: bool,
) -> None:
    """Prove where a crack of some width could have been measured.

    SURVEY is a folder of 'tenken run' or the identifier of a survey. Writes capability.tif (the
    smallest measurable width and why), inspected.tif (1 yes, 2 no, 3 not seen), capability.json
    (per cent of each element) and gaps.geojson, the polygons of a second flight.

    \b
    Examples:
      tenken measure capability out/bridge-12 --width-mm 0.2
      tenken measure capability out/bridge-12 --elements panels.geojson --json
    """  # noqa: D301
    surveyed = open_survey(survey)
    plain = surveyed.views()
    wanted = {str(view["sha256"]) for view in plain["views"]}
    crs = surveyed.mosaic.grid.crs
    with progress_for_stderr() as progress:
        views, surface = from_plain(plain, photo_files(surveyed, wanted, photos))
        proof = prove(
            views,
            surface,
            crs,
            width_mm=width_mm,
            progress=progress,
            elements=read_elements(elements_file, crs) if elements_file else (),
            cell_m=cell_m,
            max_incidence_deg=max_incidence_deg,
        )
    folder = out or surveyed.folder / "capability"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"folder {folder} cannot be made: {error.strerror}") from error
    write_proof(proof, folder)
    if as_json:
        click.echo(json.dumps(summary(proof), ensure_ascii=False, indent=2))
        return
    for share in proof.shares:
        click.echo(
            f"{share.element:<12} {share.area_m2:9.2f} m²   inspected at {width_mm:g} mm "
            f"{share.yes_percent:5.1f} %   not at this width {share.no_percent:5.1f} %   "
            f"not seen {share.not_seen_percent:5.1f} %"
        )
    click.echo(f"{len(proof.gaps)} gaps in {folder / 'gaps.geojson'}")


@click.command()
@click.argument("before")
@click.argument("after")
@click.option(
    "--out", type=click.Path(path_type=Path), help="JSON file; default AFTER/growth.json."
)
@click.option("--json", "as_json", is_flag=True, help="Print the file.")
def growth(*, before: str, after: str, out: Path | None, as_json: bool) -> None:
    """Compare the cracks of two surveys, BEFORE and AFTER, of one place.

    Cracks within 50 mm and 20° of each other are one crack. The change of width is measured on
    both mosaics side by side; a change within its uncertainty is reported as no significant change.

    \b
    Examples:
      tenken measure growth out/bridge-12-2024 out/bridge-12-2029
      tenken measure growth out/2024 out/2029 --json
    """  # noqa: D301
    first, second = open_survey(before), open_survey(after)
    with (
        first.mosaic_path() as a,
        second.mosaic_path() as b,
        progress_for_stderr() as progress,
    ):
        found = compare(
            Side(mosaic=a, cracks=cracks_of(first.seen)),
            Side(mosaic=b, cracks=cracks_of(second.seen)),
            progress,
        )
    plain = growth_to_plain(found)
    path = out or second.folder / "growth.json"
    text = json.dumps(plain, ensure_ascii=False, indent=2)
    replace_text(path, text + "\n")
    if as_json:
        click.echo(text)
        return
    for name, count in plain["counts"].items():
        click.echo(f"{name.replace('_', ' '):<22} {count}")
    click.echo(f"details in {path}")
