"""Place the photos that really came in the frame of the plan that they were taken for.

A drone knows its height above take-off; a photo without it has a height of some other reference,
which is tied to the plan by the plan's own photos. Nothing is guessed silently: what was assumed
is said, and a photo that cannot be placed is set aside with its reason.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from flight.flightplan import FlightPlan
from inspection.domain.capture import CapturePose, Photo
from inspection.errors import BadInput
from inspection.geo.camera import Camera
from inspection.geo.frames import LocalFrame

Floats = NDArray[np.float64]

NEAR_M = 5.0
"""A photo this near to a planned one, seen from above, was taken there."""
ROUGH_M = 0.1
HIGHEST_M, FARTHEST_M = 10_000.0, 1e6
"""No photo of an inspection is taken above this height, or farther from the origin of its run."""
LEAST_MATCHES = 3
"""So many photos must lie near planned ones before they may tell the height reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CamePhoto:
    """Carry one photo that came.

    Attributes:
        name: of the file, or the beginning of its digest.
        position_m: (3,) local metres of the plan.
        yaw_deg: of the gimbal, clockwise from north.
        pitch_deg: of the optical axis.
        camera: that took it.
    """

    name: str
    position_m: Floats
    yaw_deg: float
    pitch_deg: float
    camera: Camera


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """Carry all that came.

    Attributes:
        photos: usable ones, in order of flight.
        aside: (name, reason) of those that see nothing that counts.
        notes: what was assumed.
    """

    photos: tuple[CamePhoto, ...]
    aside: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placed:
    """Hold a photo with a height whose reference is not yet settled."""

    name: str
    lonlat: tuple[float, float]
    relative_m: float | None
    absolute_m: float | None
    yaw_deg: float | None
    pitch_deg: float | None
    camera: Camera


def came_from_photos(plan: FlightPlan, photos: Sequence[Photo]) -> Came:
    """Place ingested photos by their EXIF and XMP.

    Args:
        plan: for which they were taken.
        photos: as ``inspection.pipeline.ingest`` gives them.

    Raises:
        BadInput: when the photos carry heights that nothing ties to the plan.
    """
    aside: list[tuple[str, str]] = []
    placed = []
    for photo in photos:
        reason = _unusable(photo)
        if reason:
            aside.append((photo.name, reason))
        else:
            assert photo.pose is not None
            placed.append(_place(photo, photo.pose, plan))
    came = _settle(plan, placed, aside)
    rough = sum(_is_rough(photo.pose) for photo in photos if photo.pose is not None)
    if not rough:
        return came
    note = (
        f"{rough} photos have no position to a decimetre: what they see is known no better than "
        "their receiver knows where they are; a run's views.json knows better"
    )
    return replace(came, notes=(*came.notes, note))


def _is_rough(pose: CapturePose) -> bool:
    """Tell whether a position may be off by more than a decimetre, or does not say."""
    return pose.horizontal_std_m is None or pose.horizontal_std_m > ROUGH_M


def came_from_views(plan: FlightPlan, views: Mapping[str, Any]) -> Came:
    """Place the photos of ``views.json`` of a run, whose poses are adjusted.

    Raises:
        BadInput: when the run is not tied to the earth, or the file is no views.json.
    """
    try:
        surface = views["surface"]
        if surface["kind"] != "ground":
            raise BadInput(
                "this run lies in a local frame that nothing ties to the earth; give the folder "
                "of its photos instead"
            )
        longitude, latitude, height_m = (float(value) for value in surface["origin"])
        if not (abs(longitude) <= 180 and abs(latitude) <= 90 and abs(height_m) <= HIGHEST_M):
            raise ValueError(f"origin {longitude}, {latitude}, {height_m} is not on the earth")
        frame = LocalFrame(lon_deg=longitude, lat_deg=latitude, height_ellipsoid_m=height_m)
        placed = [_of_view(view, frame) for view in views["views"] if "focal_px" in view]
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise BadInput(f"this is no views.json of a run: {error!r}") from error
    return _settle(plan, placed, [])


def _unusable(photo: Photo) -> str:
    """Say why a photo sees nothing that counts, empty when it does."""
    if photo.pose is None:
        return "no position"
    if photo.quality is not None and photo.quality.is_blurred:
        return f"blurred: {photo.quality.sharpness_relative:.2f} of the sharpness of the flight"
    if photo.pose.altitude_m is None and photo.pose.altitude_relative_m is None:
        return "no height"
    return ""


def _place(photo: Photo, pose: CapturePose, plan: FlightPlan) -> _Placed:
    """Take over the pose of a photo; the plan's camera stands in for an unknown lens."""
    focal_px = photo.focal_px
    if focal_px is None:
        focal_px = plan.camera.focal_px * photo.width_px / plan.camera.width_px
    yaw_deg, pitch_deg = upright(pose.yaw_deg, pose.pitch_deg, pose.roll_deg)
    return _Placed(
        name=photo.name,
        lonlat=(pose.lon_deg, pose.lat_deg),
        relative_m=pose.altitude_relative_m,
        absolute_m=pose.altitude_m,
        yaw_deg=yaw_deg,
        pitch_deg=pitch_deg,
        camera=Camera(
            width_px=photo.width_px,
            height_px=photo.height_px,
            focal_px=focal_px,
            cx_px=photo.width_px / 2,
            cy_px=photo.height_px / 2,
        ),
    )


