"""Tell what a camera must do to see what shall be seen, and whether it can.

The wish is a ground sample distance; the answer is a stand-off with all that follows from it, or
a plain no with what would make it possible.

Source: domain specification §6.2 (formulas) and §6.3 (recommended capture, safety stand-off).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from flight.area import distance_for_gsd_m, spacing_m, speed_limit_m_per_s
from flight.flightplan import Trigger
from flight.lens import Lens, fixed_lenses
from flight.optics import depth_of_field_m, f_number_for_depth, turning_limit_deg_s
from flight.purpose import Purpose
from inspection.errors import BadInput, Refused

SLOWEST_STEADY_M_S = 0.5
"""Below this a drone, unless its own figure says otherwise, does not fly on evenly: it stops at
every photo. At 1 mm/px and 1/1000 s blur allows just this (domain specification §6.2)."""

STOP_SPEED_M_S = 1.5
"""Speed from photo to photo near a structure where the drone stops for each."""

STANDOFF_TOLERANCE = 0.10
"""Source: domain specification §6.2, ΔD/D ≤ 10 %."""

MEASURABLE_FACTOR = 0.33
"""Smallest measurable width over GSD, estimator B. Source: domain specification §4.7."""

LARGEST_STANDOFF_M = 500.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """Say how photos are taken, beyond the lens.

    Attributes:
        exposure_s: longest exposure.
        blur_px: motion blur that is accepted (default 0.5, at most 1).
        f_number: for the depth of field.
        interval_s: shortest time between two photos of the camera.
        obstacle_sensing: the drone sees structures by itself.
        wind_m_s: expected.
        slowest_m_s: below which the drone does not fly on evenly.
    """

    exposure_s: float = 1 / 1000
    blur_px: float = 0.5
    f_number: float = 5.6
    interval_s: float = 0.7
    obstacle_sensing: bool = True
    wind_m_s: float = 3.0
    slowest_m_s: float = SLOWEST_STEADY_M_S

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            BadInput: when a number makes no sense.
        """
        if not 1e-5 <= self.exposure_s <= 1:
            raise BadInput(f"exposure {self.exposure_s} s is outside 1/100000–1 s")
        if not 0 < self.blur_px <= 1:
            raise BadInput(f"blur of {self.blur_px} px is outside 0–1 px; 0.5 is usual")
        if not (self.f_number > 0 and self.interval_s >= 0 and 0 <= self.wind_m_s < 50):
            raise BadInput("f-number, photo interval and wind must be numbers ≥ 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """Carry what a wish and a camera ask of a flight.

    Attributes:
        lens: camera and focal length.
        purpose: what it is for.
        gsd_m_per_px: wanted ground sample distance.
        standoff_m: distance from the surface.
        footprint_m: width and height of what a photo sees.
        smallest_width_mm: smallest crack width that can be measured in a sharp photo.
        overlap_front: in a row, 0–1.
        overlap_side: between rows, 0–1.
        incidence_limit_deg: between optical axis and surface normal.
        exposure_s: longest exposure.
        speed_limit_m_s: at which motion blurs by what is accepted, or the camera is too slow.
        speed_m_s: to fly at along a row.
        turning_limit_deg_s: of the camera while it exposes.
        trigger: stop at every photo, or fly on.
        depth_of_field_m: nearest and farthest sharp distance; the far one may be infinite.
        views: least number of photos that shall see each place.
        notes: what the crew must heed.
    """

    lens: Lens
    purpose: Purpose
    gsd_m_per_px: float
    standoff_m: float
    footprint_m: tuple[float, float]
    smallest_width_mm: float
    overlap_front: float
    overlap_side: float
    incidence_limit_deg: float
    exposure_s: float
    speed_limit_m_s: float
    speed_m_s: float
    turning_limit_deg_s: float
    trigger: Trigger
    depth_of_field_m: tuple[float, float]
    views: int
    notes: tuple[str, ...]


def safe_standoff_m(*, obstacle_sensing: bool, wind_m_s: float) -> float:
    """Give the least distance from a structure, metres.

    Source: domain specification §6.3: 2 m with obstacle sensing, 3 m without, 1 m more when the
    wind is above 3 m/s.

    >>> safe_standoff_m(obstacle_sensing=True, wind_m_s=3), safe_standoff_m(
    ...     obstacle_sensing=False, wind_m_s=4)
    (2.0, 4.0)
    """
    return (2.0 if obstacle_sensing else 3.0) + (1.0 if wind_m_s > 3 else 0.0)


def capability(
    lens: Lens,
    *,
    gsd_m_per_px: float,
    purpose: Purpose,
    capture: Capture | None = None,
    overlap_front: float | None = None,
    overlap_side: float | None = None,
    lenses: Sequence[Lens] | None = None,
) -> Capability:
    """Tell how a camera must be flown for a ground sample distance.

    Args:
        lens: camera and focal length.
        gsd_m_per_px: wanted.
        purpose: gives overlaps, angle and whether the drone may fly on.
        capture: exposure and the like; None for the defaults.
        overlap_front: in place of the purpose's.
        overlap_side: in place of the purpose's.
        lenses: other cameras to name when this one cannot; None for the table.

    Raises:
        BadInput: when the wish makes no sense or the overlap is too small for the purpose.
        Refused: when the camera would have to come closer than is safe.
    """
    capture = capture or Capture()
    if not 1e-5 <= gsd_m_per_px <= 0.5:
        raise BadInput(f"GSD {gsd_m_per_px * 1000:g} mm/px is outside 0.01–500 mm/px")
    camera = lens.camera
    standoff_m = distance_for_gsd_m(camera, gsd_m_per_px)
    least_m = safe_standoff_m(obstacle_sensing=capture.obstacle_sensing, wind_m_s=capture.wind_m_s)
    if standoff_m < least_m - 1e-9:
        raise Refused(_no_but(lens, gsd_m_per_px, standoff_m, least_m, lenses))
    if standoff_m > LARGEST_STANDOFF_M:
        raise BadInput(
            f"{lens.name} sees {gsd_m_per_px * 1000:g} mm/px from {standoff_m:.0f} m, farther "
            f"than {LARGEST_STANDOFF_M:g} m; wish for a finer GSD or take a shorter lens"
        )
    front = _overlap(purpose.front, overlap_front, purpose, "front")
    side = _overlap(purpose.side, overlap_side, purpose, "side")
    footprint_m = camera.footprint_m(standoff_m)
    blur_limit_m_s = speed_limit_m_per_s(gsd_m_per_px, capture.exposure_s, blur_px=capture.blur_px)
    step_m = spacing_m(min(footprint_m), front)
    interval_limit_m_s = step_m / capture.interval_s if capture.interval_s else math.inf
    limit_m_s = min(blur_limit_m_s, interval_limit_m_s)
    flies_on = purpose.continuous and limit_m_s >= capture.slowest_m_s - 1e-9
    depth_m = depth_of_field_m(lens, standoff_m, capture.f_number)
    return Capability(
        lens=lens,
        purpose=purpose,
        gsd_m_per_px=gsd_m_per_px,
        standoff_m=standoff_m,
        footprint_m=footprint_m,
        smallest_width_mm=MEASURABLE_FACTOR * gsd_m_per_px * 1000,
        overlap_front=front,
        overlap_side=side,
        incidence_limit_deg=purpose.incidence_deg,
        exposure_s=capture.exposure_s,
        speed_limit_m_s=limit_m_s,
        speed_m_s=limit_m_s if flies_on else STOP_SPEED_M_S,
        turning_limit_deg_s=turning_limit_deg_s(lens, capture.exposure_s, capture.blur_px),
        trigger=Trigger.DISTANCE if flies_on else Trigger.STOP,
        depth_of_field_m=depth_m,
        views=purpose.views,
        notes=_notes(
            lens=lens,
            purpose=purpose,
            gsd_m_per_px=gsd_m_per_px,
            standoff_m=standoff_m,
            depth_m=depth_m,
            capture=capture,
            flies_on=flies_on,
        ),
    )


def _overlap(usual: float, asked: float | None, purpose: Purpose, name: str) -> float:
    """Choose an overlap and refuse one that the purpose cannot work with."""
    overlap = usual if asked is None else asked
    if not 0 <= overlap <= 0.95:
        raise BadInput(f"{name} overlap must be a ratio of 0 to 0.95, got {overlap}; 75 % is 0.75")
    if overlap < purpose.least - 1e-9:
        raise BadInput(
            f"{name} overlap {overlap:.0%} is too small for {purpose.label}: it needs at least "
            f"{purpose.least:.0%}; ask for more, or choose another --purpose"
        )
    return overlap


def _no_but(
    lens: Lens,
    gsd_m_per_px: float,
    standoff_m: float,
    least_m: float,
    lenses: Sequence[Lens] | None,
) -> str:
    """Say why it cannot be, what this camera can do, and which camera could."""
    focal_mm = math.ceil(least_m * lens.model.pitch_um / gsd_m_per_px / 100) / 10
    finest_mm = lens.camera.gsd_m_per_px(least_m) * 1000
    able = [
        f"{other.name} (from {distance_for_gsd_m(other.camera, gsd_m_per_px):.2f} m)"
        for other in (fixed_lenses() if lenses is None else lenses)
        if distance_for_gsd_m(other.camera, gsd_m_per_px) >= least_m - 1e-9
    ]
    others = f"or one of {', '.join(able)}" if able else "no camera of the table can"
    return (
        f"{gsd_m_per_px * 1000:g} mm/px with {lens.name} needs a stand-off of {standoff_m:.2f} m, "
        f"closer than the {least_m:g} m that is safe; from there it sees {finest_mm:.2f} mm/px "
        f"(cracks from {MEASURABLE_FACTOR * finest_mm:.2f} mm can be measured). It would become "
        f"possible with a lens of at least {focal_mm:g} mm on this camera, {others}"
    )


def _notes(
    *,
    lens: Lens,
    purpose: Purpose,
    gsd_m_per_px: float,
    standoff_m: float,
    depth_m: tuple[float, float],
    capture: Capture,
    flies_on: bool,
) -> tuple[str, ...]:
    """Collect what the crew must heed."""
    notes = []
    near_m, far_m = depth_m
    swing_m = STANDOFF_TOLERANCE * standoff_m
    if near_m > standoff_m - swing_m or far_m < standoff_m + swing_m:
        needed = f_number_for_depth(lens, standoff_m, STANDOFF_TOLERANCE)
        notes.append(
            f"depth of field is {near_m:.2f}–{far_m:.2f} m, less than the ±10 % that the drone "
            f"holds: let the camera focus at every photo (a fixed focus would need f/{needed:.0f})"
        )
    if purpose.continuous and not flies_on:
        notes.append(
            f"an exposure of 1/{1 / capture.exposure_s:.0f} s would blur at the slowest steady "
            f"speed, {capture.slowest_m_s:g} m/s: the drone stops at every photo; a shorter "
            "exposure lets it fly on"
        )
    coarsest_mm = purpose.gsd_mm[1]
    if gsd_m_per_px * 1000 > coarsest_mm * (1 + 1e-9):
        notes.append(
            f"{gsd_m_per_px * 1000:g} mm/px is coarser than {coarsest_mm:g} mm/px, the most for "
            f"{purpose.label}"
        )
    if lens.model.needs_review:
        notes.append(f"nobody has checked the figures of {lens.model.label}: compare with EXIF")
    return tuple(notes)
