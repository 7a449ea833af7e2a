"""Register a nadir block: photos with positions become cameras with poses in one ENU frame.

Heights. Consumer drones write an absolute altitude that may be off by tens of metres, while the
height above take-off comes from the barometer and is good to a few decimetres. The frame's up axis
therefore counts from the take-off level wherever the photos tell ``RelativeAltitude``; only a
receiver that states a vertical deviation of at most 0.1 m (RTK) has its absolute altitude trusted
for differences between photos.

Focal length. A block that looks straight down cannot tell a longer lens from a higher flight, so
the focal length of the metadata is held fixed; radial distortion is refined. What that gives is
then checked against the height that the drone states (``registration_check``).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.domain.capture import CapturePose, Photo
from inspection.domain.raster import Registration
from inspection.errors import BadInput, NotRegistered
from inspection.geo.camera import Camera, rotation_from_gimbal
from inspection.geo.frames import LocalFrame
from inspection.imaging.album import decode
from inspection.imaging.alignment import align, breadth_m
from inspection.imaging.control import Held, Mark, hold
from inspection.imaging.features import find_features
from inspection.imaging.photofile import PhotoFile
from inspection.imaging.registration_check import Checked, check
from inspection.imaging.sfm import WORKING_SIDE_PX, Model, Shot, reconstruct

MIN_PHOTOS = 3
"""Fewer registered photos give no scale and no level."""

FEATURES = 6000

DEFAULT_STD_M = (1.5, 1.5, 1.0)
"""East, north and up of a receiver that states nothing: metres of a consumer GNSS, decimetres of a
barometer with some drift."""

GUESSED_FOCAL_RATIO = 1.2
"""Focal length ÷ long side to start from when the metadata do not tell it."""

RTK_STD_M = 0.1

Step = Callable[[str, int, int], None]
"""Hears (step, done, total)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NadirBlock:
    """Carry a registered block.

    Attributes:
        registration: cameras, poses and how far they can be trusted.
        frame: the ENU frame of the poses.
        points_enu_m: (n, 3) sparse points.
        checked: the comparison with the metadata in full.
        focal_source: ``metadata``, or ``altitude`` when derived from the stated height, or
            ``photos`` when only the photos themselves tell it.
        focal_prior_px: median focal length of the metadata, None when they tell none.
        held: how well the block lies on ground control points, None without them.
    """

    registration: Registration
    frame: LocalFrame
    points_enu_m: NDArray[np.float64]
    checked: Checked
    focal_source: str
    focal_prior_px: float | None
    held: Held | None = None


def register(
    photos: Sequence[Photo],
    photo_paths: Mapping[str, PhotoFile],
    *,
    work_dir: Path,
    marks: Sequence[Mark] = (),
    on_step: Step = lambda step, done, total: None,
) -> NadirBlock:
    """Register photos that look down, with the positions of their receiver.

    Args:
        photos: photos with a pose; others are reported as unregistered.
        photo_paths: file by sha256.
        work_dir: a folder for the database of the reconstruction.
        marks: marks of surveyed ground control points, which then place the block.
        on_step: hears about progress.

    Raises:
        BadGeometry: when the control points cannot place the block.
        NotRegistered: when fewer than three photos hold together.
        BadPhoto: when a photo cannot be decoded.
    """
    placed = sorted((p for p in photos if p.pose is not None), key=lambda p: p.sha256)
    if len(placed) < MIN_PHOTOS:
        raise NotRegistered(
            f"{len(placed)} of {len(photos)} photos have a GPS position, {MIN_PHOTOS} are needed; "
            "for photos without positions choose the surface 'strip' and say the ground sample "
            "distance"
        )
    frame, positions = place_photos(placed)
    shots = _shots(placed, positions, photo_paths, on_step)
    source = "metadata" if all(p.focal_px for p in placed) else "photos"
    model = _reconstruct(shots, placed, work_dir, on_step, refine_focal=source == "photos")
    checked = check(model, placed, positions)
    if source == "photos" and checked.height_ratio is not None:
        source = "altitude"
        shots = [_with_focal(shot, model, checked.height_ratio) for shot in shots]
        model = _reconstruct(shots, placed, work_dir, on_step, refine_focal=False)
        checked = check(model, placed, positions)
    held = None
    if marks:
        model, held = hold(model, placed, marks, frame)
        checked = check(model, placed, positions)
    known = [photo.focal_px for photo in placed if photo.focal_px]
    return NadirBlock(
        registration=_registration(model, checked, photos, source),
        frame=frame,
        points_enu_m=model.points,
        checked=checked,
        focal_source=source,
        focal_prior_px=float(np.median(known)) if known else None,
        held=held,
    )


