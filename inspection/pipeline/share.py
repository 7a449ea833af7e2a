"""Share the detection on one mosaic among several workers, in bands of rows.

::

    conductor: plan bands ─► invite ─► take, look, take, look … ─► wait for the rest ─► join
    helpers:                           take, look, take, look …

Whoever conducts the survey plans the bands, invites others, and takes bands like everybody else:
alone it does them all. Bands end between rows of chip cores, so that the chips are those of the
undivided mosaic, with the same margins, and joining the fragments by shape knows no seam: the
detections are equal, whoever looked at what and in whatever order. A finished band is a row that
names a blob; a run that was killed goes on with the bands that are left.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection

from inspection.domain.fragment import Fragments, join
from inspection.errors import Broken, NotFound
from inspection.imaging.chips import RasterShape, raster_shape
from inspection.imaging.fragments_file import unpack_fragments
from inspection.pipeline.detect import MIN_AREA_PX, Cut, DetectionRun, detect, gsd_warnings
from inspection.pipeline.ledger import Plain
from inspection.pipeline.look import cores_of, look
from inspection.pipeline.tools import Tools
from inspection.store import bands
from inspection.store.band import Band
from inspection.store.engine import reading, writing

WAIT_S = 0.25
"""How often a conductor who has nothing left to take asks whether the others are ready."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Name what is shared: a mosaic of a survey, and the step that wants its damage.

    Attributes:
        survey_id: the survey.
        mosaic_sha256: digest of the mosaic.
        input_digest: digest of the step and all that it depends on.
    """

    survey_id: UUID
    mosaic_sha256: str
    input_digest: str


def detect_inputs(mosaic_sha256: str, model_id: str) -> Plain:
    """Name all that the detections on a mosaic depend on, besides the code."""
    return {"mosaic": mosaic_sha256, "model": model_id}


def share(path: Path, part: Part, tools: Tools) -> DetectionRun:
    """Detect on a mosaic together with whoever comes to help; equal to doing it alone.

    Raises:
        BadInput: when the mosaic cannot be read.
        Conflict: when the survey is somebody else's now.
        TenkenError: of any other family, when a band fails here.
    """
    began, shape = time.monotonic(), raster_shape(path)
    rows = band_rows(shape, tools.cut)
    if len(rows) == 1:
        return detect(
            path,
            detector=tools.detector(),
            batch=tools.batch,
            progress=tools.progress,
            chip_px=tools.cut.chip_px,
            margin_px=tools.cut.margin_px,
        )
    conductor = _Conductor(path=path, shape=shape, part=part, tools=tools)
    conductor.plan(rows)
    parts = conductor.gather()
    finished = conductor.bands()
    detector = tools.detector()
    return DetectionRun(
        detections=join(parts, classes=detector.classes, min_area_px=MIN_AREA_PX),
        model_id=detector.model_id,
        chips_read=sum(band.chips_read for band in finished),
        chips_skipped=sum(band.chips_total - band.chips_read for band in finished),
        seconds=time.monotonic() - began,
        warnings=gsd_warnings(shape, detector),
    )


def assist(
    path: Path,
    part: Part,
    tools: Tools,
    *,
    wanted: Callable[[Connection], bool],
    heard: Callable[[], None] = lambda: None,
) -> int:
    """Take bands of somebody else's survey while there are any; give how many were finished.

    Args:
        path: the mosaic.
        part: what is shared.
        tools: of this worker.
        wanted: tells before each band whether to go on helping.
        heard: called with each sign of progress; raises when nobody needs the band any more.

    Raises:
        TenkenError: when a band fails here; it is then free for others.
    """
    shape, finished = raster_shape(path), 0
    while True:
        with writing(tools.engine) as connection:
            held = _take(connection, part, tools) if wanted(connection) else None
        if held is None:
            return finished
        finished += look(path, shape, held, tools, heard)


def band_rows(shape: RasterShape, cut: Cut) -> list[tuple[int, int]]:
    """Divide a mosaic into bands, first row and row after the last, px, from the top down.

    A band has about ``cut.band_chips`` chips and ends between rows of cores. The division depends
    on the mosaic alone, not on who is there to help.

    >>> band_rows(RasterShape(width_px=20_000, height_px=20_000, gsd_m_per_px=None), Cut())
    [(0, 4480), (4480, 9856), (9856, 15232), (15232, 20000)]
    """
    step = cut.chip_px - 2 * cut.margin_px
    columns, lines = -(-shape.width_px // step), -(-shape.height_px // step)
    count = min(lines, max(1, round(columns * lines / cut.band_chips)))
    edges = [number * lines // count * step for number in range(count)]
    return list(zip(edges, [*edges[1:], shape.height_px], strict=True))


@dataclass(kw_only=True)
class _Conductor:
    """Answer for all bands of a mosaic."""

    path: Path
    shape: RasterShape
    part: Part
    tools: Tools
    _told: int = field(default=0, init=False)

    def plan(self, rows: Sequence[tuple[int, int]]) -> None:
        """Write the bands down that are not there yet, and invite others to those not finished."""
        planned = [self._band(*edges) for edges in rows]
        with writing(self.tools.engine) as connection:
            self.tools.warrant.check(connection)
            bands.plan(connection, planned)
        self.tools.progress.start("detect", sum(band.chips_total for band in planned))
        left = len(self._unfinished())
        self.tools.progress.say(f"{len(planned)} bands, {left} to be looked at")
        if left > 1:
            self.tools.invite(left - 1)

    def gather(self) -> list[Fragments]:
        """Have all bands looked at, by others or here, and give what they show."""
        while True:
            self._work_off()
            parts = self._collect()
            if parts is not None:
                return parts

    def bands(self) -> tuple[Band, ...]:
        """List all bands, from the top down."""
        with reading(self.tools.engine) as connection:
            return bands.of_survey(connection, self.part.survey_id)

    def _band(self, y0_px: int, y1_px: int) -> Band:
        blank = Band(
            survey_id=self.part.survey_id,
            input_digest=self.part.input_digest,
            y0_px=y0_px,
            y1_px=y1_px,
            mosaic_sha256=self.part.mosaic_sha256,
            model_id=self.tools.model_id,
            planned_at=self.tools.clock.now(),
        )
        return blank.with_chips(len(cores_of(blank, self.shape, self.tools.cut)))

    def _unfinished(self) -> list[Band]:
        return [band for band in self.bands() if band.blob_key is None]

    def _work_off(self) -> None:
        """Take bands until none is left, and wait until the others have finished theirs."""
        while self._unfinished():
            with writing(self.tools.engine) as connection:
                self.tools.warrant.check(connection)
                held = _take(connection, self.part, self.tools)
            if held is not None:
                look(self.path, self.shape, held, self.tools, self._tell)
            else:
                time.sleep(WAIT_S)
            self._tell()

    def _tell(self) -> None:
        """Say how far all workers together have come; never less than was said before."""
        done = sum(band.chips_done for band in self.bands())
        self.tools.progress.advance(max(0, done - self._told))
        self._told = max(self._told, done)

    def _collect(self) -> list[Fragments] | None:
        """Read what all bands show; None when one is open again because its blob is gone."""
        parts = []
        for band in self.bands():
            assert band.blob_key is not None  # all are finished
            try:
                parts.append(unpack_fragments(self.tools.blobs.read_bytes(band.blob_key)))
            except (NotFound, Broken) as error:
                self.tools.progress.say(
                    f"rows {band.y0_px}–{band.y1_px} px are looked at again: {error}"
                )
                with writing(self.tools.engine) as connection:
                    bands.reopen(connection, band)
                return None
        return parts


def _take(connection: Connection, part: Part, tools: Tools) -> Band | None:
    now = tools.clock.now()
    return bands.take(connection, part.survey_id, part.input_digest, tools.taker, now)
