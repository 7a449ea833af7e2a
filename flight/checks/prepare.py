"""Gather what an examination needs: the mission laid out, and what stands around it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
import shapely

from flight.checks.circumstance import Circumstance
from flight.checks.course import Course, course_shape
from flight.checks.examine import Examination, examine
from flight.checks.layout import RETURN_HEIGHT_M, flown_places, lay_out, takeoff_place
from flight.checks.rulefile import RuleSet
from flight.checks.structure import HeightReference, Obstacle, build_obstacles
from flight.checks.terrain import Terrain, read_terrain
from flight.checks.zone import Zone, build_zones
from flight.drone import Drone
from flight.flightplan import FlightPlan
from flight.inputs import read_features
from flight.mission import Mission
from flight.partition import RESERVE
from inspection.errors import BadGeometry, BadInput
from inspection.geo.frames import LocalFrame

AROUND_M = 60.0
"""The DEM is read this far beyond the course."""
THIRD_PARTY = "third_party"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Name the files of what stands around, and how to read them.

    Attributes:
        dem: raster of heights above mean sea level.
        structures: vector files of structures.
        heights_from: from where heights of structures count.
        layers: vector files by the layer name that rules use; ``third_party`` among them.
        fences: vector files of areas in which everything must lie.
        takeoff_latlon_deg: (latitude, longitude), or None for the mission's home.
        takeoff_msl_m: height of take-off, or None for that of the DEM or the mission.
        pilot_latlon_deg: (latitude, longitude), or None for take-off.
    """

    dem: Path | None = None
    structures: tuple[Path, ...] = ()
    heights_from: HeightReference = HeightReference.TAKEOFF
    layers: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    fences: tuple[Path, ...] = ()
    takeoff_latlon_deg: tuple[float, float] | None = None
    takeoff_msl_m: float | None = None
    pilot_latlon_deg: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        """Check the height of take-off.

        Raises:
            BadInput: when it is no finite number.
        """
        if self.takeoff_msl_m is not None and not math.isfinite(self.takeoff_msl_m):
            raise BadInput(f"a take-off height of {self.takeoff_msl_m} m is no finite number")


YEARS = (1950, 2200)
"""Years of a flight; the place of the sun is known well for them, and no calendar ends there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Carry weather, time and craft (see ``Circumstance``)."""

    drone: Drone | None = None
    obstacle_sensing: bool | None = None
    wind_m_s: float | None = None
    gust_m_s: float | None = None
    at: datetime | None = None
    reserve: float = RESERVE
    storage_gb: float | None = None
    return_height_m: float = RETURN_HEIGHT_M

    def __post_init__(self) -> None:
        """Check the height of return, and that the sun can be looked up at the time of flight.

        Raises:
            BadInput: when the height is no finite number, or the time lies far outside anything
                that is flown; ``Circumstance`` checks the rest.
        """
        if not math.isfinite(self.return_height_m):
            raise BadInput(f"a return height of {self.return_height_m} m is no finite number")
        if self.at is not None and not YEARS[0] <= self.at.year <= YEARS[1]:
            raise BadInput(
                f"time of flight {self.at.isoformat()}: its year must lie in {YEARS[0]}–{YEARS[1]}"
            )


def examine_mission(
    mission: Mission,
    *,
    rules: Sequence[RuleSet],
    surroundings: Surroundings,
    conditions: Conditions,
    plan: FlightPlan | None = None,
) -> Examination:
    """Read what stands around, lay the mission out and answer every check.

    Raises:
        BadInput: when a file cannot be used, or the mission goes nowhere.
        BadGeometry: when a feature is unusable.
    """
    frame, bounds = _place(mission, surroundings)
    terrain = None if surroundings.dem is None else read_terrain(surroundings.dem, frame, bounds)
    msl_m = _takeoff_msl_m(mission, surroundings, terrain)
    if terrain is not None:
        if msl_m is None:
            raise BadInput(
                f"{surroundings.dem} has no height at take-off; give --takeoff-msl-m, or a DEM "
                "that covers it"
            )
        terrain = terrain.above(msl_m)
    course = lay_out(
        mission,
        takeoff_latlon_deg=surroundings.takeoff_latlon_deg,
        takeoff_msl_m=msl_m,
        return_height_m=conditions.return_height_m,
        ground=None if terrain is None else terrain.ground_m,
        ground_step_m=5.0 if terrain is None else max(1.0, terrain.step_m),
    )
    around = _around(course, terrain, surroundings, conditions, rules)
    fences = [
        _area(course_shape(feature.shape, course.frame), feature.name)
        for path in surroundings.fences
        for feature in read_features(path)
    ]
    return examine(
        mission,
        course,
        around,
        rules=rules,
        plan=plan,
        fences=fences,
        return_height_m=conditions.return_height_m,
    )


