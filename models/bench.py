"""Measure how fast a model reads a mosaic: end to end, by stage, and against the bare network."""

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

from inspection.domain.fragment import Thresholds, closed_specks_dropped, join
from inspection.errors import BadInput
from inspection.geo.grid import PixelGrid
from inspection.imaging.chips import Core, chips, raster_shape
from inspection.imaging.cog import new_cog
from inspection.pipeline.detect import (
    CHIP_PX,
    MARGIN_PX,
    MIN_AREA_PX,
    detect,
    fragments_of_core,
)
from inspection.settings import DetectSettings
from models.registry import DEFAULT_MODEL, folder_of, load_entry

if TYPE_CHECKING:
    from models.backends.openvino import OpenVinoDetector

CORE_PX = CHIP_PX - 2 * MARGIN_PX


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """Carry the seconds of one benchmark; every figure is about the same chips.

    Attributes:
        model_id: the model that computed.
        chips: chips with valid pixels.
        mosaic_mpx: megapixels of the mosaic that these chips speak for.
        end_to_end_s: ``detect``, from the file to the detections, s.
        bare_s: the network alone on the chips in memory, its answers dropped, s.
        read_s: reading the chips alone, s.
        score_s: scoring the chips in memory, answers kept, s.
        join_s: cutting fragments and joining them, s.
    """

    model_id: str
    chips: int
    mosaic_mpx: float
    end_to_end_s: float
    bare_s: float
    read_s: float
    score_s: float
    join_s: float

    @property
    def mpx_per_s(self) -> float:
        """Give the speed end to end, megapixels of the mosaic per second."""
        return self.mosaic_mpx / self.end_to_end_s

    @property
    def ratio_to_bare(self) -> float:
        """Give the seconds end to end ÷ the seconds of the bare network; 1 is the ideal."""
        return self.end_to_end_s / self.bare_s

    @property
    def shares(self) -> dict[str, float]:
        """Give the part of each stage in the sum of the stages, 0–1."""
        stages = {"read": self.read_s, "score": self.score_s, "join": self.join_s}
        return {name: seconds / sum(stages.values()) for name, seconds in stages.items()}


class Stopwatch:
    """Hold the seconds of a block once it has ended."""

    seconds = 0.0


@contextmanager
def stopwatch() -> Iterator[Stopwatch]:
    """Measure the seconds of a block."""
    watch, began = Stopwatch(), time.perf_counter()
    yield watch
    watch.seconds = time.perf_counter() - began


def measure_speed(
    mosaic: Path, detector: "OpenVinoDetector", *, batch: int, chips_a_side: int
) -> Speed:
    """Measure a detector on the middle of a mosaic.

    Args:
        mosaic: a raster that ``detect`` reads.
        detector: the detector.
        batch: chips given to the detector at once.
        chips_a_side: a square of so many chips a side is read and kept in memory.

    Raises:
        BadInput: when the middle of the mosaic has no valid pixel.
    """
    window = middle(mosaic, chips_a_side * CORE_PX)
    thresholds = Thresholds(
        upper=detector.thresholds, continuation_ratio=detector.continuation_ratio
    )
    with stopwatch() as read:
        kept = list(chips(mosaic, chip_px=CHIP_PX, margin_px=MARGIN_PX, window=window))
    if not kept:
        raise BadInput(f"the middle of {mosaic.name} has no valid pixel; choose another mosaic")
    pixels = np.stack([chip.pixels for chip in kept])
    groups = [pixels[i : i + batch] for i in range(0, len(pixels), batch)]
    detector.forward(groups[0])  # compiles the network, warms the caches
    with stopwatch() as bare:
        detector.forward(pixels)
    with stopwatch() as score:
        scores = [each for group in groups for each in detector.score(group)]
    with stopwatch() as joining:
        parts = [
            closed_specks_dropped(
                fragments_of_core(chip, each, thresholds), core=chip.core, min_area_px=MIN_AREA_PX
            )
            for chip, each in zip(kept, scores, strict=True)
        ]
        join(parts, classes=detector.classes, min_area_px=MIN_AREA_PX)
    with stopwatch() as end_to_end:
        detect(mosaic, detector=detector, batch=batch, window=window)
    return Speed(
        model_id=detector.model_id,
        chips=len(kept),
        mosaic_mpx=sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in (c.core for c in kept)) / 1e6,
        end_to_end_s=end_to_end.seconds,
        bare_s=bare.seconds,
        read_s=read.seconds,
        score_s=score.seconds,
        join_s=joining.seconds,
    )


