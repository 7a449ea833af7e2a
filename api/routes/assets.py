"""Assets: what is inspected."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.deps import ServicesDep
from api.schemas.asset import AssetIn, AssetList, AssetOut
from inspection.errors import Conflict, NotFound
from inspection.store import assets
from inspection.store.engine import reading, writing
from inspection.store.page import OFFSET_MAX

router = APIRouter(prefix="/api/assets", tags=["assets"])


@router.get("", operation_id="list_assets")
def list_assets(
    services: ServicesDep,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=OFFSET_MAX)] = 0,
) -> AssetList:
    """List assets by identifier."""
    with reading(services.engine) as connection:
        page = assets.find(connection, limit=limit, offset=offset)
    return AssetList(assets=[AssetOut.of(asset) for asset in page.rows], number_matched=page.total)


@router.post("", operation_id="create_asset", status_code=201)
def create_asset(services: ServicesDep, described: AssetIn) -> AssetOut:
    """Create an asset; 409 when there is one with this identifier that says something else."""
    asset = described.to_domain()
    with writing(services.engine) as connection:
        try:
            known = assets.by_id(connection, asset.asset_id)
        except NotFound:
            assets.save(connection, asset)
            known = asset
    if known != asset:
        raise Conflict(
            f"there is an asset {asset.asset_id!r} already, with other attributes; change it with "
            "PUT, or choose another identifier"
        )
    return AssetOut.of(asset)


@router.get("/{asset_id:path}", operation_id="read_asset")
def read_asset(services: ServicesDep, asset_id: str) -> AssetOut:
    """Show one asset."""
    with reading(services.engine) as connection:
        return AssetOut.of(assets.by_id(connection, asset_id))


@router.put("/{asset_id:path}", operation_id="replace_asset")
def replace_asset(services: ServicesDep, asset_id: str, described: AssetIn) -> AssetOut:
    """Replace what is known about an asset; its identifier stays."""
    if described.asset_id != asset_id:
        raise Conflict(
            f"the identifier of an asset never changes: {asset_id!r} in the address, "
            f"{described.asset_id!r} in the body"
        )
    with writing(services.engine) as connection:
        assets.by_id(connection, asset_id)
        assets.save(connection, described.to_domain())
    return AssetOut.of(described.to_domain())
