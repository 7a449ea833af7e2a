"""Move positions between lon/lat, a local ENU frame and a projected CRS.

Angles are degrees at every border of this module; heights say what they refer to by name.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from inspection.errors import BadInput

WGS84_LONLAT = "EPSG:4326"


def utm_crs(lon_deg: float, lat_deg: float) -> str:
    """Name the UTM zone of a place as an EPSG code (WGS 84).

    >>> utm_crs(136.6257, 36.5946)
    'EPSG:32653'
    >>> utm_crs(-42.5, -22.9)
    'EPSG:32723'
    """
    if not (-180 <= lon_deg <= 180 and -80 <= lat_deg <= 84):
        raise BadInput(
            f"no UTM zone at longitude {lon_deg}°, latitude {lat_deg}°; "
            "name a CRS yourself, or check that latitude and longitude are not swapped"
        )
    zone = min(60, int((lon_deg + 180) // 6) + 1)
    return f"EPSG:{(32600 if lat_deg >= 0 else 32700) + zone}"


@lru_cache(maxsize=64)
def transformer(source_crs: str, target_crs: str) -> Transformer:
    """Build a transformer between two CRS that always speaks x = east/lon first.

    Raises:
        BadInput: when one of the names is not a CRS that PROJ knows.
    """
    try:
        return Transformer.from_crs(CRS(source_crs), CRS(target_crs), always_xy=True)
    except CRSError as error:
        raise BadInput(
            f"unknown coordinate reference system {source_crs!r} or {target_crs!r}: {error}; "
            "use an EPSG code such as EPSG:6675"
        ) from error


def is_geographic(crs: str) -> bool:
    """Tell whether a CRS speaks degrees of longitude and latitude.

    Raises:
        BadInput: when the name is not a CRS that PROJ knows.

    >>> is_geographic("EPSG:6668"), is_geographic("EPSG:6675")
    (True, False)
    """
    return _known_crs(crs).is_geographic


def is_metric(crs: str) -> bool:
    """Tell whether a CRS is a projection in metres.

    Raises:
        BadInput: when the name is not a CRS that PROJ knows.

    >>> is_metric("EPSG:6675"), is_metric("EPSG:2263")  # the latter in feet
    (True, False)
    """
    known = _known_crs(crs)
    return known.is_projected and all(a.unit_conversion_factor == 1.0 for a in known.axis_info[:2])


def to_crs(points_xy: ArrayLike, source_crs: str, target_crs: str) -> NDArray[np.float64]:
    """Transform (n, 2) points, x = east or longitude first, between two CRS.

    >>> xy = to_crs([[136.625669, 36.594606]], "EPSG:4326", "EPSG:6675")
    >>> xy.round(3).tolist()  # east, north
    [[-48404.916, 66109.811]]
    """
    xy = np.atleast_2d(np.asarray(points_xy, dtype=np.float64))
    if source_crs == target_crs:
        return xy.copy()
    x, y = transformer(source_crs, target_crs).transform(xy[:, 0], xy[:, 1])
    return np.column_stack([x, y])


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFrame:
    """Measure in metres east, north and up from an origin on the ellipsoid.

    Attributes:
        lon_deg: longitude of the origin, WGS 84.
        lat_deg: latitude of the origin, WGS 84.
        height_ellipsoid_m: height of the origin above the ellipsoid. Any consistent height
            reference may be used as long as the caller uses the same one for every point.
    """

    lon_deg: float
    lat_deg: float
    height_ellipsoid_m: float = 0.0

    def to_enu_m(self, lonlat_h: ArrayLike) -> NDArray[np.float64]:
        """Convert (n, 3) lon°, lat°, height m to (n, 3) east, north, up in metres.

        Source: topocentric conversion of PROJ (``+proj=topocentric``), EPSG method 9837.
        """
        points = np.atleast_2d(np.asarray(lonlat_h, dtype=np.float64))
        return _through(self._pipeline(), points, inverse=False)

    def to_lonlat_h(self, enu_m: ArrayLike) -> NDArray[np.float64]:
        """Convert (n, 3) east, north, up in metres to (n, 3) lon°, lat°, height m.

        >>> frame = LocalFrame(lon_deg=136.6, lat_deg=36.6)
        >>> back = frame.to_lonlat_h(frame.to_enu_m([[136.601, 36.601, 12.0]]))
        >>> back.round(9).tolist()
        [[136.601, 36.601, 12.0]]
        """
        points = np.atleast_2d(np.asarray(enu_m, dtype=np.float64))
        return _through(self._pipeline(), points, inverse=True)

    def _pipeline(self) -> str:
        return (
            "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad "
            "+step +proj=cart +ellps=WGS84 "
            f"+step +proj=topocentric +ellps=WGS84 +lon_0={float(self.lon_deg)!r} "
            f"+lat_0={float(self.lat_deg)!r} +h_0={float(self.height_ellipsoid_m)!r}"
        )


def _known_crs(name: str) -> CRS:
    """Look a CRS up by its name."""
    try:
        return CRS(name)
    except CRSError as error:
        raise BadInput(
            f"unknown coordinate reference system {name!r}: {error}; "
            "use an EPSG code such as EPSG:6675"
        ) from error


def _through(pipeline: str, points: NDArray[np.float64], *, inverse: bool) -> NDArray[np.float64]:
    """Push (n, 3) points through a PROJ pipeline."""
    direction = "INVERSE" if inverse else "FORWARD"
    x, y, z = points.T
    return np.column_stack(_pipeline_transformer(pipeline).transform(x, y, z, direction=direction))


@lru_cache(maxsize=64)
def _pipeline_transformer(pipeline: str) -> Transformer:
    """Keep pipelines: building one takes milliseconds."""
    return Transformer.from_pipeline(pipeline)
