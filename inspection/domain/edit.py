"""Split, merge, redraw and draw defects, and take an edit back: pure, and nothing is ever lost.

An edit changes no sighting. It makes new defects out of what an engineer drew and measures anew,
and the defects whose place they take are *superseded*: they stay, with all their sightings and
verdicts. What an edit did to each defect is a *share*: its face before and after. Taking an edit
back puts the faces before it on again, and is an edit itself, so that it can be taken back too.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from shapely.geometry.base import BaseGeometry

from inspection.domain.asset import check_one_line
from inspection.domain.defect import Defect, Observation, ReviewState
from inspection.domain.descent import Descent
from inspection.domain.taxonomy import DamageClass, is_defect
from inspection.errors import BadInput, Conflict, IllegalTransition


class EditKind(StrEnum):
    """Say what an engineer did."""

    SPLIT = "split"
    MERGE = "merge"
    REDRAW = "redraw"
    DRAW = "draw"
    UNDO = "undo"


Ids = Callable[[str, uuid.UUID], uuid.UUID]
"""Gives the identifier of a new defect from its asset and its first observation."""

MOST_MERGED = 50
"""Most defects that one merge takes; more is a slip of the hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Record who edited which versions of which defects, when and why.

    Attributes:
        edit_id: made by the page, so that sending twice counts once.
        kind: what was done.
        asset_id: asset of the defects.
        editor: the engineer.
        edited_at: when, aware UTC.
        expected_versions: version of each defect that the engineer looked at; empty for DRAW.
        note: why.
        drawn_surface_m: what was drawn, in the CRS of the mosaic; None for MERGE and UNDO.
        undoes: the edit that UNDO takes back.
    """

    edit_id: uuid.UUID
    kind: EditKind
    asset_id: str
    editor: str
    edited_at: datetime
    expected_versions: Mapping[uuid.UUID, int] = field(default_factory=dict)
    note: str = ""
    drawn_surface_m: BaseGeometry | None = None
    undoes: uuid.UUID | None = None

    def __post_init__(self) -> None:
        """Check that the edit says all that its kind needs."""
        if not self.editor.strip():
            raise BadInput("an edit needs the name of the engineer who made it")
        check_one_line("editor", self.editor)
        if "\0" in self.note:
            raise BadInput("the note of an edit contains a NUL character; leave it out")
        if self.edited_at.tzinfo is None:
            raise BadInput("Edit.edited_at must carry a time zone (UTC)")
        if (self.kind is EditKind.UNDO) != (self.undoes is not None):
            raise BadInput("exactly an undo names the edit that it takes back")


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """Say how a defect stands: what people decided, and by which sighting it is shown."""

    state: ReviewState
    observation_id: uuid.UUID
    damage_class_reviewed: DamageClass | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Say what one edit did to one defect.

    Attributes:
        defect_id: the defect.
        version_before: version on which the engineer decided; 0 for a defect that the edit made.
        version_after: version that follows.
        before: how it stood; a defect that the edit made would be superseded without it.
        after: how it stands.
    """

    defect_id: uuid.UUID
    version_before: int
    version_after: int
    before: Face
    after: Face

    @property
    def superseded(self) -> bool:
        """Tell whether the edit took this defect out of the count."""
        return (
            self.after.state is ReviewState.SUPERSEDED
            and self.before.state is not ReviewState.SUPERSEDED
        )

    @property
    def brought(self) -> bool:
        """Tell whether the edit brought this defect into the count."""
        return (
            self.before.state is ReviewState.SUPERSEDED
            and self.after.state is not ReviewState.SUPERSEDED
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """Carry all defects that an edit touched, as they stand after it, with their shares."""

    defects: tuple[Defect, ...]
    shares: tuple[Share, ...]


def split(defect: Defect, parts: Sequence[Observation], edit: Edit, ids: Ids) -> Edited:
    """Put parts in the place of a defect; each inherits what people decided about it.

    Raises:
        BadInput: when there are fewer than two parts.
        Conflict: when somebody else changed the defect meanwhile.
        IllegalTransition: when the defect is rejected or superseded.
    """
    check_editable([defect], edit)
    if len(parts) < 2:
        raise BadInput(f"a split needs two parts or more, got {len(parts)}")
    made = [_made(part, defect.asset_id, ids, like=defect) for part in parts]
    return _edited([_superseded(defect)], made)


def merge(
    defects: Sequence[Defect],
    whole: Observation,
    edit: Edit,
    ids: Ids,
    *,
    damage_class: DamageClass | None = None,
) -> Edited:
    """Put one defect in the place of several.

    It is confirmed when all of them were; else it awaits review. ``damage_class`` is needed where
    they are of different classes.

    Raises:
        BadInput: when there are fewer than two, they belong to different assets, or no class is
            given for different classes.
        Conflict: when somebody else changed one of them meanwhile.
        IllegalTransition: when one of them is rejected or superseded.
    """
    check_editable(defects, edit)
    if not 2 <= len({d.defect_id for d in defects}) == len(defects) <= MOST_MERGED:
        raise BadInput(f"a merge takes 2 to {MOST_MERGED} different defects, got {len(defects)}")
    merged_class(defects, damage_class)
    reviewed = damage_class or next(
        (d.damage_class_reviewed for d in defects if d.damage_class_reviewed is not None), None
    )
    confirmed = all(d.state is ReviewState.CONFIRMED for d in defects)
    like = replace(
        defects[0],
        damage_class_reviewed=reviewed,
        state=ReviewState.CONFIRMED if confirmed else ReviewState.CANDIDATE,
    )
    made = _made(whole, defects[0].asset_id, ids, like=like)
    return _edited([_superseded(defect) for defect in defects], [made])


def merged_class(defects: Sequence[Defect], wanted: DamageClass | None) -> DamageClass:
    """Say of which class defects are together.

    Raises:
        BadInput: when they belong to different assets, or are of several classes and none is
            wanted, or what is wanted is no damage.
    """
    if len({d.asset_id for d in defects}) > 1:
        raise BadInput("defects of different assets cannot be merged")
    classes = sorted({d.shown_class.value for d in defects})
    if wanted is not None:
        check_damage(wanted)
        return wanted
    if len(classes) > 1:
        raise BadInput(f"the defects are of the classes {', '.join(classes)}; say which one holds")
    return defects[0].shown_class


def redraw(defect: Defect, seen: Observation, edit: Edit) -> Edited:
    """Show a defect as an engineer drew it; it stays the same defect.

    Raises:
        Conflict: when somebody else changed the defect meanwhile.
        IllegalTransition: when the defect is rejected or superseded.
    """
    check_editable([defect], edit)
    after = replace(
        defect,
        latest=seen,
        observation_ids=(*defect.observation_ids, seen.observation_id),
        version=defect.version + 1,
    )
    return _edited([(defect, after)], [])


def draw(seen: Observation, asset_id: str, ids: Ids) -> Edited:
    """Add a defect that the machine missed; who draws it has confirmed it.

    Raises:
        BadInput: when its class is no damage.
    """
    check_damage(seen.damage_class)
    made = _made(seen, asset_id, ids, like=None)
    return _edited([], [made])


def let_go(news: Sequence[Defect]) -> Edited:
    """Bring what an undo let go and nothing holds any more; it is taken back with the undo."""
    return _edited([], news)


def together(first: Edited, second: Edited) -> Edited:
    """Join two things that one edit did."""
    return Edited(defects=(*first.defects, *second.defects), shares=(*first.shares, *second.shares))


def undo(
    shares: Sequence[Share],
    now: Mapping[uuid.UUID, Defect],
    seen: Mapping[uuid.UUID, Observation],
) -> Edited:
    """Put every defect of an edit back to how it stood before.

    Args:
        shares: of the edit.
        now: the defects of the shares as they stand.
        seen: sightings by which they are to be shown.

    Raises:
        Conflict: when a defect changed since the edit, or was seen again: nobody's decision is
            taken back unasked, and no later sighting is hidden.
    """
    defects, back = [], []
    for share in shares:
        defect = now[share.defect_id]
        if defect.version != share.version_after:
            raise Conflict(
                f"defect {defect.defect_id} is at version {defect.version}, the edit left it at "
                f"{share.version_after}; what was decided since stands, so the edit cannot be "
                "taken back"
            )
        if defect.latest.observation_id != share.after.observation_id:
            raise Conflict(
                f"defect {defect.defect_id} is shown by another sighting than the edit left: a "
                "later survey has seen it since; decide or edit anew instead"
            )
        after = replace(
            defect,
            state=share.before.state,
            damage_class_reviewed=share.before.damage_class_reviewed,
            latest=seen[share.before.observation_id],
            version=defect.version + 1,
        )
        defects.append(after)
        back.append(_share(defect, after))
    return Edited(defects=tuple(defects), shares=tuple(back))


def hidden(shares: Iterable[Share], heirs: Descent) -> list[uuid.UUID]:
    """Name the defects that an edit takes out of the count and that hand on nothing by it."""
    known = list(shares)
    handed_on = {one for s in known if s.brought for one in heirs.forebears(s.defect_id)}
    return [s.defect_id for s in known if s.superseded and s.defect_id not in handed_on]


def check_damage(damage_class: DamageClass) -> None:
    """Check that a class is damage.

    Raises:
        BadInput: when it only looks like damage.
    """
    if not is_defect(damage_class):
        raise BadInput(f"{damage_class.value} is no damage; choose the class of the damage")


def check_editable(defects: Iterable[Defect], edit: Edit) -> None:
    """Check that defects are at the versions that the engineer saw, and may be edited.

    Raises:
        Conflict: when one is not.
        IllegalTransition: when one is rejected or superseded.
    """
    for defect in defects:
        expected = edit.expected_versions.get(defect.defect_id)
        if expected != defect.version:
            raise Conflict(
                f"defect {defect.defect_id} is at version {defect.version}, you decided on version "
                f"{expected}; read it again and decide anew"
            )
        if defect.state in (ReviewState.REJECTED, ReviewState.SUPERSEDED):
            cure = "reopen it first" if defect.state is ReviewState.REJECTED else "edit what is new"
            raise IllegalTransition(
                f"defect {defect.defect_id} is {defect.state.value} and cannot be edited; {cure}"
            )


def _superseded(defect: Defect) -> tuple[Defect, Defect]:
    return defect, replace(defect, state=ReviewState.SUPERSEDED, version=defect.version + 1)


def _made(seen: Observation, asset_id: str, ids: Ids, *, like: Defect | None) -> Defect:
    """Make a new defect, with the human values of another or, drawn, with those of who drew it."""
    return Defect(
        defect_id=ids(asset_id, seen.observation_id),
        asset_id=asset_id,
        damage_class=seen.damage_class if like is None else like.damage_class,
        damage_class_reviewed=seen.damage_class if like is None else like.damage_class_reviewed,
        state=ReviewState.CONFIRMED if like is None else like.state,
        latest=seen,
        observation_ids=(seen.observation_id,),
    )


def _edited(changed: Sequence[tuple[Defect, Defect]], made: Sequence[Defect]) -> Edited:
    shares = [_share(before, after) for before, after in changed]
    for defect in made:
        nothing = replace(defect, state=ReviewState.SUPERSEDED, version=0)
        shares.append(_share(nothing, defect))
    return Edited(
        defects=(*(after for _, after in changed), *made),
        shares=tuple(shares),
    )


def _share(before: Defect, after: Defect) -> Share:
    return Share(
        defect_id=after.defect_id,
        version_before=before.version,
        version_after=after.version,
        before=_face(before),
        after=_face(after),
    )


def _face(defect: Defect) -> Face:
    return Face(
        state=defect.state,
        observation_id=defect.latest.observation_id,
        damage_class_reviewed=defect.damage_class_reviewed,
    )
