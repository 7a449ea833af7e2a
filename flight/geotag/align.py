"""Match photos to triggers, or say why not: never a silent shift by one.

A photo gets a trigger only when the whole sequence fits the log at one offset of the clock and at
no other, and when at that offset it has one trigger only and that trigger one photo only.

Photos' own positions and the numbers in their names are witnesses: they choose between offsets
that fit equally well, and they rule out single pairs; they never make a match alone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from flight.geotag.alignment import Alignment, Clock, Confidence, DecidedBy, Match, Unmatched
from flight.geotag.byname import match_by_name
from flight.geotag.clockfit import FittedClock, Flags, fit_clock, near, residuals_s, single
from flight.geotag.clockscan import Floats, Limits, Moments, Peak, Scan, scan, segments
from flight.geotag.shot import Shot, with_honest_resolution
from flight.geotag.witness import Witness, choose_peak, testimony
from flight.logs.trigger import CameraTrigger, TriggerLog
from inspection.errors import BadInput

FEWEST = 4
"""Fewer fitting photos say nothing about an unknown clock."""

LIKE = 0.6
"""At least this share of the photos, or of the triggers where those are fewer, must fit."""

MOST_OFFSET_S = 15 * 3600.0
"""Time zones reach from −12 h to +14 h; a clock further off is more likely another day."""

ODD_CLOCK_S = 240.0
"""A clock further from its zone than this is told: zones are 900 s apart."""


def align(
    shots: Sequence[Shot],
    log: TriggerLog,
    *,
    limits: Limits | None = None,
    position_tolerance_m: float = 10.0,
) -> Alignment:
    """Match the photos of one flight to the triggers of its log.

    Args:
        shots: the photos, in any order.
        log: the triggers; a table that names its photos is matched by name.
        limits: what the clock may do; the offset is searched when it is not bounded there.
        position_tolerance_m: between a photo's own position and its trigger's.

    Raises:
        BadInput: when the log's triggers have no time and name no photo, or the tolerance is none.
    """
    if not 0 < position_tolerance_m < math.inf:
        raise BadInput(f"position tolerance {position_tolerance_m:g} m is not more than 0")
    if any(trigger.image for trigger in log.triggers):
        return match_by_name(shots, log)
    timed = sorted(
        (t for t in log.triggers if t.at is not None),
        key=lambda t: t.at.timestamp() if t.at else 0.0,
    )
    if not timed:
        raise BadInput(f"{log.name}: no trigger has a time, so no photo can be matched to one")
    bounds = limits or Limits()
    table = _Table.of(with_honest_resolution(shots), timed)
    witness = testimony(table.shots, timed, log.numbers_photos, position_tolerance_m)
    found = _search(table, bounds, witness)
    matches = {match.photo: match for match in found.matches}
    every = tuple(matches.get(shot.name) or _without_time(shot) for shot in shots)
    taken = {id(match.trigger) for match in every}
    return Alignment(
        matches=every,
        missing=tuple(trigger for trigger in log.triggers if id(trigger) not in taken),
        clock=found.clock,
        rivals_s=found.rivals_s,
        warnings=found.warnings,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """Carry photos with a time and triggers with a time as arrays about one middle."""

    shots: tuple[Shot, ...]
    triggers: tuple[CameraTrigger, ...]
    moments: Moments

    @classmethod
    def of(cls, shots: Sequence[Shot], triggers: Sequence[CameraTrigger]) -> "_Table":
        at = np.array([t.at.timestamp() for t in triggers if t.at is not None])
        zero = (at[0] + at[-1]) / 2
        timed = [shot for shot in shots if shot.camera_s is not None]
        timed.sort(key=lambda shot: (shot.camera_s or 0.0, shot.number or 0, shot.name))
        half = np.array([shot.resolution_s / 2 for shot in timed])
        middle = np.array([shot.camera_s or 0.0 for shot in timed]) + half - zero
        return cls(
            shots=tuple(timed),
            triggers=tuple(triggers),
            moments=Moments(middle_s=middle, half_s=half, trigger_s=at - zero),
        )


def _search(table: _Table, limits: Limits, witness: Witness) -> Alignment:
    """Find the one offset, then match at it; refuse all when there are several or none."""
    whole, photos = _sharpest(table, limits)
    if whole is None:
        return _refuse(table, Unmatched.NO_TRIGGER, "no trigger is near its time at any offset", ())
    peak = choose_peak(whole, table.moments, limits, witness)
    reason = _doubt(whole, peak, table, photos, limits)
    if reason is None and peak is not None:
        return _match_at(table, peak, whole, limits, witness)
    rivals = tuple(one.offset_s for one in whole.peaks) if len(whole.peaks) > 1 else ()
    return _refuse(table, *(reason or (Unmatched.AMBIGUOUS, "")), rivals)


def _sharpest(table: _Table, limits: Limits) -> tuple[Scan | None, int]:
    """Scan with the wanted tolerance, then with halves of it while nothing is lost by that.

    A shutter steadier than the tolerance leaves fewer other ways to fit. A sharper scan counts
    only where the best offset keeps its photos, so that it cannot favour a wrong one.
    """
    first, photos = _best_part(table, limits)
    if first is None:
        return None, 0
    for part in (2, 4):
        if len(first.peaks) == 1:
            break
        less = replace(limits, tolerance_s=limits.tolerance_s / part)
        sharper, _ = _best_part(table, less)
        if sharper is None or _settled(table, sharper.peaks[0], less) < first.peaks[0].fit - 1:
            break
        if len(sharper.peaks) == 1:
            return sharper, photos
    return first, photos


def _settled(table: _Table, peak: Peak, limits: Limits) -> int:
    """Count the photos that really are within the tolerance at the fitted clock of a peak.

    A scan counts a little beyond the tolerance, where its grid may favour one peak by luck.
    """
    clock = fit_clock(table.moments, (peak.offset_s, peak.drift), limits)
    residual = residuals_s(table.moments, clock.offset_s, clock.drift)
    return int(near(residual, table.moments.half_s, limits.tolerance_s).any(axis=1).sum())


def _best_part(table: _Table, limits: Limits) -> tuple[Scan | None, int]:
    """Scan every group of photos that one offset can serve; give the best and its size.

    The best of the other groups is a runner-up: at its offset the photos fit as well.
    """
    if not table.shots:
        return None, 0
    span = float(np.ptp(table.moments.trigger_s))
    scans = [
        (scan(table.moments.part(part), limits), len(part))
        for part in segments(table.moments.middle_s, span)
    ]
    scans = sorted((s for s in scans if s[0].peaks), key=lambda s: -s[0].peaks[0].fit)
    if not scans:
        return None, 0
    best, photos = scans[0]
    others = [other for other, _ in scans[1:]]
    close = [p for o in others for p in o.peaks if p.fit >= best.peaks[0].fit - best.margin]
    runner_up = max([best.runner_up, *(other.peaks[0].fit for other in others)])
    return Scan(peaks=(*best.peaks, *close), margin=best.margin, runner_up=runner_up), photos


def _doubt(
    whole: Scan, peak: Peak | None, table: _Table, photos: int, limits: Limits
) -> tuple[Unmatched, str] | None:
    """Say why an offset must not be trusted, None when it may."""
    top = whole.peaks[0].fit
    if limits.offset_s is None and (top < FEWEST or top < LIKE * min(photos, len(table.triggers))):
        return Unmatched.UNLIKE, (
            f"at the best offset only {top} of {photos} photos fit one of {len(table.triggers)} "
            "triggers, which may be chance; is it the log of this flight? If it is, give "
            "--clock-offset-s"
        )
    if peak is None:
        offsets = ", ".join(f"{one.offset_s:.1f} s" for one in whole.peaks[:4])
        more = ", …" if len(whole.peaks) > 4 else ""
        return Unmatched.AMBIGUOUS, (
            f"the rhythm fits at {len(whole.peaks)} offsets of the clock ({offsets}{more}), none "
            f"by more than {whole.margin} photos; give --clock-offset-s (photograph a GPS clock, "
            "or compare one photo with its trigger)"
        )
    if limits.offset_s is None and abs(peak.offset_s) > MOST_OFFSET_S:
        return Unmatched.UNLIKE, (
            f"the photos fit only with a clock {peak.offset_s / 3600:+.1f} h from UTC, more than "
            "any time zone: photos of another day fit so too; if the camera's clock was "
            f"reset, give --clock-offset-s {peak.offset_s:.1f}"
        )
    beat = float(np.median(np.diff(table.moments.trigger_s))) if len(table.triggers) > 1 else np.inf
    if limits.offset_s is None and peak.high_s - peak.low_s > 0.9 * beat:
        return Unmatched.AMBIGUOUS, (
            f"the photos fit at every offset from {peak.low_s:.1f} to {peak.high_s:.1f} s, about "
            f"the {beat:.2f} s between triggers; use a camera with subseconds in EXIF, a smaller "
            "--tolerance-s, or --clock-offset-s"
        )
    return None


def _refuse(table: _Table, reason: Unmatched, detail: str, rivals: tuple[float, ...]) -> Alignment:
    """Match nothing, with one reason for all."""
    matches = tuple(Match(photo=shot.name, reason=reason, detail=detail) for shot in table.shots)
    return Alignment(matches=matches, missing=(), clock=None, rivals_s=rivals)


def _match_at(
    table: _Table, peak: Peak, whole: Scan, limits: Limits, witness: Witness
) -> Alignment:
    """Match the photos that have one trigger only at the fitted clock."""
    clock = fit_clock(table.moments, (peak.offset_s, peak.drift), limits)
    residual = residuals_s(table.moments, clock.offset_s, clock.drift)
    # what else could be the truth: the full tolerance, and the offset itself uncertain
    reach = limits.tolerance_s + min(clock.uncertainty_s, peak.high_s - peak.low_s + 0.1)
    possible = near(residual, table.moments.half_s, reach)
    timely = near(residual, table.moments.half_s, clock.tolerance_s)
    heard, warnings = _hear(possible, witness)
    edges = possible & heard
    alone = single(edges) & timely
    decided = DecidedBy.WITNESSES if len(whole.peaks) > 1 else DecidedBy.RHYTHM
    decided = decided if limits.offset_s is None else DecidedBy.GIVEN
    context = _Context(
        residual_s=residual,
        timely=timely,
        edges=edges,
        alone=alone,
        clock=clock,
        sure=decided is DecidedBy.WITNESSES
        or whole.peaks[0].fit - whole.runner_up >= 1.5 * whole.margin,
        witness=witness,
    )
    return Alignment(
        matches=tuple(_match(table, context, photo) for photo in range(len(table.shots))),
        missing=(),
        clock=Clock(
            offset_s=clock.offset_s,
            drift_ppm=clock.drift * 1e6,
            fitting=peak.fit,
            runner_up=whole.runner_up,
            margin=whole.margin,
            tolerance_s=clock.tolerance_s,
            spread_s=clock.spread_s,
            decided_by=decided,
        ),
        warnings=(*warnings, *_odd_clock(clock.offset_s)),
    )


def _odd_clock(offset_s: float) -> tuple[str, ...]:
    """Warn of a clock that is minutes off any time zone: photos of a like flight fit so too.

    >>> _odd_clock(9 * 3600 + 3.7)
    ()
    >>> len(_odd_clock(22 * 60.0))
    1
    """
    rest = offset_s - zone_s(offset_s)
    if abs(rest) <= ODD_CLOCK_S:
        return ()
    return (
        f"the camera's clock would be {rest / 60:+.1f} min off its time zone; photos of another "
        "flight of the same mission fit so too: compare one photo with its place",
    )


def zone_s(offset_s: float) -> float:
    """Give the time zone nearest to an offset of a clock, seconds; zones are quarters of an hour.

    >>> zone_s(9 * 3600 + 3.7)
    32400.0
    """
    return round(offset_s / 900.0) * 900.0


def _hear(timely: Flags, witness: Witness) -> tuple[Flags, tuple[str, ...]]:
    """Give (m, n) what the believable witnesses allow, and words about the others."""
    heard = np.ones(timely.shape, dtype=bool)
    warnings = []
    one = single(timely)
    apart = witness.distance_m[one]
    apart = apart[np.isfinite(apart)]
    if len(apart):
        if float(np.median(apart)) <= witness.position_tolerance_m:
            heard &= witness.placed
        else:
            warnings.append(
                f"the photos' own positions are {float(np.median(apart)):.0f} m (median) from "
                "their triggers and were not used; the camera may have written an old fix"
            )
    numbered = witness.numbered[one]
    if len(numbered) and numbered.mean() >= 0.5:
        heard &= witness.numbered
    elif len(numbered):
        warnings.append(
            "the numbers in the file names are not those of the log and were not used; "
            "were the files renamed?"
        )
    return heard, tuple(warnings)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Context:
    """Carry what a single match needs to know of all."""

    residual_s: Floats
    timely: Flags
    edges: Flags
    alone: Flags
    clock: FittedClock
    sure: bool
    witness: Witness


def _match(table: _Table, context: _Context, photo: int) -> Match:
    """Match one photo, or say why not."""
    name = table.shots[photo].name
    chosen = np.flatnonzero(context.alone[photo])
    if not len(chosen):
        reason, detail = _why_not(table, context, photo)
        return Match(photo=name, reason=reason, detail=detail)
    at = int(chosen[0])
    distance = float(context.witness.distance_m[photo, at])
    residual = float(context.residual_s[photo, at])
    calm = abs(residual) <= table.moments.half_s[photo] + 0.5 * context.clock.tolerance_s
    return Match(
        photo=name,
        trigger=table.triggers[at],
        residual_s=residual,
        distance_m=distance if np.isfinite(distance) else None,
        confidence=Confidence.HIGH if calm and context.sure else Confidence.MEDIUM,
    )


def _why_not(table: _Table, context: _Context, photo: int) -> tuple[Unmatched, str]:
    """Say why one photo has no trigger at the fitted clock."""
    timely = np.flatnonzero(context.timely[photo])
    nearest = int(np.argmin(np.abs(context.residual_s[photo])))
    told = table.triggers[nearest].sequence
    if not len(timely):
        return Unmatched.NO_TRIGGER, (
            f"the nearest trigger ({told}) is {context.residual_s[photo, nearest]:+.2f} s away, "
            f"more than {table.moments.half_s[photo] + context.clock.tolerance_s:.2f} s: not "
            "released by this log"
        )
    mine = np.flatnonzero(context.edges[photo])
    if not len(mine):
        distance = context.witness.distance_m[photo, nearest]
        where = f"{distance:.0f} m away" if np.isfinite(distance) else "with another number"
        return Unmatched.ELSEWHERE, f"the trigger of its time ({told}) is {where}"
    if len(mine) > 1:
        several = ", ".join(str(table.triggers[at].sequence) for at in mine)
        return Unmatched.COMPETING, f"the triggers {several} could all be its own"
    rivals = [table.shots[at].name for at in np.flatnonzero(context.edges[:, mine[0]])]
    others = ", ".join(name for name in rivals if name != table.shots[photo].name)
    return Unmatched.COMPETING, f"{others} could be the photo of trigger {told} as well"


def _without_time(shot: Shot) -> Match:
    return Match(
        photo=shot.name,
        reason=Unmatched.NO_TIME,
        detail="EXIF holds no DateTimeOriginal; a table of positions (CSV) can name the photo",
    )
