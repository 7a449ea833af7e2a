"""Hold what the road needs from outside: rows, blobs, a detector, the time, someone to tell."""

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import Engine

from inspection.domain.measurement import UNCALIBRATED, MaskCalibration
from inspection.domain.widthcalibration import CONCRETE, WidthCalibration
from inspection.errors import Broken
from inspection.imaging.nodeodm import NodeOdm
from inspection.pipeline.detect import BATCH, Cut
from inspection.pipeline.ports import BlobStore, Clock, Detector, Progress, Unconditional, Warrant
from inspection.pipeline.room import Room, room_here
from inspection.store.band import Taker

LEASE_S = 60.0
"""Longest silence after which a worker is taken for dead, unless the settings say another."""


class SystemClock:
    """Tell the time of this machine."""

    def now(self) -> datetime:
        """Give the present moment, aware UTC."""
        return datetime.now(UTC)


def this_process() -> Taker:
    """Name this process among all workers of all hosts, with the usual lease."""
    return Taker(worker=f"{platform.node() or 'host'}:{os.getpid()}", lease_s=LEASE_S)


def invite_nobody(count: int) -> None:
    """Ask no other worker to help: there is none, or it comes by itself."""


def as_they_are(tools: "Tools", survey_id: UUID) -> "Tools":
    """Process every survey with the same model."""
    return tools


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
        batch: chips given to the detector at once.
        cut: how a mosaic is cut into chips and bands.
        taker: who takes bands, and for how long without a sign of life.
        node: makes the mosaics of nadir surveys; None makes them here.
        room: measures the memory of this process and the disk of a folder.
        invite: asks so many other workers to help with the bands of the survey at work.
        fit: gives the tools with the model that a survey is to be processed with.
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
    batch: int = BATCH
    cut: Cut = field(default_factory=Cut)
    taker: Taker = field(default_factory=this_process)
    node: NodeOdm | None = None
    room: Callable[[Path], Room] = room_here
    invite: Callable[[int], None] = invite_nobody
    fit: Callable[["Tools", UUID], "Tools"] = as_they_are

    def detector(self) -> Detector:
        """Give the detector that was announced.

        Raises:
            Broken: when its weights were exchanged meanwhile.
        """
        detector = self.load_detector()
        if detector.model_id != self.model_id:
            raise Broken(
                f"the detector is {detector.model_id}, {self.model_id} was announced; "
                "the weights were exchanged meanwhile: start again"
            )
        return detector
