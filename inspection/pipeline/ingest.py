"""Take in photos: identity, metadata, pose and quality; set aside what cannot be used.

``ingest`` never stops for a bad file: each one becomes a ``Rejection`` with its reason.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from inspection.codelists.cameras import load_cameras
from inspection.domain.capture import (
    Photo,
    Rejection,
    RejectionReason,
    in_flight_order,
    natural_key,
)
from inspection.errors import BadPhoto, NotFound
from inspection.imaging.decode import Decoded, Flaw, decode
from inspection.imaging.exif import read_metadata
from inspection.imaging.focal import focal_px
from inspection.imaging.quality import grade_photo, relate_to_flight
from inspection.imaging.xmp import drone_properties
from inspection.pipeline.ports import Progress

PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff"})
"""File names that promise a photo which Tenken reads."""

FOREIGN_SUFFIXES = frozenset(
    {".arw", ".avif", ".bmp", ".cr2", ".cr3", ".dng", ".heic", ".heif", ".nef", ".orf", ".raf",
     ".rw2", ".webp"}
)  # fmt: skip
"""File names that promise an image which Tenken does not read: reported, not passed over."""

MAX_FILE_BYTES = 1 << 30
"""Files over 1 GiB are not photos of a drone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """Hold what came in.

    Attributes:
        photos: usable photos, in time order when all know their time, else in natural name order.
        paths: file of each photo by sha256.
        rejections: files that were set aside, in file order.
        warnings: sentences for the user about photos that were kept.
    """

    photos: tuple[Photo, ...]
    paths: Mapping[str, Path]
    rejections: tuple[Rejection, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """Name one file, and how it is called in front of people."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inspected:
    """Hold what one file turned out to be: a photo or a flaw."""

    source: _Source
    sha256: str = ""
    photo: Photo | None = None
    pose_problem: str = ""
    flaw: Flaw | None = None
    notes: tuple[str, ...] = field(default_factory=tuple)


def ingest(files: Iterable[Path], *, gps_required: bool, progress: Progress) -> Ingested:
    """Take in photo files and folders of photo files.

    Folders are walked; hidden files and side files (logs, licences) in them are passed over. A file
    that is named outright must be a photo. The same photo twice is one photo.

    Args:
        files: photo files, folders, or both.
        gps_required: set photos without a usable position aside.
        progress: hears one unit a file.

    Raises:
        NotFound: when a path does not exist.
    """
    sources = list(_walk(files))
    progress.start("ingest", len(sources))
    inspected: list[_Inspected] = []
    with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
        for outcome in pool.map(_inspect, sources):
            inspected.append(outcome)
            progress.advance()
    return _collect(inspected, gps_required=gps_required)


def _walk(files: Iterable[Path]) -> Iterator[_Source]:
    """List the files that promise a photo, in natural order within each folder."""
    for path in files:
        if path.is_dir():
            inside = [entry for entry in path.rglob("*") if entry.is_file()]
            for entry in sorted(inside, key=lambda e: natural_key(e.relative_to(path).as_posix())):
                relative = entry.relative_to(path)
                hidden = any(part.startswith(".") for part in relative.parts)
                if not hidden and entry.suffix.lower() in PHOTO_SUFFIXES | FOREIGN_SUFFIXES:
                    yield _Source(path=entry, name=relative.as_posix())
        elif path.is_file():
            yield _Source(path=path, name=path.name)
        else:
            raise NotFound(f"no such file or folder: {path}; check the path of the photos")


def _inspect(source: _Source) -> _Inspected:
    """Find out what one file is. Never raises for a bad file."""
    if source.path.suffix.lower() in FOREIGN_SUFFIXES:
        detail = f"{source.path.suffix} files are not read; convert the photo to JPEG or TIFF"
        return _flawed(source, RejectionReason.UNREADABLE, detail)
    try:
        size_bytes = source.path.stat().st_size
        if size_bytes > MAX_FILE_BYTES:
            detail = f"{size_bytes} bytes are over the limit of {MAX_FILE_BYTES}"
            return _flawed(source, RejectionReason.TOO_LARGE, detail)
        content = source.path.read_bytes()
    except OSError as error:
        return _flawed(source, RejectionReason.UNREADABLE, f"cannot be read: {error.strerror}")
    decoded = decode(content)
    sha256 = hashlib.sha256(content).hexdigest()
    if isinstance(decoded, Flaw):
        return _Inspected(source=source, sha256=sha256, flaw=decoded)
    return _describe(source, sha256, decoded)


def _flawed(source: _Source, reason: RejectionReason, detail: str) -> _Inspected:
    """Say what is wrong with a file that was not decoded."""
    return _Inspected(source=source, flaw=Flaw(reason=reason, detail=detail))


def _describe(source: _Source, sha256: str, decoded: Decoded) -> _Inspected:
    """Make the photo of a decoded file."""
    notes = [f"{source.name}: {note}" for note in decoded.notes]
    drone: dict[str, str] = {}
    if decoded.xmp is not None:
        try:
            drone = drone_properties(decoded.xmp)
        except BadPhoto as error:
            notes.append(f"{source.name}: {error}; height and gimbal angles are unknown")
    metadata = read_metadata(decoded.blocks, drone)
    width_px, height_px = decoded.size_px
    photo = Photo(
        sha256=sha256,
        name=source.name,
        width_px=width_px,
        height_px=height_px,
        taken_at=metadata.taken_at,
        make=metadata.make,
        model=metadata.model,
        focal_mm=metadata.focal_mm,
        focal_35mm=metadata.focal_35mm,
        focal_px=focal_px(metadata, (width_px, height_px), load_cameras()),
        pose=metadata.pose,
        quality=grade_photo(decoded.grey),
    )
    return _Inspected(
        source=source,
        sha256=sha256,
        photo=photo,
        pose_problem=metadata.pose_problem,
        notes=tuple(notes),
    )


def _collect(inspected: Sequence[_Inspected], *, gps_required: bool) -> Ingested:
    """Sort files into photos and rejections, and relate the photos to each other."""
    first_names: dict[str, str] = {}
    kept: list[_Inspected] = []
    rejections: list[Rejection] = []
    for item in inspected:
        flaw = item.flaw or _flaw_among(item, first_names, gps_required=gps_required)
        if flaw is None:
            kept.append(item)
            first_names[item.sha256] = item.source.name
        else:
            rejections.append(
                Rejection(file=item.source.name, reason=flaw.reason, detail=flaw.detail)
            )
    photos = _graded([item.photo for item in kept if item.photo is not None])
    return Ingested(
        photos=photos,
        paths=MappingProxyType({item.sha256: item.source.path for item in kept}),
        rejections=tuple(rejections),
        warnings=(*(note for item in kept for note in item.notes), *_quality_warnings(photos)),
    )


def _flaw_among(
    item: _Inspected, first_names: Mapping[str, str], *, gps_required: bool
) -> Flaw | None:
    """Find out whether a decodable photo is a duplicate or lacks a position that is needed."""
    if item.sha256 in first_names:
        detail = f"the same bytes as {first_names[item.sha256]}"
        return Flaw(reason=RejectionReason.DUPLICATE, detail=detail)
    if gps_required and (item.photo is None or item.photo.pose is None):
        return Flaw(reason=RejectionReason.NO_GPS, detail=item.pose_problem)
    return None


def _graded(photos: Sequence[Photo]) -> tuple[Photo, ...]:
    """Order photos and relate their sharpness to the flight."""
    ordered = in_flight_order(photos)
    grades = relate_to_flight([photo.quality for photo in ordered if photo.quality is not None])
    return tuple(
        replace(photo, quality=grade) for photo, grade in zip(ordered, grades, strict=True)
    )


def _quality_warnings(photos: Sequence[Photo]) -> Iterator[str]:
    """Name the photos that were kept although they are blurred."""
    blurred = [photo for photo in photos if photo.quality is not None and photo.quality.is_blurred]
    for photo in blurred:
        assert photo.quality is not None
        share = photo.quality.sharpness_relative
        yield f"{photo.name} is blurred: {share:.0%} of the flight's median sharpness"
