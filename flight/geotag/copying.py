"""Write a geotagged copy of a photo, read it back as Tenken's ingest does, and keep the original.

A copy is complete under its name or not there at all. What was in the photo stays, byte for byte,
but for the GPS directory and the properties of XMP that would contradict the new pose.
"""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from flight.geotag.alignment import Match
from flight.geotag.exifgps import with_gps
from flight.geotag.jpegparts import EXIF_HEAD, XMP_HEAD, put_together, take_apart, with_metadata
from flight.geotag.photos import read_bytes
from flight.geotag.pose import CameraMount, drone_names, gps_tag, provenance
from flight.geotag.posexmp import with_pose
from flight.logs.trigger import CameraTrigger
from inspection.errors import BadInput, BadPhoto, Broken, Conflict
from inspection.export.writing import replacing
from inspection.imaging.decode import read_headers
from inspection.imaging.exif import read_metadata
from inspection.imaging.xmp import drone_properties


class Written(StrEnum):
    """Say what became of one copy."""

    NEW = "new"
    SAME = "same"
    """It was there already, equal to the last byte."""

    REPLACED = "replaced"


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyOptions:
    """Say how copies are written.

    Attributes:
        log_name: of the log, for the provenance.
        mount: how the camera was pointed, None when that is unknown.
        overwrite: replace a copy that is there and different.
    """

    log_name: str
    mount: CameraMount | None = None
    overwrite: bool = False


def write_copy(source: Path, target: Path, match: Match, options: CopyOptions) -> Written:
    """Write the copy of one matched photo.

    Raises:
        BadInput: when the trigger has no position, or the copy would be the original.
        BadPhoto: when the photo cannot take the metadata.
        Conflict: when a different copy is there and may not be replaced.
        Broken: when the copy does not read back as written, or the original changed.
    """
    trigger = match.trigger
    if trigger is None:
        raise BadInput(f"{match.photo} has no trigger, so there is nothing to write")
    if _is_same(source, target):
        raise BadInput(f"{target} is the original itself; choose another --out")
    original = read_bytes(source)
    names = drone_names(trigger, options.mount)
    content = _tagged(original, trigger, names, provenance(match, trigger, options.log_name))
    _check(content, trigger, names)
    return _place(content, target, source, original, overwrite=options.overwrite)


def _tagged(
    original: bytes, trigger: CameraTrigger, names: Mapping[str, str], told: Mapping[str, str]
) -> bytes:
    """Give the bytes of the copy."""
    jpeg = take_apart(original)
    exif = with_gps(jpeg.first(EXIF_HEAD), gps_tag(trigger))
    xmp = with_pose(jpeg.first(XMP_HEAD), names, told)
    return put_together(with_metadata(jpeg, exif=exif, xmp=xmp))


def _place(
    content: bytes, target: Path, source: Path, original: bytes, *, overwrite: bool
) -> Written:
    """Bring the bytes under their name, and see that the original is as it was."""
    there = target.exists()
    if there and target.read_bytes() == content:
        return Written.SAME
    if there and not overwrite:
        raise Conflict(f"{target.name} is in the output already and differs; give --overwrite")
    with replacing(target) as temporary:
        temporary.write_bytes(content)
        stamp = source.stat()
        os.utime(temporary, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    if hashlib.sha256(read_bytes(source)).digest() != hashlib.sha256(original).digest():
        raise Broken(f"{source} changed while its copy was written; check the card")
    return Written.REPLACED if there else Written.NEW


def _is_same(source: Path, target: Path) -> bool:
    return target.exists() and target.samefile(source)


def _check(content: bytes, trigger: CameraTrigger, names: Mapping[str, str]) -> None:
    """Read the copy as the ingest does and compare it with what was to be written.

    Raises:
        Broken: with the first value that differs.
    """
    try:
        blocks, xmp = read_headers(content)
        read = read_metadata(blocks, drone_properties(xmp or b""))
    except BadPhoto as error:
        raise Broken(f"the copy cannot be read back: {error}") from error
    pose = read.pose
    if pose is None:
        raise Broken(f"the copy reads back without a position: {read.pose_problem}")
    wanted: list[tuple[str, float | None, float | None, float]] = [
        ("latitude", trigger.lat_deg, pose.lat_deg, 1e-9),
        ("longitude", trigger.lon_deg, pose.lon_deg, 1e-9),
        ("height", trigger.height_m, pose.altitude_m, 1e-4),
        ("height above take-off", trigger.height_takeoff_m, pose.altitude_relative_m, 1e-4),
        ("horizontal deviation", trigger.horizontal_std_m or None, pose.horizontal_std_m, 1e-4),
        ("vertical deviation", trigger.std_u_m or None, pose.vertical_std_m, 1e-4),
    ]
    for name, attribute in _GIMBAL.items():
        if name in names:
            wanted.append((name, float(names[name]), getattr(pose, attribute), 1e-4))
    for name, asked, found, allowed in wanted:
        if (asked is None) != (found is None) or abs((asked or 0.0) - (found or 0.0)) > allowed:
            raise Broken(f"the copy reads back {name} {found}, not {asked}")
    if trigger.at is not None and (
        read.taken_at is None or abs(read.taken_at - trigger.at) > timedelta(microseconds=2)
    ):
        raise Broken(f"the copy reads back the moment {read.taken_at}, not {trigger.at}")


_GIMBAL = {
    "GimbalYawDegree": "yaw_deg",
    "GimbalPitchDegree": "pitch_deg",
    "GimbalRollDegree": "roll_deg",
}
