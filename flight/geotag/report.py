"""Tell an alignment and what was written, to people and to programs."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flight.geotag.align import zone_s
from flight.geotag.alignment import Alignment, Clock, DecidedBy, Match
from flight.logs.trigger import CameraTrigger, TriggerLog

LINES = 20
"""Photos and triggers that are told one by one; a report for programs has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Carry all that a run found and wrote.

    Attributes:
        log: the triggers.
        alignment: a match per photo.
        written: photo → what became of its copy.
        failed: photo → why its copy was not written.
        out: folder of the copies, empty when none was asked for.
    """

    log: TriggerLog
    alignment: Alignment
    written: Mapping[str, str]
    failed: Mapping[str, str]
    out: str = ""


def say(outcome: Outcome) -> Iterator[str]:
    """Give the lines of a report for people."""
    log, alignment = outcome.log, outcome.alignment
    yield f"{log.name}: {log.form}, {len(log.triggers)} triggers"
    yield from (f"  lost: {loss}" for loss in log.losses[:LINES])
    yield from (f"  note: {note}" for note in log.notes)
    yield (
        f"{len(alignment.matches)} photos: {len(alignment.matched)} matched, "
        f"{len(alignment.unmatched)} unmatched; {len(alignment.missing)} triggers without a photo"
    )
    if alignment.clock is not None:
        yield from _say_clock(alignment.clock)
    yield from (f"  warning: {warning}" for warning in alignment.warnings)
    yield from _say_unmatched(alignment)
    if alignment.matched and alignment.missing:
        numbers = ", ".join(str(trigger.sequence) for trigger in alignment.missing[:LINES])
        more = f" and {len(alignment.missing) - LINES} more" * (len(alignment.missing) > LINES)
        yield f"triggers without a photo: {numbers}{more}"
    if outcome.out:
        counts = Counter(outcome.written.values())
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())) or "none"
        yield f"copies in {outcome.out}: {told}"
    yield from (f"  not written: {name}: {why}" for name, why in outcome.failed.items())


def as_json(outcome: Outcome) -> dict[str, object]:
    """Give the report for programs."""
    log, alignment = outcome.log, outcome.alignment
    return {
        "log": {
            "file": log.name,
            "form": log.form,
            "triggers": len(log.triggers),
            "losses": list(log.losses),
            "notes": list(log.notes),
        },
        "counts": {
            "photos": len(alignment.matches),
            "matched": len(alignment.matched),
            "unmatched": len(alignment.unmatched),
            "triggers_without_photo": len(alignment.missing),
            "written": len(outcome.written),
            "failed": len(outcome.failed),
        },
        "clock": None if alignment.clock is None else _clock_json(alignment.clock),
        "rival_offsets_s": [round(offset, 3) for offset in alignment.rivals_s],
        "warnings": list(alignment.warnings),
        "photos": [_match_json(match, outcome) for match in alignment.matches],
        "triggers_without_photo": [_trigger_json(trigger) for trigger in alignment.missing],
        "out": outcome.out or None,
    }


def duration_words(seconds: float) -> str:
    """Say an offset of a clock as its nearest time zone and the rest.

    >>> duration_words(9 * 3600 + 3.7), duration_words(-3.7)
    ('+09:00 and +3.70 s', '+00:00 and -3.70 s')
    """
    zone = zone_s(seconds)
    hours, minutes = divmod(round(abs(zone) / 60), 60)
    sign = "-" if zone < 0 else "+"
    return f"{sign}{hours:02d}:{minutes:02d} and {seconds - zone:+.2f} s"


def _say_clock(clock: Clock) -> Iterator[str]:
    yield (
        f"camera clock − UTC: {clock.offset_s:.2f} s ({duration_words(clock.offset_s)}), drift "
        f"{clock.drift_ppm:+.0f} ppm, spread {clock.spread_s:.3f} s, tolerance "
        f"{clock.tolerance_s:.2f} s"
    )
    fit = f"at this offset {clock.fitting} photos fit, at the best other one {clock.runner_up}"
    yield {
        DecidedBy.RHYTHM: f"{fit}; a lead of more than {clock.margin} is asked for",
        DecidedBy.WITNESSES: f"{fit}; the photos' own positions or numbers fit only here",
        DecidedBy.GIVEN: f"at the offset given {clock.fitting} photos fit",
    }[clock.decided_by]


def _say_unmatched(alignment: Alignment) -> Iterator[str]:
    """Tell a reason that many photos share once, others one by one."""
    by_detail: dict[str, list[Match]] = {}
    for match in alignment.unmatched:
        by_detail.setdefault(match.detail, []).append(match)
    for told, (detail, matches) in enumerate(by_detail.items()):
        if told == LINES:
            yield f"  and more reasons for other photos ({len(by_detail) - LINES}); see --json"
            return
        names = ", ".join(match.photo for match in matches[:3])
        more = f" and {len(matches) - 3} more" if len(matches) > 3 else ""
        reason = matches[0].reason
        yield f"  unmatched ({reason.value if reason else ''}): {names}{more}: {detail}"


def _clock_json(clock: Clock) -> dict[str, object]:
    return {
        "offset_s": round(clock.offset_s, 4),
        "offset": duration_words(clock.offset_s),
        "drift_ppm": round(clock.drift_ppm, 2),
        "spread_s": round(clock.spread_s, 4),
        "tolerance_s": round(clock.tolerance_s, 4),
        "photos_fitting": clock.fitting,
        "photos_fitting_elsewhere": clock.runner_up,
        "lead_asked_for": clock.margin,
        "decided_by": clock.decided_by.value,
    }


def _match_json(match: Match, outcome: Outcome) -> dict[str, object]:
    return {
        "photo": match.photo,
        "trigger": None if match.trigger is None else _trigger_json(match.trigger),
        "confidence": None if match.confidence is None else match.confidence.value,
        "residual_s": None if match.residual_s is None else round(match.residual_s, 4),
        "distance_m": None if match.distance_m is None else round(match.distance_m, 3),
        "reason": None if match.reason is None else match.reason.value,
        "detail": match.detail,
        "copy": outcome.written.get(match.photo),
        "copy_problem": outcome.failed.get(match.photo),
    }


def _trigger_json(trigger: CameraTrigger) -> dict[str, object]:
    return {
        "sequence": trigger.sequence,
        "at": None if trigger.at is None else trigger.at.isoformat(),
        "lat_deg": trigger.lat_deg,
        "lon_deg": trigger.lon_deg,
        "height_m": trigger.height_m,
        "height_frame": trigger.height_frame.value,
        "height_takeoff_m": trigger.height_takeoff_m,
        "source": trigger.source,
    }