def layers_of(rules: Sequence[RuleSet], frame: LocalFrame) -> dict[str, tuple[Zone, ...]]:
    """Read the layers that come with rule files, by the name that rules use.

    Raises:
        BadCodelist: when a layer is not there.
    """
    zones: dict[str, tuple[Zone, ...]] = {}
    for one in rules:
        for layer in one.layers:
            found = build_zones(read_features(one.layer_path(layer)), frame)
            zones[layer.name] = (*zones.get(layer.name, ()), *found)
    return zones


def _place(
    mission: Mission, surroundings: Surroundings
) -> tuple[LocalFrame, tuple[float, float, float, float]]:
    """Give the frame at take-off and the bounds of all that is flown or stood upon."""
    places = flown_places(mission)
    start = takeoff_place(mission, surroundings.takeoff_latlon_deg)
    places += [start, surroundings.pilot_latlon_deg or start]
    frame = LocalFrame(lat_deg=start[0], lon_deg=start[1])
    xy = frame.to_enu_m([[lon, lat, 0.0] for lat, lon in places])[:, :2]
    low, high = xy.min(axis=0) - AROUND_M, xy.max(axis=0) + AROUND_M
    return frame, (float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def _takeoff_msl_m(
    mission: Mission, surroundings: Surroundings, terrain: Terrain | None
) -> float | None:
    """Give the height of take-off: as stated, else the ground's there, else the mission's.

    The DEM goes before the file: heights of a mission count from the ground that the craft
    stands on, and files often say 0.
    """
    if surroundings.takeoff_msl_m is not None:
        return surroundings.takeoff_msl_m
    if terrain is not None:
        ground_m = float(terrain.ground_m(np.zeros((1, 2)))[0])
        if np.isfinite(ground_m):
            return ground_m
    return mission.home_altitude_msl_m


def _around(
    course: Course,
    terrain: Terrain | None,
    surroundings: Surroundings,
    conditions: Conditions,
    rules: Sequence[RuleSet],
) -> Circumstance:
    """Build obstacles and zones in course metres."""
    zones = layers_of(rules, course.frame)
    for name, paths in surroundings.layers.items():
        if name != THIRD_PARTY:
            found = (z for path in paths for z in build_zones(read_features(path), course.frame))
            zones[name] = (*zones.get(name, ()), *found)
    third = surroundings.layers.get(THIRD_PARTY)
    pilot = (0.0, 0.0)
    if surroundings.pilot_latlon_deg is not None:
        latitude, longitude = surroundings.pilot_latlon_deg
        east, north, _ = course.frame.to_enu_m([[longitude, latitude, 0.0]])[0]
        pilot = (float(east), float(north))
    return Circumstance(
        terrain=terrain,
        obstacles=_obstacles(course, terrain, surroundings.structures, surroundings.heights_from),
        third_parties=None
        if third is None
        else _obstacles(course, terrain, third, surroundings.heights_from, endless=True),
        zones=zones,
        drone=conditions.drone,
        obstacle_sensing=conditions.obstacle_sensing,
        pilot_m=pilot,
        wind_m_s=conditions.wind_m_s,
        gust_m_s=conditions.gust_m_s,
        at=conditions.at,
        reserve=conditions.reserve,
        storage_gb=conditions.storage_gb,
    )


def _obstacles(
    course: Course,
    terrain: Terrain | None,
    paths: Sequence[Path],
    reference: HeightReference,
    *,
    endless: bool = False,
) -> tuple[Obstacle, ...]:
    """Read obstacles of files."""
    found: list[Obstacle] = []
    for path in paths:
        found += build_obstacles(
            read_features(path),
            course.frame,
            reference=reference,
            takeoff_msl_m=course.takeoff_msl_m,
            ground=None if terrain is None else terrain.ground_m,
            endless_without_height=endless,
        )
    return tuple(found)


def _area(outline: shapely.Geometry, name: str) -> shapely.Geometry:
    """Demand that a fence is an area."""
    if outline.area <= 0:
        raise BadGeometry(f"fence {name!r} is a {outline.geom_type}; draw a polygon")
    return outline
