"""Register a strip of photos of one plane without positions: overlaps and a nominal scale.

For quays, decks and pavements photographed square-on in a strip. GPS in the photos is not used: its
error of metres says nothing about overlaps of decimetres. The result is a local metric frame,
declared as such (CRS ``LOCAL``), upright as the first photo, unless control points place it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from inspection.domain.capture import Photo, in_flight_order
from inspection.errors import BadInput
from inspection.geo.camera import Camera, Pose
from inspection.geo.grid import LOCAL_CRS
from inspection.imaging.ortho import View
from inspection.imaging.photofile import PhotoFile
from inspection.imaging.planar_adjust import Adjusted, to_plane
from inspection.imaging.planar_group import adjust_largest_group
from inspection.imaging.planar_place import (
    ControlPoint,
    ControlResidual,
    Placement,
    photo_numbers,
    place,
    read_control_points,
)
from inspection.imaging.planar_ties import Tie, find_ties


@dataclass(frozen=True, slots=True, kw_only=True)
class TieReport:
    """Say how well two photos agree.

    Attributes:
        first: sha256 of one photo.
        second: sha256 of the other.
        points: common points used.
        rms_px: rms distance after the adjustment, px of the full photo.
    """

    first: str
    second: str
    points: int
    rms_px: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StripRegistration:
    """Say where each photo of a strip lies on the surface.

    Attributes:
        cameras: camera by sha256; the focal length is assumed where the photo does not tell it,
            which leaves the mosaic as it is but makes heights meaningless.
        poses: pose by sha256 in the frame of the surface, plane z = 0.
        surface_from_px: (3, 3) best homography from photo pixels to surface metres by sha256;
            exact up to ``homography_error_m``, because a homography cannot bend.
        homography_error_m: largest error of that homography over the photo by sha256.
        unregistered: reason in words by sha256.
        ties: one row a pair of photos that overlap.
        rms_px: rms of all ties, px of the full photo.
        gsd_m_per_px: ground sample distance of the strip, the nominal one unless control scaled it.
        gsd_uncertainty_ratio: standard uncertainty of lengths, as a share.
        crs: ``LOCAL`` or the CRS of the control points.
        georeferenced: whether control points tie the strip to the earth.
        control_residuals: one row a control point.
        control_rms_m: rms of them, None below three points.
        warnings: sentences for the user.
    """

    cameras: Mapping[str, Camera]
    poses: Mapping[str, Pose]
    surface_from_px: Mapping[str, NDArray[np.float64]]
    homography_error_m: Mapping[str, float]
    unregistered: Mapping[str, str]
    ties: tuple[TieReport, ...]
    rms_px: float
    gsd_m_per_px: float
    gsd_uncertainty_ratio: float
    crs: str = LOCAL_CRS
    georeferenced: bool = False
    control_residuals: tuple[ControlResidual, ...] = ()
    control_rms_m: float | None = None
    warnings: tuple[str, ...] = ()


def register_strip(
    photos: Sequence[Photo],
    photo_paths: Mapping[str, PhotoFile],
    *,
    gsd_m_per_px: float,
    gcp_file: Path | None = None,
    on_step: Callable[[int, int], None] = lambda done, total: None,
) -> StripRegistration:
    """Register photos of one plane to each other, and to the map where control points exist.

    Args:
        photos: photos of one plane in any order; up to 30 every pair is compared, beyond that each
            photo with the six that follow it in time or, without times, in name.
        photo_paths: file by sha256.
        gsd_m_per_px: nominal ground sample distance; the mean over the photos is made to be it.
        gcp_file: control points (see ``planar_place``), or None for a local frame.
        on_step: hears (steps done, steps in all) of the comparison.

    Raises:
        NotRegistered: when no two photos overlap enough.
        BadGeometry: when the control points cannot be used.
        BadPhoto: when a photo cannot be decoded.
    """
    if not photos:
        raise BadInput("a strip needs at least one photo")
    photos = in_flight_order(photos)
    points = () if gcp_file is None else read_control_points(gcp_file)
    photo_numbers(points, photos)  # a wrong name should cost seconds, not the whole comparison
    ties = find_ties(photos, [photo_paths[p.sha256] for p in photos], on_step=on_step)
    return lay_out(photos, ties, gsd_m_per_px=gsd_m_per_px, points=points)


def lay_out(
    photos: Sequence[Photo],
    ties: Sequence[Tie],
    *,
    gsd_m_per_px: float,
    points: Sequence[ControlPoint] = (),
) -> StripRegistration:
    """Lay tied photos out on the plane, and place it by control points where there are any.

    Args:
        photos: photos of one plane; the ties count in them.
        ties: what their overlaps say.
        gsd_m_per_px: nominal ground sample distance.
        points: control points, none for a local frame.

    Raises:
        NotRegistered: when no two photos are tied.
        BadGeometry: when the control points cannot be used.
    """
    group, dropped = adjust_largest_group(photos, ties, gsd_m_per_px=gsd_m_per_px)
    adjusted = _from_corner(photos, group)
    placement = Placement()
    if points:
        placement = place(
            points,
            photos,
            list(adjusted.poses),
            lambda i, pixels: to_plane(adjusted.cameras[i], adjusted.poses[i], pixels),
        )
    return _report(photos, adjusted, placement, dropped, gsd_m_per_px)


def views_of(
    registration: StripRegistration, photos: Sequence[Photo], photo_paths: Mapping[str, PhotoFile]
) -> list[View]:
    """Give the registered photos as views of ``FlatSurface()``, in flight order."""
    return [
        View(
            sha256=photo.sha256,
            path=photo_paths[photo.sha256],
            width_px=photo.width_px,
            height_px=photo.height_px,
            camera=registration.cameras[photo.sha256],
            pose=registration.poses[photo.sha256],
        )
        for photo in in_flight_order(photos)
        if photo.sha256 in registration.poses
    ]


def facts_of(registration: StripRegistration) -> dict[str, object]:
    """Give the registration as plain values, for ``Orthomosaic.facts`` and ``run.json``."""
    lens = next(iter(registration.cameras.values()))
    return {
        "method": "planar",
        "reprojection_px": registration.rms_px,
        "gsd_m_per_px": registration.gsd_m_per_px,
        "gsd_uncertainty_ratio": registration.gsd_uncertainty_ratio,
        "crs": registration.crs,
        "georeferenced": registration.georeferenced,
        "lens": {"focal_px": lens.focal_px, "k1": lens.k1},
        "ties": [
            {"first": t.first, "second": t.second, "points": t.points, "rms_px": t.rms_px}
            for t in registration.ties
        ],
        "control": {
            "rms_m": registration.control_rms_m,
            "points": [
                {"name": r.name, "photo": r.photo, "east_m": r.east_m, "north_m": r.north_m}
                for r in registration.control_residuals
            ],
        },
        "photos": {
            sha256: {
                "surface_from_px": matrix.tolist(),
                "homography_error_m": registration.homography_error_m[sha256],
            }
            for sha256, matrix in registration.surface_from_px.items()
        },
        "unregistered": dict(registration.unregistered),
        "warnings": list(registration.warnings),
    }


def _from_corner(photos: Sequence[Photo], adjusted: Adjusted) -> Adjusted:
    """Move the origin to the lower left corner of what the photos see: no negative metres."""
    seen = np.concatenate(
        [
            to_plane(adjusted.cameras[i], adjusted.poses[i], _pixels(photos[i], 2))
            for i in adjusted.poses
        ]
    )
    corner = np.append(np.floor(seen.min(axis=0)), 0.0)
    poses = {
        i: replace(pose, centre_world_m=pose.centre_world_m - corner)
        for i, pose in adjusted.poses.items()
    }
    return replace(adjusted, poses=poses)


def _placed(pose: Pose, placement: Placement) -> Pose:
    """Move a pose from the plane as registered to the map."""
    turn = Rotation.from_rotvec([0.0, 0.0, placement.turn_rad]).as_matrix()
    centre = placement.scale * turn @ pose.centre_world_m
    return Pose(
        camera_from_world=pose.camera_from_world @ turn.T,
        centre_world_m=centre + np.array([*placement.shift_m, 0.0]),
    )


def _report(
    photos: Sequence[Photo],
    adjusted: Adjusted,
    placement: Placement,
    dropped: Sequence[Tie],
    gsd_m_per_px: float,
) -> StripRegistration:
    """Put together what the registration found, by sha256."""
    poses = {photos[i].sha256: _placed(pose, placement) for i, pose in adjusted.poses.items()}
    cameras = {photos[i].sha256: camera for i, camera in adjusted.cameras.items()}
    flat = {sha256: _best_homography(cameras[sha256], pose) for sha256, pose in poses.items()}
    alone = {p.sha256: _why_alone(p) for p in photos if p.sha256 not in poses}
    return StripRegistration(
        cameras=cameras,
        poses=poses,
        surface_from_px={sha256: matrix for sha256, (matrix, _) in flat.items()},
        homography_error_m={sha256: error_m for sha256, (_, error_m) in flat.items()},
        unregistered=alone,
        ties=tuple(
            TieReport(
                first=photos[tie.first].sha256,
                second=photos[tie.second].sha256,
                points=len(residual_px),
                rms_px=_rms([residual_px]),
            )
            for tie, residual_px in zip(adjusted.ties, adjusted.residuals_px, strict=True)
        ),
        rms_px=_rms(adjusted.residuals_px),
        gsd_m_per_px=gsd_m_per_px * placement.scale,
        gsd_uncertainty_ratio=placement.gsd_uncertainty_ratio,
        crs=placement.crs,
        georeferenced=placement.georeferenced,
        control_residuals=placement.residuals,
        control_rms_m=placement.rms_m,
        warnings=(*placement.warnings, *_warnings(photos, dropped, alone)),
    )


def _warnings(
    photos: Sequence[Photo], dropped: Sequence[Tie], alone: Mapping[str, str]
) -> list[str]:
    """Tell the user what was left out."""
    contradictory = [
        f"{photos[tie.first].name} and {photos[tie.second].name} look alike but contradict the "
        "other overlaps; their tie is not used"
        for tie in dropped
    ]
    return contradictory + list(alone.values())


def _why_alone(photo: Photo) -> str:
    """Say why a photo is not part of the mosaic."""
    return (
        f"{photo.name} overlaps too little with the registered photos; "
        "fly it again with at least a tenth of overlap, or survey it separately"
    )


def _rms(residuals_px: Sequence[NDArray[np.float64]]) -> float:
    """Give the rms of all residuals in px, 0 when there are none."""
    every = np.concatenate([*residuals_px, np.zeros(0)])
    return float(np.sqrt(np.mean(every**2))) if len(every) else 0.0


def _best_homography(camera: Camera, pose: Pose) -> tuple[NDArray[np.float64], float]:
    """Give the homography (3, 3) that best follows a bent lens, and its largest error in metres."""
    pixels = _pixels(camera, 25)
    plane = to_plane(camera, pose, pixels)
    middle = plane.mean(axis=0)
    matrix, _ = cv2.findHomography(pixels, plane - middle, 0)
    lift = np.array([[1.0, 0.0, middle[0]], [0.0, 1.0, middle[1]], [0.0, 0.0, 1.0]])
    surface_from_px = np.asarray(lift @ matrix, dtype=np.float64)
    mapped = np.column_stack([pixels, np.ones(len(pixels))]) @ surface_from_px.T
    error_m = np.linalg.norm(mapped[:, :2] / mapped[:, 2:] - plane, axis=1).max()
    return surface_from_px, float(error_m)


def _pixels(picture: Photo | Camera, per_side: int) -> NDArray[np.float64]:
    """Spread points (n², 2) px evenly over a picture, corners included."""
    x = np.linspace(0.0, picture.width_px, per_side)
    y = np.linspace(0.0, picture.height_px, per_side)
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
