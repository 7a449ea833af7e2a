"""The queue of a survey: its defects as a list and a map show them, however many there are."""

import hashlib
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response
from pydantic import Field
from sqlalchemy import Connection

from api.content import cached
from api.deps import ServicesDep
from api.schemas.reviewqueue import QueueCounts, QueuePage, QueueRowOut
from inspection.domain.defect import ReviewState
from inspection.domain.raster import Orthomosaic
from inspection.domain.taxonomy import DamageClass
from inspection.errors import NotFound
from inspection.geo.grid import LOCAL_CRS
from inspection.imaging.maptiles import Pyramid, is_north_up
from inspection.pipeline.settle import grades_held
from inspection.store import defecttiles, orthomosaics, reviewqueue
from inspection.store.engine import reading
from inspection.store.queuechoice import UNGRADED, Choice
from inspection.store.reviewqueue import Order, QueueRow

router = APIRouter(prefix="/api/surveys/{survey_id}", tags=["defects"])

MVT = "application/vnd.mapbox-vector-tile"
DRAWN: dict[int | str, dict[str, Any]] = {200: {"content": {MVT: {}}}, 304: {}}

Grade = Annotated[str, Field(pattern="^[A-Za-z0-9-]{1,8}$")]
GRADES_MAX = 20

Mark = Annotated[str | None, Query(max_length=200, pattern="^[A-Za-z0-9_-]+$")]


def choice_of(
    *,
    damage_class: Annotated[list[DamageClass] | None, Query()] = None,
    state: Annotated[list[ReviewState] | None, Query()] = None,
    width_mm: Annotated[
        float | None,
        Query(gt=0, le=1e6, description="leave out what is surely thinner; no width stays"),
    ] = None,
    confidence: Annotated[float, Query(ge=0, le=1, description="leave out what is below")] = 0.0,
    grade: Annotated[
        list[Grade] | None,
        Query(
            max_length=GRADES_MAX,
            description="codes of the schemes by which the asset is graded, a to e for a bridge; "
            f"`{UNGRADED}` for what has no grade. What holds counts: what an edit made takes over "
            "what people had decided",
        ),
    ] = None,
    again: Annotated[
        bool, Query(description="only those whose grade is to be decided again after an edit")
    ] = False,
) -> Choice:
    """Read which defects of a survey are meant."""
    return Choice(
        classes=frozenset(damage_class or ()),
        states=frozenset(state or ()),
        width_mm=width_mm,
        confidence=confidence,
        grades=frozenset(grade or ()),
        again=again,
    )


ChoiceDep = Annotated[Choice, Depends(choice_of)]


@router.get("/queue", operation_id="survey_queue")
def survey_queue(
    *,
    services: ServicesDep,
    survey_id: UUID,
    chosen: ChoiceDep,
    order: Order = Order.SIZE,
    after: Mark = None,
    before: Mark = None,
    at: Annotated[
        UUID | None, Query(description="begin with this defect, wherever it stands")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=reviewqueue.LIMIT_MAX)] = 100,
) -> QueuePage:
    """List defects of a survey in an order, from its beginning, from a mark, or from a defect."""
    with reading(services.engine) as connection:
        revision = reviewqueue.revision(connection, survey_id)
        chosen = _with_held(connection, survey_id, chosen)
        first: tuple[QueueRow, ...] = ()
        if at is not None:
            first = (reviewqueue.place(connection, survey_id, at, order, chosen.held),)
        rest = reviewqueue.page(
            connection,
            survey_id,
            order=order,
            chosen=chosen,
            after=first[0].mark if first else after,
            before=before,
            limit=limit,
        )
    rows = [*first, *rest][:limit]
    return QueuePage(revision=revision, rows=[QueueRowOut.of(row) for row in rows])


