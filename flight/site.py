"""Bring input features to the local metres of a plan: take-off, frame, heights."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from flight.flightplan import Pattern
from flight.ground import fall_m
from flight.inputs import InputFeature
from inspection.errors import BadGeometry, BadInput
from inspection.geo.frames import LocalFrame

FARTHEST_M = 30_000.0
OUT_OF_THE_WAY_M = 8.0

WANTED_SHAPES: dict[Pattern, tuple[str, ...]] = {
    Pattern.AREA: ("Polygon",),
    Pattern.CORRIDOR: ("LineString",),
    Pattern.FACADE: ("LineString", "Polygon"),
    Pattern.SOFFIT: ("Polygon",),
    Pattern.ORBIT: ("Point", "Polygon"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFeature:
    """Carry one feature in local metres.

    Attributes:
        source: as it was read.
        shape: Polygon, LineString or Point, local metres east and north.
    """

    source: InputFeature
    shape: BaseGeometry

    @property
    def name(self) -> str:
        """Name it."""
        return self.source.name

    @property
    def fall_m(self) -> float:
        """Give how far level ground lies below the tangent plane at its middle."""
        centre = self.shape.centroid
        return float(fall_m(np.array([[centre.x, centre.y]]))[0])


def check_shapes(features: Sequence[InputFeature], pattern: Pattern) -> None:
    """Refuse a feature that a pattern cannot use.

    Raises:
        BadGeometry: for the first one; the message names it.
    """
    wanted = WANTED_SHAPES[pattern]
    for feature in features:
        if feature.shape.geom_type not in wanted:
            raise BadGeometry(
                f"feature {feature.name!r} is a {feature.shape.geom_type}; 'flight plan {pattern}' "
                f"needs a {' or a '.join(wanted)}"
            )


def choose_takeoff(
    features: Sequence[InputFeature], pattern: Pattern, standoff_m: float
) -> tuple[float, float]:
    """Give a (latitude, longitude) near the first feature to plan with where none is given.

    In front of a face, beside a deck or pier, at the first corner of an area, at the start of a
    line. A crew that knows better gives its own.
    """
    shape = features[0].shape
    centre = shape.centroid
    frame = LocalFrame(lon_deg=centre.x, lat_deg=centre.y)
    local = _local(frame, shape)
    first = shapely.get_coordinates(local)[0]
    if pattern is Pattern.FACADE and local.geom_type == "LineString" and not local.is_ring:
        corners = shapely.get_coordinates(local)
        along = (corners[-1] - corners[0]) / max(np.linalg.norm(corners[-1] - corners[0]), 1e-9)
        middle = np.array(local.interpolate(0.5, normalized=True).coords[0])
        place = middle + np.array([along[1], -along[0]]) * (standoff_m + OUT_OF_THE_WAY_M)
    elif pattern in {Pattern.FACADE, Pattern.SOFFIT, Pattern.ORBIT}:
        reach_m = shapely.minimum_bounding_radius(local) + standoff_m + OUT_OF_THE_WAY_M
        place = np.array([0.0, -reach_m])
    else:
        place = first
    longitude, latitude, _ = frame.to_lonlat_h([[*place, 0.0]])[0].tolist()
    return round(latitude, 7), round(longitude, 7)


def to_local(features: Sequence[InputFeature], frame: LocalFrame) -> tuple[LocalFeature, ...]:
    """Move features to the local metres of a frame.

    Raises:
        BadInput: when one lies too far from take-off.
    """
    found = []
    for feature in features:
        shape = _local(frame, feature.shape)
        away_m = float(np.hypot(*shapely.get_coordinates(shape).T).max())
        if not away_m <= FARTHEST_M:
            raise BadInput(
                f"feature {feature.name!r} reaches {away_m / 1000:.0f} km from take-off "
                f"({frame.lat_deg:.5f}, {frame.lon_deg:.5f}), more than {FARTHEST_M / 1000:g} km: "
                "check that --takeoff is LATITUDE,LONGITUDE and that the file has east first"
            )
        found.append(LocalFeature(source=feature, shape=shape))
    return tuple(found)


def face_line(feature: LocalFeature, side: str) -> LineString:
    """Give the line of a face so that the camera is on its right.

    A ring is seen from outside, whichever way it was drawn.

    Args:
        feature: a line or a polygon.
        side: "right" or "left" of an open line, as drawn; the feature's own ``side`` wins.

    Raises:
        BadInput: for another side.
    """
    shape = feature.shape
    if isinstance(shape, Polygon):
        return LineString(shapely.geometry.polygon.orient(shape, 1.0).exterior.coords)
    if shape.is_ring:
        return shape if shapely.is_ccw(shape) else shape.reverse()
    chosen = str(feature.source.properties.get("side") or side).casefold()
    if chosen not in {"left", "right"}:
        raise BadInput(f"feature {feature.name!r}: side {chosen!r} is neither left nor right")
    return shape if chosen == "right" else shape.reverse()


def circle(feature: LocalFeature, radius_m: float | None) -> tuple[tuple[float, float], float, str]:
    """Give centre, radius and a remark for a pier drawn as a point or as its outline.

    Raises:
        BadInput: when a point has no radius.
    """
    shape = feature.shape
    if isinstance(shape, Point):
        own = feature.source.number("radius_m", "radius")
        radius = radius_m if own is None else own
        if radius is None:
            raise BadInput(
                f"feature {feature.name!r} is a point without 'radius_m'; give --radius-m, "
                "or draw its outline"
            )
        return (shape.x, shape.y), radius, ""
    around = shapely.minimum_bounding_circle(shape)
    radius = float(shapely.minimum_bounding_radius(shape))
    centre = around.centroid
    remark = ""
    if shape.area < 0.9 * np.pi * radius**2:
        remark = (
            f"{feature.name} is not round: the ring goes round the circle that encloses it, and "
            "flat sides are farther away than planned; plan its faces with 'flight plan facade'"
        )
    return (centre.x, centre.y), radius, remark


def _local(frame: LocalFrame, shape: BaseGeometry) -> BaseGeometry:
    """Move longitude, latitude to local metres east, north."""

    def move(lonlat: np.ndarray) -> np.ndarray:
        points = np.column_stack([lonlat, np.zeros(len(lonlat))])
        return frame.to_enu_m(points)[:, :2]

    moved: BaseGeometry = shapely.transform(shape, move)
    return moved
