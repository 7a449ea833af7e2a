"""Check a registered block against what the drone itself wrote.

Height ratio: for every camera, its height above the ground model straight below it, divided by the
photo's own height above take-off (``RelativeAltitude``); the median over the photos. The stated
height refers to the take-off point, so on sloping ground single photos differ and the median is
what can be compared; where the whole site lies above or below the take-off point, the ratio
differs from 1 for that reason alone, and the warning says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspection.domain.capture import Photo
from inspection.domain.raster import Residual
from inspection.imaging.sfm import Model
from inspection.imaging.surface import HeightField, fit_height_field

HEIGHT_TOLERANCE = 0.03
"""Disagreement of heights above which the user is told."""

MODEL_UNCERTAINTY = 0.02
"""u_GSD ÷ GSD of a metric model. Source: domain specification §4.6."""

ALTITUDE_UNCERTAINTY = 0.15
"""u_GSD ÷ GSD when only an altitude gives the scale. Source: domain specification §4.6."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """Carry the comparison of a block with its metadata.

    Attributes:
        residuals: reconstructed minus stated position, one row a photo.
        rms_horizontal_m: rms over the cameras.
        rms_vertical_m: rms over the cameras.
        height_m: median height of the cameras above the ground below them.
        height_stated_m: median stated height above take-off, None when not stated.
        height_ratio: median over the photos of height ÷ stated height, None when not stated.
        scale_uncertainty_ratio: standard uncertainty of the scale that the positions give.
        field: the ground.
        warnings: sentences for the user.
    """

    residuals: tuple[Residual, ...]
    rms_horizontal_m: float
    rms_vertical_m: float
    height_m: float
    height_stated_m: float | None
    height_ratio: float | None
    scale_uncertainty_ratio: float
    field: HeightField
    warnings: tuple[str, ...]


def check(model: Model, photos: Sequence[Photo], positions_enu_m: NDArray[np.float64]) -> Checked:
    """Compare a block in its ENU frame with the positions and heights of its photos.

    Args:
        model: the block.
        photos: the photos, registered or not.
        positions_enu_m: (n, 3) stated positions in the order of ``photos``.
    """
    rows = [i for i, photo in enumerate(photos) if photo.sha256 in model.poses]
    used = [photos[i] for i in rows]
    stated = positions_enu_m[rows]
    centres = np.array([model.poses[photo.sha256].centre_world_m for photo in used])
    miss = centres - stated
    field = fit_height_field(model.points)
    height = centres[:, 2] - field.height_m(centres[:, :2])
    ratio, stated_height = _height_ratio(used, height)
    horizontal = float(np.sqrt((miss[:, :2] ** 2).sum(axis=1).mean()))
    reach = float(np.sqrt(((stated - stated.mean(axis=0))[:, :2] ** 2).sum()))
    return Checked(
        residuals=tuple(
            Residual(photo=p.name, east_m=float(e), north_m=float(n), up_m=float(u))
            for p, (e, n, u) in zip(used, miss, strict=True)
        ),
        rms_horizontal_m=horizontal,
        rms_vertical_m=float(np.sqrt((miss[:, 2] ** 2).mean())),
        height_m=float(np.median(height)),
        height_stated_m=stated_height,
        height_ratio=ratio,
        scale_uncertainty_ratio=horizontal / np.sqrt(2.0) / max(reach, 1e-9),
        field=field,
        warnings=_warnings(ratio, float(np.median(height)), stated_height),
    )


def gsd_uncertainty_ratio(checked: Checked, focal_source: str, *, held: bool = False) -> float:
    """Choose u_GSD ÷ GSD honestly, from what gives the scale.

    * control points hold the block: 0.02, they give the scale;
    * focal length from the metadata and height within 3 %: 0.02, the value of a metric model,
      or what the spread of the positions allows if that is worse (a short deck under a metre of
      GPS noise);
    * height disagrees: at least the disagreement;
    * no height to check against: 0.05 at least;
    * focal length not from the metadata: 0.15, as if only the altitude gave the scale.
    """
    if held:
        return MODEL_UNCERTAINTY
    if focal_source != "metadata":
        return max(ALTITUDE_UNCERTAINTY, checked.scale_uncertainty_ratio)
    if checked.height_ratio is None:
        return max(0.05, checked.scale_uncertainty_ratio)
    off = abs(checked.height_ratio - 1.0)
    base = MODEL_UNCERTAINTY if off <= HEIGHT_TOLERANCE else off
    return max(base, checked.scale_uncertainty_ratio)


def _height_ratio(
    photos: Sequence[Photo], height_m: NDArray[np.float64]
) -> tuple[float | None, float | None]:
    """Give the median ratio of heights and the median stated height, None without any."""
    pairs = [
        (height, photo.pose.altitude_relative_m)
        for photo, height in zip(photos, height_m, strict=True)
        if photo.pose is not None
        and photo.pose.altitude_relative_m is not None
        and photo.pose.altitude_relative_m > 0.5
    ]
    if not pairs:
        return None, None
    return (
        float(np.median([height / stated for height, stated in pairs])),
        float(np.median([stated for _, stated in pairs])),
    )


def _warnings(ratio: float | None, height_m: float, stated_m: float | None) -> tuple[str, ...]:
    """Tell the user when the heights disagree."""
    if ratio is None or stated_m is None or abs(ratio - 1.0) <= HEIGHT_TOLERANCE:
        return ()
    return (
        f"the reconstruction puts the cameras {height_m:.1f} m above the ground, the drone says "
        f"{stated_m:.1f} m above take-off ({(ratio - 1) * 100:+.1f} %): the focal length is wrong, "
        "or the site does not lie at the height of the take-off point; lengths may be off by as "
        "much until control points or a known length confirm them",
    )
