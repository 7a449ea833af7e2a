"""Measure how a shipped model draws cracks: rendered widths against the widths of its masks.

The deck has another seed than the demo's, so that the demo judges what is measured here. With
``--write`` the result is kept beside the weights.
"""

import argparse
import json
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from inspection.domain.measurement import UNCALIBRATED, MaskCalibration
from inspection.settings import DetectSettings
from models.calibration import write_calibration
from models.registry import DEFAULT_MODEL, load_entry
from workers.demo import demonstrate
from workers.outfit import home_settings, outfit
from workers.progress import PlainProgress

SEED = 11
CLEAR_PX = 3.5
"""Cracks from this width on are drawn by their width; narrower ones at the network's least."""

Pair = tuple[float, float]
"""True width and width of the mask, px."""


def measure_pairs(folder: Path, model: str, seed: int = SEED) -> list[Pair]:
    """Drive the road on a rendered deck without calibration; give the widths of its cracks."""
    tools = outfit(
        home_settings(folder / "store"), DetectSettings(), progress=PlainProgress(), model=model
    )
    delivered = demonstrate(
        folder, tools=replace(tools, calibration=UNCALIBRATED, widths=None), seed=seed
    )
    gsd_mm = delivered.account["truth"]["gsd_mm_per_px"]
    return [
        (row["width_px"], row["width_found_mm"] / gsd_mm)
        for row in delivered.account["truth"]["cracks_by_row"]
        if row["width_found_mm"] is not None and not row["tapered"]
    ]


def calibrate(pairs: Sequence[Pair]) -> MaskCalibration:
    """Fit the offset on clear cracks, and the limit on those that are too narrow to tell apart.

    >>> calibrate([(1.0, 5.5), (2.0, 5.8), (4.0, 6.5), (5.0, 7.7), (6.0, 8.6)]).offset_px
    2.6
    """
    misses = [mask - true for true, mask in pairs if true >= CLEAR_PX]
    offset = statistics.median(misses)
    spread = statistics.pstdev(misses)
    widest_narrow = max((mask for true, mask in pairs if true < CLEAR_PX), default=offset + 1.0)
    return MaskCalibration(
        offset_px=round(offset, 2),
        offset_std_px=round(spread, 2),
        limit_px=round(max(1.0, widest_narrow - offset + spread), 2),
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Print the widths and the calibration."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep it beside the weights")
    parser.add_argument("--model", default=DEFAULT_MODEL, help="shipped model to calibrate")
    wanted = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        pairs = measure_pairs(Path(folder), wanted.model)
    for true, mask in sorted(pairs):
        print(f"true {true:5.2f} px   mask {mask:5.2f} px   too wide by {mask - true:5.2f} px")
    found = calibrate(pairs)
    print(json.dumps(asdict(found)))
    if wanted.write:
        command = f"python -m tests.benchmarks.mask_offset --model {wanted.model} --write"
        print(write_calibration(load_entry(wanted.model), found, command))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