def place_photos(photos: Sequence[Photo]) -> tuple[LocalFrame, NDArray[np.float64]]:
    """Give the ENU frame of photos with poses and their positions (n, 3) m in it.

    The origin is the mean position at the take-off level (see the module for heights).
    """
    poses = [_pose_of(photo) for photo in photos]
    relative = [pose.altitude_relative_m for pose in poses]
    absolute = [pose.altitude_m for pose in poses]
    precise = all(
        pose.vertical_std_m is not None and pose.vertical_std_m <= RTK_STD_M for pose in poses
    )
    take_off = [
        high - above
        for high, above in zip(absolute, relative, strict=True)
        if high is not None and above is not None
    ]
    base = float(np.median(take_off)) if take_off else 0.0
    lonlat = np.array([[pose.lon_deg, pose.lat_deg] for pose in poses])
    if all(value is not None for value in relative) and not precise:
        height = np.array(relative, dtype=np.float64) + base
    elif all(value is not None for value in absolute):
        height = np.array(absolute, dtype=np.float64)
    else:
        raise NotRegistered(
            "some photos state neither a relative nor an absolute altitude; leave them out"
        )
    centre = lonlat.mean(axis=0)
    frame = LocalFrame(lon_deg=float(centre[0]), lat_deg=float(centre[1]), height_ellipsoid_m=base)
    return frame, frame.to_enu_m(np.column_stack([lonlat, height]))


def _pose_of(photo: Photo) -> CapturePose:
    """Give the pose of a photo that has one."""
    if photo.pose is None:
        raise BadInput(f"photo {photo.name} has no GPS position")
    return photo.pose


def _shots(
    photos: Sequence[Photo],
    positions: NDArray[np.float64],
    paths: Mapping[str, PhotoFile],
    on_step: Step,
) -> list[Shot]:
    """Find the features of every photo."""
    shots = []
    for done, (photo, position) in enumerate(zip(photos, positions, strict=True), start=1):
        rgb = decode(paths[photo.sha256], width_px=photo.width_px, height_px=photo.height_px)
        grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
        scale = min(1.0, WORKING_SIDE_PX / max(grey.shape))
        features = find_features(grey, scale=scale, at_most=FEATURES)
        shots.append(
            Shot(
                name=photo.sha256,
                camera=_camera(photo),
                features=features,
                position_enu_m=position,
                std_m=_std_m(_pose_of(photo)),
            )
        )
        on_step("find features", done, len(photos))
    return shots


def _camera(photo: Photo) -> Camera:
    """Give the lens as the metadata say, or a guess that the reconstruction will refine."""
    guess = GUESSED_FOCAL_RATIO * max(photo.width_px, photo.height_px)
    return Camera(
        width_px=photo.width_px,
        height_px=photo.height_px,
        focal_px=photo.focal_px or guess,
        cx_px=photo.width_px / 2,
        cy_px=photo.height_px / 2,
    )


def _std_m(pose: CapturePose) -> NDArray[np.float64]:
    """Give the standard deviation of a position, never below 1 cm."""
    east = pose.horizontal_std_m or DEFAULT_STD_M[0]
    up = pose.vertical_std_m or DEFAULT_STD_M[2]
    return np.array([max(east, 0.01), max(east, 0.01), max(up, 0.01)])


