"""The ranking: every asset by urgency, under the model's weights or under other ones."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query

from api.deps import ServicesDep
from api.schemas.ranking import ExplanationOut, RankingOut
from inspection.codelists.priorities import DEFAULT_MODEL
from inspection.domain.asset import AssetKind
from inspection.domain.eradate import day_in_japan, fiscal_year
from inspection.errors import BadInput
from inspection.pipeline.rank import explained, know
from inspection.pipeline.standing import stand
from inspection.pipeline.weigh import model_named, reweighed
from inspection.store.engine import reading
from inspection.store.page import OFFSET_MAX

router = APIRouter(prefix="/api/ranking", tags=["ranking"])

Model = Annotated[str, Query(max_length=200, description="priority model, as NAME or NAME/VERSION")]
Weights = Annotated[
    str | None,
    Query(
        max_length=100,
        examples=["0.4,0.5,0.1"],
        description="other weights of L, C and T, which add up to 1",
    ),
]


@router.get("", operation_id="rank_assets")
def rank_assets(
    *,
    services: ServicesDep,
    model: Model = DEFAULT_MODEL,
    weights: Weights = None,
    kind: AssetKind | None = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 200,
    offset: Annotated[int, Query(ge=0, le=OFFSET_MAX)] = 0,
) -> RankingOut:
    """Rank every asset by tier and score, with what likelihood, consequence and timing give."""
    year = fiscal_year(day_in_japan(services.clock.now()))
    with reading(services.engine) as connection:
        chosen = model_named(connection, model)
        known = know(connection, fiscal_year=year, kind=kind)
    standing = stand(known, chosen, read_weights(weights))
    return RankingOut.of(standing, offset=offset, limit=limit)


@router.get("/{asset_id:path}", operation_id="explain_rank")
def explain_rank(
    services: ServicesDep, asset_id: str, model: Model = DEFAULT_MODEL, weights: Weights = None
) -> ExplanationOut:
    """Explain the score of one asset: every point with its reason, in Japanese and English."""
    year = fiscal_year(day_in_japan(services.clock.now()))
    with reading(services.engine) as connection:
        chosen = reweighed(model_named(connection, model), read_weights(weights))
        known = know(connection, fiscal_year=year, asset_ids=[asset_id])
        return ExplanationOut.model_validate(explained(known, asset_id, chosen))


def read_weights(text: str | None) -> Mapping[str, float]:
    """Read weights of L, C and T; nothing said gives none.

    Raises:
        BadInput: when they are no three numbers.

    >>> read_weights("0.4,0.5,0.1")
    {'L': 0.4, 'C': 0.5, 'T': 0.1}
    """
    if text is None:
        return {}
    try:
        likelihood, consequence, timing = map(float, text.split(","))
    except ValueError as error:
        raise BadInput(
            f"weights {text!r} must be three numbers for L, C and T, such as 0.4,0.5,0.1"
        ) from error
    return {"L": likelihood, "C": consequence, "T": timing}
