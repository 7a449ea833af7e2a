"""Assets + price list + budgets → a programme, with a reason for every candidate; and what if."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from sqlalchemy import Connection

from inspection.codelists.ageing import Ageing, load_ageing
from inspection.codelists.priorities import DEFAULT_MODEL
from inspection.domain.asset import AssetKind
from inspection.domain.choicereason import Ledgered
from inspection.domain.deterioration import check_transition
from inspection.domain.prioritymodel import PriorityModel
from inspection.domain.programme import Candidate, Chosen, Selection, Terms
from inspection.errors import BadInput
from inspection.pipeline.ports import Clock
from inspection.pipeline.price import Offer, Priceable, offer
from inspection.pipeline.rank import Known, know
from inspection.pipeline.weigh import model_named, reweighed
from inspection.planning.select import SECONDS, Method, select
from inspection.store import prices, transitions
from inspection.store.programmes import KeptProgramme, WorkLine

NAME_MOST = 100
LCC_RATE_MOST = 0.5
"""As for the rate of a programme; public works are appraised with 0.04."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Say what a programme is drawn up from.

    Attributes:
        terms: money and rules.
        price_list: name of the price list.
        fiscal_year: present fiscal year; ages and waiting times are told for it.
        model: priority model, with or without its version.
        weights: other weights of L, C and T than the model's, for a what-if; empty: the model's.
        ageing: name of an estimated transition matrix; empty: the default.
        lcc_rate: r of life-cycle costs.
        kind: only assets of this kind; None: all.
        method: how to choose.
        seconds: limit of the solver.
    """

    terms: Terms
    price_list: str
    fiscal_year: int
    model: str = DEFAULT_MODEL
    weights: Mapping[str, float] = field(default_factory=dict)
    ageing: str = ""
    lcc_rate: float = 0.0
    kind: AssetKind | None = None
    method: Method = Method.AUTO
    seconds: float = SECONDS

    def __post_init__(self) -> None:
        """Check the rate of life-cycle costs."""
        if not 0 <= self.lcc_rate <= LCC_RATE_MOST:
            raise BadInput(
                f"the yearly rate of life-cycle costs must be 0 to {LCC_RATE_MOST}, got "
                f"{self.lcc_rate:g}"
            )

    def plain(self) -> dict[str, Any]:
        """Give the request as values that JSON can carry; ``request_from`` reads them back."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return plain


