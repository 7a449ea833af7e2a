"""A record that passed the gate + photos that people looked at → public pictures of its damages.

The one way by which pixels leave: whatever picture is published was made by ``screen.blurred``,
from a photo that a detector has screened and a person has looked at since. Which photos those are
is read from rows, the pictures are made while no transaction is open, and they are published only
if the rows still say the same.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection

from inspection.domain.gateword import GateCode, GateWord
from inspection.domain.inspectionrecord import InspectionRecord
from inspection.domain.privatearea import Obstacle
from inspection.domain.publicrow import PublicRow, Redacted
from inspection.errors import BadPhoto, Conflict, NotFound
from inspection.export.opendata import JPEG_TYPE, DataFile
from inspection.pipeline.ports import BlobStore
from inspection.pipeline.screen import Shown, blurred, shown_photos
from inspection.store import keys

NAME_START = "photo_"

WHY_NONE: Mapping[Obstacle, GateCode] = {
    Obstacle.NOT_SCREENED: GateCode.PICTURE_NOT_SCREENED,
    Obstacle.NOT_CLEARED: GateCode.PICTURE_NOT_CLEARED,
    Obstacle.WITHHELD: GateCode.PICTURE_WITHHELD,
}
"""How the gate says that something keeps a picture inside."""

Origin = dict[str, str]
"""Survey and digest of the photo that a public picture was made from."""

Look = tuple[str, str]
"""A photo as it would be seen: its digest, and the tag of what is blurred in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Say which photos are to show the damages of a record, as the rows have it now.

    Attributes:
        passed: what may be published, without pictures.
        photos: photo that shows a damage and may be published, by the damage's identifier.
        lacks: how many damages have none, by why.
        sensitive: there are no pictures of such a place.
    """

    passed: Redacted
    photos: Mapping[str, Shown] = field(default_factory=dict)
    lacks: Mapping[GateCode, int] = field(default_factory=dict)
    sensitive: bool = False

    @property
    def looks(self) -> dict[Look, Shown]:
        """Give each photo once."""
        return {look_of(shown): shown for shown in self.photos.values()}

    @property
    def expected(self) -> Redacted:
        """Say what the pictures would be, without making any."""
        words = [GateWord(code=GateCode.PICTURES, values={"count": len(self.looks)})]
        return replace(self.passed, applied=self.said(words))

    def said(self, pictures: Iterable[GateWord]) -> tuple[GateWord, ...]:
        """Say what the gate did, with what it did about pictures."""
        plain = GateCode.WORDS_AND_PHOTOS_INSIDE
        before = [word for word in self.passed.applied if word.code is not plain]
        before.append(GateWord(code=GateCode.WORDS_INSIDE))
        if self.sensitive:
            return (*before, GateWord(code=GateCode.PICTURES_SENSITIVE))
        lacks = sorted(self.lacks.items())
        return (
            *before,
            *pictures,
            *(GateWord(code=code, values={"count": count}) for code, count in lacks),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Name pictures that were made and are kept; nothing is public yet.

    Attributes:
        names: of the pictures, by what they show.
        unreadable: what could not be made, for its photo is gone or damaged.
    """

    names: Mapping[Look, str]
    unreadable: frozenset[Look] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictured:
    """Carry what is to be published with its pictures.

    Attributes:
        passed: what may be published, each damage with the name of its picture.
        origins: survey and photo behind each picture, by its name; never published.
    """

    passed: Redacted
    origins: Mapping[str, Origin] = field(default_factory=dict)

    @property
    def plain(self) -> dict[str, Any]:
        """Give all of it as plain values for the store."""
        return self.passed.plain | ({"pictures": dict(self.origins)} if self.origins else {})


def look_of(shown: Shown) -> Look:
    """Name a photo as it would be seen."""
    return shown.photo.sha256, shown.privacy.tag


def choose(connection: Connection, record: InspectionRecord, passed: Redacted) -> Choice:
    """Find the photo of each published damage; reads rows only, however many photos there are."""
    if passed.row["position"] == "mesh":
        return Choice(passed=passed, sensitive=True)
    shown = shown_photos(connection, record) if passed.damages else ()
    by_number = {number: one for one in shown for number in one.numbers}
    numbers = {defect.defect_id: defect.number for defect in record.defects}
    photos: dict[str, Shown] = {}
    lacks: Counter[GateCode] = Counter()
    for row in passed.damages:
        one = by_number.get(numbers[row["damage_id"]])
        if one is None:
            lacks[GateCode.PICTURE_NO_PHOTO] += 1
        elif (obstacle := one.privacy.obstacle) is not None:
            lacks[WHY_NONE[obstacle]] += 1
        else:
            photos[row["damage_id"]] = one
    return Choice(passed=passed, photos=photos, lacks=lacks)


def make_pictures(blobs: BlobStore, looks: Mapping[Look, Shown], gone: frozenset[str]) -> Made:
    """Make pictures, each photo once and one after the other, and keep them; no row names them yet.

    Args:
        blobs: where photos lie and pictures go.
        looks: what is to be shown.
        gone: names of pictures that were taken back; those are not kept again.
    """
    names: dict[Look, str] = {}
    unreadable: set[Look] = set()
    for look, shown in looks.items():
        try:
            content = blurred(blobs, shown).content
        except (BadPhoto, NotFound):
            unreadable.add(look)
            continue
        sha256 = hashlib.sha256(content).hexdigest()
        names[look] = picture_name(sha256)
        if names[look] not in gone:
            blobs.put_bytes(keys.public_picture_key(sha256), content)
    return Made(names=names, unreadable=frozenset(unreadable))


def with_pictures(choice: Choice, made: Made, gone: frozenset[str]) -> Pictured:
    """Give each published damage its picture, or say how many have none and why.

    Args:
        choice: what the rows say now.
        made: the pictures.
        gone: names of pictures that were taken back.

    Raises:
        Conflict: when a photo is to be shown otherwise than it was made.
    """
    missing = set(choice.looks) - set(made.names) - made.unreadable
    if missing:
        raise Conflict(
            f"what may be seen of {len(missing)} photos changed while their pictures were made; "
            "look at it again and publish again"
        )
    origins: dict[str, Origin] = {}
    unreadable: Counter[str] = Counter()
    back = 0
    rows: list[PublicRow] = []
    for row in choice.passed.damages:
        shown = choice.photos.get(row["damage_id"])
        name = "" if shown is None else made.names.get(look_of(shown), "")
        if name in gone:
            back, name = back + 1, ""
        elif shown is not None and name:
            origins[name] = {"survey_id": str(shown.survey_id), "sha256": shown.photo.sha256}
        elif shown is not None:
            unreadable[shown.photo.name] += 1
        rows.append({**row, "photo": name})
    words = [GateWord(code=GateCode.PICTURES, values={"count": len(origins)})]
    words += [
        GateWord(code=GateCode.PICTURE_UNREADABLE, values={"count": count, "photo": photo})
        for photo, count in sorted(unreadable.items())
    ]
    if back:
        words.append(GateWord(code=GateCode.PICTURE_TAKEN_BACK, values={"count": back}))
    passed = replace(choice.passed, damages=tuple(rows), applied=choice.said(words))
    return Pictured(passed=passed, origins=origins)


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
