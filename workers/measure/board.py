"""Commands ``tenken measure board``: print lines of known width, and judge a camera by them."""

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inspection.domain.widthboard import SIZES_MM, Paper, lay_out_board
from inspection.errors import BadInput, NotFound
from workers.progress import progress_for_stderr

if TYPE_CHECKING:
    from inspection.domain.widthcalibration import WidthCalibration

PAPER = click.option(
    "--paper",
    type=click.Choice([paper.value for paper in Paper]),
    default=Paper.A4.value,
    show_default=True,
    help="Size of the board.",
)


@click.group("board")
def board_group() -> None:
    """Test how well a camera measures widths, with a printed board of known lines.

    \b
    Examples:
      tenken measure board print board.pdf
      tenken measure board check photos/*.jpg --out camera/
      tenken run flight/ --out out/bridge-12 --width-calibration camera/camera.widths.json
    """  # noqa: D301 (click needs the character, not the backslash)


@board_group.command("print")
@click.argument("pdf", type=click.Path(dir_okay=False, path_type=Path))
@PAPER
def print_command(*, pdf: Path, paper: str) -> None:
    """Write the board as a PDF in its true size: lines of 0.05 to 2 mm in three directions.

    Print it at 100 %, and check both bars with a ruler.

    \b
    Examples:
      tenken measure board print board.pdf
      tenken measure board print board.pdf --paper a3
    """  # noqa: D301 (click needs the character, not the backslash)
    from inspection.export.boardpdf import write_board_pdf  # noqa: PLC0415  # slow to import

    board = lay_out_board(Paper(paper))
    write_board_pdf(board, pdf)
    width, height = SIZES_MM[board.paper]
    click.echo(
        f"{pdf}: {len(board.lines)} lines on {width:g} × {height:g} mm; print at 100 % and check "
        "that both bars measure 100.0 mm"
    )


@board_group.command("check")
@click.argument(
    "photos", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Result folder."
)
@PAPER
@click.option(
    "--for",
    "surface",
    type=click.Choice(["concrete", "clean"]),
    default="concrete",
    show_default=True,
    help="concrete: cracks in concrete, whose ragged edges ink does not have; the board can only "
    "make their uncertainty larger. clean: saw cuts, printed or rendered lines, as the board "
    "shows them.",
)
@click.option(
    "--printed",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV nominal_mm,printed_mm of widths that were measured on this print.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def check_command(
    *,
    photos: tuple[Path, ...],
    out: Path,
    paper: str,
    surface: str,
    printed: Path | None,
    as_json: bool,
) -> None:
    """Judge a camera by PHOTOS of the board.

    Take them as the structure will be photographed: same camera, lens, distances and light.
    Writes performance.json, performance.csv and camera.widths.json, which 'tenken run' takes as
    --width-calibration.

    \b
    Examples:
      tenken measure board check near.jpg far.jpg --out camera/
      tenken measure board check *.jpg --out camera/ --printed printed.csv --json
    """  # noqa: D301 (click needs the character, not the backslash)
    from inspection.export.writing import replace_text  # noqa: PLC0415
    from inspection.pipeline.boardreport import (  # noqa: PLC0415  # OpenCV is slow to import
        report_csv,
        report_lines,
        report_plain,
    )
    from inspection.pipeline.boardtest import check_board  # noqa: PLC0415

    with progress_for_stderr() as progress:
        test = check_board(
            photos,
            lay_out_board(Paper(paper)),
            printed_mm=_printed(printed) if printed else None,
            progress=progress,
        )
    plain = report_plain(test)
    out.mkdir(parents=True, exist_ok=True)
    replace_text(out / "performance.json", json.dumps(plain, ensure_ascii=False, indent=2) + "\n")
    replace_text(out / "performance.csv", report_csv(test))
    chosen = test.clean if surface == "clean" else test.concrete()
    replace_text(out / "camera.widths.json", _calibration_text(chosen, surface))
    if as_json:
        click.echo(json.dumps(plain, ensure_ascii=False, indent=2))
        return
    for line in report_lines(test):
        click.echo(line)
    click.echo(f"\ncalibration for {surface}: {out / 'camera.widths.json'}")


def _calibration_text(calibration: "WidthCalibration", surface: str) -> str:
    """Write the calibration as the text of its file."""
    from inspection.codelists.widthcalibrations import width_calibration_text  # noqa: PLC0415

    return width_calibration_text(
        calibration, measured_by=f"tenken measure board check --for {surface}"
    )


def _printed(path: Path) -> dict[float, float]:
    """Read which width each nominal width really has on a print.

    Raises:
        NotFound: when the file cannot be read.
        BadInput: when a row is no pair of widths.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise NotFound(f"{path} cannot be read: {error}") from error
    found: dict[float, float] = {}
    for number, row in enumerate(rows, start=2):
        try:
            nominal, real = float(row["nominal_mm"]), float(row["printed_mm"])
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(
                f"{path} line {number}: two columns nominal_mm and printed_mm with widths in mm "
                f"are needed, got {row}"
            ) from error
        if not (0 < nominal < 10 and 0 < real < 10):
            raise BadInput(f"{path} line {number}: widths must be 0–10 mm, got {nominal}, {real}")
        found[nominal] = real
    return found
