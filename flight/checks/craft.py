"""Check what drone and camera can do: wind, battery, gimbal, blur, storage."""

from dataclasses import dataclass

import numpy as np

from flight.checks.circumstance import Circumstance
from flight.checks.course import Course, Leg
from flight.checks.finding import Finding, Outcome
from flight.checks.structure import Obstacle, nearest_to
from flight.drone import Drone
from flight.flightplan import FlightPlan, PlannedPhoto, Trigger
from flight.itinerary import ACCELERATION_M_S2
from inspection.geo.frames import LocalFrame

WIND_SOURCE = "maker's wind limit (drones.yaml); margin of a third [D]"
BATTERY_SOURCE = "maker's flight time (drones.yaml) less the reserve"
GIMBAL_SOURCE = "maker's gimbal range (drones.yaml)"
BLUR_SOURCE = "domain specification §6.2: motion blur ≤ 0.5 px, 1.0 px at the most"
STORAGE_SOURCE = "photos × pixels × bytes a pixel; 10 % left free [D]"
WIND_MARGIN = 2 / 3
BATTERY_TIGHT = 0.9
BLUR_PX, BLUR_MAX_PX = 0.5, 1.0
STORAGE_FULL = 0.9
ON_COURSE_M = 1.0
LEVEL_M = 0.05
STRAIGHT = 0.87
"""Cosine of 30°: a sharper turn is a stop."""
LEAST_SPEED_M_S = 0.5
"""Speed over ground that a craft is granted against any wind; below it, it does not come home."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shots:
    """Carry the planned photos that lie on a course.

    Attributes:
        plan: with camera, GSD and exposure.
        photos: those that the course passes within a metre.
    """

    plan: FlightPlan
    photos: tuple[PlannedPhoto, ...]


def shots_of(course: Course, plan: FlightPlan) -> Shots:
    """Pick the photos of a plan that a course passes; one part of a split plan passes some."""
    places = on_course_m(plan.frame, plan.positions_m, course.frame)
    legs = np.stack([course.starts_m, course.ends_m, course.ends_m], axis=1)
    whole = Obstacle(name="course", kind="course", triangles_m=legs)
    met = nearest_to(places, places, [whole], 2 * ON_COURSE_M).distance_m <= ON_COURSE_M
    passed = tuple(photo for photo, on in zip(plan.photos, met.tolist(), strict=True) if on)
    return Shots(plan=plan, photos=passed)


def on_course_m(frame: LocalFrame, points_m: np.ndarray, course_frame: LocalFrame) -> np.ndarray:
    """Give course metres (n, 3) of local points (n, 3) of a frame at the same height.

    z of the answer is the height above take-off, not above the tangent plane.
    """
    if not len(points_m):
        return np.empty((0, 3))
    lonlat_h = frame.to_lonlat_h(points_m)
    flat = np.column_stack([lonlat_h[:, :2], np.zeros(len(lonlat_h))])
    return np.column_stack([course_frame.to_enu_m(flat)[:, :2], lonlat_h[:, 2]])


def check_craft(course: Course, around: Circumstance, shots: Shots | None) -> tuple[Finding, ...]:
    """Answer wind, battery, gimbal, blur, storage and whether photos and mission agree."""
    found = [
        _wind(around),
        _battery(course, around),
        _gimbal(course, around.drone, shots),
        _blur(course, shots),
        _storage(course, around, shots),
    ]
    if shots is not None:
        found.append(_agreement(shots))
    return tuple(found)


def flight_seconds(course: Course, drone: Drone, wind_m_s: float) -> float:
    """Give the time of a flight against the wind.

    On every leg the craft is no faster over ground than its highest speed less the wind. Speeding
    up and braking is counted wherever it stops or turns, as the planner does.
    """
    fastest = max(LEAST_SPEED_M_S, drone.limit_m_s - wind_m_s)
    flown = sum(_leg_seconds(leg, fastest, drone.climb_m_s) for leg in course.legs)
    following = [*course.legs[1:], None]
    stops = [leg for leg, after in zip(course.legs, following, strict=True) if _stops(leg, after)]
    return flown + sum(min(leg.speed_m_s, fastest) / ACCELERATION_M_S2 for leg in stops)


def _stops(leg: Leg, following: Leg | None) -> bool:
    """Tell whether the craft stands still, or nearly so, at the end of a level leg."""
    way = leg.end_m[:2] - leg.start_m[:2]
    length = float(np.linalg.norm(way))
    if length < LEVEL_M:
        return False
    if leg.hold_s > 0 or following is None:
        return True
    on = following.end_m[:2] - following.start_m[:2]
    onward = float(np.linalg.norm(on))
    return onward < LEVEL_M or float(way @ on) < STRAIGHT * length * onward


def _leg_seconds(leg: Leg, fastest_m_s: float, climb_m_s: float) -> float:
    across_m = float(np.linalg.norm(leg.end_m[:2] - leg.start_m[:2]))
    rise_m = abs(float(leg.end_m[2] - leg.start_m[2]))
    return max(across_m / min(leg.speed_m_s, fastest_m_s), rise_m / climb_m_s) + leg.hold_s


def _wind(around: Circumstance) -> Finding:
    """Compare the strongest wind with the craft's limit and two thirds of it."""
    wind, drone = around.strongest_wind_m_s, around.drone
    if wind is None or drone is None:
        reason = "wind.unknown" if wind is None else "drone.unknown"
        return Finding(check="wind", outcome=Outcome.WARN, reason=reason, source=WIND_SOURCE)
    limit = drone.wind_limit_m_s
    outcome, reason = Outcome.PASS, "wind.margin"
    if wind > limit:
        outcome, reason = Outcome.REFUSE, "wind.over"
    elif wind > limit * WIND_MARGIN:
        outcome, reason = Outcome.WARN, "wind.tight"
    return Finding(
        check="wind",
        outcome=outcome,
        reason=reason,
        source=WIND_SOURCE,
        facts={"wind_m_s": wind, "limit_m_s": limit, "drone": drone.label},
        needs_review=drone.needs_review,
    )


