"""Fly a past survey again, photo by photo, so that two surveys can be compared.

The photos of the past become the plan of the next: the same places, the same directions, the same
order. What photos do not tell (how far the surface is, where take-off was) must be said.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from flight.came import upright
from flight.capability import STOP_SPEED_M_S
from flight.flightplan import FlightPlan, Pattern, Trigger
from flight.mission import AltitudeFrame
from flight.poses import Poses, footprints_m, numbered, photos
from flight.surface import level
from inspection.domain.capture import Photo
from inspection.errors import BadInput
from inspection.geo.camera import Camera
from inspection.geo.frames import LocalFrame

Floats = NDArray[np.float64]

NADIR_DEG = -60.0
"""Photos that look down more steeply than this see the ground."""
TURN_DEG = 45.0
JUMP = 3.0
EXPOSURE_S = 1 / 1000


def repeat_plan(plan: FlightPlan) -> FlightPlan:
    """Give the same plan to be flown again.

    Raises:
        BadInput: when it has no photo.
    """
    if not plan.photos:
        raise BadInput(f"plan {plan.name!r} has no photo: there is nothing to repeat")
    note = f"repeats {plan.name}, photo by photo"
    return replace(plan, name=f"{plan.name} – repeat", notes=(*plan.notes, note))


def plan_from_photos(
    past: Sequence[Photo],
    *,
    name: str,
    camera_name: str,
    drone_name: str | None = None,
    focal_px: float | None = None,
    distance_m: float | None = None,
    ground_m: float = 0.0,
    takeoff_latlon_deg: tuple[float, float] | None = None,
) -> FlightPlan:
    """Make a plan of the photos of a past survey.

    Args:
        past: as ``inspection.pipeline.ingest`` gives them, in order of flight.
        name: of the plan.
        camera_name: key of camera and lens of the next flight; it should be that of the past.
        drone_name: key of the drone of the next flight.
        focal_px: where the photos do not tell it.
        distance_m: of the surface along the optical axis; None takes level ground for photos that
            look down.
        ground_m: height of that ground above take-off.
        takeoff_latlon_deg: (latitude, longitude) of the next take-off, at the height of the past
            one; None takes the place below the first photo.

    Raises:
        BadInput: when a photo tells no pose, the photos are of several cameras, or the distance of
            the surface cannot be known.
    """
    if not past:
        raise BadInput("no photo of the past survey can be used; there is nothing to repeat")
    camera = _camera(past, focal_px)
    yaw_deg, pitch_deg, lonlat_h, lift_m = _poses(past)
    latitude, longitude = takeoff_latlon_deg or (float(lonlat_h[0, 1]), float(lonlat_h[0, 0]))
    frame = LocalFrame(lat_deg=latitude, lon_deg=longitude)
    position = frame.to_enu_m(lonlat_h)
    axis = _axes(yaw_deg, pitch_deg)
    away_m = _distances(position, axis, pitch_deg, distance_m, ground_m)
    poses = Poses(
        position_m=position,
        yaw_deg=yaw_deg,
        pitch_deg=pitch_deg,
        target_m=position + axis * away_m[:, None],
        normal=-axis if distance_m is not None else np.tile([0.0, 0.0, 1.0], (len(past), 1)),
        row=_rows(position),
        element=("",) * len(past),
    )
    gsd = float(np.median(away_m)) / camera.focal_px
    outlines = footprints_m(camera, poses)
    return FlightPlan(
        name=name,
        pattern=Pattern.AREA if (pitch_deg <= NADIR_DEG).all() else Pattern.FACADE,
        camera_name=camera_name,
        camera=camera,
        origin_latlon_deg=(latitude, longitude),
        takeoff_msl_m=lift_m,
        altitude_frame=AltitudeFrame.HOME,
        gsd_m_per_px=gsd,
        overlap_front=_overlap(poses, camera, gsd),
        overlap_side=0.0,
        incidence_limit_deg=30.0,
        speed_m_s=STOP_SPEED_M_S,
        trigger=Trigger.STOP,
        exposure_s=EXPOSURE_S,
        photos=photos(camera, poses),
        surface_m=_surface(outlines, nadir=bool((pitch_deg <= NADIR_DEG).all())),
        drone_name=drone_name,
        notes=_notes(past, takeoff_latlon_deg, distance_m, ground_m),
    )


def _camera(past: Sequence[Photo], focal_px: float | None) -> Camera:
    """Give the one camera of the past survey."""
    sizes = Counter((photo.width_px, photo.height_px) for photo in past)
    if len(sizes) > 1:
        told = ", ".join(f"{count} of {w}×{h}" for (w, h), count in sizes.items())
        raise BadInput(f"the photos are of several cameras ({told}); give those of one")
    known = [photo.focal_px for photo in past if photo.focal_px is not None]
    focal = float(np.median(known)) if known else focal_px
    if focal is None:
        raise BadInput("the photos tell no focal length; name the lens with --camera")
    if known and max(abs(value / focal - 1) for value in known) > 0.1:
        raise BadInput(
            f"focal lengths of {min(known):.0f}–{max(known):.0f} px are those of several lenses; "
            "give the photos of one"
        )
    ((width, height),) = sizes
    return Camera(
        width_px=width, height_px=height, focal_px=focal, cx_px=width / 2, cy_px=height / 2
    )


def _poses(past: Sequence[Photo]) -> tuple[Floats, Floats, Floats, float | None]:
    """Give yaw, pitch, (n, 3) lon, lat, height above take-off, and take-off above the sea."""
    rows, lifts = [], []
    for photo in past:
        pose = photo.pose
        if pose is None or pose.altitude_relative_m is None:
            raise BadInput(
                f"{photo.name} tells no height above take-off; without it a flight cannot be "
                "repeated safely; leave the photo out, or write poses with 'tenken flight geotag'"
            )
        yaw_deg, pitch_deg = upright(pose.yaw_deg, pose.pitch_deg, pose.roll_deg)
        if yaw_deg is None or pitch_deg is None:
            raise BadInput(f"{photo.name} tells no direction of view; leave it out")
        rows.append((yaw_deg, pitch_deg, pose.lon_deg, pose.lat_deg, pose.altitude_relative_m))
        if pose.altitude_m is not None:
            lifts.append(pose.altitude_m - pose.altitude_relative_m)
    table = np.array(rows)
    return table[:, 0], table[:, 1], table[:, 2:], float(np.median(lifts)) if lifts else None


def _axes(yaw_deg: Floats, pitch_deg: Floats) -> Floats:
    """Give optical axes, (n, 3) unit vectors."""
    yaw, pitch = np.radians(yaw_deg), np.radians(pitch_deg)
    across = np.cos(pitch)
    return np.column_stack([np.sin(yaw) * across, np.cos(yaw) * across, np.sin(pitch)])


def _distances(
    position: Floats,
    axis: Floats,
    pitch_deg: Floats,
    distance_m: float | None,
    ground_m: float,
) -> Floats:
    """Give how far the surface is along each axis, (n,) m."""
    if distance_m is not None:
        return np.full(len(position), distance_m)
    if not (pitch_deg <= NADIR_DEG).all():
        raise BadInput(
            "some photos do not look down, so nobody knows how far the surface is; give "
            "--distance-m"
        )
    away_m = (position[:, 2] - ground_m) / -axis[:, 2]
    if not (away_m > 0.5).all():
        raise BadInput(
            f"some photos were taken no higher than the ground at {ground_m:g} m above take-off; "
            "give --ground-m or --distance-m"
        )
    return np.asarray(away_m)


def _rows(position: Floats) -> NDArray[np.int64]:
    """Number rows: a new one begins after a turn or a jump."""
    count = len(position)
    if count < 3:
        return np.zeros(count, dtype=np.int64)
    step = np.diff(position, axis=0)
    length = np.linalg.norm(step, axis=1)
    unit = step / np.maximum(length, 1e-9)[:, None]
    turn = np.zeros(count - 1, dtype=bool)
    turn[1:] = (unit[1:] * unit[:-1]).sum(axis=1) < np.cos(np.radians(TURN_DEG))
    return numbered(np.zeros(count, dtype=np.int64), turn | (length > JUMP * np.median(length)))


def _overlap(poses: Poses, camera: Camera, gsd: float) -> float:
    """Give the usual overlap of neighbours, from their spacing and the shorter side."""
    if len(poses) < 2:
        return 0.0
    spacing = float(np.median(np.linalg.norm(np.diff(poses.position_m, axis=0), axis=1)))
    return float(np.clip(1 - spacing / (gsd * min(camera.width_px, camera.height_px)), 0.0, 0.95))


def _surface(outlines: Floats, *, nadir: bool) -> Floats:
    """Give what the past survey saw as triangles: joined on level ground, else each footprint.

    A footprint is cut as a piece of wall is (``flight.surface.upright``).
    """
    if nadir:
        joined = shapely.union_all([Polygon(outline[:, :2]).buffer(0) for outline in outlines])
        return level(joined, float(outlines[:, :, 2].mean()), from_below=False)
    # corners run clockwise as the photo is looked at, triangles counter-clockwise
    lower, upper = outlines[:, [3, 2, 1]], outlines[:, [3, 1, 0]]
    return np.stack([lower, upper], axis=1).reshape(-1, 3, 3)


def _notes(
    past: Sequence[Photo],
    takeoff: tuple[float, float] | None,
    distance_m: float | None,
    ground_m: float,
) -> tuple[str, ...]:
    """Say what was assumed."""
    notes = [f"repeats {len(past)} photos of a past survey; take off at the height of that time"]
    if takeoff is None:
        notes.append("take-off is below the first photo; name the place with --takeoff")
    if distance_m is None:
        notes.append(f"the ground was taken to be level, {ground_m:g} m above take-off")
    return tuple(notes)
