"""Examine a mission: every check, in the order in which a crew reads them."""

from collections.abc import Sequence
from dataclasses import dataclass

import shapely

from flight.capability import safe_standoff_m
from flight.checks.airspace import check_rules
from flight.checks.circumstance import Circumstance
from flight.checks.clearance import check_structures, check_takeoff_height, check_terrain
from flight.checks.course import Course
from flight.checks.craft import Shots, check_craft, on_course_m, shots_of
from flight.checks.fence import check_fence
from flight.checks.finding import Finding, Outcome
from flight.checks.homeward import check_homeward
from flight.checks.layout import RETURN_HEIGHT_M
from flight.checks.orders import check_orders
from flight.checks.rulefile import RuleSet
from flight.checks.structure import Obstacle, surface_obstacle
from flight.flightplan import FlightPlan
from flight.mission import Mission


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """Carry what was found.

    Attributes:
        course: what is flown.
        findings: in the order of reading.
        rules: the rule files that were used.
    """

    course: Course
    findings: tuple[Finding, ...]
    rules: tuple[RuleSet, ...]

    @property
    def refusals(self) -> tuple[Finding, ...]:
        """Give the findings that refuse."""
        return tuple(one for one in self.findings if one.outcome is Outcome.REFUSE)


def examine(
    mission: Mission,
    course: Course,
    around: Circumstance,
    *,
    rules: Sequence[RuleSet],
    plan: FlightPlan | None = None,
    fences: Sequence[shapely.Geometry] = (),
    return_height_m: float = RETURN_HEIGHT_M,
) -> Examination:
    """Answer every check.

    Args:
        mission: as the vehicle will be told.
        course: the same, laid out (``flight.checks.layout.lay_out``).
        around: weather, time, pilot, craft, ground, structures, zones.
        rules: rule files.
        plan: the photos that it was made for, with their surface, where they are known.
        fences: further inclusion areas, course metres.
        return_height_m: to which the craft climbs before it goes home.
    """
    obstacles = around.obstacles
    shots: Shots | None = None
    if plan is not None:
        shots = shots_of(course, plan)
        obstacles = (*obstacles, *_seen_surface(plan, course))
    least_m = safe_standoff_m(
        obstacle_sensing=around.sees_obstacles, wind_m_s=around.strongest_wind_m_s or 0.0
    )
    rotor_m = None if around.drone is None else around.drone.rotor_m
    findings = [
        *check_orders(course, mission, around.drone),
        check_fence(course, mission, areas=fences),
        *check_takeoff_height(course, around.terrain),
        check_terrain(course, around.terrain, least_m=least_m),
        check_structures(course, obstacles, least_m=least_m, rotor_m=rotor_m),
        check_homeward(
            course,
            terrain=around.terrain,
            obstacles=obstacles,
            least_m=least_m,
            return_height_m=return_height_m,
        ),
        *check_craft(course, around, shots),
    ]
    for one in rules:
        findings.extend(check_rules(course, around, one))
    return Examination(course=course, findings=tuple(findings), rules=tuple(rules))


def _seen_surface(plan: FlightPlan, course: Course) -> tuple[Obstacle, ...]:
    """Give the surface that shall be seen as something that is not to be hit."""
    if not len(plan.surface_m):
        return ()
    corners = on_course_m(plan.frame, plan.surface_m.reshape(-1, 3), course.frame)
    return (surface_obstacle(plan.name, corners.reshape(-1, 3, 3)),)
