"""Open the blobs of an installation: a folder, or a bucket that speaks S3."""

from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Union

from inspection.errors import Unavailable
from inspection.store.blobs import FolderBlobs
from inspection.store.filecache import FileCache, Patience

if TYPE_CHECKING:
    from inspection.store.s3blobs import S3Blobs

Blobs = Union[FolderBlobs, "S3Blobs"]

FOLDER = "blobs"
"""Folder within the home folder of the blobs themselves."""

CACHE = "cache"
"""Folder within the home folder of what was fetched from a bucket."""


class BlobSettings(Protocol):
    """Say where blobs lie; ``StoreSettings`` does."""

    home: Path
    blobs_url: str | None

    @property
    def blobs_cache_bytes(self) -> int:
        """Give the most that is kept here of what a bucket holds, bytes."""


def blobs_of(settings: BlobSettings, patience: Patience | None = None) -> Blobs:
    """Open the folder of blobs in a home folder, or the bucket that a URL names.

    Args:
        settings: where blobs lie.
        patience: of who answers requests, for files that are being fetched from the bucket.

    Raises:
        BadInput: when the URL names no bucket.
        Unavailable: when speaking S3 needs a package that is not there.
    """
    if settings.blobs_url is None:
        return FolderBlobs(settings.home / FOLDER)
    try:
        from inspection.store.s3blobs import S3Blobs  # noqa: PLC0415 extra s3
    except ImportError as error:
        raise Unavailable("a bucket needs boto3: pip install 'tenken[s3]'") from error
    cache = FileCache(settings.home / CACHE, settings.blobs_cache_bytes, patience)
    return S3Blobs(settings.blobs_url, cache)