def upright(
    yaw_deg: float | None, pitch_deg: float | None, roll_deg: float | None
) -> tuple[float | None, float | None]:
    """Give yaw and pitch of the same view without the half turn that gimbals write at times.

    >>> upright(10.0, -91.0, 180.0)
    (190.0, -89.0)
    >>> upright(350.0, -30.0, 0.2)
    (350.0, -30.0)
    """
    if yaw_deg is None or pitch_deg is None:
        return yaw_deg, pitch_deg
    if (roll_deg is not None and abs(roll_deg) > 90) or abs(pitch_deg) > 90:
        pitch_deg = math.copysign(180.0, pitch_deg) - pitch_deg
        yaw_deg += 180.0
    return yaw_deg % 360.0, max(-90.0, min(90.0, pitch_deg))


def _of_view(view: Mapping[str, Any], frame: LocalFrame) -> _Placed:
    """Take over one adjusted view."""
    rotation = np.array(view["camera_from_world"], dtype=np.float64)
    centre = np.array(view["centre_world_m"], dtype=np.float64)
    if rotation.shape != (3, 3) or centre.shape != (3,):
        raise ValueError(f"pose of shapes {rotation.shape} and {centre.shape}")
    if not np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-3):
        raise ValueError("camera_from_world is no rotation")
    if not (np.abs(centre) <= FARTHEST_M).all():
        raise ValueError(f"centre {centre} is not near the origin")
    right, forward = rotation[0], rotation[2]
    width, height = (int(value) for value in view["size_px"])
    longitude, latitude, height_m = frame.to_lonlat_h([centre])[0]
    return _Placed(
        name=str(view["sha256"])[:12],
        lonlat=(float(longitude), float(latitude)),
        relative_m=None,
        absolute_m=float(height_m),
        yaw_deg=float(np.degrees(np.arctan2(-right[1], right[0])) % 360.0),
        pitch_deg=float(np.degrees(np.arcsin(np.clip(forward[2], -1, 1)))),
        camera=Camera(
            width_px=width,
            height_px=height,
            focal_px=float(view["focal_px"]),
            cx_px=float(view["centre_px"][0]),
            cy_px=float(view["centre_px"][1]),
            k1=float(view["k1"]),
        ),
    )


def _settle(plan: FlightPlan, placed: Sequence[_Placed], aside: list[tuple[str, str]]) -> Came:
    """Settle heights and missing directions with the help of the plan."""
    if not placed:
        return Came(photos=(), aside=tuple(aside))
    notes: list[str] = []
    flat = np.array([[*one.lonlat, 0.0] for one in placed])
    ground = plan.frame.to_enu_m(flat)[:, :2]
    planned = plan.positions_m
    off_m, nearest = cKDTree(planned[:, :2]).query(ground) if len(planned) else (
        np.full(len(placed), np.inf), np.zeros(len(placed), dtype=np.int64),
    )  # fmt: skip
    height_m = _heights(plan, placed, off_m, nearest, notes)
    lonlat_h = np.column_stack([flat[:, :2], height_m])
    positions = plan.frame.to_enu_m(lonlat_h)
    photos, borrowed = [], 0
    for one, position, off, at in zip(placed, positions, off_m, nearest, strict=True):
        yaw_deg, pitch_deg = one.yaw_deg, one.pitch_deg
        if yaw_deg is None or pitch_deg is None:
            if off > NEAR_M:
                aside.append((one.name, "no direction of view, and no planned photo is near"))
                continue
            yaw_deg, pitch_deg = plan.photos[at].yaw_deg, plan.photos[at].pitch_deg
            borrowed += 1
        photos.append(
            CamePhoto(
                name=one.name,
                position_m=position,
                yaw_deg=yaw_deg,
                pitch_deg=pitch_deg,
                camera=one.camera,
            )
        )
    if borrowed:
        notes.append(
            f"{borrowed} photos tell no direction of view; that of the nearest planned photo was "
            "taken"
        )
    return Came(photos=tuple(photos), aside=tuple(aside), notes=tuple(notes))


def _heights(
    plan: FlightPlan,
    placed: Sequence[_Placed],
    off_m: Floats,
    nearest: NDArray[np.int64],
    notes: list[str],
) -> Floats:
    """Give heights above take-off, (n,) m."""
    relative = [one.relative_m for one in placed]
    if all(value is not None for value in relative):
        return np.array(relative, dtype=np.float64)
    absolute = np.array([math.nan if v is None else v for v in (p.absolute_m for p in placed)])
    wanted = plan.to_latlon_height(plan.positions_m)[:, 2] if len(plan.photos) else np.empty(0)
    near = (off_m <= NEAR_M) & np.isfinite(absolute)
    if near.sum() >= LEAST_MATCHES:
        lift_m = float(np.median(absolute[near] - wanted[nearest[near]]))
        notes.append(
            f"heights were moved by {-lift_m:.1f} m, so that the median of {int(near.sum())} "
            "photos lies at the planned height"
        )
    elif plan.takeoff_msl_m is not None:
        lift_m = plan.takeoff_msl_m
        notes.append(f"heights were taken above the sea, take-off at {lift_m:.1f} m")
    else:
        raise BadInput(
            "the photos carry no height above take-off, fewer than "
            f"{LEAST_MATCHES} lie near planned ones, and the plan does not say how high take-off "
            "is; plan with --takeoff-msl-m"
        )
    known = np.array([math.nan if value is None else value for value in relative])
    return np.where(np.isfinite(known), known, absolute - lift_m)
