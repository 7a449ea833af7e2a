"""Hold a course against the rules of a rule file."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np

from flight.checks.circumstance import EYE_M, Circumstance
from flight.checks.course import Course, LegKind
from flight.checks.finding import Bilingual, Finding, Outcome
from flight.checks.rulefile import (
    ConfirmRule,
    DaylightRule,
    DistanceRule,
    HeightRule,
    NearStructure,
    Rule,
    RuleSet,
    SightRule,
    SpeedRule,
    WindRule,
    ZoneRule,
)
from flight.checks.sight import look, sight_limit_m
from flight.checks.structure import Obstacle, nearest, nearest_to
from flight.checks.sun import sun_height_deg
from flight.checks.zone import zones_met
from inspection.errors import Broken

DEFAULT_SIGHT_M = 200.0
"""Greatest distance where neither rule nor craft says one: a craft of 0.55 m (``sight``)."""

Answer = dict[str, Any]
"""Fields of a finding: outcome, reason, facts, items, place_latlon_deg."""


def check_rules(course: Course, around: Circumstance, rules: RuleSet) -> tuple[Finding, ...]:
    """Answer every rule of a file, in its order."""
    return tuple(_finding(course, around, rules, rule) for rule in rules.rules)


def _finding(course: Course, around: Circumstance, rules: RuleSet, rule: Rule) -> Finding:
    """Answer one rule."""
    answers: dict[type, Callable[[Course, Circumstance, Any], Answer]] = {
        HeightRule: _height,
        DistanceRule: _distance,
        ZoneRule: _zone,
        SightRule: _sight,
        DaylightRule: _daylight,
        WindRule: _wind,
        SpeedRule: _speed,
        ConfirmRule: _confirm,
    }
    if type(rule) not in answers:
        raise Broken(f"no check answers rules of kind {rule.kind!r}")
    answer = answers[type(rule)](course, around, rule)
    note = None if rule.note is None else Bilingual(en=rule.note.en, ja=rule.note.ja)
    return Finding(
        check=f"{rules.id}.{rule.id}",
        source=rule.source,
        title=Bilingual(en=rule.title.en, ja=rule.title.ja),
        note=note,
        needs_review=rule.needs_review,
        **answer,
    )


def _broken(rule: Rule) -> Outcome:
    """Give the outcome of a rule that is not kept."""
    return Outcome(rule.outcome)


def _height(course: Course, around: Circumstance, rule: HeightRule) -> Answer:
    """Look for places too high above the ground, and not near a structure that exempts them."""
    places, legs = _along(course, 2.0)
    ground = np.zeros(len(places))
    if around.terrain is not None:
        ground = around.terrain.ground_m(places[:, :2])
    above = places[:, 2] - ground
    known = np.isfinite(above)
    above = np.where(known, above, places[:, 2])
    high = above > rule.limit_m
    if rule.near_structure is not None and high.any():
        over = np.flatnonzero(high)
        exempt = _exempt(places[over], around, rule.near_structure)
        high[over[exempt]] = False
    at = int(np.argmax(np.where(high, above, -np.inf) if high.any() else above))
    facts = {"height_m": round(float(above[at]), 1), "limit_m": rule.limit_m}
    where = {
        "items": tuple(sorted({course.legs[leg].item for leg in legs[high]})),
        "place_latlon_deg": course.latlon_deg(places[at]),
    }
    if high.any():
        return {"outcome": _broken(rule), "reason": "height.over", "facts": facts, **where}
    if around.terrain is None or not known.all():
        return {"outcome": Outcome.WARN, "reason": "height.no_ground", "facts": facts, **where}
    reason = "height.exempt" if above.max() > rule.limit_m else "height.below"
    if reason == "height.exempt":
        facts["height_m"] = round(float(above.max()), 1)
    return {"outcome": Outcome.PASS, "reason": reason, "facts": facts, **where}


def _exempt(places: np.ndarray, around: Circumstance, near: NearStructure) -> np.ndarray:
    """Tell which places are near enough to a structure that is tall enough."""
    exempt = np.zeros(len(places), dtype=bool)
    for one in around.obstacles:
        low, top = _reach_of(one)
        standing = low if around.terrain is None else _ground_below(one, around, low)
        if top - standing < near.least_height_m:
            continue
        flat = places.copy()
        if near.horizontal:  # the distance counts across, at the height of the structure
            flat[:, 2] = np.clip(places[:, 2], low, top)
        found = nearest_to(flat, flat, [one], near.within_m + 1.0)
        close = found.distance_m <= near.within_m
        if near.above_m is not None:
            close &= places[:, 2] <= top + near.above_m
        exempt |= close
    return exempt


def _reach_of(obstacle: Obstacle) -> tuple[float, float]:
    """Give the lowest and the highest point of an obstacle."""
    heights = obstacle.triangles_m[:, :, 2]
    return float(heights.min()), float(heights.max())


def _ground_below(obstacle: Obstacle, around: Circumstance, otherwise_m: float) -> float:
    """Give the ground at an obstacle: a deck counts from the valley that it crosses."""
    assert around.terrain is not None
    below = around.terrain.ground_m(obstacle.triangles_m.reshape(-1, 3)[:, :2])
    known = below[np.isfinite(below)]
    return min(otherwise_m, float(known.min())) if len(known) else otherwise_m


def _distance(course: Course, around: Circumstance, rule: DistanceRule) -> Answer:
    """Measure the straight distance from the things of others."""
    if around.third_parties is None or rule.layer != "third_party":
        return _no_layer(rule.layer)
    found = nearest(course, around.third_parties, rule.limit_m + 50.0)
    at = int(np.argmin(found.distance_m))
    room_m = float(found.distance_m[at])
    facts: dict[str, float | str] = {"room_m": round(room_m, 1), "limit_m": rule.limit_m}
    if found.obstacle[at] < 0:
        return {"outcome": Outcome.PASS, "reason": "distance.far", "facts": facts}
    facts["thing"] = around.third_parties[int(found.obstacle[at])].name
    near = np.flatnonzero(found.distance_m < rule.limit_m)
    return {
        "outcome": _broken(rule) if len(near) else Outcome.PASS,
        "reason": "distance.near" if len(near) else "distance.kept",
        "facts": facts,
        "items": tuple(sorted({course.legs[n].item for n in near})) or (course.legs[at].item,),
        "place_latlon_deg": course.latlon_deg(course.legs[at].end_m),
    }


def _zone(course: Course, around: Circumstance, rule: ZoneRule) -> Answer:
    """Look for zones that any leg touches."""
    if rule.layer not in around.zones:
        return _no_layer(rule.layer)
    met = zones_met(course, around.zones[rule.layer])
    if not met:
        count = len(around.zones[rule.layer])
        return {
            "outcome": Outcome.PASS,
            "reason": "zone.clear",
            "facts": {"layer": rule.layer, "zones": count},
        }
    names = ", ".join(entry.zone.name for entry in met)
    asks = ", ".join(sorted({entry.zone.ask for entry in met if entry.zone.ask}))
    return {
        "outcome": _broken(rule),
        "reason": "zone.ask" if asks else "zone.inside",
        "facts": {"zones": names} | ({"ask": asks} if asks else {}),
        "items": tuple(sorted({item for entry in met for item in entry.items})),
        "place_latlon_deg": course.latlon_deg(course.legs[met[0].first_leg].end_m),
    }


def _sight(course: Course, around: Circumstance, rule: SightRule) -> Answer:
    """Look at the course from where the pilot stands."""
    limit_m = rule.limit_m or (
        DEFAULT_SIGHT_M if around.drone is None else sight_limit_m(around.drone.span_m)
    )
    x, y = around.pilot_m
    ground = 0.0
    if around.terrain is not None:
        ground = float(np.nan_to_num(around.terrain.ground_m(np.array([[x, y]]))[0]))
    eye = np.array([x, y, ground + EYE_M])
    seen = look(course, eye, terrain=around.terrain, obstacles=around.obstacles)
    facts: dict[str, float | str] = {
        "farthest_m": round(seen.farthest_m),
        "limit_m": round(limit_m),
    }
    if seen.hidden:
        return {
            "outcome": _broken(rule),
            "reason": "sight.hidden",
            "facts": facts | {"behind": seen.behind, "legs": len(seen.hidden)},
            "items": tuple(sorted({course.legs[n].item for n in seen.hidden})),
            "place_latlon_deg": course.latlon_deg(course.legs[seen.hidden[0]].end_m),
        }
    far = seen.farthest_m > limit_m
    blind = around.terrain is None and not around.obstacles
    return {
        "outcome": _broken(rule) if far else Outcome.WARN if blind else Outcome.PASS,
        "reason": "sight.far" if far else "sight.blind" if blind else "sight.seen",
        "facts": facts,
        "items": (course.legs[seen.farthest_leg].item,),
        "place_latlon_deg": course.latlon_deg(course.legs[seen.farthest_leg].end_m),
    }


def _daylight(course: Course, around: Circumstance, rule: DaylightRule) -> Answer:
    """Look at the sun at the beginning and at the end of the flight."""
    if around.at is None:
        return {"outcome": Outcome.WARN, "reason": "daylight.no_time"}
    place = course.latlon_deg(course.legs[0].start_m)
    end = around.at + timedelta(seconds=course.seconds)
    lowest = min(sun_height_deg(place, moment) for moment in (around.at, end))
    dark = lowest < rule.sun_above_deg
    return {
        "outcome": _broken(rule) if dark else Outcome.PASS,
        "reason": "daylight.dark" if dark else "daylight.day",
        "facts": {"sun_deg": round(lowest, 1), "limit_deg": rule.sun_above_deg},
    }


def _wind(_: Course, around: Circumstance, rule: WindRule) -> Answer:
    """Compare the strongest wind with a limit; the limit itself is too much."""
    wind = around.strongest_wind_m_s
    if wind is None:
        return {"outcome": Outcome.WARN, "reason": "wind.unknown"}
    over = wind >= rule.limit_m_s
    return {
        "outcome": _broken(rule) if over else Outcome.PASS,
        "reason": "wind.over" if over else "wind.below",
        "facts": {"wind_m_s": wind, "limit_m_s": rule.limit_m_s},
    }


def _speed(course: Course, around: Circumstance, rule: SpeedRule) -> Answer:
    """Compare the fastest leg, wind from behind, with a limit."""
    wind = around.wind_m_s or 0.0
    over = tuple(leg for leg in course.legs if leg.speed_m_s + wind > rule.limit_m_s)
    speed = max(leg.speed_m_s for leg in course.legs) + wind
    return {
        "outcome": _broken(rule) if over else Outcome.PASS,
        "reason": "speed.over" if over else "speed.below",
        "facts": {"speed_m_s": round(speed, 1), "limit_m_s": rule.limit_m_s},
        "items": tuple(sorted({leg.item for leg in over})),
    }


def _confirm(_: Course, __: Circumstance, rule: ConfirmRule) -> Answer:
    """Leave to a person what only a person can know."""
    return {"outcome": _broken(rule), "reason": "confirm.open"}


def _no_layer(layer: str) -> Answer:
    """Say that nobody gave the layer that a rule asks for."""
    return {"outcome": Outcome.WARN, "reason": "layer.none", "facts": {"layer": layer}}


def _along(course: Course, step_m: float) -> tuple[np.ndarray, np.ndarray]:
    """Give places along flown legs with their leg; both ends of every leg are among them."""
    places, legs = [], []
    for at, leg in enumerate(course.legs):
        count = 2 + int(leg.length_m / step_m) if leg.kind is not LegKind.LANDING else 2
        share = np.linspace(0.0, 1.0, count)[:, None]
        places.append(leg.start_m + share * (leg.end_m - leg.start_m))
        legs.append(np.full(count, at))
    return np.concatenate(places), np.concatenate(legs)
