"""Map tiles of a mosaic: its own pyramid for the viewer, Web Mercator for GIS programs."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from api.content import cached
from api.deps import Services, ServicesDep
from inspection.domain.raster import Orthomosaic
from inspection.errors import NotFound
from inspection.imaging import maptiles
from inspection.store import orthomosaics
from inspection.store.engine import reading

router = APIRouter(prefix="/api/surveys/{survey_id}", tags=["tiles"])

Format = Literal["png", "webp"]
Level = Annotated[int, Path(ge=0, le=30)]
Number = Annotated[int, Path(ge=0, le=1 << 30)]
Version = Annotated[
    str | None,
    Query(
        alias="v",
        pattern="^[0-9a-f]{16,64}$",
        description="digest of the mosaic; lets the answer be kept",
    ),
]
PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/png": {}, "image/webp": {}}},
    304: {},
}


@router.get(
    "/tiles/{z}/{x}/{y}.{image_format}",
    operation_id="mosaic_tile",
    response_class=Response,
    responses=PICTURE,
)
def mosaic_tile(
    *,
    request: Request,
    services: ServicesDep,
    survey_id: UUID,
    z: Level,
    x: Number,
    y: Number,
    image_format: Format,
    version: Version = None,
) -> Response:
    """Give one tile of the mosaic's own pyramid; transparent where the mosaic shows nothing."""
    mosaic = mosaic_of(services, survey_id, version)
    media_type = f"image/{image_format}"
    tag = f"{mosaic.sha256[:32]}-{z}-{x}-{y}-{image_format}"
    known, headers = cached(request, tag=tag, media_type=media_type, versioned=version is not None)
    if known is not None:
        return known
    with services.blobs.local_path(mosaic.blob_key) as cog:
        content = maptiles.own_tile(cog, level=z, column=x, row=y, image_format=image_format)
    return Response(content, media_type=media_type, headers=headers)


@router.get(
    "/webmercator/{z}/{x}/{y}.{image_format}",
    operation_id="webmercator_tile",
    response_class=Response,
    responses=PICTURE,
)
def webmercator_tile(
    *,
    request: Request,
    services: ServicesDep,
    survey_id: UUID,
    z: Level,
    x: Number,
    y: Number,
    image_format: Format,
    version: Version = None,
) -> Response:
    """Give one XYZ tile in Web Mercator; only for a mosaic that is tied to the earth."""
    mosaic = mosaic_of(services, survey_id, version)
    if not mosaic.georeferenced:
        raise NotFound(
            f"the mosaic of survey {survey_id} is in a local frame, so it has no place on a world "
            "map; use its own tiles, or add control points and process it again"
        )
    media_type = f"image/{image_format}"
    tag = f"{mosaic.sha256[:32]}-m-{z}-{x}-{y}-{image_format}"
    known, headers = cached(request, tag=tag, media_type=media_type, versioned=version is not None)
    if known is not None:
        return known
    with services.blobs.local_path(mosaic.blob_key) as cog:
        content = maptiles.webmercator_tile(cog, z=z, x=x, y=y, image_format=image_format)
    if content is None:
        content = maptiles.transparent_tile(image_format)
    return Response(content, media_type=media_type, headers=headers)


def mosaic_of(services: Services, survey_id: UUID, version: str | None = None) -> Orthomosaic:
    """Read the mosaic of a survey, and check that it is still the one that the client means.

    Raises:
        NotFound: when there is none, or when another mosaic has taken its place.
    """
    with reading(services.engine) as connection:
        mosaic = orthomosaics.of_survey(connection, survey_id)
    if version is not None and not mosaic.sha256.startswith(version):
        raise NotFound(
            f"survey {survey_id} has another mosaic now ({mosaic.sha256[:16]}); load it again"
        )
    return mosaic
