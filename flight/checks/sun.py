"""Know how high the sun stands."""

from datetime import UTC, datetime

import numpy as np

from inspection.errors import BadInput


def sun_height_deg(latlon_deg: tuple[float, float], at: datetime) -> float:
    """Give the height of the sun's centre above the horizon, without refraction, in degrees.

    Good to about 0.02° from 1950 to 2050.

    Args:
        latlon_deg: (latitude, longitude).
        at: aware time.

    Raises:
        BadInput: when the time carries no zone.

    Source: Astronomical Almanac, low-precision formulas for the sun.

    >>> noon = datetime.fromisoformat("2026-06-21T12:00:00+09:00")
    >>> round(sun_height_deg((36.56, 136.65), noon), 1)
    76.8
    """
    if at.tzinfo is None:
        raise BadInput("the time of a flight must carry a zone, such as 2026-06-21T12:00+09:00")
    days = (at - datetime(2000, 1, 1, 12, tzinfo=UTC)).total_seconds() / 86400
    anomaly = np.radians((357.528 + 0.9856003 * days) % 360)
    longitude = np.radians(
        280.460 + 0.9856474 * days + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly)
    )
    tilt = np.radians(23.439 - 4e-7 * days)
    right_ascension = np.arctan2(np.cos(tilt) * np.sin(longitude), np.cos(longitude))
    declination = np.arcsin(np.sin(tilt) * np.sin(longitude))
    sidereal_deg = 280.46062 + 360.98564737 * days + latlon_deg[1]
    hour_angle = np.radians(sidereal_deg) - right_ascension
    latitude = np.radians(latlon_deg[0])
    height = np.arcsin(
        np.sin(latitude) * np.sin(declination)
        + np.cos(latitude) * np.cos(declination) * np.cos(hour_angle)
    )
    return float(np.degrees(height))
