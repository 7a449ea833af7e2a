"""Show that detection needs no more memory on a large mosaic than on a small one.

    python -m tests.benchmarks.detect_memory [--detector NAME|darkness] [--sides 10000 30000]

For each side it writes a COG with sparse cracks, window by window, runs the detection in a process
of its own and prints that process's peak resident memory. The exit code is 1 when the peaks differ
by more than 10 %.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from rasterio.transform import Affine
from rasterio.windows import Window

from inspection.pipeline.detect import detect
from inspection.pipeline.gauge import Gauge, peak_rss_mb, reset_peak
from inspection.pipeline.ports import Detector
from models.detector import load_detector
from models.registry import DEFAULT_MODEL, list_names
from tests.support.darkness import DarknessDetector

TOLERANCE = 0.10
GSD_M = 0.002
STRIPE_PX = 512
TEXTURE_PX = 1024
MEGAPIXELS_A_CRACK = 25

HEAD = "side px  chips  found     runs  longest px  seconds  Mpx/s  before MB  peak MB"
LINE = (
    "{side_px:>7}{chips:>7}{detections:>7}{runs:>9}{longest_px:>12}{seconds:>9.1f}{speed:>7.2f}"
    "{before_mb:>11.1f}{peak_mb:>9.1f}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table; memory in MB (10⁶ bytes)."""

    side_px: int
    chips: int
    detections: int
    runs: int
    longest_px: int
    seconds: float
    before_mb: float
    peak_mb: float


def cracks(side_px: int, rng: np.random.Generator) -> list[NDArray[np.int32]]:
    """Draw random walks, (k, 2) x y px: one from edge to edge, and short ones by the area."""
    count = max(1, side_px * side_px // (MEGAPIXELS_A_CRACK * 1_000_000))
    walks = [_walk(np.array([side_px / 2, 0.0]), np.pi / 2, int(1.2 * side_px), rng)]
    for _ in range(count):
        start = rng.uniform(0, side_px, 2)
        walks.append(_walk(start, rng.uniform(0, 2 * np.pi), int(rng.uniform(300, 2500)), rng))
    return walks


def _walk(
    start: NDArray[np.float64], heading: float, length_px: int, rng: np.random.Generator
) -> NDArray[np.int32]:
    angle = heading + np.cumsum(rng.normal(0, 0.06, length_px // 8)) * 0.3
    steps = 8 * np.column_stack([np.cos(angle), np.sin(angle)])
    return np.round(start + np.vstack([[0, 0], np.cumsum(steps, axis=0)])).astype(np.int32)


def write_cog(path: Path, side_px: int) -> None:
    """Write a COG (RGB + alpha, deflate) of concrete with cracks of 3 px, stripe by stripe."""
    rng = np.random.default_rng(side_px)
    grain = cv2.GaussianBlur(rng.normal(0, 12, (TEXTURE_PX, TEXTURE_PX)), (0, 0), 2.0)
    texture = np.tile(grain * 4 + 178, (1, side_px // TEXTURE_PX + 1)).astype(np.uint8)
    walks = cracks(side_px, rng)
    draft = path.with_suffix(".draft.tif")
    profile = {
        "driver": "GTiff", "width": side_px, "height": side_px, "count": 4, "dtype": "uint8",
        "tiled": True, "blockxsize": 512, "blockysize": 512, "photometric": "RGB", "alpha": "YES",
        "transform": Affine(GSD_M, 0, 500000, 0, -GSD_M, 4000000), "crs": "EPSG:32654",
        "bigtiff": "YES", "interleave": "pixel",
    }  # fmt: skip
    with rasterio.Env(GDAL_CACHEMAX=64 * 2**20):
        with rasterio.open(draft, "w", **profile) as sink:
            for top in range(0, side_px, STRIPE_PX):
                rows = min(STRIPE_PX, side_px - top)
                offset = top % TEXTURE_PX
                grey = np.ascontiguousarray(texture[offset : offset + rows, :side_px])
                for walk in walks:
                    if walk[:, 1].max() >= top - 4 and walk[:, 1].min() <= top + rows + 4:
                        cv2.polylines(grey, [walk - (0, top)], False, 45, 3)
                bands = np.stack([grey, grey, grey, np.full_like(grey, 255)])
                sink.write(bands, window=Window(0, top, side_px, rows))
        rasterio.shutil.copy(
            draft, path, driver="COG", BLOCKSIZE=512, COMPRESS="DEFLATE", LEVEL=1,
            OVERVIEW_RESAMPLING="AVERAGE", BIGTIFF="YES", NUM_THREADS="ALL_CPUS",
        )  # fmt: skip
    draft.unlink()


def open_detector(name: str) -> Detector:
    """Open the named model, or the fake that keeps the same contract."""
    return DarknessDetector() if name == "darkness" else load_detector(name)


def measure(path: Path, side_px: int, name: str) -> Row:
    """Detect in this process and tell what it took."""
    detector = open_detector(name)
    reset_peak()
    before_mb = peak_rss_mb()
    with Gauge() as gauge:
        run = detect(path, detector=detector)
    found = run.detections
    boxes = [found.box_px(i) for i in range(len(found))]
    return Row(
        side_px=side_px,
        chips=run.chips_read,
        detections=len(found),
        runs=len(found.runs),
        longest_px=max((max(x1 - x0, y1 - y0) for x0, y0, x1, y1 in boxes), default=0),
        seconds=round(gauge.seconds, 1),
        before_mb=round(before_mb, 1),
        peak_mb=round(gauge.peak_rss_mb, 1),
    )


def measure_apart(path: Path, side_px: int, name: str) -> Row:
    """Detect in a fresh process, so that one run does not lend its memory to the next."""
    command = [sys.executable, "-m", "tests.benchmarks.detect_memory", "--detector", name]
    command += ["--measure", str(path), "--sides", str(side_px)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Row(**json.loads(done.stdout))


def compare(rows: Sequence[Row]) -> bool:
    """Print the table and tell whether the peaks agree."""
    print(HEAD)
    for row in rows:
        print(LINE.format(speed=row.side_px**2 / 1e6 / row.seconds, **asdict(row)))
    ratio = max(r.peak_mb for r in rows) / min(r.peak_mb for r in rows)
    print(f"peak memory, largest ÷ smallest: {ratio:.3f} (must be ≤ {1 + TOLERANCE:.2f})")
    return ratio <= 1 + TOLERANCE


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; 0 when memory is flat."""
    shipped = DEFAULT_MODEL if DEFAULT_MODEL in list_names() else "darkness"
    parser = argparse.ArgumentParser(description=__doc__, add_help=True)
    parser.add_argument("--detector", default=shipped, help="a registered model, or darkness")
    parser.add_argument("--sides", type=int, nargs="+", default=[10_000, 30_000])
    parser.add_argument("--folder", type=Path, help="keep the rasters here and use them again")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args(argv)
    if chosen.measure:
        print(json.dumps(asdict(measure(chosen.measure, chosen.sides[0], chosen.detector))))
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.folder or Path(temporary)
        rows = []
        for side_px in chosen.sides:
            path = folder / f"cracks_{side_px}.tif"
            if not path.exists():
                began = time.monotonic()
                write_cog(path, side_px)
                size_mb = path.stat().st_size / 1e6
                print(f"wrote {path.name}: {size_mb:.0f} MB in {time.monotonic() - began:.0f} s")
            rows.append(measure_apart(path, side_px, chosen.detector))
    print(f"detector: {chosen.detector}")
    return 0 if compare(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
