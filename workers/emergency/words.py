"""Say in lines of text what the mode after a disaster has found."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from inspection.domain.emergency import CHANGE_WORDS, SIGNAL_WORDS, Signal
from inspection.pipeline.respond import RoutePlan, Situation, Standing


def plain_route(plan: RoutePlan) -> dict[str, Any]:
    """Give the way of each crew as values that JSON can carry."""
    return {
        "crews": [
            [
                {**asdict(plan.stops[row - 1]), "arrival_min": round(minutes, 1)}
                for row, minutes in zip(tour.stops, tour.arrival_min, strict=True)
            ]
            for tour in plan.tours
        ],
        "unreachable": plan.unreachable,
        "without_position": plan.without_position,
        "refused": dict(plan.refused),
    }


def say_route(plan: RoutePlan, lang: str) -> Iterator[str]:
    """Say which crew looks at what when, and why."""
    for crew, tour in enumerate(plan.tours, 1):
        yield f"crew {crew}:"
        for row, minutes in zip(tour.stops, tour.arrival_min, strict=True):
            stop = plan.stops[row - 1]
            why = ", ".join(
                f"{item.ja if lang == 'ja' else item.en} {item.points:+g}" for item in stop.items
            )
            yield (
                f"  +{int(minutes) // 60}:{int(minutes) % 60:02d}  wave {stop.wave}  "
                f"{stop.asset_id} {stop.name}  {stop.points:g} points: {why}"
            )
    if plan.unreachable:
        yield f"no open road leads to: {', '.join(plan.unreachable)}"
    if plan.without_position:
        yield f"without a position: {', '.join(plan.without_position)}"
    for asset_id, reason in plan.refused.items():
        yield f"not judged: {asset_id}: {reason}"


def say_situation(found: Situation, lang: str) -> Iterator[str]:
    """Say how things stand."""
    for standing in found.standings:
        yield _words(standing, lang)
    counts = ", ".join(
        f"{sum(s.report.signal is signal for s in found.standings)} {signal.value}"
        for signal in reversed(Signal)
    )
    yield f"{counts}; {len(found.waiting)} still to be looked at"
    if found.cut_off is not None:
        names = ", ".join(f"{p.name} {p.people:,.0f}" for p in found.cut_off.places)
        who = f" ({names})" if names else ""
        yield f"places cut off: {len(found.cut_off.places)}{who}"


def _words(standing: Standing, lang: str) -> str:
    at = 0 if lang == "ja" else 1
    told = standing.report
    last = standing.soundness or "–"
    year = (
        "" if standing.inspection_fiscal_year is None else f" FY{standing.inspection_fiscal_year}"
    )
    note = f": {told.note}" if told.note else ""
    return (
        f"  {told.signal.value:<6}  {standing.asset_id} {standing.name}  "
        f"{SIGNAL_WORDS[told.signal][at]}, {CHANGE_WORDS[standing.change][at]} ({last}{year})  "
        f"{told.reported_by}{note}"
    )
