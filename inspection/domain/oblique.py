"""Correct a width for a surface that was seen at a slant, or refuse to."""

import math

from inspection.errors import Refused

WARN_DEG = 20.0
"""Up to this incidence the correction is known to work (domain specification §4.2)."""

REFUSE_DEG = 45.0
"""Beyond this incidence no width is reported."""


def incidence_deg(ray: tuple[float, float, float], normal: tuple[float, float, float]) -> float:
    """Give the angle between a line of sight and the normal of a surface, 0–90 degrees.

    Args:
        ray: from the camera to the surface, any length, in the frame of the normal.
        normal: of the surface, any length and either sign.

    >>> round(incidence_deg((0.0, 1.0, -1.0), (0.0, 0.0, 1.0)), 9)
    45.0
    """
    along = abs(sum(a * b for a, b in zip(ray, normal, strict=True)))
    size = math.hypot(*ray) * math.hypot(*normal)
    if not 0 < size < math.inf:
        raise Refused("a line of sight and a normal need a length above 0")
    return math.degrees(math.acos(min(1.0, along / size)))


def oblique_factor(tilt_deg: float, across_deg: float) -> float:
    """Give by what the width seen in the photo, at the square-on scale, is multiplied.

    Args:
        tilt_deg: angle of incidence θ, 0 = square on.
        across_deg: angle φ between the normal of the crack and the direction of the tilt, in the
            photo.

    Raises:
        Refused: when the surface was seen at more than 45°.

    Source: domain specification §4.2, √(cos²φ'/cos²θ + sin²φ') with φ' on the surface. The photo
    shows tan φ = tan φ' ÷ cos θ, which turns it into 1 ÷ √(cos²φ·cos²θ + sin²φ).

    >>> round(oblique_factor(40.0, 0.0), 4)  # narrowed by cos 40°
    1.3054
    >>> oblique_factor(40.0, 90.0)
    1.0
    """
    if not 0 <= tilt_deg <= REFUSE_DEG:
        raise Refused(
            f"the surface was seen at {tilt_deg:.0f}° from square on; widths are given up to "
            f"{REFUSE_DEG:.0f}°: photograph it more squarely"
        )
    if not math.isfinite(across_deg):
        raise Refused(f"the direction of a crack must be a number of degrees, got {across_deg}")
    across, tilt = math.radians(across_deg), math.radians(tilt_deg)
    return 1.0 / math.hypot(math.cos(across) * math.cos(tilt), math.sin(across))
