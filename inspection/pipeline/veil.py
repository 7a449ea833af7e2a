"""A photo for those who may not see originals: with what must not be seen hidden."""

import hashlib
from dataclasses import dataclass

from sqlalchemy import Engine

from inspection.domain.privatearea import Box
from inspection.errors import NotFound
from inspection.imaging.publicpicture import public_part, upright_rgb
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

    def part(self, *, window: Box, size_px: tuple[int, int]) -> bytes:
        """Give a part of the photo as JPEG, private areas hidden.

        Raises:
            BadPhoto: when the photo cannot be decoded.
        """
        with with_photo(self.dossier, self.sha256, self.blobs) as path:
            pixels = upright_rgb(path.read_bytes(), self.sha256[:12])
        return public_part(pixels, self.boxes, window=window, size_px=size_px)


def blurred_photo(engine: Engine, blobs: BlobStore, dossier: Dossier, sha256: str) -> Veiled:
    """Find out what must be hidden in a photo.

    Raises:
        NotFound: when no detector has looked at it, so that nobody knows.
    """
    with reading(engine) as connection:
        known = privacy.of_photo(connection, dossier.seen.survey_id, sha256)
    if not known.screenings:
        raise NotFound(
            f"no blurred picture of photo {sha256[:12]}… is there yet; only who may see originals "
            "sees it"
        )
    boxes = tuple(area.box_px for area in known.areas)
    return Veiled(dossier=dossier, sha256=sha256, blobs=blobs, boxes=boxes)