def _battery(course: Course, around: Circumstance) -> Finding:
    """Compare the time of flight with what the battery gives, less the reserve."""
    drone = around.drone
    minutes = course.seconds / 60
    if drone is None:
        return Finding(
            check="battery",
            outcome=Outcome.WARN,
            reason="battery.no_drone",
            source=BATTERY_SOURCE,
            facts={"minutes": round(minutes, 1)},
        )
    minutes = flight_seconds(course, drone, around.strongest_wind_m_s or 0.0) / 60
    usable = drone.flight_time_min * (1 - around.reserve)
    outcome, reason = Outcome.PASS, "battery.enough"
    if minutes > usable:
        outcome, reason = Outcome.REFUSE, "battery.short"
    elif minutes > BATTERY_TIGHT * usable:
        outcome, reason = Outcome.WARN, "battery.tight"
    return Finding(
        check="battery",
        outcome=outcome,
        reason=reason,
        source=BATTERY_SOURCE,
        facts={
            "minutes": round(minutes, 1),
            "usable_min": round(usable, 1),
            "reserve_percent": round(100 * around.reserve),
            "drone": drone.label,
        },
        needs_review=drone.needs_review,
    )


def _gimbal(course: Course, drone: Drone | None, shots: Shots | None) -> Finding:
    """Compare every wanted pitch with the range of the gimbal."""
    pitches = [pitch for _, pitch in course.gimbal_pitches_deg]
    pitches += [photo.pitch_deg for photo in shots.photos] if shots else []
    if drone is None or not pitches:
        reason = "drone.unknown" if drone is None else "gimbal.none"
        outcome = Outcome.WARN if drone is None else Outcome.PASS
        return Finding(check="gimbal", outcome=outcome, reason=reason, source=GIMBAL_SOURCE)
    low, high = drone.gimbal_pitch_deg
    wrong = tuple(n for n, pitch in course.gimbal_pitches_deg if not low <= pitch <= high)
    beyond = min(pitches) < low - 0.01 or max(pitches) > high + 0.01
    return Finding(
        check="gimbal",
        outcome=Outcome.REFUSE if beyond else Outcome.PASS,
        reason="gimbal.beyond" if beyond else "gimbal.reaches",
        source=GIMBAL_SOURCE,
        facts={
            "lowest_deg": round(min(pitches), 1),
            "highest_deg": round(max(pitches), 1),
            "low_limit_deg": low,
            "high_limit_deg": high,
            "drone": drone.label,
        },
        items=wrong,
        needs_review=drone.needs_review,
    )


