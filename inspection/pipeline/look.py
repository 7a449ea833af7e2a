"""Look at one band of a mosaic that somebody wants to have looked at, and keep what it shows.

The band is held by a lease, which is renewed with every sign of progress. When another worker takes
it over, because this one was silent for too long, the work ends there and nothing of it is kept:
the other one finds the same.
"""

import hashlib
import time
from collections.abc import Callable
from pathlib import Path

from inspection.errors import TenkenError
from inspection.imaging.chips import Core, RasterShape, chips, cores
from inspection.imaging.fragments_file import pack_fragments
from inspection.pipeline.detect import Cut, Walk, find
from inspection.pipeline.tools import Tools
from inspection.store import bands, keys
from inspection.store.band import Band
from inspection.store.engine import writing

REPORT_S = 1.0
"""How often the progress of a band is written down, at most."""


def look(
    path: Path, shape: RasterShape, held: Band, tools: Tools, heard: Callable[[], None]
) -> bool:
    """Look at a band; give whether it was ours to the end.

    Args:
        path: the mosaic.
        shape: its size.
        held: the band, taken by this worker.
        tools: of this worker.
        heard: called after each sign of progress was written down; may raise to end the work.

    Raises:
        TenkenError: when the work fails; the band is then free for others.
    """
    began = time.monotonic()
    try:
        found = find(
            chips(
                path,
                chip_px=tools.cut.chip_px,
                margin_px=tools.cut.margin_px,
                window=window_of(held, shape),
            ),
            detector=tools.detector(),
            batch=tools.batch,
            progress=Walk(cores_of(held, shape, tools.cut), Beat(held, tools, heard)),
        )
        key = keys.band_key(_digest(held, tools.cut))
        tools.blobs.put_bytes(key, pack_fragments(found.parts))
        seconds = time.monotonic() - began
        with writing(tools.engine) as connection:
            bands.finish(
                connection, held, blob_key=key, chips_read=found.chips_read, seconds=seconds
            )
    except bands.TakenAway as gone:
        tools.progress.say(str(gone))
        return False
    except TenkenError:
        with writing(tools.engine) as connection:
            bands.release(connection, held)
        raise
    return True


def window_of(band: Band, shape: RasterShape) -> Core:
    """Give the part of a mosaic that a band is, x0 y0 x1 y1 px."""
    return (0, band.y0_px, shape.width_px, band.y1_px)


def cores_of(band: Band, shape: RasterShape, cut: Cut) -> list[Core]:
    """Give the cores of the chips of a band, in the order of reading."""
    return cores(shape, chip_px=cut.chip_px, margin_px=cut.margin_px, window=window_of(band, shape))


class Beat:
    """Hear progress of a band: renew its lease and write down how far it has come."""

    def __init__(self, held: Band, tools: Tools, heard: Callable[[], None]) -> None:
        """Prepare to hear of a band that was just taken."""
        self._held = held
        self._tools = tools
        self._heard = heard
        self._done = 0
        self._told_s = time.monotonic()

    def start(self, step: str, total: int) -> None:
        """Ignore the beginning: it was said when the band was taken."""

    def advance(self, units: int = 1) -> None:
        """Count finished chips; once a second at most, write it down."""
        self._done += units
        if time.monotonic() - self._told_s < REPORT_S:
            return
        with writing(self._tools.engine) as connection:
            now = self._tools.clock.now()
            bands.renew(connection, self._held, self._tools.taker, now, chips_done=self._done)
        self._told_s = time.monotonic()
        self._heard()

    def say(self, message: str) -> None:
        """Tell whoever follows the survey."""
        self._tools.progress.say(message)


def _digest(held: Band, cut: Cut) -> str:
    """Digest all that the contents of a band depend on."""
    named = f"{held.input_digest} {held.y0_px} {held.y1_px} {cut.chip_px} {cut.margin_px}"
    return hashlib.sha256(named.encode("ascii")).hexdigest()
