"""Take a JPEG apart into its segments and put it together again; the image itself is not touched.

Source: ITU-T T.81 annex B: after SOI come segments of marker, two bytes of length and content, up
to the first scan (SOS); EXIF 2.32 §4.5.4 and XMP part 3 §1.1.3 for the two APP1 segments.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from inspection.errors import BadPhoto

EXIF_HEAD: Final = b"Exif\x00\x00"
XMP_HEAD: Final = b"http://ns.adobe.com/xap/1.0/\x00"
APP0, APP1, SOS = 0xE0, 0xE1, 0xDA
MOST_CONTENT: Final = 65_533
"""Bytes of content that the length of a segment can tell."""

_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Hold one segment before the first scan."""

    marker: int
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Jpeg:
    """Hold the segments, and all from the first scan on as it was."""

    segments: tuple[Segment, ...]
    image: bytes

    def first(self, head: bytes) -> bytes | None:
        """Give the content of the first APP1 segment with a head, without the head."""
        for segment in self.segments:
            if segment.marker == APP1 and segment.content.startswith(head):
                return segment.content[len(head) :]
        return None


def take_apart(content: bytes) -> Jpeg:
    """Split a JPEG into segments and image.

    Raises:
        BadPhoto: when it is no JPEG, or is cut off or broken before its image.
    """
    if content[:2] != b"\xff\xd8":
        raise BadPhoto(f"not a JPEG (it begins with {content[:4]!r}); geotags are written to JPEG")
    segments: list[Segment] = []
    at = 2
    while at + 4 <= len(content):
        if content[at] != 0xFF:
            raise BadPhoto(f"the JPEG has no marker at byte {at}; copy it from the card again")
        marker = content[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if marker == SOS:
            return Jpeg(segments=tuple(segments), image=content[at:])
        if marker in _ALONE:
            raise BadPhoto(f"the JPEG has a marker {marker:#x} before its image; it is damaged")
        length = int.from_bytes(content[at + 2 : at + 4], "big")
        if length < 2 or at + 2 + length > len(content):
            break
        segments.append(Segment(marker=marker, content=content[at + 4 : at + 2 + length]))
        at += 2 + length
    raise BadPhoto(f"the JPEG ends before its image after {len(content)} bytes; copy it again")


def put_together(jpeg: Jpeg) -> bytes:
    """Write the segments and the image.

    Raises:
        BadPhoto: when a segment is longer than a JPEG can hold.
    """
    parts = [b"\xff\xd8"]
    for segment in jpeg.segments:
        if len(segment.content) > MOST_CONTENT:
            raise BadPhoto(
                f"its metadata would have {len(segment.content)} bytes, more than the "
                f"{MOST_CONTENT} that a JPEG segment holds"
            )
        length = len(segment.content) + 2
        parts.append(bytes((0xFF, segment.marker)) + length.to_bytes(2, "big") + segment.content)
    return b"".join((*parts, jpeg.image))


def with_metadata(jpeg: Jpeg, *, exif: bytes, xmp: bytes) -> Jpeg:
    """Give the JPEG with its first EXIF and XMP segments replaced, or new ones at the front."""
    kept = list(jpeg.segments)
    wanted = ((EXIF_HEAD, exif), (XMP_HEAD, xmp))
    for place, (head, body) in enumerate(wanted):
        segment = Segment(marker=APP1, content=head + body)
        at = _index(kept, head)
        if at is None:
            front = sum(one.marker == APP0 for one in kept[:1])
            kept.insert(front + place, segment)
        else:
            kept[at] = segment
    return Jpeg(segments=tuple(kept), image=jpeg.image)


def _index(segments: Sequence[Segment], head: bytes) -> int | None:
    for at, segment in enumerate(segments):
        if segment.marker == APP1 and segment.content.startswith(head):
            return at
    return None
