"""Say which parts of a photo must not be seen by the public, who found them, who looked.

What a machine finds and what a person adds are kept apart: a person can add to what is blurred, and
only a person's word that the picture was looked at lets it out.

Source: issue 8 (privacy); domain specification §0.2 rule 1 (machine and human values).
"""

import hashlib
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from inspection.domain.asset import check_one_line
from inspection.errors import BadInput

Box = tuple[int, int, int, int]
Size = tuple[int, int]

WORDS_MAX = 500
"""Most characters of a reason."""

TAG_DIGITS = 12
"""Digits of a digest that name a blurred picture."""

MARGIN_SHARE = 0.08
"""Widening of a box on every side, as a share of its longer side: detectors cut hair and bumpers.
"""

CONTAINED_SHARE = 0.95
"""Share of a box that lies in another of its kind, from which it says nothing of its own."""


class PrivateKind(StrEnum):
    """Say what must not be seen."""

    FACE = "face"
    PLATE = "plate"
    PERSON = "person"
    VEHICLE = "vehicle"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateArea:
    """Mark a part of an upright photo that must not be seen.

    Attributes:
        kind: what is there.
        box_px: x0 y0 x1 y1, half-open, px of the upright photo.
        score: how sure the detector was, 0..1; None when a person marked it.

    >>> PrivateArea(kind=PrivateKind.PLATE, box_px=(10, 20, 60, 35), score=0.7).box_px
    (10, 20, 60, 35)
    """

    kind: PrivateKind
    box_px: Box
    score: float | None = None

    def __post_init__(self) -> None:
        """Check that it has an inside and lies in a picture."""
        x0, y0, x1, y1 = self.box_px
        if not (0 <= x0 < x1 and 0 <= y0 < y1):
            raise BadInput(
                f"a private area is x0 y0 x1 y1 px with 0 ≤ x0 < x1 and 0 ≤ y0 < y1, got "
                f"{', '.join(map(str, self.box_px))}"
            )
        if self.score is not None and not 0 <= self.score <= 1:
            raise BadInput(f"a score lies within 0..1, got {self.score}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """Carry what a detector found in a photo.

    Attributes:
        detector_id: the detector and the digest of its weights.
        size_px: columns and rows of the upright photo.
        areas: what it found, none when it found nothing.
        at: when, aware UTC.
    """

    detector_id: str
    size_px: Size
    areas: tuple[PrivateArea, ...]
    at: datetime


class MarkAction(StrEnum):
    """Say what a person did about the privacy of a photo."""

    ADD = "add"
    CLEAR = "clear"
    WITHHOLD = "withhold"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyMark:
    """Carry what a person did about the privacy of a photo.

    Attributes:
        action: added an area, looked at the blurred picture and let it go, or kept it back.
        by: who.
        at: when, aware UTC.
        why: reason; may be empty, except when a picture is kept back.
        area: what was added; None otherwise.
        looked: tag of the blurred picture that was cleared (``Privacy.tag``); empty otherwise, and
            of what was cleared before marks said so.
    """

    action: MarkAction
    by: str
    at: datetime
    why: str = ""
    area: PrivateArea | None = None
    looked: str = ""

    def __post_init__(self) -> None:
        """Check that a named person did something whole."""
        if not self.by.strip() or len(self.by) > 200:
            raise BadInput(f"'{self.action.value}' needs a name of 1 to 200 characters")
        check_one_line("name", self.by)
        if len(self.why) > WORDS_MAX or "\0" in self.why:
            raise BadInput(f"a reason has at most {WORDS_MAX} characters, got {len(self.why)}")
        if self.action is MarkAction.WITHHOLD and not self.why.strip():
            raise BadInput("to keep a picture back needs a reason; say why")
        if (self.area is not None) is not (self.action is MarkAction.ADD):
            raise BadInput("an area is added, and only added; clear and withhold have none")
        if self.looked and self.action is not MarkAction.CLEAR:
            raise BadInput("only who clears a picture says which one they looked at")
        if self.at.tzinfo is None:
            raise BadInput("PrivacyMark.at must carry a time zone (UTC)")


class Obstacle(StrEnum):
    """Say why a picture may not be published."""

    NOT_SCREENED = "not_screened"
    NOT_CLEARED = "not_cleared"
    WITHHELD = "withheld"


OBSTACLE_WORDS: dict[Obstacle, str] = {
    Obstacle.NOT_SCREENED: "no detector of faces and plates has looked at it",
    Obstacle.NOT_CLEARED: "nobody has looked at it since it was blurred",
    Obstacle.WITHHELD: "somebody keeps it back",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Privacy:
    """Carry all that is known of the privacy of one photo.

    Attributes:
        screenings: by detectors, oldest first.
        marks: by people, oldest first.
    """

    screenings: tuple[Screening, ...] = ()
    marks: tuple[PrivacyMark, ...] = ()

    @property
    def areas(self) -> tuple[PrivateArea, ...]:
        """Give everything that is blurred: what any detector found, and what people added."""
        found = [area for screening in self.screenings for area in screening.areas]
        return (*found, *(mark.area for mark in self.marks if mark.area is not None))

    @property
    def tag(self) -> str:
        """Name the blurred picture: whoever looked at it has not seen one with another tag.

        It is of what is hidden and of who looked for it: what another detector did not find was
        looked for once more.
        """
        looked_for = sorted({screening.detector_id for screening in self.screenings})
        hidden = [area.box_px for area in self.areas]
        said = json.dumps([looked_for, hidden], separators=(",", ":"))
        return hashlib.sha256(said.encode()).hexdigest()[:TAG_DIGITS]

    @property
    def obstacle(self) -> Obstacle | None:
        """Say why the picture may not be published; None when it may.

        A person must have looked at it as it would be blurred now. Who keeps it back has the last
        word, whoever says what afterwards.
        """
        if any(mark.action is MarkAction.WITHHOLD for mark in self.marks):
            return Obstacle.WITHHELD
        if not self.screenings:
            return Obstacle.NOT_SCREENED
        cleared = [n for n, mark in enumerate(self.marks) if mark.action is MarkAction.CLEAR]
        return None if any(map(self._still_seen, cleared)) else Obstacle.NOT_CLEARED

    def _still_seen(self, place: int) -> bool:
        """Tell whether whoever set a mark looked at what is blurred now."""
        mark = self.marks[place]
        if mark.looked:
            return mark.looked == self.tag
        # a mark of before says only when: after the last detector and the last added area
        added_since = any(later.area is not None for later in self.marks[place + 1 :])
        return not added_since and all(screened.at <= mark.at for screened in self.screenings)


def widened(box: Box, size_px: Size, share: float = MARGIN_SHARE) -> Box:
    """Widen a box on every side by a share of its longer side, inside a picture, px.

    >>> widened((100, 100, 200, 150), (1000, 1000), 0.1)
    (90, 90, 210, 160)
    >>> widened((0, 0, 100, 100), (105, 100), 0.1)
    (0, 0, 105, 100)
    """
    x0, y0, x1, y1 = box
    margin = math.ceil(share * max(x1 - x0, y1 - y0))
    return (
        max(0, x0 - margin),
        max(0, y0 - margin),
        min(size_px[0], x1 + margin),
        min(size_px[1], y1 + margin),
    )


def inside(area: PrivateArea, size_px: Size) -> PrivateArea:
    """Check that an area that a person marked lies in the picture.

    Raises:
        BadInput: when it reaches out of it.
    """
    if area.box_px[2] > size_px[0] or area.box_px[3] > size_px[1]:
        raise BadInput(
            f"area {','.join(map(str, area.box_px))} px reaches out of a photo of "
            f"{size_px[0]}×{size_px[1]} px"
        )
    return area


def distinct(areas: Iterable[PrivateArea]) -> tuple[PrivateArea, ...]:
    """Leave out what lies within a likelier or larger area of its kind; the surest first.

    Nothing gets uncovered: what is left out reaches at most a twentieth of its side out of what
    stays, and every area is widened by more than that before it is blurred.

    >>> big = PrivateArea(kind=PrivateKind.VEHICLE, box_px=(0, 0, 100, 100), score=0.5)
    >>> small = PrivateArea(kind=PrivateKind.VEHICLE, box_px=(10, 10, 50, 50), score=0.9)
    >>> [area.box_px for area in distinct([small, big])]
    [(0, 0, 100, 100)]
    """
    kept: list[PrivateArea] = []
    for area in sorted(areas, key=lambda one: _surface(one.box_px), reverse=True):
        others = [one.box_px for one in kept if one.kind is area.kind]
        if not any(_covered(area.box_px, other) >= CONTAINED_SHARE for other in others):
            kept.append(area)
    return tuple(sorted(kept, key=lambda one: (-(one.score or 1.0), one.box_px)))


def counted(areas: Sequence[PrivateArea]) -> str:
    """Count areas by kind, in words.

    >>> counted([PrivateArea(kind=PrivateKind.FACE, box_px=(0, 0, 1, 1))])
    '1 face'
    """
    kinds = [area.kind.value for area in areas]
    return ", ".join(f"{kinds.count(kind)} {kind}" for kind in sorted(set(kinds))) or "nothing"


def _surface(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def _covered(box: Box, other: Box) -> float:
    """Give the share of a box that lies in another."""
    width = min(box[2], other[2]) - max(box[0], other[0])
    height = min(box[3], other[3]) - max(box[1], other[1])
    return max(0, width) * max(0, height) / _surface(box)
