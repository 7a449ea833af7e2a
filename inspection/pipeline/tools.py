"""Hold what the road needs from outside: rows, blobs, a detector, the time, someone to tell."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine

from inspection.domain.measurement import UNCALIBRATED, MaskCalibration
from inspection.domain.widthcalibration import CONCRETE, WidthCalibration
from inspection.pipeline.ports import BlobStore, Clock, Detector, Progress, Unconditional, Warrant


class SystemClock:
    """Tell the time of this machine."""

    def now(self) -> datetime:
        """Give the present moment, aware UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """Hand the road what it may use; composition roots build it.

    Attributes:
        engine: the database, already upgraded.
        blobs: the blob store.
        load_detector: gives the detector; called only when a step really needs it, because
            loading takes seconds and a finished survey needs none.
        model_id: name and digest of the detector's weights, known without loading it.
        calibration: how the detector draws cracks.
        widths: how the camera draws cracks; None takes widths from the detector's masks alone.
        clock: the time.
        progress: hears how far a step has come.
        warrant: says whether the work is still ours; asked in every transaction that writes.
        work_dir: folder for unfinished files; may be emptied at any time between runs.
    """

    engine: Engine
    blobs: BlobStore
    load_detector: Callable[[], Detector]
    model_id: str
    calibration: MaskCalibration = UNCALIBRATED
    widths: WidthCalibration | None = CONCRETE
    clock: Clock
    progress: Progress
    warrant: Warrant = field(default_factory=Unconditional)
    work_dir: Path
