"""Shapes of the ranking: who stands where, and why."""

from typing import Annotated, Self

from pydantic import Field

from api.schemas.base import Shape
from api.schemas.worklist import ReasonOut
from inspection.domain.asset import AssetKind
from inspection.pipeline.standing import Place, Standing

Parts = Annotated[
    tuple[float, float, float], Field(description="likelihood L, consequence C, timing T")
]


class PlaceOut(Shape):
    """Show where one asset stands."""

    rank: int = Field(description="under the weights in use, from 1")
    model_rank: int = Field(description="under the model's own weights, from 1")
    asset_id: str
    name: str
    kind: AssetKind
    municipality: str
    route_name: str
    lonlat: tuple[float, float] | None = Field(description="None when the ledger does not know it")
    soundness: str = Field(description="I to IV as engineers diagnosed it; empty when nobody has")
    tier: int = Field(description="0 emergency, 1 must, 2 by score")
    score: float
    parts: Parts
    points: Annotated[Parts, Field(description="what L, C, T give to the score")]
    risk: float = Field(description="L·C/100")
    confidence: float

    @classmethod
    def of(cls, place: Place) -> Self:
        """Show a place."""
        asset, sheet = place.entry.asset, place.entry.sheet
        return cls(
            rank=place.rank,
            model_rank=place.model_rank,
            asset_id=asset.asset_id,
            name=asset.name,
            kind=asset.kind,
            municipality=sheet.municipality,
            route_name=sheet.route_name,
            lonlat=sheet.lonlat,
            soundness=place.soundness,
            tier=place.tier,
            score=round(place.score, 2),
            parts=_rounded(place.parts),
            points=_rounded(place.points),
            risk=round(place.risk, 2),
            confidence=round(place.confidence, 2),
        )


class RankingOut(Shape):
    """Show the order of every asset, or a page of it."""

    model: str
    weights: dict[str, float] = Field(description="of L, C and T, in use")
    model_weights: dict[str, float] = Field(description="the model's own")
    fiscal_year: int
    number_matched: int
    places: list[PlaceOut]
    risk_matrix: list[list[int]] = Field(
        description="assets by class of likelihood (rows) and consequence (columns), least first"
    )
    refused: dict[str, str] = Field(description="why an asset has no score, by asset")

    @classmethod
    def of(cls, standing: Standing, *, offset: int, limit: int) -> Self:
        """Show a page of an order."""
        model = standing.table.model
        return cls(
            model=f"{model.id}/{model.version}",
            weights=dict(standing.weights),
            model_weights=dict(model.weights),
            fiscal_year=standing.known.fiscal_year,
            number_matched=len(standing),
            places=[PlaceOut.of(place) for place in standing.places(offset=offset, limit=limit)],
            risk_matrix=standing.table.matrix().tolist(),
            refused=dict(standing.table.refused),
        )


class ExplanationItem(Shape):
    """Show one reason with its points."""

    code: str
    pts: float
    ja: str
    en: str
    origin: str = Field(description="known, neutral, candidate or derived")


class ExplanationPart(Shape):
    """Show what one of L, C and T is made of."""

    k: str
    value: float
    weight: float
    points: float
    items: list[ExplanationItem]


class ExplanationRule(Shape):
    """Show a hard rule that applies."""

    rule: str
    tier: int
    ja: str
    en: str
    provisional: bool = Field(description="rests on a detection that nobody has reviewed")


class ExplanationOut(Shape):
    """Explain the score of one asset: every point with its reason."""

    asset: str
    name: str
    model: str
    data_version: str = Field(description="another one: something that is known has changed")
    tier: int
    score: float
    risk: float
    confidence: float
    parts: list[ExplanationPart]
    rules: list[ExplanationRule]
    missing: list[str] = Field(description="unknown, the middle level was taken")
    missing_words: list[ReasonOut] = Field(description="the same, for people")
    soundness_is_candidate: bool


def _rounded(three: tuple[float, float, float]) -> tuple[float, float, float]:
    likelihood, consequence, timing = (round(value, 2) for value in three)
    return likelihood, consequence, timing
