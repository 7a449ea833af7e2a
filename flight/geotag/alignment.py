"""Hold the outcome of laying photos beside the triggers of a log."""

from dataclasses import dataclass
from enum import StrEnum

from flight.logs.trigger import CameraTrigger


class Unmatched(StrEnum):
    """Say why a photo got no trigger."""

    NO_TIME = "no_time"
    """The photo tells no time."""

    NO_TRIGGER = "no_trigger"
    """No trigger is near its time: a shot by hand, or one before or after the log."""

    COMPETING = "competing"
    """More than one trigger could be its own, or more than one photo this trigger's."""

    AMBIGUOUS = "ambiguous"
    """The whole sequence fits the log in more than one way."""

    UNLIKE = "unlike"
    """The whole sequence does not fit the log in any way that could not be chance."""

    ELSEWHERE = "elsewhere"
    """Its time fits a trigger, its own position does not."""

    NOT_LISTED = "not_listed"
    """A table of positions does not name it."""

    UNREADABLE = "unreadable"
    """The file cannot be read as a photo."""


class Confidence(StrEnum):
    """Say how much speaks for a match; what is less than medium is not matched."""

    HIGH = "high"
    """The time is well inside the tolerance and the sequence fits far better than any other way,
    or the log names the photo."""

    MEDIUM = "medium"
    """It fits, and no other way does."""


class DecidedBy(StrEnum):
    """Say what chose the offset of the clock."""

    RHYTHM = "rhythm"
    """The times between triggers fit nowhere else."""

    WITNESSES = "witnesses"
    """The rhythm fits elsewhere too; positions or numbers of the photos do not."""

    GIVEN = "given"
    """A person gave it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Tie a photo to its trigger, or say why it has none.

    Attributes:
        photo: file name.
        trigger: its trigger, None when unmatched.
        residual_s: moment of the photo on the fitted clock − moment of the trigger.
        distance_m: between the photo's own position and the trigger's, None when it has none.
        confidence: None when unmatched.
        reason: None when matched.
        detail: the reason in words, with its numbers.
    """

    photo: str
    trigger: CameraTrigger | None = None
    residual_s: float | None = None
    distance_m: float | None = None
    confidence: Confidence | None = None
    reason: Unmatched | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Say how the camera's clock runs against UTC, and how sure that is.

    Attributes:
        offset_s: camera − UTC in the middle of the log; hours of it are the time zone.
        drift_ppm: how much faster the camera's clock runs, parts per million.
        fitting: photos that a trigger fits at this offset.
        runner_up: photos that fit at the best other offset; 0 when there is none.
        margin: a lead of more photos than this was asked for.
        tolerance_s: how far a photo may be from its trigger.
        spread_s: standard deviation of the matched photos about their triggers.
        decided_by: what chose this offset among others.
    """

    offset_s: float
    drift_ppm: float
    fitting: int
    runner_up: int
    margin: int
    tolerance_s: float
    spread_s: float
    decided_by: DecidedBy = DecidedBy.RHYTHM


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """Carry a match per photo, the triggers without a photo, and the clock.

    Attributes:
        matches: one per photo, in the order of the photos.
        missing: triggers that no photo was matched to.
        clock: None when there was no time to fit or the sequence stayed ambiguous.
        rivals_s: offsets at which the sequence fits as well, when it is ambiguous.
        warnings: what a reader should know, in sentences.
    """

    matches: tuple[Match, ...]
    missing: tuple[CameraTrigger, ...]
    clock: Clock | None
    rivals_s: tuple[float, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def matched(self) -> tuple[Match, ...]:
        """Give the matches that have a trigger."""
        return tuple(match for match in self.matches if match.trigger is not None)

    @property
    def unmatched(self) -> tuple[Match, ...]:
        """Give the matches without a trigger."""
        return tuple(match for match in self.matches if match.trigger is None)
