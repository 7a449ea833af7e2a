"""Defects + an engineer's hand → other defects, measured anew; the old ones stay, superseded.

Pixels are read before the database is locked. What was read is checked again when it is written:
where somebody else decided meanwhile, the engineer is told who did what, and nothing is written.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, Engine

from inspection.domain import edit as rules
from inspection.domain.defect import Defect, Observation
from inspection.domain.edit import Edit, Edited, EditKind
from inspection.domain.raster import Orthomosaic
from inspection.domain.taxonomy import LINEAR_CLASSES, DamageClass
from inspection.domain.widthcalibration import CONCRETE, WidthCalibration
from inspection.errors import BadGeometry, BadInput, Conflict
from inspection.geo.cutting import Piece, cut, joined
from inspection.pipeline.consolidate import defect_id as new_defect_id
from inspection.pipeline.cracks import GAP_M, GAP_WIDTHS
from inspection.pipeline.drawn import Drawn, NoWidth, observe, piece_of, piece_of_drawing
from inspection.pipeline.letgo import let_go
from inspection.pipeline.ports import BlobStore, Clock
from inspection.pipeline.regrade import regrade
from inspection.pipeline.sight import opened_paper
from inspection.store import (
    assets,
    defects,
    descents,
    edits,
    meanwhile,
    observations,
    orthomosaics,
    photos,
    surveys,
)
from inspection.store.engine import reading, writing

MOST_CORNERS = 100
"""Most corners of a cut."""

MOST_PARTS = 20
"""Most parts that one cut makes; more is a scribble."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Carry what editing needs: rows, blobs, the time, and how the camera draws cracks."""

    engine: Engine
    blobs: BlobStore
    clock: Clock
    widths: WidthCalibration = CONCRETE


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Carry what every edit says.

    Attributes:
        edit_id: made by the page, so that sending twice counts once.
        editor: the engineer.
        note: why.
        preview: measure and tell, and write nothing.
    """

    edit_id: uuid.UUID
    editor: str
    note: str = ""
    preview: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Say what an edit did, or would do.

    Attributes:
        edit: who did what.
        edited: all defects that it touched, as they stand after it, with their shares.
        no_width: why the width of a crack was not measured, by its defect.
        written: False for a preview.
    """

    edit: Edit
    edited: Edited
    no_width: Mapping[uuid.UUID, NoWidth] = field(default_factory=dict)
    written: bool = True


