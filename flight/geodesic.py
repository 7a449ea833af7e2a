"""Measure and step along the WGS 84 ellipsoid, latitude first."""

from functools import cache

from pyproj import Geod

LatLon = tuple[float, float]


@cache
def _ellipsoid() -> Geod:
    """Give the ellipsoid, made once."""
    return Geod(ellps="WGS84")


def distance_m(a_latlon: LatLon, b_latlon: LatLon) -> float:
    """Give the length of the geodesic between two places, metres.

    >>> round(distance_m((36.0, 136.0), (36.0, 136.001)), 2)
    90.16
    """
    return float(_ellipsoid().inv(a_latlon[1], a_latlon[0], b_latlon[1], b_latlon[0])[2])


def bearing_deg(a_latlon: LatLon, b_latlon: LatLon) -> float:
    """Give the direction from one place to another, degrees clockwise from north, 0–360.

    >>> round(bearing_deg((36.0, 136.0), (36.0, 136.001)), 1)
    90.0
    """
    azimuth = _ellipsoid().inv(a_latlon[1], a_latlon[0], b_latlon[1], b_latlon[0])[0]
    return float(azimuth) % 360.0


def step(latlon: LatLon, heading_deg: float, length_m: float) -> LatLon:
    """Give the (latitude, longitude) that lies so many metres along a heading.

    >>> [round(x, 5) for x in step((36.0, 136.0), 90.0, 90.16)]
    [36.0, 136.001]
    """
    lon, lat, _ = _ellipsoid().fwd(latlon[1], latlon[0], heading_deg, length_m)
    return float(lat), float(lon)
