"""Edits: split, merge, redraw and draw defects, take an edit back, and measure at a click."""

import uuid
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from api.deps import PrincipalDep, Services, ServicesDep
from api.principal import Principal
from api.schemas.base import shape_of
from api.schemas.edit import (
    ClickWidthOut,
    DrawIn,
    EditedDefect,
    EditedOut,
    EditIn,
    EditOut,
    GeometryIn,
    Links,
    MergeIn,
    SplitIn,
    UndoIn,
)
from api.schemas.quantity import QuantityOut
from api.schemas.reviewing import defect_out
from inspection.domain.defect import ReviewState
from inspection.domain.edit import Edit, Share
from inspection.domain.widthcalibration import CONCRETE
from inspection.errors import BadInput
from inspection.pipeline import edit as editing
from inspection.pipeline.clickwidth import width_at
from inspection.pipeline.edit import Desk, Done, Order
from inspection.pipeline.sight import opened_paper
from inspection.store import defects, edits, orthomosaics, photos
from inspection.store.engine import reading

router = APIRouter(prefix="/api", tags=["edits"])


@router.post("/defects/{defect_id}/split", operation_id="split_defect", status_code=201)
def split_defect(
    services: ServicesDep, principal: PrincipalDep, defect_id: UUID, wish: SplitIn
) -> EditedOut:
    """Cut a defect along a line; 409 names who decided in the meantime.

    The parts are measured anew and inherit what people decided; the defect itself stays,
    superseded.
    """
    done = editing.split(
        _desk(services),
        _order(principal, wish),
        defect_id=defect_id,
        version=wish.expected_version,
        blade=shape_of(wish.line),
    )
    return edited_out(done)


@router.post("/defects/merge", operation_id="merge_defects", status_code=201)
def merge_defects(services: ServicesDep, principal: PrincipalDep, wish: MergeIn) -> EditedOut:
    """Put several defects of one mosaic together; 409 names who decided in the meantime.

    The whole is confirmed when all of them were; they stay, superseded.
    """
    versions = {one.defect_id: one.expected_version for one in wish.defects}
    if len(versions) < len(wish.defects):
        raise BadInput("a defect is named twice; name each one once")
    done = editing.merge(
        _desk(services),
        _order(principal, wish),
        versions=versions,
        damage_class=wish.damage_class,
    )
    return edited_out(done)


@router.put("/defects/{defect_id}/geometry", operation_id="redraw_defect")
def redraw_defect(
    services: ServicesDep, principal: PrincipalDep, defect_id: UUID, wish: GeometryIn
) -> EditedOut:
    """Show a defect as an engineer drew it; 409 names who decided in the meantime.

    It stays the same defect, measured anew; what the machine saw stays beside it.
    """
    done = editing.redraw(
        _desk(services),
        _order(principal, wish),
        defect_id=defect_id,
        version=wish.expected_version,
        drawn=shape_of(wish.geometry),
    )
    return edited_out(done)


@router.post("/surveys/{survey_id}/defects", operation_id="draw_defect", status_code=201)
def draw_defect(
    services: ServicesDep, principal: PrincipalDep, survey_id: UUID, wish: DrawIn
) -> EditedOut:
    """Add a defect that the machine missed; who draws it has confirmed it."""
    done = editing.draw(
        _desk(services),
        _order(principal, wish),
        survey_id=survey_id,
        mosaic_sha256=wish.mosaic_sha256,
        drawn=shape_of(wish.geometry),
        damage_class=wish.damage_class,
    )
    return edited_out(done)


@router.post("/edits/{edit_id}/undo", operation_id="undo_edit", status_code=201)
def undo_edit(
    services: ServicesDep, principal: PrincipalDep, edit_id: UUID, wish: UndoIn
) -> EditedOut:
    """Take an edit back; 409 when somebody decided about one of its defects since."""
    if wish.preview:
        raise BadInput("an undo has no preview; what it brings back is in the history")
    return edited_out(editing.undo(_desk(services), _order(principal, wish), edit_id=edit_id))


@router.get("/defects/{defect_id}/edits", operation_id="defect_edits")
def defect_edits(services: ServicesDep, defect_id: UUID) -> Links:
    """Show what engineers did to a defect, and what stands in its place now."""
    with reading(services.engine) as connection:
        defect = defects.by_id(connection, defect_id)
        history = edits.history(connection, defect_id)
    superseded = defect.state is ReviewState.SUPERSEDED
    return Links(
        defect_id=defect_id,
        state=defect.state,
        version=defect.version,
        edits=[edit_out(one.edit, one.shares, one.undone_by) for one in history],
        superseded_by=list(edits.successors(history, defect_id)) if superseded else [],
    )


@router.get("/surveys/{survey_id}/width", operation_id="width_at")
def survey_width(
    services: ServicesDep,
    survey_id: UUID,
    x_m: Annotated[float, Query(ge=-1e8, le=1e8, description="x in the CRS of the mosaic")],
    y_m: Annotated[float, Query(ge=-1e8, le=1e8, description="y in the CRS of the mosaic")],
) -> ClickWidthOut:
    """Measure the width of the crack at a place in the photos, or say why that cannot be done."""
    with reading(services.engine) as connection:
        mosaic = orthomosaics.of_survey(connection, survey_id)
        taken = photos.of_survey(connection, survey_id, left_out=None)
    with opened_paper(mosaic, blobs=services.blobs, photos=taken, widths=CONCRETE) as paper:
        found = width_at(paper, (x_m, y_m))
    return ClickWidthOut(
        width_mm=QuantityOut.of_optional(found.width_mm),
        blind=found.blind,
        method=found.method,
        across=[(float(x), float(y)) for x, y in found.across_m],
        readings=found.readings,
        photo_sha256=found.photo_sha256,
    )


def _desk(services: Services) -> Desk:
    return Desk(engine=services.engine, blobs=services.blobs, clock=services.clock)


def _order(principal: Principal, wish: EditIn) -> Order:
    account = principal.account
    return Order(
        edit_id=wish.edit_id or uuid.uuid4(),
        editor=wish.editor if account is None else account.display_name,
        note=wish.note,
        preview=wish.preview,
    )


def edited_out(done: Done) -> EditedOut:
    """Show what an edit did."""
    return EditedOut(
        edit=edit_out(done.edit, done.edited.shares, None),
        written=done.written,
        defects=[
            EditedDefect(
                **defect_out(defect, defect.latest).model_dump(),
                no_width=done.no_width.get(defect.defect_id),
            )
            for defect in done.edited.defects
        ],
    )


def edit_out(edit: Edit, shares: tuple[Share, ...], undone_by: UUID | None) -> EditOut:
    """Show one edit."""
    return EditOut(
        edit_id=edit.edit_id,
        kind=edit.kind,
        editor=edit.editor,
        edited_at=edit.edited_at,
        note=edit.note,
        undoes=edit.undoes,
        undone_by=undone_by,
        superseded=[share.defect_id for share in shares if share.superseded],
        brought=[share.defect_id for share in shares if share.brought],
        redrawn=[
            share.defect_id
            for share in shares
            if share.before.observation_id != share.after.observation_id
        ],
    )
