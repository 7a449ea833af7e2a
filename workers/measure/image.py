"""Command ``tenken measure image``: widths along the cracks of one photo and its mask."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inspection.errors import BadInput
from inspection.finite import FiniteRange

if TYPE_CHECKING:
    from inspection.pipeline.imagewidths import PieceWidth


@click.command("image")
@click.argument("image", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--mask",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="Picture of the same size, above 127 on cracks.",
)
@click.option(
    "--gsd-mm-per-px",
    type=FiniteRange(0.0, 1000.0, min_open=True),
    required=True,
    help="Size of a pixel on the surface, mm.",
)
@click.option(
    "--gsd-uncertainty",
    type=FiniteRange(0.0, 1.0),
    default=0.05,
    show_default=True,
    help="Standard uncertainty of that, of 1.",
)
@click.option(
    "--tilt-deg",
    type=FiniteRange(0.0, 90.0),
    default=0.0,
    help="Angle of incidence, 0 = square on; above 45 no width is given.",
)
@click.option(
    "--tilt-direction-deg",
    type=FiniteRange(),
    default=0.0,
    help="Direction of the tilt in the image, from right towards down.",
)
@click.option(
    "--tone",
    type=click.Choice(["coded", "srgb"]),
    help="Without a calibration file. coded (default): cracks in concrete, whose broken edges make "
    "up for the tone curve (calibrated); srgb: clean lines, printed or rendered, in light "
    "linearised by sRGB (not calibrated).",
)
@click.option(
    "--width-calibration",
    "widths_file",
    type=click.Path(path_type=Path),
    help="How the camera draws cracks, from 'tenken measure board'; default: cracks in concrete.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def image_command(
    *,
    image: Path,
    mask: Path,
    gsd_mm_per_px: float,
    gsd_uncertainty: float,
    tilt_deg: float,
    tilt_direction_deg: float,
    tone: str | None,
    widths_file: Path | None,
    as_json: bool,
) -> None:
    """Measure the cracks that a mask marks in an image, on its native pixels.

    Prints one line for each piece, longest first: length, representative width with its expanded
    uncertainty (k = 2), and how many points each estimator measured.

    \b
    Examples:
      tenken measure image pier.jpg --mask pier_cracks.png --gsd-mm-per-px 0.2
      tenken measure image wall.jpg --mask m.png --gsd-mm-per-px 0.3 --tilt-deg 25 --json
    """  # noqa: D301
    from inspection.codelists.widthcalibrations import load_width_calibration  # noqa: PLC0415
    from inspection.domain.oblique import WARN_DEG  # noqa: PLC0415
    from inspection.domain.widthcalibration import CONCRETE, Tone  # noqa: PLC0415
    from inspection.imaging.decode import read_grey  # noqa: PLC0415  # OpenCV is slow to import
    from inspection.pipeline.imagewidths import Tilt, measure_image  # noqa: PLC0415

    if widths_file is not None and tone is not None:
        raise BadInput("--tone is part of the calibration; give --tone or --width-calibration")
    calibration = (
        load_width_calibration(widths_file)
        if widths_file is not None
        else replace(CONCRETE, tone=Tone(tone or "coded"))
    )
    pieces = measure_image(
        read_grey(image),
        read_grey(mask) > 127,
        gsd_mm_per_px=gsd_mm_per_px,
        gsd_ratio=gsd_uncertainty,
        calibration=calibration,
        tilt=Tilt(angle_deg=tilt_deg, direction_deg=tilt_direction_deg),
    )
    if tilt_deg > WARN_DEG:
        click.echo(
            f"seen at {tilt_deg:.0f}°: the correction is known to work up to {WARN_DEG:.0f}°",
            err=True,
        )
    if as_json:
        click.echo(json.dumps([_plain(piece) for piece in pieces], indent=2))
        return
    for number, piece in enumerate(pieces, start=1):
        click.echo(f"{number:3d}  {_line(piece)}")


def _plain(piece: "PieceWidth") -> dict[str, object]:
    """Return a piece as plain values."""
    return {
        "length_m": round(piece.length_m, 4),
        "width_mm": piece.width_mm,
        "expanded_uncertainty_mm": piece.expanded_uncertainty_mm,
        "limit_mm": piece.limit_mm,
        "below_limit": piece.width_mm is None,
        "methods": piece.methods,
        "segments": [asdict(segment) for segment in piece.segments],
        "first_px": piece.points_px[0].round(1).tolist(),
        "last_px": piece.points_px[-1].round(1).tolist(),
    }


def _line(piece: "PieceWidth") -> str:
    """Write a piece as one line."""
    width = (
        f"< {piece.limit_mm:.2f} mm"
        if piece.width_mm is None or piece.expanded_uncertainty_mm is None
        else f"{piece.width_mm:.2f} ± {piece.expanded_uncertainty_mm:.2f} mm"
    )
    methods = ", ".join(f"{name} {count}" for name, count in sorted(piece.methods.items()))
    return f"{piece.length_m:.3f} m  {width}  ({methods or 'no point'})"
