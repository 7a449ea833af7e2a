"""Draw measured against true width of real cracks, with intervals, for the documentation.

Run ``python -m tests.benchmarks.width_picture --out docs/pictures/widths-real.png``.
"""

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from inspection.domain.widthcalibration import CONCRETE
from inspection.pipeline.profilewidths import measure_rows
from tests.benchmarks.width_profiles import GSD_RATIO, rows_of

SIDE, EDGE, MOST_PX = 900, 80, 14.0
COLOURS = {"BridgeS": (170, 170, 170), "BridgeB": (30, 90, 220), "Indoors": (160, 110, 20)}
"""BGR: grey for what the calibration was fitted on."""


def place(true_px: float, found_px: float) -> tuple[int, int]:
    """Give the point of a pair of widths; both axes go by the square root."""
    scale = (SIDE - 2 * EDGE) / np.sqrt(MOST_PX)
    return (
        int(EDGE + scale * np.sqrt(max(true_px, 0.0))),
        int(SIDE - EDGE - scale * np.sqrt(min(max(found_px, 0.0), MOST_PX))),
    )


def frame(colours: Mapping[str, tuple[int, int, int]]) -> np.ndarray:
    """Draw axes, the line of equality and a legend, (900, 900, 3) BGR."""
    picture = np.full((SIDE, SIDE, 3), 255, np.uint8)
    font, ink = cv2.FONT_HERSHEY_SIMPLEX, (60, 60, 60)
    for tick in (0, 0.5, 1, 2, 4, 6, 8, 10, 12, 14):
        x, y = place(tick, tick)
        cv2.line(picture, (x, EDGE), (x, SIDE - EDGE), (235, 235, 235), 1)
        cv2.line(picture, (EDGE, y), (SIDE - EDGE, y), (235, 235, 235), 1)
        cv2.putText(picture, f"{tick:g}", (x - 8, SIDE - EDGE + 24), font, 0.5, ink, 1, cv2.LINE_AA)
        cv2.putText(picture, f"{tick:g}", (EDGE - 36, y + 5), font, 0.5, ink, 1, cv2.LINE_AA)
    cv2.line(picture, place(0, 0), place(MOST_PX, MOST_PX), (0, 0, 0), 1, cv2.LINE_AA)
    for line, (name, colour) in enumerate(colours.items()):
        y = EDGE + 24 + 26 * line
        cv2.circle(picture, (EDGE + 20, y - 5), 5, colour, -1, cv2.LINE_AA)
        cv2.putText(picture, name, (EDGE + 36, y), font, 0.55, ink, 1, cv2.LINE_AA)
    title = "true width, px"
    cv2.putText(picture, title, (SIDE // 2 - 60, SIDE - 24), font, 0.6, ink, 1, cv2.LINE_AA)
    cv2.putText(
        picture, "measured width +/- U, px", (EDGE, EDGE - 24), font, 0.6, ink, 1, cv2.LINE_AA
    )
    return picture


def draw_width(
    picture: np.ndarray,
    true_px: float,
    found_px: float,
    reach_px: float,
    colour: tuple[int, int, int],
) -> None:
    """Draw one width as a dot with its interval."""
    low, high = found_px - reach_px, found_px + reach_px
    cv2.line(picture, place(true_px, low), place(true_px, high), colour, 1, cv2.LINE_AA)
    cv2.circle(picture, place(true_px, found_px), 3, colour, -1, cv2.LINE_AA)


def draw(data_dir: Path) -> np.ndarray:
    """Draw the real cracks, (900, 900, 3) BGR."""
    notes = {"BridgeS": "BridgeS (fitted on)"}
    picture = frame({notes.get(site, site): colour for site, colour in COLOURS.items()})
    rows = rows_of(data_dir)
    for row, answer in zip(rows, measure_rows(rows, CONCRETE, gsd_ratio=GSD_RATIO), strict=True):
        if answer.width_px is None or answer.expanded_uncertainty_mm is None:
            continue
        true, reach = float(row.columns["true_width_px"]), answer.expanded_uncertainty_mm
        colour = COLOURS[row.columns["site"]]
        draw_width(picture, true, answer.width_px, reach / row.mm_per_px, colour)
    return picture


def main(argv: Sequence[str] | None = None) -> int:
    """Write the picture where ``--out`` says; without it there is nothing to do."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    wanted = parser.parse_args(argv)
    default = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    data_dir = Path(os.environ.get("TENKEN_DATA_DIR", default))
    if wanted.out is None or not (data_dir / "widths" / "profiles.csv").is_file():
        print("nothing to draw: give --out, and TENKEN_DATA_DIR with 'widths' in it")
        return 0
    cv2.imwrite(str(wanted.out), draw(data_dir))
    print(wanted.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