def middle(mosaic: Path, side_px: int) -> Core:
    """Give a square around the middle of a raster, cut to the raster, x0 y0 x1 y1 px."""
    shape = raster_shape(mosaic)
    spans = [
        (max(0, (size - side_px) // 2), min(size, (size - side_px) // 2 + side_px))
        for size in (shape.width_px, shape.height_px)
    ]
    (x0, x1), (y0, y1) = spans
    return x0, y0, x1, y1


def draw_mosaic(path: Path, side_px: int) -> None:
    """Write a COG of grey grain with a dark line in every block, so that nothing is empty."""
    grid = PixelGrid.north_up(
        left_m=500_000,
        top_m=4_000_000,
        gsd_m_per_px=0.002,
        width_px=side_px,
        height_px=side_px,
        crs="EPSG:32654",
    )
    rng = np.random.default_rng(20261123)
    with new_cog(path, grid, bands=4, dtype="uint8") as canvas:
        for y in range(0, side_px, CORE_PX):
            for x in range(0, side_px, CORE_PX):
                grey = rng.integers(150, 200, (CORE_PX, CORE_PX), dtype=np.uint8)
                row = np.arange(CORE_PX)
                for width in range(3):
                    grey[row, (row // 2 + 40 + width) % CORE_PX] = 40
                block = np.dstack([grey, grey, grey, np.full_like(grey, 255)])
                canvas.paint(block[: side_px - y, : side_px - x], x_px=x, y_px=y)


@click.command("bench")
@click.option("--model", default=DEFAULT_MODEL, show_default=True, help="Id of the model.")
@click.option(
    "--mosaic",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Mosaic to read; by default one is drawn.",
)
@click.option(
    "--chips-a-side",
    default=4,
    show_default=True,
    type=click.IntRange(1, 24),
    help="Chips along each side of the image.",
)
@click.option(
    "--batch",
    default=4,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Chips of one inference.",
)
@click.option(
    "--precision",
    default="f32",
    show_default=True,
    type=click.Choice(["f32", "bf16"]),
    help="Precision of the network.",
)
@click.option("--threads", default=0, type=click.IntRange(0), help="0 means all processors.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def bench(
    *,
    model: str,
    mosaic: Path | None,
    chips_a_side: int,
    batch: int,
    precision: str,
    threads: int,
    as_json: bool,
) -> None:
    """Measure megapixels a second end to end, by stage, and against the bare network.

    \b
    Examples:
      tenken models bench
      tenken models bench --mosaic out/b/orthomosaic.tif --chips-a-side 8 --json
    """  # noqa: D301
    from models.backends.openvino import OpenVinoDetector  # noqa: PLC0415  # heavy, only on use

    weights_dir = folder_of(model, DetectSettings().models_dir)
    entry = load_entry(model, weights_dir=weights_dir)
    if entry.looks > 1:
        raise BadInput(f"{model} looks {entry.looks} times at a chip; bench its network once")
    detector = OpenVinoDetector(entry, precision=precision, threads=threads)
    with tempfile.TemporaryDirectory() as folder:
        drawn = Path(folder) / "mosaic.tif"
        if mosaic is None:
            draw_mosaic(drawn, chips_a_side * CORE_PX)
        speed = measure_speed(mosaic or drawn, detector, batch=batch, chips_a_side=chips_a_side)
    click.echo(json.dumps(as_plain(speed), indent=2) if as_json else as_words(speed))


def as_plain(speed: Speed) -> dict[str, object]:
    """Give the figures as plain values."""
    figures = {name: round(value, 4) if isinstance(value, float) else value
               for name, value in asdict(speed).items()}  # fmt: skip
    return figures | {
        "mpx_per_s": round(speed.mpx_per_s, 3),
        "ratio_to_bare": round(speed.ratio_to_bare, 3),
        "shares": {name: round(share, 3) for name, share in speed.shares.items()},
    }


def as_words(speed: Speed) -> str:
    """Give the figures as lines for a person."""
    shares = " · ".join(f"{name} {share:.0%}" for name, share in speed.shares.items())
    return "\n".join(
        [
            f"{speed.model_id}: {speed.chips} chips, {speed.mosaic_mpx:.1f} Mpx of the mosaic",
            f"  end to end  {speed.end_to_end_s:8.2f} s  {speed.mpx_per_s:.2f} Mpx/s",
            f"  bare network{speed.bare_s:8.2f} s  end to end takes {speed.ratio_to_bare:.2f} × "
            "the bare network",
            f"  stages, one after the other: {shares}",
        ]
    )
