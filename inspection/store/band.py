"""Describe a band: some rows of a mosaic that one worker looks at while others look at the rest.

::

    open ──take──► taken ──finish──► finished
                     │
                     └── lease runs out ──► open, for anybody

A band is taken by a *lease*, as a job is; the attempt number is the ticket. Unlike a job, a band
may be taken any number of times: it is the job of the survey whose attempts are counted.
"""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from inspection.errors import BadInput


class BandState(StrEnum):
    """Say how far a band has come."""

    OPEN = "open"
    TAKEN = "taken"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Carry one band and how far it has come.

    Attributes:
        survey_id: the survey that it is a part of.
        input_digest: of the step that wants it; a worker of another version has another one.
        y0_px: its first row in the mosaic.
        y1_px: the row after its last.
        mosaic_sha256: the mosaic.
        model_id: the detector that must be used.
        planned_at: when it was planned, aware UTC.
        attempt: how often it was taken; the ticket of the worker that holds it.
        worker: who holds it or held it last; empty when nobody did.
        lease_until: when the worker is taken for dead, None when nobody holds it.
        chips_done: chips of it that were looked at, those without a valid pixel too.
        chips_total: chips of it.
        chips_read: chips that were scored, once it is finished.
        seconds: how long it took, once it is finished.
        blob_key: what was found; None before it is finished.
    """

    survey_id: uuid.UUID
    input_digest: str
    y0_px: int
    y1_px: int
    mosaic_sha256: str
    model_id: str
    planned_at: datetime
    attempt: int = 0
    worker: str = ""
    lease_until: datetime | None = None
    chips_done: int = 0
    chips_total: int = 1
    chips_read: int = 0
    seconds: float = 0.0
    blob_key: str | None = None

    def __post_init__(self) -> None:
        """Check that a band has rows and chips."""
        if not 0 <= self.y0_px < self.y1_px or self.chips_total < 1:
            raise BadInput(
                f"a band needs rows and chips, got rows {self.y0_px}–{self.y1_px} px and "
                f"{self.chips_total} chips"
            )

    def with_chips(self, chips_total: int) -> Self:
        """Give the band with the number of its chips."""
        return replace(self, chips_total=chips_total)

    def state(self, now: datetime) -> BandState:
        """Say how far it has come; a band whose lease has run out is open again."""
        if self.blob_key is not None:
            return BandState.FINISHED
        held = self.lease_until is not None and self.lease_until > now
        return BandState.TAKEN if held else BandState.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Taker:
    """Say who takes bands, and for how long without a sign of life.

    Attributes:
        worker: name among all workers.
        lease_s: silence after which it is taken for dead.
    """

    worker: str
    lease_s: float

    def lease_until(self, now: datetime) -> datetime:
        """Give the moment at which a lease runs out that begins now."""
        return now + timedelta(seconds=self.lease_s)
