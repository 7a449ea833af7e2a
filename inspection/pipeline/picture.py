"""A record that passed the gate + photos that people looked at → public pictures of its damages.

The one way by which pixels leave: whatever picture is published was made by ``screen.blurred``,
from a photo that a detector has screened and a person has looked at since.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection

from inspection.domain.inspectionrecord import InspectionRecord
from inspection.domain.privatearea import OBSTACLE_WORDS
from inspection.domain.publicrow import NO_PICTURES, PublicRow, Redacted
from inspection.errors import BadPhoto, NotFound
from inspection.export.opendata import JPEG_TYPE, DataFile
from inspection.pipeline.ports import BlobStore
from inspection.pipeline.screen import Shown, blurred, shown_photos
from inspection.store import keys, privacy

NAME_START = "photo_"
SENSITIVE_WORDS = "the place is sensitive, and pictures would show it"
NO_PHOTO_WORDS = "no photo of it may be shown"
RETRACTED_WORDS = "this very picture was taken back once; blur more of it"

Origin = dict[str, str]
"""Survey and digest of the photo that a public picture was made from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictured:
    """Carry a record with its pictures, before any is kept.

    Attributes:
        passed: what may be published, each damage with the name of its picture.
        contents: the pictures, by digest.
        origins: survey and photo behind each picture, by its name; never published.
    """

    passed: Redacted
    contents: Mapping[str, bytes] = field(default_factory=dict)
    origins: Mapping[str, Origin] = field(default_factory=dict)

    @property
    def plain(self) -> dict[str, Any]:
        """Give all of it but the pixels as plain values for the store."""
        return self.passed.plain | ({"pictures": dict(self.origins)} if self.origins else {})


def with_pictures(
    connection: Connection, blobs: BlobStore, record: InspectionRecord, passed: Redacted
) -> Pictured:
    """Give each published damage its picture, or say how many have none and why."""
    said = [words for words in passed.applied if words != NO_PICTURES]
    said.append("names of people, notes and findings stay inside")
    if passed.row["position"] == "mesh":
        said.append(f"no pictures: {SENSITIVE_WORDS}")
        return Pictured(passed=replace(passed, applied=tuple(said)))
    by_number = _by_number(shown_photos(connection, record)) if passed.damages else {}
    defects = {defect.defect_id: defect for defect in record.defects}
    studio = _Studio(blobs, privacy.retracted(connection))
    lacking: Counter[str] = Counter()
    rows: list[PublicRow] = []
    for row in passed.damages:
        name, why = studio.picture(by_number.get(defects[row["damage_id"]].number))
        rows.append({**row, "photo": name})
        lacking.update([why] if why else [])
    said.append(
        f"{len(studio.contents)} pictures, encoded anew without metadata, private areas blurred"
    )
    said += [f"{count} damages without a picture: {why}" for why, count in sorted(lacking.items())]
    done = replace(passed, damages=tuple(rows), applied=tuple(said))
    return Pictured(passed=done, contents=studio.contents, origins=studio.origins)


def keep_pictures(blobs: BlobStore, pictured: Pictured) -> None:
    """Write the pictures before the row that names them is committed."""
    for sha256, content in pictured.contents.items():
        blobs.put_bytes(keys.public_picture_key(sha256), content)


def picture_name(sha256: str) -> str:
    """Name the file of a public picture in open data.

    >>> picture_name("ab" * 32)[:12], len(picture_name("ab" * 32))
    ('photo_ababab', 74)
    """
    return f"{NAME_START}{sha256}.jpg"


def key_of_name(name: str) -> str:
    """Name the blob of a public picture.

    >>> key_of_name(picture_name("ab" * 32))[:10]
    'public/ab/'
    """
    return keys.public_picture_key(name.removeprefix(NAME_START).removesuffix(".jpg"))


def names_in(public_rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """List the pictures that published rows name, each once, sorted."""
    damages = [damage for row in public_rows for damage in row["damages"]]
    return sorted({damage["photo"] for damage in damages if damage.get("photo")})


def picture_files(
    blobs: BlobStore, public_rows: Iterable[Mapping[str, Any]]
) -> tuple[DataFile, ...]:
    """Give the pictures of published rows as files of open data.

    Raises:
        NotFound: when a picture is gone.
    """
    return tuple(
        DataFile(name=name, media_type=JPEG_TYPE, content=_kept(blobs, name))
        for name in names_in(public_rows)
    )


def _kept(blobs: BlobStore, name: str) -> bytes:
    try:
        return blobs.read_bytes(key_of_name(name))
    except NotFound as error:
        raise NotFound(
            f"picture {name} is gone, it may have been taken back once: withdraw its inspection "
            "and publish it anew"
        ) from error


def _by_number(shown: Iterable[Shown]) -> dict[int, Shown]:
    return {number: one for one in shown for number in one.numbers}


class _Studio:
    """Make pictures, each photo once."""

    def __init__(self, blobs: BlobStore, retracted: frozenset[str]) -> None:
        self.contents: dict[str, bytes] = {}
        self.origins: dict[str, Origin] = {}
        self._blobs = blobs
        self._retracted = retracted
        self._made: dict[str, str] = {}

    def picture(self, shown: Shown | None) -> tuple[str, str]:
        """Give the name of a photo's picture, or an empty one and why there is none."""
        if shown is None:
            return "", NO_PHOTO_WORDS
        if (obstacle := shown.privacy.obstacle) is not None:
            return "", OBSTACLE_WORDS[obstacle]
        sha256 = shown.photo.sha256
        if sha256 not in self._made:
            try:
                content = blurred(self._blobs, shown).content
            except (BadPhoto, NotFound) as error:
                return "", str(error)
            public = hashlib.sha256(content).hexdigest()
            name = picture_name(public)
            if name in self._retracted:
                return "", RETRACTED_WORDS
            self.contents[public] = content
            self._made[sha256] = name
            self.origins[name] = {"survey_id": str(shown.survey_id), "sha256": sha256}
        return self._made[sha256], ""
