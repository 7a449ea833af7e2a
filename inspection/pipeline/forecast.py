"""Forecast the memory and disk that a survey needs, before the work begins.

The size of the mosaic follows from where the photos were taken and how high, as the mosaic itself
will; photos without a position are taken to overlap by little. What a pixel and a photo cost was
measured: ``python -m tests.benchmarks.room`` prints forecast and measurement side by side.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspection.domain.capture import Photo
from inspection.domain.mission import Surface, Survey
from inspection.errors import NotEnoughRoom
from inspection.geo.frames import LocalFrame
from inspection.imaging.album import DEFAULT_BUDGET_MB
from inspection.pipeline.detect import CHIP_PX
from inspection.pipeline.room import Room

BASE_MB = 600.0
"""A worker with all its libraries, and what they do not give back."""

PHOTO_MB = 12.0
"""What tying photos together keeps of each: points, descriptors, matches."""

DECODED_BYTES = 24.0
"""What the largest photo costs while it is decoded and searched for points, bytes a pixel."""

DETECT_MB = 350.0
"""The default network at work on chips of 1024 px, and GDAL's cache."""

CHIP_BYTES = 40.0
"""What one more chip of a batch costs with its scores, bytes a pixel."""

DISK_PEAK_BYTES = 5.5
"""Most that a pixel of a mosaic needs on the disk while it is made: draft, overviews, copy."""

DISK_KEPT_BYTES = 2.6
"""What a pixel of a mosaic needs in the end, overviews and all."""

OVERLAP = 0.1
"""Share of photos without a position that others show too: a strip of a quay had 0.13."""

ANYWAY = "a forecast may err: TENKEN_DEMAND_ROOM=false tries all the same"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Say what a survey is likely to need; MB are 10⁶ bytes.

    Attributes:
        photos: how many.
        photo_px: pixels of all photos.
        mosaic_px: pixels of the mosaic that show something, likely.
        memory_mb: most memory of a step.
        disk_mb: most disk besides the photos while it is made.
        kept_mb: disk besides the photos in the end.
    """

    photos: int
    photo_px: int
    mosaic_px: float
    memory_mb: float
    disk_mb: float
    kept_mb: float

    def __str__(self) -> str:
        """Say it in a sentence."""
        return (
            f"{self.photos} photos of {self.photo_px / 1e6:.0f} Mpx in all and a mosaic of about "
            f"{self.mosaic_px / 1e6:.0f} Mpx need about {_size(self.memory_mb)} of memory and "
            f"{_size(self.disk_mb)} of disk, {_size(self.kept_mb)} of which stay"
        )


def forecast(survey: Survey, photos: Sequence[Photo], *, batch: int) -> Forecast:
    """Forecast what making the mosaic of a survey and detecting on it needs.

    Args:
        survey: says the ground sample distance, if any was chosen.
        photos: its usable photos, at least one.
        batch: chips given to the detector at once.
    """
    sizes = np.array([photo.width_px * photo.height_px for photo in photos], dtype=np.float64)
    pixels = _mosaic_px(survey, photos, sizes)
    decoded = DECODED_BYTES * float(sizes.max()) / 1e6
    making = BASE_MB + DEFAULT_BUDGET_MB + decoded + PHOTO_MB * len(photos)
    return Forecast(
        photos=len(photos),
        photo_px=int(sizes.sum()),
        mosaic_px=pixels,
        memory_mb=max(making, detect_memory_mb(batch)),
        disk_mb=DISK_PEAK_BYTES * pixels / 1e6,
        kept_mb=DISK_KEPT_BYTES * pixels / 1e6,
    )


def detect_memory_mb(batch: int) -> float:
    """Forecast the memory of the detection, MB; it does not depend on the mosaic.

    >>> detect_memory_mb(8) - detect_memory_mb(4) < 200
    True
    """
    return BASE_MB + DETECT_MB + CHIP_BYTES * CHIP_PX**2 * batch / 1e6


def demand_room(needed: Forecast, room: Room) -> None:
    """Refuse a survey that cannot finish here.

    Raises:
        NotEnoughRoom: with the figures, what is free, and the cure.
    """
    demand_memory(needed.memory_mb, room, f"{needed}")
    if needed.disk_mb > room.disk_mb:
        raise NotEnoughRoom(
            f"{needed}; only {_size(room.disk_mb)} of disk are free for unfinished files: free "
            f"{_size(needed.disk_mb - room.disk_mb)}, or choose a coarser ground sample distance "
            f"({ANYWAY})"
        )


def demand_memory(needed_mb: float, room: Room, what: str) -> None:
    """Refuse work that needs more memory than this process may have.

    Raises:
        NotEnoughRoom: with the figures, what is free, and the cure.
    """
    if room.memory_mb is not None and needed_mb > room.memory_mb:
        raise NotEnoughRoom(
            f"{what}; only {_size(room.memory_mb)} of memory are free: end other programs, or let "
            f"a machine with {_size(needed_mb)} do it ({ANYWAY})"
        )


LEVEL = frozenset({Surface.NADIR, Surface.STRIP})
"""Surfaces over which a drone flies at a height."""


def _mosaic_px(survey: Survey, photos: Sequence[Photo], sizes: NDArray[np.float64]) -> float:
    """Forecast the pixels of a mosaic: of what lies around the photos, at most all they have."""
    gsd = np.array([_gsd_m_per_px(photo, survey.surface) for photo in photos])
    if np.isnan(gsd).any():
        alone = float(sizes.max())
        return max(alone, float(sizes.sum()) * (1.0 - OVERLAP))
    wanted = survey.gsd_m_per_px or float(np.median(gsd))
    most = float((sizes * (gsd / wanted) ** 2).sum())
    return min(most, _area_m2(photos, gsd) / wanted**2)


def _gsd_m_per_px(photo: Photo, surface: Surface) -> float:
    """Give the ground sample distance of a photo that looks down, NaN when it does not say.

    Of a wall or a soffit the height above take-off says nothing: the distance to it is unknown.
    """
    if surface not in LEVEL:
        return float("nan")
    height = None if photo.pose is None else photo.pose.altitude_relative_m
    if height is None or height <= 0 or not photo.focal_px:
        return float("nan")
    return height / photo.focal_px


def _area_m2(photos: Sequence[Photo], gsd_m_per_px: NDArray[np.float64]) -> float:
    """Give the area of the upright box around all that photos see, in whatever way they turn."""
    lonlat = np.array([[p.pose.lon_deg, p.pose.lat_deg, 0.0] for p in photos if p.pose is not None])
    centre = lonlat.mean(axis=0)
    frame = LocalFrame(lon_deg=float(centre[0]), lat_deg=float(centre[1]), height_ellipsoid_m=0.0)
    place = frame.to_enu_m(lonlat)[:, :2]
    sides = np.array([(photo.width_px, photo.height_px) for photo in photos], dtype=np.float64)
    reach = (np.hypot(*sides.T) / 2 * gsd_m_per_px)[:, None]
    low, high = (place - reach).min(axis=0), (place + reach).max(axis=0)
    return float(np.prod(high - low))


def _size(megabytes: float) -> str:
    """Say an amount of memory or disk.

    >>> _size(1534.2), _size(80)
    ('1.5 GB', '80 MB')
    """
    return f"{megabytes / 1000:.1f} GB" if megabytes >= 1000 else f"{megabytes:.0f} MB"
