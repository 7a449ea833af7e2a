"""Shapes of programmes: money in, works by year out, each with its reason."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field

from api.schemas.base import Shape
from api.schemas.worklist import ReasonOut
from inspection.codelists.priorities import DEFAULT_MODEL
from inspection.domain.asset import AssetKind
from inspection.domain.assetsheet import LedgerEntry
from inspection.domain.programme import MOST_YEARS, MOST_YEN, Terms
from inspection.pipeline.allot import NAME_MOST, Difference, Request
from inspection.planning.select import Method
from inspection.store.programmes import KeptProgramme, WorkLine

SOLVER_S = 10.0
"""Longest that a page waits for each of the solver's two solutions."""

Name = Annotated[str, Field(min_length=1, max_length=NAME_MOST)]
Yen = Annotated[int, Field(ge=0, le=MOST_YEN)]


class WeightsIn(Shape):
    """Weigh likelihood, consequence and timing against each other; they add up to 1."""

    L: float = Field(ge=0, le=1)
    C: float = Field(ge=0, le=1)
    T: float = Field(ge=0, le=1)


class ProgrammeIn(Shape):
    """Say what a programme is drawn up from."""

    first_year: int = Field(ge=2000, le=2200, description="fiscal year")
    budgets_yen: list[Yen] = Field(min_length=1, max_length=MOST_YEARS, description="by year")
    price_list: Name = "default"
    model: str = Field(default=DEFAULT_MODEL, min_length=1, max_length=200)
    weights: WeightsIn | None = Field(default=None, description="None: the model's own")
    ageing: str = Field(default="", max_length=NAME_MOST, description="empty: the default")
    rate: float = Field(
        default=0.02, ge=0, le=0.5, description="by which later benefit counts less"
    )
    lcc_rate: float = Field(default=0.0, ge=0, le=0.2)
    kind: AssetKind | None = None
    compare_with: Name | None = Field(default=None, description="a programme that is kept")

    def to_request(self, fiscal_year: int) -> Request:
        """Give the request that this describes."""
        return Request(
            terms=Terms(
                first_year=self.first_year, budgets_yen=tuple(self.budgets_yen), rate=self.rate
            ),
            price_list=self.price_list,
            fiscal_year=fiscal_year,
            model=self.model,
            weights={} if self.weights is None else self.weights.model_dump(),
            ageing=self.ageing,
            lcc_rate=self.lcc_rate,
            kind=self.kind,
            method=Method.AUTO,
            seconds=SOLVER_S,
        )


class WorkLineOut(Shape):
    """Show a work of a programme, or a candidate that is not in it."""

    asset_id: str
    name: str
    municipality: str
    task: str = Field(description="repair, or the work that a hard rule asks for")
    rank: int
    tier: int
    score: float
    fiscal_year: int | None = Field(description="None when it is not in the programme")
    work: str
    cost_yen: int | None
    reason: ReasonOut

    @classmethod
    def of(cls, line: WorkLine, entry: LedgerEntry | None) -> Self:
        """Show a line."""
        return cls(
            asset_id=line.asset_id,
            name="" if entry is None else entry.asset.name,
            municipality="" if entry is None else entry.sheet.municipality,
            task=line.task,
            rank=line.rank,
            tier=line.tier,
            score=round(line.score, 2),
            fiscal_year=line.fiscal_year,
            work=line.work,
            cost_yen=line.cost_yen,
            reason=ReasonOut(**line.reason),
        )


class YearOut(Shape):
    """Show the money of one fiscal year."""

    fiscal_year: int
    budget_yen: int
    spent_yen: int
    works: int


class ShortageOut(Shape):
    """Show what a hard rule asks for and the money does not reach."""

    asset_id: str
    task: str
    rules: list[str]
    fiscal_year: int
    least_yen: int


class DifferenceOut(Shape):
    """Show what differs for one work: fiscal year and work; None where it is not in."""

    asset_id: str
    name: str
    task: str
    before: tuple[int, str] | None
    after: tuple[int, str] | None


class ProgrammeHead(Shape):
    """Name a programme that is kept."""

    name: str
    model: str
    made_at: datetime
    years: list[YearOut]


class ProgrammeOut(Shape):
    """Show a programme."""

    name: str
    model: str
    price_list: str
    ageing: str
    made_at: datetime
    method: str
    gap: float = Field(description="how much better any other choice could be at most, 0–1")
    needed_yen: int = Field(description="what all that would help costs")
    years: list[YearOut]
    lines: list[WorkLineOut]
    shortage: list[ShortageOut]
    refused: dict[str, str]
    left_out: dict[str, int] = Field(description="assets that were not put up, by reason")
    differences: list[DifferenceOut] | None = Field(description="None: nothing to compare with")
    ledger_changed: bool = Field(
        description="not all differences come from the terms: the ledger changed in between"
    )

    @classmethod
    def of(
        cls,
        found: KeptProgramme,
        entries: Mapping[str, LedgerEntry],
        *,
        before: KeptProgramme | None = None,
        changes: Sequence[Difference] | None = None,
    ) -> Self:
        """Show a programme, and what differs from another one."""
        outcome = found.outcome
        return cls(
            name=found.name,
            model=found.model,
            price_list=found.request["price_list"],
            ageing=outcome["ageing"],
            made_at=found.made_at,
            method=outcome["method"],
            gap=outcome["gap"],
            needed_yen=outcome["needed_yen"],
            years=_years(found.request["terms"], outcome, found.lines),
            lines=[WorkLineOut.of(line, entries.get(line.asset_id)) for line in found.lines],
            shortage=[ShortageOut(**short) for short in outcome["shortage"]],
            refused=outcome["refused"],
            left_out=outcome["left_out"],
            differences=None
            if changes is None
            else [_difference(change, entries) for change in changes],
            ledger_changed=before is not None and before.outcome["data"] != outcome["data"],
        )


class ProgrammeList(Shape):
    """List the programmes that are kept, and what a new one can be drawn up from."""

    programmes: list[ProgrammeHead]
    price_lists: list[str]


def head_of(kept: Mapping[str, Any]) -> ProgrammeHead:
    """Show the head of a programme."""
    return ProgrammeHead(
        name=kept["name"],
        model=kept["model"],
        made_at=kept["made_at"],
        years=_years(kept["request"]["terms"], kept["outcome"], ()),
    )


def _years(
    terms: Mapping[str, Any], outcome: Mapping[str, Any], lines: Sequence[WorkLine]
) -> list[YearOut]:
    first = terms["first_year"]
    return [
        YearOut(
            fiscal_year=first + i,
            budget_yen=budget,
            spent_yen=spent,
            works=sum(line.fiscal_year == first + i for line in lines),
        )
        for i, (budget, spent) in enumerate(
            zip(terms["budgets_yen"], outcome["spend_yen"], strict=True)
        )
    ]


def _difference(change: Difference, entries: Mapping[str, LedgerEntry]) -> DifferenceOut:
    entry = entries.get(change.asset_id)
    return DifferenceOut(
        asset_id=change.asset_id,
        name="" if entry is None else entry.asset.name,
        task=change.task,
        before=change.before,
        after=change.after,
    )