def _blur(course: Course, shots: Shots | None) -> Finding:
    """Compute how far the picture moves while the camera exposes."""
    moving = [leg.speed_m_s for leg in course.legs if leg.triggering]
    if shots is None:
        return Finding(
            check="blur", outcome=Outcome.WARN, reason="blur.unknown", source=BLUR_SOURCE
        )
    if shots.plan.trigger is Trigger.STOP and not moving:
        return Finding(check="blur", outcome=Outcome.PASS, reason="blur.stop", source=BLUR_SOURCE)
    plan = shots.plan
    speed = max(moving, default=plan.speed_m_s)
    blur_px = speed * plan.exposure_s / plan.gsd_m_per_px
    outcome, reason = Outcome.PASS, "blur.sharp"
    if blur_px > BLUR_MAX_PX + 1e-9:
        outcome, reason = Outcome.REFUSE, "blur.over"
    elif blur_px > BLUR_PX + 1e-9:
        outcome, reason = Outcome.WARN, "blur.soft"
    return Finding(
        check="blur",
        outcome=outcome,
        reason=reason,
        source=BLUR_SOURCE,
        facts={
            "blur_px": round(blur_px, 2),
            "speed_m_s": round(speed, 2),
            "exposure_ms": round(plan.exposure_s * 1000, 3),
            "gsd_mm_per_px": round(plan.gsd_m_per_px * 1000, 3),
            "speed_limit_m_s": round(BLUR_PX * plan.gsd_m_per_px / plan.exposure_s, 2),
        },
    )


def _storage(course: Course, around: Circumstance, shots: Shots | None) -> Finding:
    """Compare the size of all photos with the free space of the card."""
    photos = course.photos if shots is None else max(course.photos, len(shots.photos))
    if shots is None:
        return Finding(
            check="storage",
            outcome=Outcome.WARN,
            reason="storage.no_camera",
            source=STORAGE_SOURCE,
            facts={"photos": photos},
        )
    camera = shots.plan.camera
    need = photos * camera.width_px * camera.height_px * around.bytes_per_px / 1e9
    facts: dict[str, float | int | str] = {"photos": photos, "need_gb": round(need, 2)}
    outcome, reason = Outcome.WARN, "storage.unknown"
    if around.storage_gb is not None:
        facts["free_gb"] = around.storage_gb
        full = need > STORAGE_FULL * around.storage_gb
        outcome = Outcome.REFUSE if full else Outcome.PASS
        reason = "storage.full" if full else "storage.fits"
    return Finding(
        check="storage", outcome=outcome, reason=reason, source=STORAGE_SOURCE, facts=facts
    )


def _agreement(shots: Shots) -> Finding:
    """Say how many of the planned photos the mission passes."""
    planned, passed = len(shots.plan.photos), len(shots.photos)
    return Finding(
        check="photos",
        outcome=Outcome.PASS if passed == planned else Outcome.WARN,
        reason="photos.all" if passed == planned else "photos.some",
        source="planned photos lie within 1 m of the mission's legs [D]",
        facts={"passed": passed, "planned": planned},
    )
