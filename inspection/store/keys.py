"""Name blobs: pure functions from what a blob is to the key under which it lies.

A key is a path with ``/`` between its segments. Most keys contain the digest of what they name, so
that the same content has the same key for ever and nothing is overwritten.
"""

import re
import unicodedata
import uuid

from inspection.errors import BadInput

KEY_BYTES_MAX = 1024
"""Longest key, bytes of UTF-8. Source: Amazon S3 user guide, "Naming Amazon S3 objects"."""

SEGMENT_BYTES_MAX = 200
"""Longest segment, bytes of UTF-8: a file name has 255, and a temporary one needs a suffix."""

UPLOADS = "uploads/"
"""Beginning of the keys of what is still arriving; a backup leaves it out."""

BANDS = "bands/"
"""Beginning of the keys of what bands show; what they show together is in the detections."""

QUARANTINE = "quarantine/"
"""Beginning of the keys of uploaded networks that nobody has tried yet."""

NETWORKS = "networks/"
"""Beginning of the keys of networks that were uploaded, tried and taken in."""

TRIALS = "trials/"
"""Beginning of the keys of what trials found."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")


def check_key(key: str) -> str:
    """Check that a key stays inside its store on every file system.

    Raises:
        BadInput: when a segment is empty, ``.``, ``..``, hidden, too long, or has a character that
            file systems treat specially.

    >>> check_key("photos/ab/IMG 0001.jpg")
    'photos/ab/IMG 0001.jpg'
    """
    if len(key.encode("utf-8", "surrogatepass")) > KEY_BYTES_MAX:
        raise BadInput(f"blob key of {len(key)} characters is too long; {KEY_BYTES_MAX} bytes fit")
    for segment in key.split("/"):
        _check_segment(segment, key)
    return key


def check_prefix(prefix: str) -> str:
    """Check the beginning of keys; empty means all, a slash at the end is allowed.

    >>> check_prefix("uploads/")
    'uploads/'
    """
    if prefix:
        check_key(prefix.removesuffix("/"))
    return prefix


def photo_key(sha256: str, suffix: str) -> str:
    """Name the original file of a photo.

    >>> photo_key("ab" * 32, ".JPG").endswith("abab.jpg")
    True
    """
    return f"photos/{_fan(sha256)}{_suffix(suffix)}"


def public_picture_key(sha256: str) -> str:
    """Name a picture that everybody may see, by its own digest, never by that of the photo."""
    return f"public/{_fan(sha256)}.jpg"


def thumbnail_key(sha256: str) -> str:
    """Name the small picture of a file that was set aside: its original is not kept.

    >>> thumbnail_key("ab" * 32)[:14], thumbnail_key("ab" * 32)[-8:]
    ('thumbnails/ab/', 'abab.jpg')
    """
    return f"thumbnails/{_fan(sha256)}.jpg"


def upload_prefix(survey_id: uuid.UUID) -> str:
    """Name the beginning of the keys of what was uploaded for a survey."""
    return f"{UPLOADS}{survey_id}/"


def upload_key(survey_id: uuid.UUID, file_name: str) -> str:
    r"""Name a file as it was uploaded for a survey, before anything looked into it.

    A path in the file name is dropped; what browsers and file systems differ about is made equal.

    >>> upload_key(uuid.UUID(int=0), "C:\\DCIM\\橋 1.JPG")
    'uploads/00000000-0000-0000-0000-000000000000/橋 1.JPG'
    """
    name = unicodedata.normalize("NFC", re.split(r"[/\\]", file_name)[-1]).strip().lstrip(".")
    return check_key(upload_prefix(survey_id) + name)


def parts_prefix(survey_id: uuid.UUID, upload_id: uuid.UUID) -> str:
    """Name the beginning of the keys of the pieces of an upload."""
    return f"{upload_prefix(survey_id)}{upload_id}/"


def part_key(survey_id: uuid.UUID, upload_id: uuid.UUID, start_byte: int, part_id: str) -> str:
    """Name a piece of an upload, by where it begins; two that begin there do not meet.

    >>> part_key(uuid.UUID(int=0), uuid.UUID(int=1), 4096, "ab")[-16:]
    '/000000004096-ab'
    """
    return check_key(f"{parts_prefix(survey_id, upload_id)}{start_byte:012d}-{part_id}")


def control_key(survey_id: uuid.UUID) -> str:
    """Name the ground control points of a survey, a CSV file."""
    return f"control/{survey_id}.csv"


def orthomosaic_key(sha256: str) -> str:
    """Name a finished mosaic by the digest of its file."""
    return f"orthomosaics/{_fan(sha256)}.tif"


def sources_key(sha256: str) -> str:
    """Name the raster that says which photo each pixel of a mosaic came from."""
    return f"sources/{_fan(sha256)}.tif"


def views_key(sha256: str) -> str:
    """Name how the photos of a mosaic see the surface, by the digest of the mosaic."""
    return f"views/{_fan(sha256)}.json"


def widths_key(digest: str) -> str:
    """Name the widths along the cracks of one mosaic, by the digest of the file."""
    return f"widths/{_fan(digest)}.json"


def detections_key(digest: str) -> str:
    """Name the detections of one mosaic by one model, by the digest of both."""
    return f"detections/{_fan(digest)}.npz"


def band_key(digest: str) -> str:
    """Name what a band of a mosaic shows, by the digest of all that it depends on."""
    return f"{BANDS}{_fan(digest)}.npz"


def quarantine_key(own_model_id: uuid.UUID, sha256: str) -> str:
    """Name a network as it was uploaded; nothing but the worker that tries it opens it.

    >>> quarantine_key(uuid.UUID(int=0), "ab" * 32)[:47]
    'quarantine/00000000-0000-0000-0000-000000000000'
    """
    return f"{QUARANTINE}{own_model_id}/{_digest(sha256)}.onnx"


def network_key(sha256: str) -> str:
    """Name a network that was taken in, by the digest of its file."""
    return f"{NETWORKS}{_fan(sha256)}.onnx"


def outlines_key(trial_id: uuid.UUID, digest: str) -> str:
    """Name what a trial found, by the digest of the file."""
    return f"{TRIALS}{trial_id}/{_digest(digest)}.json"


def registration_key(digest: str) -> str:
    """Name how photos were tied together, by the digest of photos and options."""
    return f"registrations/{_fan(digest)}.npz"


def picture_key(observation_id: uuid.UUID, digest: str) -> str:
    """Name the picture of an observation, by the digest of what it was cut from."""
    return f"pictures/{observation_id}/{_digest(digest)}.jpg"


def profile_key(observation_id: uuid.UUID, digest: str) -> str:
    """Name the widths along one crack, point by point, by the digest of what they are read from."""
    return f"profiles/{observation_id}/{_digest(digest)}.json"


def comparison_key(observation_id: uuid.UUID, digest: str) -> str:
    """Name what became of one damage since an earlier survey, by the digest of what is compared."""
    return f"comparisons/{observation_id}/{_digest(digest)}.json"


def report_key(survey_id: uuid.UUID, digest: str, suffix: str) -> str:
    """Name a report of a survey by the digest of its contents."""
    return f"reports/{survey_id}/{_digest(digest)}{_suffix(suffix)}"


def _check_segment(segment: str, key: str) -> None:
    size = len(segment.encode("utf-8", "surrogatepass"))
    special = [c for c in segment if c in '\\:*?"<>|' or unicodedata.category(c) in ("Cc", "Cs")]
    if not 1 <= size <= SEGMENT_BYTES_MAX or segment[0] == "." or segment[-1] in ". " or special:
        raise BadInput(
            f"{key!r} is no blob key: {segment!r} must have 1 to {SEGMENT_BYTES_MAX} bytes, "
            'not begin with a dot, not end with a dot or space, and have none of \\ : * ? " < > |'
        )


def _digest(sha256: str) -> str:
    if _SHA256.fullmatch(sha256) is None:
        raise BadInput(f"a digest has 64 lower-case hexadecimal digits, got {sha256!r}")
    return sha256


def _fan(sha256: str) -> str:
    """Spread digests over 256 folders, so that none has millions of files."""
    return f"{_digest(sha256)[:2]}/{sha256}"


def _suffix(suffix: str) -> str:
    lower = suffix.lower()
    if _SUFFIX.fullmatch(lower) is None:
        raise BadInput(f"a suffix is a dot and up to 8 letters or digits, got {suffix!r}")
    return lower
