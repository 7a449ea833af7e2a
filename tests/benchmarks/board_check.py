"""Photograph the printed target board through rendered cameras and judge them by it.

The camera is known (blur, noise, tilt), so the figures say what the method does and nothing of any
real printer, lens or light. ``--picture`` keeps one of the photos.
"""

import argparse
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from inspection.domain.widthboard import lay_out_board
from inspection.export.boardpdf import write_board_pdf
from inspection.pipeline.boardreport import report_lines
from inspection.pipeline.boardtest import BoardTest, check_board
from inspection.pipeline.ports import Silence
from tests.support.board_photo import BoardShot, page_of, photograph_board

SHOTS = tuple(
    BoardShot(gsd_mm=gsd, tilt_deg=tilt, turn_deg=turn, blur_px=1.1, noise=0.02, seed=number)
    for number, (gsd, tilt, turn) in enumerate(
        [(0.2, 0, 0), (0.2, 15, 8), (0.3, 0, 5), (0.3, 20, 0), (0.45, 0, 0), (0.45, 10, 12)]
    )
)
JUDGED_BY = BoardShot(gsd_mm=0.25, tilt_deg=8.0, turn_deg=3.0, blur_px=1.1, noise=0.02, seed=40)
MOST_BIAS_PX, LEAST_COVERAGE = 0.08, 0.9


def judge(fitted: BoardTest, new: BoardTest) -> tuple[float, float, float]:
    """Give bias px, mean absolute error px and coverage on a photo that had no say."""
    lines = [r for r in new.readings if r.true_mm > 0 and r.detected]
    width = np.array([fitted.corrected_px(line) for line in lines])
    miss = width - np.array([line.true_px for line in lines])
    noise = np.array([line.noise_px for line in lines])
    u = 2 * np.sqrt(noise**2 + fitted.clean.floor_px**2 + (fitted.clean.share * width) ** 2)
    return float(miss.mean()), float(np.abs(miss).mean()), float((np.abs(miss) <= u).mean())


def main(argv: Sequence[str] | None = None) -> int:
    """Print the report; 1 when a photo that had no say is measured wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--picture", type=Path, help="keep the photo of 20° tilt")
    wanted = parser.parse_args(argv)
    board = lay_out_board()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_board_pdf(board, folder / "board.pdf")
        page = page_of(folder / "board.pdf")
        photos = [
            photograph_board(page, folder / f"{shot.gsd_mm}mm-{shot.tilt_deg:g}deg.png", shot)
            for shot in SHOTS
        ]
        fitted = check_board(photos, board, progress=Silence())
        other = photograph_board(page, folder / "other.png", JUDGED_BY)
        bias, error, coverage = judge(fitted, check_board([other], board, progress=Silence()))
        if wanted.picture is not None:
            shutil.copyfile(photos[3], wanted.picture)
    for line in report_lines(fitted):
        print(line)
    print(
        f"\na photo that had no say: bias {bias:+.3f} px, mean error {error:.3f} px, "
        f"{coverage:.1%} within U"
    )
    return 0 if abs(bias) <= MOST_BIAS_PX and coverage >= LEAST_COVERAGE else 1


if __name__ == "__main__":
    raise SystemExit(main())