def _reconstruct(
    shots: Sequence[Shot],
    photos: Sequence[Photo],
    work_dir: Path,
    on_step: Step,
    *,
    refine_focal: bool,
) -> Model:
    """Reconstruct, put the block on the earth, and settle it there."""
    folder = work_dir / ("sfm-free" if refine_focal else "sfm")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sfm.db").unlink(missing_ok=True)
    block = reconstruct(
        shots,
        work_dir=folder,
        reach_m=_reach_m(shots),
        refine_focal=refine_focal,
        on_pair=partial(on_step, "compare photos"),
        on_matched=partial(on_step, "reconstruct", 0, 0),
    )
    block.straighten()
    model = block.model()
    if len(model.poses) < MIN_PHOTOS:
        raise NotRegistered(
            f"only {len(model.poses)} of {len(shots)} photos hold together, {MIN_PHOTOS} are "
            "needed; fly with 70–80 % overlap, without blur"
        )
    by_name = {shot.name: shot for shot in shots}
    gimbal = {photo.sha256: _back_world(_pose_of(photo)) for photo in photos}
    targets = np.array([by_name[name].position_enu_m for name in model.poses])
    block.move(
        align(
            np.array([pose.centre_world_m for pose in model.poses.values()]),
            targets,
            back_model=np.array([-pose.camera_from_world[2] for pose in model.poses.values()]),
            back_world=np.array([gimbal[name] for name in model.poses]),
        )
    )
    doubt = max(float(np.median([by_name[name].std_m[:2] for name in model.poses])), 0.02)
    if breadth_m(targets) > 3.0 * doubt / math.sqrt(len(targets)):
        block.settle()
    return block.model()


def _reach_m(shots: Sequence[Shot]) -> float:
    """Give the distance within which photos may share ground, m.

    Beyond one long side of the footprint nothing is shared, and near it nothing matches; so much is
    left as the stated height may be wrong. The height of the frame counts from
    take-off; where that says little, every photo may be a neighbour of every other.
    """
    heights = [shot.position_enu_m[2] for shot in shots]
    height = float(np.median(heights))
    if height < 1.0:
        return math.inf if len(shots) < 60 else 500.0
    shot = shots[0]
    side = max(shot.camera.width_px, shot.camera.height_px) / shot.camera.focal_px
    return 0.9 * side * max(height, 2.0)


def _back_world(pose: CapturePose) -> NDArray[np.float64]:
    """Give the direction against the view: from the gimbal, or up when it says nothing."""
    if pose.yaw_deg is None or pose.pitch_deg is None:
        return np.array([0.0, 0.0, 1.0])
    rotation = rotation_from_gimbal(
        yaw_deg=pose.yaw_deg, pitch_deg=pose.pitch_deg, roll_deg=pose.roll_deg or 0.0
    )
    return np.asarray(-rotation[2], dtype=np.float64)


def _with_focal(shot: Shot, model: Model, height_ratio: float) -> Shot:
    """Give a shot the focal length that brings the block to the stated height."""
    found = model.cameras.get(shot.name) or next(iter(model.cameras.values()))
    camera = replace(shot.camera, focal_px=found.focal_px / height_ratio, k1=0.0)
    return replace(shot, camera=camera)


def _registration(
    model: Model, checked: Checked, photos: Sequence[Photo], source: str
) -> Registration:
    """Put the result into the house's noun."""
    lost = tuple(photo.sha256 for photo in photos if photo.sha256 not in model.poses)
    warnings = list(checked.warnings)
    if source == "altitude":
        warnings.append(
            "the photos do not state a focal length; it was chosen so that the flying height is "
            "the one stated, so lengths are only as good as that height"
        )
    elif source == "photos":
        warnings.append(
            "neither a focal length nor a height above take-off is stated; scale and relief rest "
            "on the GPS positions alone"
        )
    if lost:
        warnings.append(
            f"{len(lost)} of {len(photos)} photos could not be tied in and are not in the mosaic"
        )
    return Registration(
        method="sfm",
        cameras=model.cameras,
        poses=model.poses,
        unregistered=lost,
        reprojection_px=model.reprojection_px,
        camera_gps_rms_horizontal_m=checked.rms_horizontal_m,
        camera_gps_rms_vertical_m=checked.rms_vertical_m,
        height_ratio=None if source == "altitude" else checked.height_ratio,
        residuals=checked.residuals,
        warnings=tuple(warnings),
    )
