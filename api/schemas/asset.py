"""Shapes of an asset."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints

from api.schemas.base import Shape
from inspection.domain.asset import Asset, AssetKind, Concrete

Words = Annotated[str, StringConstraints(min_length=0)]
"""Text; a constraint, though it is none, keeps out the half characters that JSON can carry."""

AttributeValue = bool | float | Words


class AssetIn(Shape):
    """Describe an asset to be created."""

    asset_id: str = Field(min_length=1, max_length=200, description="the owner's own identifier")
    name: str = Field(min_length=1, max_length=400)
    kind: AssetKind = AssetKind.OTHER
    member: str = Field(default="", max_length=40, description="such as Ds0101; empty if unknown")
    concrete: Concrete = Concrete.RC
    attributes: dict[Words, AttributeValue] = Field(
        default_factory=dict,
        max_length=200,
        description="inputs of the priority model by code; absent means unknown",
    )

    def to_domain(self) -> Asset:
        """Give the asset that this describes."""
        return Asset(
            asset_id=self.asset_id,
            name=self.name,
            kind=self.kind,
            member=self.member,
            concrete=self.concrete,
            attributes=dict(self.attributes),
        )


class AssetOut(AssetIn):
    """Show an asset."""

    @classmethod
    def of(cls, asset: Asset) -> Self:
        """Show an asset of the domain."""
        return cls(
            asset_id=asset.asset_id,
            name=asset.name,
            kind=asset.kind,
            member=asset.member,
            concrete=asset.concrete,
            attributes=dict(asset.attributes),
        )


class AssetList(Shape):
    """List assets by identifier."""

    assets: list[AssetOut]
    number_matched: int
