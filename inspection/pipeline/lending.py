"""Lend the photos of a survey to whoever decodes them: each when it is read, and no longer."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from inspection.domain.capture import Photo
from inspection.imaging.photofile import LentPhoto
from inspection.pipeline.admit import original_key
from inspection.pipeline.ports import BlobStore


def lent(blobs: BlobStore, key: str) -> LentPhoto:
    """Name the photo that a key keeps; nothing is asked of the store yet."""
    return LentPhoto(name=PurePosixPath(key).name, lend=lambda: blobs.local_path(key))


def lent_photos(blobs: BlobStore, photos: Iterable[Photo]) -> dict[str, LentPhoto]:
    """Name photos by their sha256; nothing is asked of the store yet."""
    return {photo.sha256: lent(blobs, original_key(photo)) for photo in photos}
