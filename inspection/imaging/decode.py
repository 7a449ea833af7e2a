"""Decode photos with Pillow: whole image, orientation, EXIF blocks and the XMP packet.

The only module that imports Pillow to read photos. What Pillow cannot or should not decode comes
back as a ``Flaw`` with a reason, because one bad file must not stop a flight.
"""

import io
import struct
import warnings
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, UnidentifiedImageError

from inspection.domain.capture import RejectionReason
from inspection.errors import BadPhoto
from inspection.imaging.photofile import PhotoFile, opened

MAX_PHOTO_PIXELS = 250_000_000
"""Largest photo that is decoded: 1.6 × the biggest camera back of 2026 (151 Mpx)."""

Image.MAX_IMAGE_PIXELS = MAX_PHOTO_PIXELS

EXIF_IFD = 0x8769
GPS_IFD = 0x8825
ORIENTATION_TAG = 0x0112

_DAMAGE = (
    OSError, SyntaxError, struct.error, ValueError, IndexError, TypeError, KeyError, AttributeError,
    OverflowError, zlib.error,
)  # fmt: skip
"""What Pillow raises for damaged images; some damage meets code that did not foresee it."""

_EXIF_FAULTS = (SyntaxError, struct.error, ValueError, KeyError, TypeError, OSError, UserWarning)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExifBlocks:
    """Hold the three EXIF directories of a photo as tag number → value, as Pillow reads them."""

    base: Mapping[int, object] = field(default_factory=dict)
    exif: Mapping[int, object] = field(default_factory=dict)
    gps: Mapping[int, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """Hold what a photo file contains.

    Attributes:
        grey: (H, W) uint8 luminance as stored, before the EXIF orientation is applied.
        orientation: EXIF orientation 1–8; 5–8 swap columns and rows.
        blocks: EXIF directories, empty where the file has none.
        xmp: XMP packet, None when the file has none.
        notes: what could not be read in the metadata, in sentences.
    """

    grey: NDArray[np.uint8]
    orientation: int
    blocks: ExifBlocks
    xmp: bytes | None
    notes: tuple[str, ...] = ()

    @property
    def size_px(self) -> tuple[int, int]:
        """Give columns and rows after the orientation is applied."""
        rows, columns = self.grey.shape
        return (rows, columns) if self.orientation >= 5 else (columns, rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """Say why a file cannot be used as a photo, in a code and in words.

    Attributes:
        reason: why, as a code.
        detail: why, in words.
    """

    reason: RejectionReason
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """Say what another process found out about files of strangers.

    Attributes:
        flaws: what is wrong with those that cannot be used.
        thumbnails: small JPEGs of what can be seen of them, usable or not.
    """

    flaws: Mapping[Path, Flaw] = field(default_factory=dict)
    thumbnails: Mapping[Path, bytes] = field(default_factory=dict)


def decode(content: bytes, *, max_pixels: int = MAX_PHOTO_PIXELS) -> Decoded | Flaw:
    """Decode a whole photo file to luminance and raw metadata, or say why that is impossible."""
    if not content:
        return Flaw(reason=RejectionReason.EMPTY, detail="the file has 0 bytes")
    try:
        with _opened(content) as image:
            return _decode_opened(image, content, max_pixels)
    except UnidentifiedImageError:
        return Flaw(
            reason=RejectionReason.NOT_AN_IMAGE,
            detail=f"no known image format; the file begins with {content[:12]!r}",
        )
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        return Flaw(reason=RejectionReason.TOO_LARGE, detail=f"not decoded: {error}")
    except _DAMAGE as error:
        return Flaw(
            reason=RejectionReason.UNREADABLE,
            detail=f"the image header cannot be read: {error}; copy the file again",
        )


@contextmanager
def _opened(content: bytes, formats: tuple[str, ...] | None = None) -> Iterator[Image.Image]:
    """Open an image; that its EXIF is damaged is told by who reads the EXIF, not by a warning."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Corrupt EXIF data", UserWarning)
        with Image.open(io.BytesIO(content), formats=formats) as image:
            yield image


def read_headers(content: bytes) -> tuple[ExifBlocks, bytes | None]:
    """Read the EXIF directories and the XMP packet of a JPEG without decoding its image.

    Raises:
        BadPhoto: when the file is no whole JPEG, or its EXIF is damaged.
    """
    try:
        with _opened(content, formats=("JPEG",)) as image:
            (blocks, notes), xmp = _read_exif(image), _xmp_packet(image)
    except UnidentifiedImageError as error:
        raise BadPhoto(f"not a JPEG; the file begins with {content[:12]!r}") from error
    except (*_EXIF_FAULTS, Image.DecompressionBombError) as error:
        raise BadPhoto(f"the image header cannot be read: {error}") from error
    if not jpeg_is_complete(content):
        raise BadPhoto(
            f"the JPEG ends without its end marker after {len(content)} bytes; copy it from the "
            "card again"
        )
    if notes:
        raise BadPhoto("; ".join(notes))
    return blocks, xmp


def read_grey(file: PhotoFile) -> NDArray[np.uint8]:
    """Read the luminance of a photo, (H, W) uint8, upright: the EXIF orientation is applied.

    Raises:
        BadPhoto: when the file cannot be read or decoded.
    """
    try:
        with opened(file) as path:
            decoded = decode(path.read_bytes())
    except OSError as error:
        raise BadPhoto(f"photo {file.name} cannot be read: {error.strerror}") from error
    if isinstance(decoded, Flaw):
        raise BadPhoto(f"photo {file.name} cannot be decoded: {decoded.detail}")
    return _upright(decoded.grey, decoded.orientation)


def jpeg_is_complete(content: bytes) -> bool:
    """Tell whether a JPEG's own end marker follows its first scan.

    A transfer that broke off leaves no end marker; one that was filled up with zeros may still
    decode without an error, to grey. The thumbnail's marker inside the EXIF segment is stepped
    over.

    Source: ITU-T T.81 (1992), annex B: segments carry their length, 0xFF in a scan is followed by
    0x00 or a marker.

    >>> jpeg_is_complete(bytes.fromhex("ffd8 ffe00004 ffd9 ffda0002 00 ffd9"))
    True
    >>> jpeg_is_complete(bytes.fromhex("ffd8 ffe00004 ffd9 ffda0002 00 0000"))
    False
    """
    position = 2
    while position + 4 <= len(content) and content[position] == 0xFF:
        marker = content[position + 1]
        if marker == 0xDA:
            return content.find(b"\xff\xd9", position) >= 0
        if marker == 0xFF:  # fill byte
            position += 1
            continue
        position += 2 + int.from_bytes(content[position + 2 : position + 4], "big")
    return False


def _decode_opened(image: Image.Image, content: bytes, max_pixels: int) -> Decoded | Flaw:
    """Decode an image whose header was readable."""
    width, height = image.size
    if width * height > max_pixels:
        return Flaw(
            reason=RejectionReason.TOO_LARGE,
            detail=f"{width}×{height} px is over the limit of {max_pixels / 1e6:.0f} Mpx",
        )
    if image.format in {"JPEG", "MPO"} and not jpeg_is_complete(content):
        return _truncated(f"the JPEG ends without its end marker after {len(content)} bytes")
    blocks, notes = _read_exif(image)
    xmp = _xmp_packet(image)
    # a switch of the whole process, which WeasyPrint turns on when it is imported
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    try:
        image.draft("L", image.size)  # a JPEG then skips its colour planes
        grey = np.asarray(image.convert("L"), dtype=np.uint8)
    except _DAMAGE as error:
        return _truncated(f"the image does not decode to its end: {error}")
    return Decoded(grey=grey, orientation=_orientation(blocks), blocks=blocks, xmp=xmp, notes=notes)


def _truncated(detail: str) -> Flaw:
    """Say that a file is cut off."""
    return Flaw(reason=RejectionReason.TRUNCATED, detail=f"{detail}; copy it from the card again")


def _read_exif(image: Image.Image) -> tuple[ExifBlocks, tuple[str, ...]]:
    """Read the EXIF directories, or none with a note when they are damaged."""
    try:
        with warnings.catch_warnings():
            # Pillow only warns of a directory that is cut off; to us that is damage as well
            warnings.filterwarnings("error", "Corrupt EXIF data", UserWarning)
            base = image.getexif()
            blocks = ExifBlocks(
                base=dict(base), exif=dict(base.get_ifd(EXIF_IFD)), gps=dict(base.get_ifd(GPS_IFD))
            )
    except _EXIF_FAULTS as error:
        return ExifBlocks(), (f"EXIF is damaged and not used: {error}",)
    if image.info.get("exif") and not base:  # Pillow met the fault before and kept it to itself
        return blocks, ("EXIF is damaged and not used",)
    return blocks, ()


def _xmp_packet(image: Image.Image) -> bytes | None:
    """Find the XMP packet where JPEG and TIFF (``xmp``) or PNG (a text chunk) keep it."""
    packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp")
    if isinstance(packet, str):
        return packet.encode()
    return packet if isinstance(packet, bytes) and packet else None


def _upright(stored: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Turn stored pixels (H, W) as EXIF orientation 1–8 asks.

    Source: EXIF 2.32 §4.6.4 A, tag Orientation: where the stored row 0 and column 0 are shown.
    """
    turned = stored.T if orientation >= 5 else stored
    if orientation in {2, 3, 6, 7}:
        turned = turned[:, ::-1]
    if orientation in {3, 4, 7, 8}:
        turned = turned[::-1]
    return np.ascontiguousarray(turned)


def _orientation(blocks: ExifBlocks) -> int:
    """Give the EXIF orientation, 1 (upright) when it is missing or not 1–8."""
    value = blocks.base.get(ORIENTATION_TAG)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1
