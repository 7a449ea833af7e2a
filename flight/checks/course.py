"""Know the course of a vehicle: the legs that it flies, take-off and return among them.

Coordinates of a course: x east and y north in metres of the tangent plane at take-off, z the
height above take-off along the plumb line. z is not the tangent plane's: over 10 km the earth
falls 7.8 m away from that plane, and a vehicle holds its height above the earth.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import shapely
from numpy.typing import NDArray

from flight.mission import AltitudeFrame
from inspection.geo.frames import LocalFrame

CLIMB_M_S, SINK_M_S = 2.5, 1.5
"""ArduCopter's default speeds up (WPNAV_SPEED_UP 250 cm/s) and down (WPNAV_SPEED_DN 150 cm/s)."""


class LegKind(StrEnum):
    """Say what a leg is for."""

    TAKEOFF = "takeoff"
    WORK = "work"
    RETURN = "return"
    LANDING = "landing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """Carry one straight piece of flight.

    Attributes:
        item: number of the mission's item that it flies to, home being 0.
        kind: what it is for.
        start_m: (3,) course metres.
        end_m: (3,) course metres.
        speed_m_s: wanted speed along it.
        hold_s: seconds of standing at its end.
        triggering: the camera is released by distance on it.
    """

    item: int
    kind: LegKind
    start_m: NDArray[np.float64]
    end_m: NDArray[np.float64]
    speed_m_s: float
    hold_s: float = 0.0
    triggering: bool = False

    @property
    def length_m(self) -> float:
        """Give its length in space, metres."""
        return float(np.linalg.norm(self.end_m - self.start_m))

    @property
    def seconds(self) -> float:
        """Give the time in still air: the slower of the way along and the way up or down."""
        rise_m = float(self.end_m[2] - self.start_m[2])
        vertical_s = rise_m / CLIMB_M_S if rise_m > 0 else -rise_m / SINK_M_S
        across_m = float(np.linalg.norm(self.end_m[:2] - self.start_m[:2]))
        return max(vertical_s, across_m / self.speed_m_s) + self.hold_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Carry all that is flown, in order.

    Attributes:
        frame: tangent frame at take-off.
        takeoff_msl_m: height of take-off above mean sea level, None when unknown.
        altitude_frames: those that the positions of the mission use.
        legs: in order of flight; the return is always among them.
        photos: releases of the camera, as far as items tell.
        gimbal_pitches_deg: every pitch that is commanded, with the number of its item.
        assumed_takeoff: the mission names no home; the first position stands in.
        assumed_return: the mission does not return; a return to take-off was added.
        trigger_left_on: the camera still releases by distance when the return begins.
        endless: the mission jumps back without end; its legs are those of one round.
        unknown_ground: heights count from the ground and no ground was given; it was taken
            to be level with take-off.
        unread: (item, command) of items with a position that are not understood.
    """

    frame: LocalFrame
    takeoff_msl_m: float | None
    altitude_frames: frozenset[AltitudeFrame]
    legs: tuple[Leg, ...]
    photos: int = 0
    gimbal_pitches_deg: tuple[tuple[int, float], ...] = ()
    assumed_takeoff: bool = False
    assumed_return: bool = False
    trigger_left_on: bool = False
    endless: bool = False
    unknown_ground: bool = False
    unread: tuple[tuple[int, int], ...] = ()

    @property
    def starts_m(self) -> NDArray[np.float64]:
        """Give the starts of the legs, (n, 3) m."""
        return np.array([leg.start_m for leg in self.legs])

    @property
    def ends_m(self) -> NDArray[np.float64]:
        """Give the ends of the legs, (n, 3) m."""
        return np.array([leg.end_m for leg in self.legs])

    @property
    def seconds(self) -> float:
        """Give the time of flight in still air."""
        return sum(leg.seconds for leg in self.legs)

    def latlon_deg(self, point_m: NDArray[np.float64]) -> tuple[float, float]:
        """Give (latitude, longitude) of a course point, rounded to 1e-7°."""
        lon, lat, _ = self.frame.to_lonlat_h([[point_m[0], point_m[1], 0.0]])[0]
        return round(float(lat), 7), round(float(lon), 7)


def course_lines(course: Course) -> NDArray[np.object_]:
    """Give the legs as lines on the ground, course metres; a climb is a point."""
    return line_shapes(course.starts_m, course.ends_m)


def line_shapes(starts_m: NDArray[np.float64], ends_m: NDArray[np.float64]) -> NDArray[np.object_]:
    """Give (n, 2+)–(n, 2+) pieces as lines, or as points where they go nowhere."""
    pairs = np.stack([starts_m[:, :2], ends_m[:, :2]], axis=1)
    shapes: NDArray[np.object_] = np.asarray(shapely.linestrings(pairs))
    still = (pairs[:, 0] == pairs[:, 1]).all(axis=1)
    shapes[still] = shapely.points(pairs[still, 0])
    return shapes


def course_shape(shape_lonlat: shapely.Geometry, frame: LocalFrame) -> shapely.Geometry:
    """Give a geometry of longitude and latitude in course metres, seen from above."""

    def move(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return frame.to_enu_m(np.column_stack([points, np.zeros(len(points))]))[:, :2]

    return shapely.transform(shapely.force_2d(shape_lonlat), move)
