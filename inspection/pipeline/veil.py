"""A photo for those who may not see originals: with what must not be seen hidden."""

import hashlib
from dataclasses import dataclass

from sqlalchemy import Engine

from inspection.domain.privatearea import Box
from inspection.errors import NotFound
from inspection.imaging.darkroom import Darkroom
from inspection.imaging.publicpicture import Hidden, hide, public_part, upright_rgb
from inspection.pipeline.dossier import Dossier, with_photo
from inspection.pipeline.ports import BlobStore
from inspection.store import privacy
from inspection.store.engine import reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Veiled:
    """Hold what is needed to show parts of a photo blurred.

    Attributes:
        dossier: of the defect that it shows.
        sha256: of the photo.
        blobs: where it lies.
        boxes: what is hidden, px.
    """

    dossier: Dossier
    sha256: str
    blobs: BlobStore
    boxes: tuple[Box, ...]

    @property
    def tag(self) -> str:
        """Name what is hidden: a picture with more hidden is another picture."""
        return hashlib.sha256(repr(self.boxes).encode()).hexdigest()[:12]

    def part(self, darkroom: Darkroom, *, window: Box, size_px: tuple[int, int]) -> bytes:
        """Give a part of the photo as JPEG, private areas hidden.

        Args:
            darkroom: decodes the photo, and keeps it as it may be seen.
            window: x0 y0 x1 y1 px, inside the photo.
            size_px: columns and rows of the picture.

        Raises:
            BadPhoto: when the photo cannot be decoded.
            Unavailable: when others are having photos decoded.
        """
        pixels = darkroom.photo((self.sha256, self.boxes), self._hidden)
        return public_part(pixels, window=window, size_px=size_px)

    def _hidden(self) -> Hidden:
        with with_photo(self.dossier, self.sha256, self.blobs) as path:
            content = path.read_bytes()
        return hide(upright_rgb(content, self.sha256[:12]), self.boxes)


def blurred_photo(engine: Engine, blobs: BlobStore, dossier: Dossier, sha256: str) -> Veiled:
    """Find out what must be hidden in a photo.

    Raises:
        NotFound: when no detector has looked at it, so that nobody knows.
    """
    with reading(engine) as connection:
        known = privacy.of_photo(connection, sha256)
    if not known.screenings:
        raise NotFound(
            f"no blurred picture of photo {sha256[:12]}… is there yet; only who may see originals "
            "sees it"
        )
    boxes = tuple(area.box_px for area in known.areas)
    return Veiled(dossier=dossier, sha256=sha256, blobs=blobs, boxes=boxes)
