"""Plan and check a flight in one go, for the web: pure planning, nothing is kept.

The same wish always gives the same plan, so that a file can be had by asking again.
"""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from flight.capability import Capability, Capture, capability
from flight.checks.examine import Examination
from flight.checks.prepare import Conditions, Surroundings, examine_mission
from flight.checks.rulefile import load_rules, shipped_rules
from flight.coverage import Coverage, plan_coverage
from flight.drone import Drone
from flight.flightplan import FlightPlan, Pattern
from flight.formats import Loss, write_mission
from flight.inputs import InputFeature, read_features
from flight.itinerary import Itinerary
from flight.lawnmower import PhotoSet
from flight.lens import find_lens
from flight.mission import AltitudeFrame
from flight.order import Order, choose_drone
from flight.partition import RESERVE, split
from flight.planning import make_plan
from flight.purpose import find_purpose, gsd_for_width_m_per_px, purpose_for
from inspection.errors import BadInput, NotFound
from inspection.geo.frames import LocalFrame

MOST_PHOTOS = 5_000
"""Photos of a preview at the most; larger flights are planned on the command line."""
MOST_FEATURES = 200
OF_GROUND = (Pattern.AREA, Pattern.CORRIDOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Carry what a crew asks for.

    Attributes:
        name: of the plan.
        pattern: how photos are laid out.
        features: GeoJSON features, longitude and latitude.
        camera: camera and lens.
        gsd_m_per_px: wanted, or None where a crack width is.
        crack_width_mm: smallest, or None where a GSD is.
        precision: of the crack width.
        purpose: key of the purposes, or None for the one that fits the GSD.
        overlap_front: along a row, or None for the purpose's.
        overlap_side: between rows, or None for the purpose's.
        exposure_s: longest exposure.
        drone: key of the drone table, or None for the first that can.
        takeoff_latlon_deg: (latitude, longitude), or None.
        takeoff_msl_m: height of take-off, or None.
        altitude_frame: of the mission.
        reserve: share of the battery that stays.
        wind_m_s: expected, or None.
        at: time of flight, aware, or None.
        rules: names of shipped rule files.
        return_height_m: to which the craft climbs before it goes home.
        layout: further fields of ``flight.order.Order``.
    """

    name: str
    pattern: Pattern
    features: Sequence[Mapping[str, Any]]
    camera: str
    gsd_m_per_px: float | None = None
    crack_width_mm: float | None = None
    precision: str = "standard"
    purpose: str | None = None
    overlap_front: float | None = None
    overlap_side: float | None = None
    exposure_s: float = 1 / 1000
    drone: str | None = None
    takeoff_latlon_deg: tuple[float, float] | None = None
    takeoff_msl_m: float | None = None
    altitude_frame: AltitudeFrame = AltitudeFrame.HOME
    reserve: float = RESERVE
    wind_m_s: float | None = None
    at: datetime | None = None
    rules: tuple[str, ...] = ("jp_uas_rule",)
    return_height_m: float = 15.0
    layout: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Carry a plan with all that a crew looks at before it flies.

    Attributes:
        plan: photos and surface.
        capability: what the wish asks of camera and flight.
        coverage: what the photos see.
        parts: missions, in order of flight.
        examinations: of every part.
        drone: that flies.
    """

    plan: FlightPlan
    capability: Capability
    coverage: Coverage
    parts: tuple[tuple[FlightPlan, Itinerary], ...]
    examinations: tuple[Examination, ...]
    drone: Drone


def preview(wish: Wish) -> Preview:
    """Plan a wish and check it without ground or structures, which a preview does not have.

    Raises:
        BadInput: when the wish makes no sense, or is too large for a preview.
        BadGeometry: when a feature cannot be used.
        NotFound: when a camera, drone, purpose or rule file is not known.
        Refused: when the wish cannot be had safely.
    """
    plan, found, drone, parts = _planned(wish)
    unknown = [name for name in wish.rules if name not in shipped_rules()]
    if unknown:  # a name of the wish is never a path of this machine
        raise NotFound(f"there is no rule file {unknown[0]!r}; there are {shipped_rules()}")
    rules = [load_rules(name) for name in wish.rules]
    conditions = Conditions(
        drone=drone,
        wind_m_s=wish.wind_m_s,
        at=wish.at,
        reserve=wish.reserve,
        return_height_m=wish.return_height_m,
    )
    surroundings = Surroundings(takeoff_msl_m=wish.takeoff_msl_m)
    examinations = tuple(
        examine_mission(
            itinerary.mission,
            rules=rules,
            surroundings=surroundings,
            conditions=conditions,
            plan=part,
        )
        for part, itinerary in parts
    )
    return Preview(
        plan=plan,
        capability=found,
        coverage=plan_coverage(plan),
        parts=parts,
        examinations=examinations,
        drone=drone,
    )


def mission_file(wish: Wish, suffix: str, part: int) -> tuple[bytes, tuple[Loss, ...]]:
    """Give the mission file of one part of a wish, and what the format could not hold.

    Args:
        wish: as for ``preview``.
        suffix: of the format, with its dot.
        part: from 1.

    Raises:
        BadInput: when there is no such part; else as ``preview``.
    """
    _, _, drone, parts = _planned(wish)
    if not 1 <= part <= len(parts):
        raise BadInput(f"there is no part {part}; this plan has 1–{len(parts)}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"mission{suffix}"
        losses = write_mission(parts[part - 1][1].mission, path, drone=drone.wayline_name)
        return path.read_bytes(), losses


def planned(wish: Wish) -> FlightPlan:
    """Give the plan of a wish alone. Raises as ``preview``."""
    return _planned(wish)[0]


def _planned(
    wish: Wish,
) -> tuple[FlightPlan, Capability, Drone, tuple[tuple[FlightPlan, Itinerary], ...]]:
    """Plan a wish."""
    features = _features(wish.features)
    lens = find_lens(wish.camera)
    drone = choose_drone(wish.drone, lens, wish.pattern)
    found = _capability(wish, drone)
    order = Order(
        name=wish.name,
        pattern=wish.pattern,
        capability=found,
        drone=drone,
        takeoff_latlon_deg=wish.takeoff_latlon_deg,
        takeoff_msl_m=wish.takeoff_msl_m,
        altitude_frame=wish.altitude_frame,
        **wish.layout,
    )
    count = expected_photos(features, order)
    if count > MOST_PHOTOS:
        raise BadInput(
            f"this would be about {count:.0f} photos, more than {MOST_PHOTOS} of a preview; choose "
            "a smaller part, a coarser GSD, or use 'tenken flight plan'"
        )
    plan = make_plan(features, order)
    if len(plan.photos) > MOST_PHOTOS:  # many small features have more rim than surface
        raise BadInput(
            f"this would be {len(plan.photos)} photos, more than {MOST_PHOTOS} of a preview; draw "
            "fewer features, choose a coarser GSD, or use 'tenken flight plan'"
        )
    return plan, found, drone, split(plan, drone, reserve=wish.reserve)


def expected_photos(features: Sequence[InputFeature], order: Order) -> float:
    """Estimate the photos of an order from the size of its features, without planning it."""
    wide_m, high_m = order.capability.footprint_m
    step_m2 = (wide_m * (1 - order.capability.overlap_side)) * (
        high_m * (1 - order.capability.overlap_front)
    )
    return sum(_size_m2(feature, order) / step_m2 + 1 for feature in features)


def _size_m2(feature: InputFeature, order: Order) -> float:
    """Give the surface of a feature, roughly."""
    middle = feature.shape.centroid
    frame = LocalFrame(lat_deg=middle.y, lon_deg=middle.x)

    def move(points: np.ndarray) -> np.ndarray:
        return frame.to_enu_m(np.column_stack([points, np.zeros(len(points))]))[:, :2]

    local = shapely.transform(feature.shape, move)
    if order.pattern in (Pattern.AREA, Pattern.SOFFIT):
        looks = sum(4 if one is PhotoSet.OBLIQUE else 1 for one in set(order.sets))
        return float(local.area) * looks
    if order.pattern is Pattern.CORRIDOR:
        return float(local.length) * (feature.number("width_m", "width") or order.width_m or 1.0)
    top = feature.number("top_m", "top") or order.top_m or 0.0
    bottom = feature.number("bottom_m", "bottom") or order.bottom_m or 0.0
    around = float(local.length)
    if order.pattern is Pattern.ORBIT:
        around += 2 * np.pi * (feature.number("radius_m", "radius") or order.radius_m or 0.0)
    return around * max(0.0, top - bottom)


def _features(features: Sequence[Mapping[str, Any]]) -> tuple[InputFeature, ...]:
    """Check features as those of a file are checked."""
    if not 1 <= len(features) <= MOST_FEATURES:
        raise BadInput(f"give 1 to {MOST_FEATURES} features, got {len(features)}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "drawn.geojson"
        document = {"type": "FeatureCollection", "features": list(features)}
        path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
        return read_features(path)


def _capability(wish: Wish, drone: Drone) -> Capability:
    """Turn the wish into what it asks of camera and flight, as flown by a drone."""
    gsd = wish.gsd_m_per_px
    if (gsd is None) == (wish.crack_width_mm is None):
        raise BadInput("give either a ground sample distance or a crack width")
    if gsd is None:
        assert wish.crack_width_mm is not None
        gsd = gsd_for_width_m_per_px(wish.crack_width_mm, wish.precision)
    of_ground = wish.pattern in OF_GROUND
    return capability(
        find_lens(wish.camera),
        gsd_m_per_px=gsd,
        purpose=find_purpose(wish.purpose)
        if wish.purpose
        else purpose_for(gsd, of_ground=of_ground),
        capture=Capture(
            exposure_s=wish.exposure_s,
            obstacle_sensing=drone.obstacle_sensing,
            wind_m_s=3.0 if wish.wind_m_s is None else wish.wind_m_s,
            slowest_m_s=drone.slowest_m_s,
        ),
        overlap_front=wish.overlap_front,
        overlap_side=wish.overlap_side,
    )