Compose = Callable[[Sequence[Defect], Sequence[Observation], Edit], Edited]
Shapes = Callable[[Sequence[Defect], Orthomosaic], tuple[Sequence[Piece], DamageClass]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """Say what one kind of edit does between reading and writing.

    Attributes:
        kind: of the edit.
        versions: of the defects that it changes, as the engineer saw them.
        drawn: what was drawn.
        shapes: gives the pieces that are measured, and their class.
        compose: gives what follows.
        mosaic: that it is drawn on; None for that of the first defect.
        asset_id: of the defect that it makes; empty for that of the first defect.
        named: class that the engineer gave to what it makes, if any.
    """

    kind: EditKind
    versions: Mapping[uuid.UUID, int]
    shapes: Shapes
    compose: Compose
    drawn: BaseGeometry | None = None
    mosaic: Orthomosaic | None = None
    asset_id: str = ""
    named: DamageClass | None = None


def split(
    desk: Desk, order: Order, *, defect_id: uuid.UUID, version: int, blade: BaseGeometry
) -> Done:
    """Cut a defect along a line into two or more, each measured anew.

    Raises:
        NotFound: when there is no such defect.
        BadGeometry: when the line takes nothing apart, or a part would be too small.
        Overtaken: when somebody else changed the defect meanwhile.
        IllegalTransition: when the defect is rejected or superseded.
    """
    if not isinstance(blade, shapely.LineString):
        raise BadGeometry(f"a cut is one line, got a {blade.geom_type}")
    if len(blade.coords) > MOST_CORNERS:
        raise BadGeometry(
            f"the cut has {len(blade.coords)} corners, at most {MOST_CORNERS} are one"
        )

    def shapes(found: Sequence[Defect], mosaic: Orthomosaic) -> tuple[Sequence[Piece], DamageClass]:
        pieces = cut(piece_of(found[0]), blade)
        if len(pieces) > MOST_PARTS:
            raise BadGeometry(f"the cut makes {len(pieces)} parts, more than {MOST_PARTS}")
        return pieces, found[0].shown_class

    def compose(found: Sequence[Defect], seen: Sequence[Observation], edit: Edit) -> Edited:
        return rules.split(found[0], seen, edit, new_defect_id)

    plan = _Plan(
        kind=EditKind.SPLIT,
        versions={defect_id: version},
        drawn=blade,
        shapes=shapes,
        compose=compose,
    )
    return _edit(desk, order, plan)


def merge(
    desk: Desk,
    order: Order,
    *,
    versions: Mapping[uuid.UUID, int],
    damage_class: DamageClass | None = None,
) -> Done:
    """Put several defects of one mosaic together into one, measured anew.

    Gaps of a crack are bridged up to max(20 mm, 10 · width), as the machine bridges them.

    Raises:
        NotFound: when there is no such defect.
        BadInput: when they are of different assets, mosaics, or classes and none is given.
        Overtaken: when somebody else changed one of them meanwhile.
        IllegalTransition: when one of them is rejected or superseded.
    """

    def shapes(found: Sequence[Defect], mosaic: Orthomosaic) -> tuple[Sequence[Piece], DamageClass]:
        if len({(d.latest.survey_id, d.latest.mosaic_sha256) for d in found}) > 1:
            raise BadInput("the defects were seen on different mosaics and cannot be merged")
        one_class = rules.merged_class(found, damage_class)
        pieces = [piece_of(defect) for defect in found]
        if one_class not in LINEAR_CLASSES:
            pieces = [Piece(outline=piece.outline) for piece in pieces]
        return [joined(pieces, reach_m=_reach_m(found))], one_class

    def compose(found: Sequence[Defect], seen: Sequence[Observation], edit: Edit) -> Edited:
        return rules.merge(found, seen[0], edit, new_defect_id, damage_class=damage_class)

    if not 2 <= len(versions) <= rules.MOST_MERGED:
        raise BadInput(f"a merge takes 2 to {rules.MOST_MERGED} defects, got {len(versions)}")
    plan = _Plan(
        kind=EditKind.MERGE, versions=versions, shapes=shapes, compose=compose, named=damage_class
    )
    return _edit(desk, order, plan)


def redraw(
    desk: Desk, order: Order, *, defect_id: uuid.UUID, version: int, drawn: BaseGeometry
) -> Done:
    """Show a defect as an engineer drew it, measured anew; it stays the same defect.

    Raises:
        NotFound: when there is no such defect.
        BadGeometry: when the drawing is unusable, or no line for a crack.
        Overtaken: when somebody else changed the defect meanwhile.
        IllegalTransition: when the defect is rejected or superseded.
    """

    def shapes(found: Sequence[Defect], mosaic: Orthomosaic) -> tuple[Sequence[Piece], DamageClass]:
        one_class = found[0].shown_class
        return [piece_of_drawing(drawn, one_class, mosaic)], one_class

    def compose(found: Sequence[Defect], seen: Sequence[Observation], edit: Edit) -> Edited:
        return rules.redraw(found[0], seen[0], edit)

    plan = _Plan(
        kind=EditKind.REDRAW,
        versions={defect_id: version},
        drawn=drawn,
        shapes=shapes,
        compose=compose,
    )
    return _edit(desk, order, plan)


def draw(
    desk: Desk,
    order: Order,
    *,
    survey_id: uuid.UUID,
    mosaic_sha256: str,
    drawn: BaseGeometry,
    damage_class: DamageClass,
) -> Done:
    """Add a defect that the machine missed; who draws it has confirmed it.

    Raises:
        NotFound: when there is no such survey, or it has no mosaic yet.
        BadInput: when the class is no damage.
        BadGeometry: when the drawing is unusable, or no line for a crack.
        Conflict: when the survey has another mosaic by now.
    """
    rules.check_damage(damage_class)
    with reading(desk.engine) as connection:
        asset_id = surveys.by_id(connection, survey_id).asset_id
        mosaic = orthomosaics.of_survey(connection, survey_id)
    if mosaic.sha256 != mosaic_sha256:
        raise Conflict(
            f"survey {survey_id} has another mosaic than the one you drew on; load the page again"
        )

    def shapes(found: Sequence[Defect], mosaic: Orthomosaic) -> tuple[Sequence[Piece], DamageClass]:
        return [piece_of_drawing(drawn, damage_class, mosaic)], damage_class

    def compose(found: Sequence[Defect], seen: Sequence[Observation], edit: Edit) -> Edited:
        return rules.draw(seen[0], asset_id, new_defect_id)

    plan = _Plan(
        kind=EditKind.DRAW,
        versions={},
        drawn=drawn,
        shapes=shapes,
        compose=compose,
        mosaic=mosaic,
        asset_id=asset_id,
        named=damage_class,
    )
    return _edit(desk, order, plan)


def undo(desk: Desk, order: Order, *, edit_id: uuid.UUID) -> Done:
    """Take an edit back; an undo can be taken back too.

    Raises:
        NotFound: when there is no such edit.
        Conflict: when it was taken back already.
        Overtaken: when somebody decided since, recorded on what would be hidden, or saw one again.
    """
    with writing(desk.engine) as connection:
        target = edits.by_id(connection, edit_id)
        assets.lock(connection, target.edit.asset_id)
        edit = Edit(
            edit_id=order.edit_id,
            kind=EditKind.UNDO,
            asset_id=target.edit.asset_id,
            editor=order.editor,
            edited_at=desk.clock.now(),
            note=order.note,
            undoes=edit_id,
        )
        if (repeated := _repeated(connection, edit)) is not None:
            return repeated
        target = edits.by_id(connection, edit_id)  # as it is now that nobody else may change it
        if target.undone_by is not None:
            raise Conflict(f"edit {edit_id} was taken back already")
        found = edits.locked(connection, {s.defect_id: s.version_after for s in target.shares})
        left = [share.after.observation_id for share in target.shares]
        meanwhile.check_sightings(connection, found, left)
        seen = observations.by_ids(connection, [s.before.observation_id for s in target.shares])
        edited = rules.undo(target.shares, {d.defect_id: d for d in found}, seen)
        heirs = descents.descent(connection, asset_id=target.edit.asset_id)
        meanwhile.check_recorded(connection, target.edit, rules.hidden(edited.shares, heirs))
        edits.record(connection, edit, edited, [])
        news, shown_anew = let_go(connection, edit, edited, clock=desk.clock)
        edited = rules.together(edited, news)
        regrade(connection, [*edited.defects, *shown_anew], clock=desk.clock)
    return Done(edit=edit, edited=edited)


def _edit(desk: Desk, order: Order, plan: _Plan) -> Done:
    """Read, measure, and write what follows if nobody decided and no survey saw it meanwhile."""
    with reading(desk.engine) as connection:
        found = [defects.by_id(connection, key) for key in plan.versions]
        edit = Edit(
            edit_id=order.edit_id,
            kind=plan.kind,
            asset_id=plan.asset_id or found[0].asset_id,
            editor=order.editor,
            edited_at=desk.clock.now(),
            expected_versions=plan.versions,
            note=order.note,
            drawn_surface_m=plan.drawn,
        )
        if (repeated := _repeated(connection, edit, plan.named)) is not None:
            return repeated
        for defect in found:
            meanwhile.check_version(connection, defect, plan.versions[defect.defect_id])
        rules.check_editable(found, edit)
        mosaic = plan.mosaic or _shown_on(connection, found[0].latest)
        taken = photos.of_survey(connection, mosaic.survey_id, left_out=None)
    pieces, damage_class = plan.shapes(found, mosaic)
    with opened_paper(mosaic, blobs=desk.blobs, photos=taken, widths=desk.widths) as paper:
        sketches = [
            observe(
                piece, damage_class=damage_class, paper=paper, edit_id=edit.edit_id, number=number
            )
            for number, piece in enumerate(pieces)
        ]
    seen = [sketch.observation for sketch in sketches]
    if order.preview:
        edited = plan.compose(found, seen, edit)
        return Done(edit=edit, edited=edited, no_width=_untold(edited, sketches), written=False)
    with writing(desk.engine) as connection:
        assets.lock(connection, edit.asset_id)
        if (repeated := _repeated(connection, edit, plan.named)) is not None:
            return repeated
        now = edits.locked(connection, plan.versions)
        meanwhile.check_sightings(connection, now, [d.latest.observation_id for d in found])
        edited = plan.compose(now, seen, edit)
        edits.record(connection, edit, edited, seen)
        regrade(connection, edited.defects, clock=desk.clock)
    return Done(edit=edit, edited=edited, no_width=_untold(edited, sketches))


def _shown_on(connection: Connection, seen: Observation) -> Orthomosaic:
    return orthomosaics.of(connection, seen.survey_id, seen.mosaic_sha256)


def _repeated(connection: Connection, edit: Edit, named: DamageClass | None = None) -> Done | None:
    """Give what an edit did that arrived before; None when it is new.

    Raises:
        Conflict: when another edit has its identifier.
    """
    earlier = edits.find(connection, edit.edit_id)
    if earlier is None:
        return None
    if _essence(earlier.edit) != _essence(edit) or not earlier.made_as(named):
        raise Conflict(f"edit {edit.edit_id} was recorded with other contents")
    found = tuple(defects.by_id(connection, share.defect_id) for share in earlier.shares)
    return Done(edit=earlier.edit, edited=Edited(defects=found, shares=earlier.shares))


def _essence(edit: Edit) -> tuple[object, ...]:
    """Give what makes an edit the same; the moment does not count, nor what is known of it."""
    drawn = edit.drawn_surface_m
    versions = {} if edit.kind is EditKind.UNDO else dict(edit.expected_versions)
    shape = None if drawn is None else shapely.to_wkt(drawn, 6)
    return edit.kind, edit.asset_id, edit.editor, versions, edit.note, shape, edit.undoes


def _untold(edited: Edited, sketches: Sequence[Drawn]) -> dict[uuid.UUID, NoWidth]:
    """Say of each defect why its width was not measured."""
    reasons = {s.observation.observation_id: s.no_width for s in sketches}
    told = {d.defect_id: reasons.get(d.latest.observation_id) for d in edited.defects}
    return {key: reason for key, reason in told.items() if reason is not None}


def _reach_m(found: Sequence[Defect]) -> float:
    """Say up to which gap two cracks are one (domain specification §4.4)."""
    widths_m = [
        defect.latest.measurement.width_mm.value / 1000
        for defect in found
        if defect.latest.measurement.width_mm is not None
        and defect.latest.measurement.width_mm.value is not None
    ]
    return max(GAP_M, GAP_WIDTHS * max(widths_m, default=0.0))
