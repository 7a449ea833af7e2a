"""Shapes of the dashboard: shares, days from detection to action, what happened when."""

from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from pydantic import Field

from api.schemas.base import Shape
from inspection.domain.asset import AssetKind
from inspection.domain.duration import Days
from inspection.domain.measure import NOTE_MAX, Measure, Stage
from inspection.domain.progress import AssetStanding, Counted, Phase, PhaseDays, Shares
from inspection.domain.taxonomy import DamageClass
from inspection.store.progress import WaitingDamage

URGENT_MOST = 200


class SharesOut(Shape):
    """Count assets; percentages are null of nothing."""

    assets: int
    inspected: int = Field(description="soundness stated in the current cycle of five years")
    inspected_percent: float | None
    soundness: tuple[int, int, int, int] = Field(description="assets of I, II, III, IV")
    urgent: int = Field(description="assets of III or IV")
    urgent_begun: int = Field(description="of them, with a measure ordered or finished")
    urgent_done: int = Field(description="of them, with a finished measure")
    urgent_begun_percent: float | None
    urgent_done_percent: float | None

    @classmethod
    def of(cls, shares: Shares) -> Self:
        """Lay shares out."""
        return cls(**{name: getattr(shares, name) for name in Shares.__slots__})


class DaysOut(Shape):
    """Carry a duration, or what it is at least because too much is still open."""

    days: int
    at_least: bool

    @classmethod
    def of(cls, days: Days | None) -> Self | None:
        """Lay a duration out."""
        return None if days is None else cls(days=days.days, at_least=days.at_least)


class PhaseOut(Shape):
    """Say how long damages take from one moment to another, open ones counted."""

    phase: Phase = Field(
        description="verdict: detection to verdict; order: confirmation to order; repair: order to "
        "finished measure; whole: detection to finished measure"
    )
    ended: int
    waiting: int
    median: DaysOut | None
    p90: DaysOut | None
    longest_waiting: int | None = Field(description="days")

    @classmethod
    def of(cls, phase: PhaseDays) -> Self:
        """Lay a phase out."""
        return cls(
            phase=phase.phase,
            ended=phase.ended,
            waiting=phase.waiting,
            median=DaysOut.of(phase.median),
            p90=DaysOut.of(phase.p90),
            longest_waiting=phase.longest_waiting,
        )


class PlaceFigures(Shape):
    """Carry the figures of one kind of asset in one municipality."""

    kind: AssetKind
    municipality: str = Field(description="empty when unknown")
    shares: SharesOut
    whole: PhaseOut


class UrgentOut(Shape):
    """Name an asset of III or IV that nobody has recorded as repaired."""

    asset_id: str
    name: str
    municipality: str
    level: int
    inspected_fiscal_year: int | None
    begun: bool

    @classmethod
    def of(cls, asset: AssetStanding) -> Self:
        """Lay an asset out."""
        return cls(**{name: getattr(asset, name) for name in cls.model_fields})


class DashboardOut(Shape):
    """Carry how far the work has come today."""

    day: date = Field(description="in Japan")
    fiscal_year: int
    cycle: tuple[int, int] = Field(description="first and last fiscal year of the cycle")
    kinds: list[AssetKind] = Field(description="kinds that there are, for a filter")
    municipalities: list[str] = Field(description="municipalities that there are, for a filter")
    shares: SharesOut
    phases: list[PhaseOut]
    places: list[PlaceFigures]
    urgent: list[UrgentOut] = Field(description=f"the first {URGENT_MOST}, the worst first")


class CountedOut(Shape):
    """Count what happened within a period, and what was open at its end."""

    first: date
    last: date
    detected: int
    decided: int
    ordered: int
    finished: int
    open: int

    @classmethod
    def of(cls, counted: Counted) -> Self:
        """Lay a period out."""
        return cls(**{name: getattr(counted, name) for name in Counted.__slots__})


class SeriesOut(Shape):
    """Carry what happened in each period, oldest first; the last is not over yet."""

    periods: list[CountedOut]


class WaitingOut(Shape):
    """Name a confirmed damage that nobody has recorded as repaired."""

    defect_id: UUID
    asset_id: str
    asset_name: str
    survey_id: UUID
    damage_class: DamageClass
    detected: date
    days: int
    ordered: date | None

    @classmethod
    def of(cls, damage: WaitingDamage, today: date) -> Self:
        """Lay a damage out."""
        values: dict[str, Any] = {name: getattr(damage, name) for name in WaitingDamage.__slots__}
        return cls(**values, days=(today - damage.detected).days)


class WaitingList(Shape):
    """List confirmed damages, the longest known first."""

    damages: list[WaitingOut]


class MeasureIn(Shape):
    """Record that a measure was ordered or finished."""

    event_id: UUID | None = Field(default=None, description="the same one twice counts once")
    asset_id: str = Field(min_length=1, max_length=200)
    defect_id: UUID | None = Field(default=None, description="null: the whole asset")
    stage: Stage
    day: date
    note: str = Field(default="", max_length=NOTE_MAX)


class Withdrawal(Shape):
    """Say why a record is taken back."""

    note: str = Field(min_length=1, max_length=NOTE_MAX)


class MeasureOut(Shape):
    """Carry one record of a measure."""

    event_id: UUID
    asset_id: str
    defect_id: UUID | None
    stage: Stage
    day: date
    recorded_by: str
    recorded_at: datetime
    note: str

    @classmethod
    def of(cls, measure: Measure) -> Self:
        """Lay a record out."""
        return cls(**{name: getattr(measure, name) for name in Measure.__slots__})


class MeasureList(Shape):
    """List the records of an asset, oldest first."""

    measures: list[MeasureOut]
