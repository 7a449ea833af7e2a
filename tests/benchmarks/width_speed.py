"""Measure 10 000 m of crack centre line at 1 mm/px by its profiles: seconds, and memory.

Every pixel of the centre line is read: a profile each 5 px is the mean of five, one pixel apart.
The image is walked in tiles, so memory does not depend on its size; a tenth is compared with the
whole to show it. Thinning and tracing of the masks are not in these figures.
"""

import argparse
from collections.abc import Sequence

import cv2
import numpy as np

from inspection.domain.widthcalibration import CONCRETE, Tone
from inspection.imaging.crossing import light_of, sample_profiles
from inspection.imaging.widths import measure_light
from inspection.pipeline.gauge import Gauge

METRES = 10_000
GSD_M_PER_PX = 0.001
TILE_PX = 2048
SPACING_PX = 64
STEP_PX = 5
WIDTH_PX = 4.0
SECONDS = 60.0
GROWTH = 1.10
"""Peak memory of the whole ÷ that of a tenth."""


def tile(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw a tile of slanted lines; give it with its stations (n, 2) and normals."""
    rng = np.random.default_rng(seed)
    grey = np.full((TILE_PX, TILE_PX), 140.0, np.float32)
    slope = 0.2
    normal = np.array([-slope, 1.0]) / np.hypot(slope, 1.0)
    x = np.arange(20.0, TILE_PX - 20, STEP_PX / np.hypot(slope, 1.0))
    points = []
    columns, rows = np.meshgrid(np.arange(TILE_PX) + 0.5, np.arange(TILE_PX) + 0.5)
    for start in range(30, int(TILE_PX - 30 - slope * TILE_PX), SPACING_PX):
        off = np.abs((rows - start - slope * columns) * normal[1])
        grey -= 130 * np.clip(WIDTH_PX / 2 + 0.5 - off, 0, 1).astype(np.float32)
        points.append(np.column_stack([x, start + slope * x]))
    grey = cv2.GaussianBlur(grey, (0, 0), 0.8) + rng.normal(0, 2, grey.shape)
    stations = np.concatenate(points)
    return np.clip(grey, 0, 255).astype(np.uint8), stations, np.tile(normal, (len(stations), 1))


def measure_metres(metres: float) -> tuple[float, float]:
    """Measure so many metres, tile after tile; give the metres done and the median width."""
    grey, points, normals = tile(3)
    done, medians = 0.0, []
    while done < metres:
        light = light_of(grey, Tone.CODED)  # every tile is turned into light anew
        profiles = sample_profiles(light, points, normals, interpolation=cv2.INTER_LINEAR)
        found = measure_light(profiles, CONCRETE, True, False)
        medians.append(float(np.nanmedian(found.width_px)))
        done += len(points) * STEP_PX * GSD_M_PER_PX
    return done, float(np.median(medians))


def main(argv: Sequence[str] | None = None) -> int:
    """Print seconds and memory; 1 when either misses its target."""
    argparse.ArgumentParser(description=__doc__).parse_args(argv)
    measure_metres(1)
    with Gauge() as tenth:
        measure_metres(METRES / 10)
    with Gauge() as whole:
        done, median = measure_metres(METRES)
    growth = whole.peak_rss_mb / tenth.peak_rss_mb
    print(
        f"{done:.0f} m in {whole.seconds:.1f} s (target < {SECONDS:.0f} s), median {median:.2f} px"
    )
    print(f"peak {whole.peak_rss_mb:.0f} MB, a tenth of it {tenth.peak_rss_mb:.0f} MB")
    return 0 if whole.seconds < SECONDS and growth <= GROWTH else 1


if __name__ == "__main__":
    raise SystemExit(main())
