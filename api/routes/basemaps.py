"""Background maps that the operator has allowed."""

from fastapi import APIRouter, Request

from api.basemap import Basemap
from api.schemas.base import Shape

router = APIRouter(prefix="/api", tags=["maps"])


class BasemapList(Shape):
    """List background maps in the operator's order; the first one is shown unless chosen."""

    basemaps: list[Basemap]


@router.get("/basemaps", operation_id="list_basemaps")
def list_basemaps(request: Request) -> BasemapList:
    """List the background maps that the pages may show; none unless the operator names some."""
    return BasemapList(basemaps=list(request.app.state.basemaps))
