"""Find the photos of a flight and read what each tells about its moment."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from flight.geotag.shot import Shot, number_in_name
from inspection.domain.capture import natural_key
from inspection.errors import BadInput, BadPhoto, NotFound
from inspection.imaging.decode import ExifBlocks, read_headers
from inspection.imaging.exif import (
    DATE_TIME_ORIGINAL,
    OFFSET,
    OFFSET_ORIGINAL,
    SUBSEC_ORIGINAL,
    read_metadata,
    utc_from_exif,
)
from inspection.imaging.xmp import drone_properties, number

JPEG_ENDINGS: Final = frozenset({".jpg", ".jpeg", ".jpe"})
LARGEST_BYTES: Final = 500_000_000
"""Larger files are no photos of a drone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoFile:
    """Name a photo on disk; ``name`` is unique among the photos of a run.

    Attributes:
        path: where it is.
        name: path below the folder that was given, with ``/``.
    """

    path: Path
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPhotos:
    """Carry the photos that tell something, and those that cannot be read, with reasons."""

    shots: tuple[Shot, ...]
    bad: tuple[tuple[str, str], ...]


def find_photos(places: Sequence[Path], *, leave_out: Path | None = None) -> tuple[PhotoFile, ...]:
    """List the JPEG files below folders, and single files, in the order of their names.

    Args:
        places: folders and files.
        leave_out: folder of copies; when it lies inside a place its files are no photos of it.

    Raises:
        NotFound: when a place does not exist.
        BadInput: when there is no JPEG, or two files would have the same name in the output.
    """
    found: dict[str, PhotoFile] = {}
    for place in places:
        if not place.exists():
            raise NotFound(f"there is no photo or folder {place}")
        copies = None if leave_out is None else leave_out.resolve()
        inside = copies is not None and place.resolve() in copies.parents
        for path in _below(place):
            if inside and copies in path.resolve().parents:
                continue
            name = path.relative_to(place).as_posix() if place.is_dir() else path.name
            if name in found and not found[name].path.samefile(path):
                raise BadInput(
                    f"{found[name].path} and {path} would both be written as {name}; give the "
                    "folder above both"
                )
            found[name] = PhotoFile(path=path, name=name)
    if not found:
        told = ", ".join(str(place) for place in places)
        raise BadInput(f"no JPEG (.jpg, .jpeg) in {told}; geotags are written to JPEG copies")
    return tuple(sorted(found.values(), key=lambda photo: natural_key(photo.name)))


def read_shots(photos: Sequence[PhotoFile], tick: Callable[[], None] = lambda: None) -> ReadPhotos:
    """Read the moment, number and position that every photo tells; a bad one is set aside."""
    shots: list[Shot] = []
    bad: list[tuple[str, str]] = []
    for photo in photos:
        try:
            shots.append(_shot(photo))
        except BadPhoto as error:
            bad.append((photo.name, str(error)))
        tick()
    return ReadPhotos(shots=tuple(shots), bad=tuple(bad))


def read_bytes(path: Path) -> bytes:
    """Read a photo.

    Raises:
        BadPhoto: when it cannot be read, is empty or is too large to be one.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise BadPhoto(f"{path.stat().st_size / 1e6:.0f} MB is too large for a photo")
        content = path.read_bytes()
    except OSError as error:
        raise BadPhoto(f"the file cannot be read: {error.strerror}") from error
    if not content:
        raise BadPhoto("the file has 0 bytes; copy it from the card again")
    return content


def _below(place: Path) -> Iterable[Path]:
    if place.is_file():
        return (place,)
    return (
        path
        for path in sorted(place.rglob("*"))
        if path.suffix.casefold() in JPEG_ENDINGS
        and path.is_file()
        and not path.name.startswith(".")
    )


def _shot(photo: PhotoFile) -> Shot:
    blocks, xmp = read_headers(read_bytes(photo.path))
    drone = drone_properties(xmp) if xmp else {}
    pose = read_metadata(blocks, drone).pose
    moment, resolution = camera_moment(blocks)
    count = number(drone, "ShutterCount")
    named = number_in_name(photo.path.name)
    return Shot(
        name=photo.name,
        camera_s=moment.timestamp() if moment else None,
        resolution_s=resolution,
        number=int(count) if named is None and count is not None else named,
        lat_deg=pose.lat_deg if pose else None,
        lon_deg=pose.lon_deg if pose else None,
    )


def camera_moment(blocks: ExifBlocks) -> tuple[datetime | None, float]:
    """Give what the camera's clock showed, as UTC where no zone is told, and its step, seconds."""
    exif = blocks.exif
    digits = str(exif.get(SUBSEC_ORIGINAL) or "").replace("\x00", "").strip()
    digits = digits if digits.isascii() and digits.isdigit() else ""
    zone = exif.get(OFFSET_ORIGINAL) or exif.get(OFFSET)
    stamp = exif.get(DATE_TIME_ORIGINAL)
    moment = utc_from_exif(stamp, digits, zone) or utc_from_exif(stamp, digits, "+00:00")
    return moment, max(0.001, 10.0 ** -len(digits))