@router.get("/queue/counts", operation_id="survey_queue_counts")
def survey_queue_counts(services: ServicesDep, survey_id: UUID, chosen: ChoiceDep) -> QueueCounts:
    """Count the defects of a survey, those that are chosen, and what other choices would give."""
    with reading(services.engine) as connection:
        chosen = _with_held(connection, survey_id, chosen)
        return QueueCounts.of(reviewqueue.counts(connection, survey_id, chosen))


@router.get(
    "/defects/tiles/{z}/{x}/{y}.mvt",
    operation_id="defect_tile",
    response_class=Response,
    responses=DRAWN,
)
def defect_tile(
    *,
    request: Request,
    services: ServicesDep,
    survey_id: UUID,
    z: Annotated[int, Path(ge=0, le=30)],
    x: Annotated[int, Path(ge=0, le=1 << 30)],
    y: Annotated[int, Path(ge=0, le=1 << 30)],
    chosen: ChoiceDep,
    revision: Annotated[
        int | None, Query(description="of the defects; lets the answer be kept while it is true")
    ] = None,
) -> Response:
    """Draw the defects of a part of the mosaic as a vector tile, in the grid of the mosaic.

    One layer, ``defects``: id, class, state, version, confidence, width (mm, where there is one).
    Where there are too many, the largest are drawn and each says ``generalised``.
    """
    with reading(services.engine) as connection:
        mosaic = orthomosaics.of_survey(connection, survey_id)
        window = window_of(mosaic, z=z, x=x, y=y)
        now = reviewqueue.revision(connection, survey_id)
        tag = _tag(mosaic, now, (z, x, y), chosen)
        known, headers = cached(request, tag=tag, media_type=MVT, versioned=revision == now)
        if known is not None:
            return known
        if chosen.grades or chosen.again:
            chosen = _with_held(connection, survey_id, chosen)
        content = defecttiles.draw(connection, survey_id, window, chosen)
    return Response(content, media_type=MVT, headers=headers)


def pyramid_of(mosaic: Orthomosaic) -> Pyramid:
    """Give the pyramid of a mosaic's vector tiles: as of its pictures, with larger tiles."""
    grid = mosaic.grid
    return Pyramid(
        width_px=grid.width_px, height_px=grid.height_px, tile_size_px=defecttiles.TILE_PX
    )


def window_of(mosaic: Orthomosaic, *, z: int, x: int, y: int) -> defecttiles.TileWindow:
    """Say which part of the surface a vector tile shows.

    Raises:
        NotFound: when the mosaic has no such tile, or its grid is turned.
    """
    grid = mosaic.grid
    if not is_north_up(grid):
        raise NotFound(f"the grid of mosaic {mosaic.sha256[:16]} is turned; it has no tiles")
    x0, y0, x1, y1 = pyramid_of(mosaic).box_px(level=z, column=x, row=y)
    (left, top), (right, bottom) = grid.to_surface([(x0, y0), (x1, y1)]).tolist()
    local = grid.crs == LOCAL_CRS
    shown_px = (min(x1, grid.width_px) - x0) * (min(y1, grid.height_px) - y0)
    return defecttiles.TileWindow(
        box_m=(left, bottom, right, top),
        part=shown_px / (grid.width_px * grid.height_px),
        frame=f"{LOCAL_CRS} {mosaic.sha256}" if local else grid.crs,
    )


def _with_held(connection: Connection, survey_id: UUID, chosen: Choice) -> Choice:
    """Bring along what holds for the defects that have been edited."""
    return replace(chosen, held=grades_held(connection, survey_id))


def _tag(mosaic: Orthomosaic, revision: int, place: tuple[int, int, int], chosen: Choice) -> str:
    narrowed = (
        sorted(chosen.classes), sorted(chosen.states), chosen.width_mm, chosen.confidence,
        sorted(chosen.grades), chosen.again,
    )  # fmt: skip
    said = f"{mosaic.sha256} {revision} {place} {narrowed}"
    return hashlib.sha256(said.encode()).hexdigest()[:32]