def request_from(plain: Mapping[str, Any]) -> Request:
    """Read a request back from the store."""
    terms = plain["terms"]
    return Request(
        **{
            **plain,
            "kind": None if plain["kind"] is None else AssetKind(plain["kind"]),
            "method": Method(plain["method"]),
            "terms": Terms(
                **{
                    **terms,
                    "budgets_yen": tuple(terms["budgets_yen"]),
                    "bundles": tuple(tuple(bundle) for bundle in terms["bundles"]),
                    "shares": {name: tuple(pair) for name, pair in terms["shares"].items()},
                }
            ),
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Allotted:
    """Carry a programme with what it was drawn up from."""

    programme: KeptProgramme
    known: Known
    selection: Selection


def allot(connection: Connection, request: Request, *, name: str, clock: Clock) -> Allotted:
    """Draw up a programme; nothing is stored.

    Raises:
        NotFound: when there is no such price list, model or estimate.
        BadInput: when the name is no name, or the terms cannot be kept.
    """
    check_name(name)
    model = chosen_model(connection, request)
    known = know(connection, fiscal_year=request.fiscal_year, kind=request.kind)
    source = Priceable(
        known=known,
        table=known.table(model),
        rows=prices.of_list(connection, request.price_list),
        ageing=chosen_ageing(connection, request.ageing),
        lcc_rate=request.lcc_rate,
    )
    offered = offer(source, request.terms)
    selection = select(
        offered.candidates, request.terms, method=request.method, seconds=request.seconds
    )
    programme = KeptProgramme(
        name=name,
        model=f"{model.id}/{model.version}",
        request=request.plain(),
        outcome=_outcome(selection, offered, source, request.terms),
        made_at=clock.now(),
        lines=_lines(selection, request.terms),
    )
    return Allotted(programme=programme, known=known, selection=selection)


def check_name(name: str) -> str:
    """Give a name back when it can stand in a file name and on one line.

    Raises:
        BadInput: when it cannot.
    """
    plain = name == name.strip() and name.isprintable() and not {*"/\\"} & {*name}
    if not 1 <= len(name) <= NAME_MOST or not plain:
        raise BadInput(
            f"a name has 1 to {NAME_MOST} printable characters and no slash, got {name!r}"
        )
    return name


def chosen_model(connection: Connection, request: Request) -> PriorityModel:
    """Load the model of a request, with its other weights."""
    return reweighed(model_named(connection, request.model), request.weights)


def chosen_ageing(connection: Connection, name: str) -> Ageing:
    """Load how bridges age: the default, or an estimate with the default's hazards."""
    default = load_ageing()
    if not name:
        return default
    kept = transitions.by_name(connection, name)
    return replace(default, name=name, transition=check_transition(kept.matrix))


def _outcome(
    selection: Selection, offered: Offer, source: Priceable, terms: Terms
) -> dict[str, Any]:
    """Say how good a programme is, what it spends and what lacks."""
    spent = selection.spend_yen(terms.years)
    short = [c for c in selection.left if c.tier < 2 and c.options]
    late = [one for one in selection.chosen if _is_late(one)]
    best = [max(c.options, key=lambda o: o.benefit(0, terms.rate)) for c in _open(offered)]
    return {
        "method": selection.method,
        "benefit": selection.benefit,
        "bound": selection.bound,
        "gap": selection.gap,
        "spend_yen": list(spent),
        "left_yen": [b - s for b, s in zip(terms.budgets_yen, spent, strict=True)],
        "needed_yen": sum(option.cost_yen for option in best),
        "must_yen": _must_by_year(offered, terms),
        "shortage": [
            {
                "asset_id": c.asset_id,
                "task": c.task,
                "rules": list(c.rules),
                "fiscal_year": terms.fiscal_year(c.due),
                "least_yen": c.cheapest.cost_yen,
            }
            for c in short
        ],
        "late": [[one.candidate.asset_id, one.candidate.task] for one in late],
        "left_out": dict(offered.left_out),
        "refused": dict(source.table.refused),
        "ageing": source.ageing.name,
        "data": source.known.digest,
    }


def _is_late(one: Chosen) -> bool:
    return one.candidate.tier < 2 and one.year > one.candidate.due


def _open(offered: Offer) -> list[Candidate]:
    """List what could be done at all."""
    return [c for c in offered.candidates if c.options]


def _must_by_year(offered: Offer, terms: Terms) -> list[int]:
    """Give what hard rules need at least, by the year in which it is due."""
    need = np.zeros(terms.years, np.int64)
    for candidate in _open(offered):
        if candidate.tier < 2:
            need[min(candidate.due, terms.years - 1)] += candidate.cheapest.cost_yen
    return [int(yen) for yen in need]


def _lines(selection: Selection, terms: Terms) -> tuple[WorkLine, ...]:
    """Write a line for every candidate, most urgent first."""
    reasons = Ledgered.of(selection, terms)
    chosen = {one.candidate.key: one for one in selection.chosen}
    everyone = [*(one.candidate for one in selection.chosen), *selection.left]
    ordered = sorted(everyone, key=lambda c: (c.tier, -round(c.score, 9), c.key))
    return tuple(
        _line(rank, candidate, chosen.get(candidate.key), reasons)
        for rank, candidate in enumerate(ordered, 1)
    )


def _line(rank: int, candidate: Candidate, one: Chosen | None, reasons: Ledgered) -> WorkLine:
    """Write one line."""
    reason = reasons.why_left(candidate) if one is None else reasons.why_chosen(one)
    ja, en = reason.ja, reason.en
    if candidate.provisional:
        ja, en = f"要確認（未確認の検出）：{ja}", f"review first (unreviewed detection): {en}"
    terms = reasons.terms
    return WorkLine(
        asset_id=candidate.asset_id,
        task=candidate.task,
        rank=rank,
        tier=candidate.tier,
        score=candidate.score,
        fiscal_year=None if one is None else terms.fiscal_year(one.year),
        work="" if one is None else one.option.work.value,
        cost_yen=None if one is None else one.option.cost_yen,
        benefit=None if one is None else one.option.benefit(one.year, terms.rate),
        reason={"code": reason.code, "ja": ja, "en": en},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Say what a what-if changes for one line: None where it is not in the programme."""

    asset_id: str
    task: str
    before: tuple[int, str] | None
    after: tuple[int, str] | None


def compare(before: KeptProgramme, after: KeptProgramme) -> tuple[Difference, ...]:
    """List which works enter, leave, move to another year or change, by asset."""
    old, new = _works(before), _works(after)
    return tuple(
        Difference(asset_id=key[0], task=key[1], before=old.get(key), after=new.get(key))
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    )


def _works(programme: KeptProgramme) -> dict[tuple[str, str], tuple[int, str]]:
    return {
        (line.asset_id, line.task): (line.fiscal_year, line.work)
        for line in programme.lines
        if line.fiscal_year is not None
    }
