"""Command ``tenken measure widths``: widths across the profiles of a CSV."""

import csv
import io
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inspection.finite import FiniteRange

if TYPE_CHECKING:
    from inspection.pipeline.profilewidths import RowWidth

COLUMNS = ("id", "width_px", "width_mm", "expanded_uncertainty_mm", "method", "below_limit")


@click.command("widths")
@click.argument("profiles", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="CSV to write: one row for each row read, in the same order.",
)
@click.option(
    "--gsd-uncertainty",
    type=FiniteRange(0.0, 1.0),
    default=0.05,
    show_default=True,
    help="Standard uncertainty of mm_per_px, of 1: 0.02 from a 3-D model, 0.05 from a known "
    "length, 0.15 from the stand-off alone.",
)
@click.option(
    "--width-calibration",
    "widths_file",
    type=click.Path(path_type=Path),
    help="How the camera draws cracks, from 'tenken measure board'; default: cracks in concrete.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def widths_command(
    *, profiles: Path, out: Path, gsd_uncertainty: float, widths_file: Path | None, as_json: bool
) -> None:
    """Measure the crack width across grey profiles.

    PROFILES is a CSV with the columns mm_per_px, profile_intensities (grey values 0-255 one pixel
    apart, separated by spaces) and, if wanted, id. The uncertainty is expanded (k = 2). A width
    that the profile cannot show is left empty, with below_limit 1.

    \b
    Examples:
      tenken measure widths profiles.csv --out widths.csv
      tenken measure widths profiles.csv --out widths.csv --gsd-uncertainty 0.02 --json
    """  # noqa: D301
    from inspection.codelists.widthcalibrations import load_width_calibration  # noqa: PLC0415
    from inspection.domain.widthcalibration import CONCRETE  # noqa: PLC0415  # SciPy is slow
    from inspection.export.writing import replace_text  # noqa: PLC0415
    from inspection.imaging.profiles_file import read_profiles_csv  # noqa: PLC0415
    from inspection.pipeline.profilewidths import measure_rows  # noqa: PLC0415

    calibration = load_width_calibration(widths_file) if widths_file else CONCRETE
    answers = measure_rows(read_profiles_csv(profiles), calibration, gsd_ratio=gsd_uncertainty)
    replace_text(out, _csv(answers))
    methods = Counter(answer.method for answer in answers)
    refused = [(answer.row_id, answer.trouble) for answer in answers if answer.trouble]
    summary = {
        "rows": len(answers),
        "answered": sum(answer.width_px is not None for answer in answers),
        "below_limit": sum(answer.below_limit for answer in answers),
        "refused": len(refused),
        "methods": dict(sorted(methods.items())),
        "calibration": calibration.name,
    }
    if as_json:
        click.echo(json.dumps(summary))
    else:
        click.echo(
            f"{summary['answered']} of {summary['rows']} widths measured, "
            f"{summary['below_limit']} below the measurable limit, {summary['refused']} refused"
        )
    for row_id, trouble in refused[:20]:
        click.echo(f"row {row_id}: {trouble}", err=True)
    if len(refused) > 20:
        click.echo(f"and {len(refused) - 20} more rows were refused", err=True)


def _csv(answers: Sequence["RowWidth"]) -> str:
    """Write the answers as CSV, one row for each."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for answer in answers:
        numbers = (answer.width_px, answer.width_mm, answer.expanded_uncertainty_mm)
        writer.writerow(
            [answer.row_id]
            + ["" if number is None else f"{number:.4f}" for number in numbers]
            + [answer.method, int(answer.below_limit)]
        )
    return text.getvalue()
