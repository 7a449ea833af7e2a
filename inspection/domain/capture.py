"""Describe photos: identity, place, pose, quality, and why one was set aside."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from inspection.errors import BadInput


class RejectionReason(StrEnum):
    """Say why a file was set aside; the run goes on without it."""

    EMPTY = "empty"
    NOT_AN_IMAGE = "not_an_image"
    TRUNCATED = "truncated"
    DUPLICATE = "duplicate"
    NO_GPS = "no_gps"
    TOO_LARGE = "too_large"
    UNREADABLE = "unreadable"
    BLURRED = "blurred"
    NOT_REGISTERED = "not_registered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """Keep a file that was set aside, with its reason in a code and in words.

    Attributes:
        file: how people call it.
        reason: why, as a code.
        detail: why, in words.
        sha256: hexadecimal digest of the file, None when nobody read it to its end.
    """

    file: str
    reason: RejectionReason
    detail: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturePose:
    """Say where the drone believed the camera was.

    Attributes:
        lon_deg: WGS 84 longitude.
        lat_deg: WGS 84 latitude.
        altitude_m: absolute altitude as written by the drone (reference depends on the maker).
        altitude_relative_m: height above take-off, None when unknown.
        yaw_deg: gimbal heading, clockwise from true north, None when unknown.
        pitch_deg: gimbal pitch, −90 looks straight down, None when unknown.
        roll_deg: gimbal roll, None when unknown.
        horizontal_std_m: standard deviation stated by the receiver, None when unknown.
        vertical_std_m: likewise for the height.
    """

    lon_deg: float
    lat_deg: float
    altitude_m: float | None = None
    altitude_relative_m: float | None = None
    yaw_deg: float | None = None
    pitch_deg: float | None = None
    roll_deg: float | None = None
    horizontal_std_m: float | None = None
    vertical_std_m: float | None = None

    def __post_init__(self) -> None:
        """Check that the position is on the earth and not the receiver's 0, 0."""
        if not (-180 <= self.lon_deg <= 180 and -90 <= self.lat_deg <= 90):
            raise BadInput(f"position {self.lon_deg}°, {self.lat_deg}° is not on the earth")
        if self.lon_deg == 0.0 and self.lat_deg == 0.0:
            raise BadInput("position 0°, 0°: the receiver had no fix when the photo was taken")


class Concern(StrEnum):
    """Say what speaks against a photo that was kept nevertheless."""

    SOFT = "soft"
    DARK = "dark"
    BRIGHT = "bright"


SOFT_BELOW = 0.4
"""Sharpness ÷ median of the flight below which a photo is blurred (domain specification §4.9)."""

DARK_BELOW, BRIGHT_ABOVE = 25 / 255, 245 / 255
"""Mean luminance between which a photo can show a crack; the limits of the capability map."""

CLIPPED_MAX = 0.3
"""Largest share of pixels without any tone; a third of a photo without tones is a third unseen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoQuality:
    """Grade how usable a photo is.

    Attributes:
        sharpness: variance of the Laplacian of the luminance at a fixed working size.
        sharpness_relative: sharpness ÷ median of the flight; below 0.4 is blurred
            (domain specification §4.9).
        exposure_mean: mean luminance, 0–1.
        clipped_dark_fraction: share of pixels at 0–2 of 255.
        clipped_bright_fraction: share of pixels at 253–255 of 255.
    """

    sharpness: float
    sharpness_relative: float
    exposure_mean: float
    clipped_dark_fraction: float
    clipped_bright_fraction: float

    @property
    def is_blurred(self) -> bool:
        """Tell whether the photo is much less sharp than its flight."""
        return self.sharpness_relative < SOFT_BELOW

    @property
    def concerns(self) -> tuple[Concern, ...]:
        """List what speaks against the photo, the gravest first.

        >>> PhotoQuality(
        ...     sharpness=3.0, sharpness_relative=0.2, exposure_mean=0.05,
        ...     clipped_dark_fraction=0.0, clipped_bright_fraction=0.0,
        ... ).concerns
        (<Concern.SOFT: 'soft'>, <Concern.DARK: 'dark'>)
        """
        dark = self.exposure_mean < DARK_BELOW or self.clipped_dark_fraction > CLIPPED_MAX
        bright = self.exposure_mean > BRIGHT_ABOVE or self.clipped_bright_fraction > CLIPPED_MAX
        found = {Concern.SOFT: self.is_blurred, Concern.DARK: dark, Concern.BRIGHT: bright}
        return tuple(concern for concern, is_so in found.items() if is_so)


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """Identify one photo by its content and say what its metadata claims.

    Attributes:
        sha256: hexadecimal digest of the file; the identity of the photo.
        name: file name as delivered, for people.
        width_px: columns after applying the EXIF orientation.
        height_px: rows after applying the EXIF orientation.
        taken_at: aware UTC when the file says so, else None.
        make: camera maker.
        model: camera model.
        focal_mm: focal length in millimetres, None when unknown.
        focal_35mm: focal length equivalent to 35 mm film, None when unknown.
        focal_px: best focal length in pixels from the metadata, None when unknown.
        pose: where the drone believed the camera was, None without GPS.
        quality: sharpness and exposure, None until graded.
    """

    sha256: str
    name: str
    width_px: int
    height_px: int
    taken_at: datetime | None = None
    make: str = ""
    model: str = ""
    focal_mm: float | None = None
    focal_35mm: float | None = None
    focal_px: float | None = None
    pose: CapturePose | None = None
    quality: PhotoQuality | None = None

    def __post_init__(self) -> None:
        """Check the digest and that times are aware."""
        if len(self.sha256) != 64:
            raise BadInput(f"sha256 must have 64 hexadecimal digits, got {self.sha256!r}")
        if self.taken_at is not None and self.taken_at.tzinfo is None:
            raise BadInput("Photo.taken_at must carry a time zone (UTC)")


def natural_key(name: str) -> tuple[tuple[int, str], ...]:
    """Give a sort key in which numbers count as numbers.

    >>> sorted(["IMG_10", "IMG_9"], key=natural_key)
    ['IMG_9', 'IMG_10']
    """
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return tuple((int(part), "") if part.isdecimal() else (-1, part.casefold()) for part in parts)


def in_flight_order(photos: Iterable[Photo]) -> tuple[Photo, ...]:
    """Order photos as they were taken: by time when all know it, else by the numbers in names."""
    every = list(photos)
    timed = all(photo.taken_at is not None for photo in every)
    return tuple(
        sorted(
            every,
            key=lambda photo: (
                photo.taken_at.timestamp() if timed and photo.taken_at is not None else 0.0,
                natural_key(photo.name),
                photo.sha256,
            ),
        )
    )
