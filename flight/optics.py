"""Compute what a lens does at a distance: depth of field, blur by motion and by turning.

Source of the formulas: domain specification §6.2.
"""

import math

from flight.lens import Lens
from inspection.errors import BadInput


def depth_of_field_m(lens: Lens, distance_m: float, f_number: float) -> tuple[float, float]:
    """Give the nearest and farthest distance that is sharp to one pixel, metres (far may be inf).

    Source: domain specification §6.2, near/far = D·H/(H ± D), H = f²/(N·p) + f.

    >>> from flight.lens import find_lens
    >>> near, far = depth_of_field_m(find_lens("dji_p1@50"), 2.27, 5.6)
    >>> round(near, 3), round(far, 3)
    (2.22, 2.322)
    """
    if not f_number > 0:
        raise BadInput(f"the f-number must be > 0, got {f_number}")
    focal_m = lens.focal_mm / 1000
    hyperfocal_m = focal_m**2 / (f_number * lens.pitch_m) + focal_m
    near_m = distance_m * hyperfocal_m / (hyperfocal_m + distance_m)
    if distance_m >= hyperfocal_m:
        return near_m, math.inf
    return near_m, distance_m * hyperfocal_m / (hyperfocal_m - distance_m)


def f_number_for_depth(lens: Lens, distance_m: float, share: float) -> float:
    """Give the f-number at which D·(1 ± share) is sharp to one pixel.

    The near side D·(1 − share) is sharp up to H = D·(1 − share)/share, the far side up to
    D·(1 + share)/share: the near side asks for the smaller H, and so for the higher f-number.

    >>> from flight.lens import find_lens
    >>> lens = find_lens("dji_p1@50")
    >>> near, far = depth_of_field_m(lens, 2.0, f_number_for_depth(lens, 2.0, 0.1))
    >>> round(near, 6), far > 2.2
    (1.8, True)
    """
    focal_m = lens.focal_mm / 1000
    hyperfocal_m = distance_m * (1 - share) / share
    return focal_m**2 / ((hyperfocal_m - focal_m) * lens.pitch_m)


def turning_limit_deg_s(lens: Lens, exposure_s: float, blur_px: float) -> float:
    """Give the rate of turning that blurs a photo by a number of pixels, degrees per second.

    Source: domain specification §6.2, rotation blur = ω·t·f/p.

    >>> from flight.lens import find_lens
    >>> round(turning_limit_deg_s(find_lens("dji_p1@50"), 1 / 1000, 0.5), 2)
    2.52
    """
    return math.degrees(blur_px / (exposure_s * lens.camera.focal_px))
