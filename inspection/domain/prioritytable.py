"""Score many assets at once, with the same answers as ``priority.score_priority`` one by one.

A score of 100 000 assets is columns of numbers; the reasons of one asset are drawn up when somebody
asks. An asset with a value that the model does not know is set aside with its reason.

Source: domain specification §5.2.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from inspection.domain.asset import AssetKind
from inspection.domain.notation import read_codes
from inspection.domain.priority import PEOPLE_BELOW, Evidence, Falling, Priority, score_priority
from inspection.domain.prioritymodel import (
    NOT_INSPECTED,
    Attribute,
    Factor,
    KindModel,
    PriorityModel,
)
from inspection.errors import BadInput

Floats = NDArray[np.float64]
NOTHING = Evidence()

CLASS_BOUNDS = (20.0, 40.0, 60.0, 80.0)
"""Where the five classes of likelihood and of consequence begin, after the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Carry what is known about one asset: the arguments of ``score_priority``."""

    asset_id: str
    kind: AssetKind
    attributes: Mapping[str, Attribute]
    evidence: Evidence = NOTHING

    def explain(self, model: PriorityModel) -> Priority:
        """Draw up the score with all its reasons."""
        return score_priority(self.asset_id, self.kind, self.attributes, self.evidence, model=model)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreTable:
    """Carry the scores of many assets as columns; rows keep the order of the cases.

    Attributes:
        cases: what was scored, (n,).
        model: the model.
        parts: L, C, T of each asset, (n, 3) float64, 0–100.
        tier: 0 emergency, 1 must, 2 by score, (n,) int64.
        confidence: 0–1, (n,) float64.
        refused: reason by asset that could not be scored; such assets are in no row.
    """

    cases: tuple[Case, ...]
    model: PriorityModel
    parts: Floats
    tier: NDArray[np.int64]
    confidence: Floats
    refused: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the shapes."""
        n = len(self.cases)
        shapes = (self.parts.shape, self.tier.shape, self.confidence.shape)
        if shapes != ((n, 3), (n,), (n,)):
            raise BadInput(f"a table of {n} assets has the shapes {shapes}")

    @property
    def score(self) -> Floats:
        """Give the scores 0–100, (n,)."""
        return self.scores(self.model.weights)

    @property
    def risk(self) -> Floats:
        """Give L·C/100, (n,)."""
        return self.parts[:, 0] * self.parts[:, 1] / 100.0

    def scores(self, weights: Mapping[str, float]) -> Floats:
        """Give the scores under other weights of L, C and T, (n,)."""
        return np.asarray(self.parts @ np.array([weights[key] for key in "LCT"]), float)

    def order(self, score: Floats | None = None) -> NDArray[np.int64]:
        """Give the rows most urgent first: by tier, then score, then identifier.

        Scores are compared to nine decimals, so that the order of an addition decides nothing.
        """
        points = np.round(self.score if score is None else score, 9)
        names = np.array([case.asset_id for case in self.cases])
        return np.lexsort((names, -points, self.tier)).astype(np.int64)

    def matrix(self) -> NDArray[np.int64]:
        """Count assets by likelihood and consequence, (5, 5); [0, 0] is the least of both."""
        counts = np.zeros((5, 5), np.int64)
        classes = np.searchsorted(CLASS_BOUNDS, self.parts[:, :2], side="right")
        np.add.at(counts, (classes[:, 0], classes[:, 1]), 1)
        return counts


def score_table(cases: Sequence[Case], *, model: PriorityModel) -> ScoreTable:
    """Score many assets.

    Args:
        cases: what is known; identifiers are unique.
        model: the code-list.
    """
    n = len(cases)
    parts, confidence = np.zeros((n, 3)), np.ones(n)
    tier, odd = np.full(n, 2, np.int64), np.zeros(n, bool)
    groups: dict[str, list[int]] = {}
    for row, case in enumerate(cases):
        kind = case.kind.value if case.kind.value in model.kinds else AssetKind.BRIDGE.value
        groups.setdefault(kind, []).append(row)
    for kind, rows in groups.items():
        batch = _Batch([cases[row] for row in rows], model.kinds[kind])
        at = np.array(rows)
        parts[at] = batch.parts()
        tier[at] = batch.tiers()
        confidence[at] = batch.confidence(model)
        odd[at] = batch.odd
    refused: dict[str, str] = {}
    keep = np.ones(n, bool)
    for row in map(int, np.flatnonzero(odd)):  # one by one, for the exact words of a refusal
        try:
            found = cases[row].explain(model)
        except BadInput as error:
            refused[cases[row].asset_id] = str(error)
            keep[row] = False
            continue
        parts[row] = [part.value for part in found.parts]
        tier[row], confidence[row] = found.tier, found.confidence
    return ScoreTable(
        cases=tuple(case for case, kept in zip(cases, keep, strict=True) if kept),
        model=model,
        parts=parts[keep],
        tier=tier[keep],
        confidence=confidence[keep],
        refused=refused,
    )


class _Batch:
    """Apply the tables of one kind of asset to the columns of its assets."""

    def __init__(self, cases: Sequence[Case], tables: KindModel) -> None:
        self.cases, self.tables = cases, tables
        self.odd = np.zeros(len(cases), bool)
        self.missing = np.zeros(len(cases))
        self.diagnosis = self._diagnosis()
        self.overdue = self._number("overdue_years")
        self.waited = self._number("years_since_diagnosis")
        self.missing += np.isnan(self.overdue)

    def _column(self, name: str) -> list[Attribute | None]:
        return [case.attributes.get(name) for case in self.cases]

    def _diagnosis(self) -> list[str | None]:
        """Give the engineers' diagnoses; a value that is none marks its row as odd."""
        allowed = self.tables.bases.keys() - {NOT_INSPECTED}
        found: list[str | None] = []
        for row, value in enumerate(self._column(self.tables.condition)):
            known = isinstance(value, str) and value in allowed
            self.odd[row] |= value is not None and not known
            found.append(str(value) if known else None)
        return found

    def _number(self, name: str) -> Floats:
        """Give an attribute as numbers, NaN where unknown; what is no number ≥ 0 is odd."""
        values, numeric, known = _numbers(self._column(name))
        self.odd |= known & ~(numeric & (values >= 0))
        return np.where(numeric, values, np.nan)

    def parts(self) -> Floats:
        """Give L, C, T, (n, 3)."""
        columns = [self._likelihood(), self._sum(self.tables.consequence), self._timing()]
        return np.column_stack([columns[0], *(np.minimum(c, 100.0) for c in columns[1:])])

    def _likelihood(self) -> Floats:
        """Give L: the base that says more, with the modifiers, up to its cap."""
        modifiers = self._sum(self.tables.likelihood)
        neglected = self._based([NOT_INSPECTED] * len(self.cases), modifiers)
        diagnosed = np.array([d is not None for d in self.diagnosis], bool)
        named = [d or NOT_INSPECTED for d in self.diagnosis]
        guessed = [case.evidence.condition or NOT_INSPECTED for case in self.cases]
        self.odd |= np.array([g not in self.tables.bases for g in guessed])
        stated = self._based(named, modifiers)
        overdue = np.nan_to_num(self.overdue) > 1
        with_guess = np.maximum(neglected, self._based(guessed, modifiers))
        known = np.where(overdue, np.maximum(stated, neglected), stated)
        return np.asarray(np.where(diagnosed, known, with_guess), float)

    def _based(self, names: Sequence[str], modifiers: Floats) -> Floats:
        """Give base and modifiers up to the cap."""
        rows = self.tables.bases
        fallback = rows[NOT_INSPECTED]
        base = np.array([rows.get(name, fallback).points for name in names], float)
        cap = np.array([rows.get(name, fallback).cap for name in names], float)
        return np.asarray(np.minimum(base + modifiers, cap), float)

    def _sum(self, factors: Sequence[Factor]) -> Floats:
        """Add up the points of some factors, and count what is missing."""
        total = np.zeros(len(self.cases))
        for factor in factors:
            values = [
                value if value is not None else case.evidence.observed.get(factor.name)
                for value, case in zip(self._column(factor.name), self.cases, strict=True)
            ]
            points, refused, unknown = factor_points(factor, values)
            total += points
            self.odd |= refused
            self.missing += 0 if factor.optional else unknown
        return total

    def _timing(self) -> Floats:
        """Give T before its cap."""
        points = np.zeros(len(self.cases))
        span = np.zeros(len(self.cases))
        for row, name in enumerate(self.diagnosis):
            timed = self.tables.timing.get(name or "")
            if name and timed:
                points[row], span[row] = timed.points, timed.years
        self.missing += (span > 0) & np.isnan(self.waited)
        waited = np.where(np.isnan(self.waited), span / 2, self.waited)
        share = np.minimum(1.0, waited / np.where(span > 0, span, 1.0))
        share = np.where(span > 0, share, 1.0)
        late = np.nan_to_num(self.overdue) > 0
        return np.asarray(points * share + late * self.tables.timing["overdue"].points, float)

    def tiers(self) -> NDArray[np.int64]:
        """Give the tier that the hard rules R1–R5 ask for."""
        codes = _code_sets(self._column("countermeasures"))
        e1, e2, s1 = (np.array([c in found for found in codes], bool) for c in ("E1", "E2", "S1"))
        worst = np.array([d == "IV" for d in self.diagnosis], bool)
        falling = np.array(
            [
                case.evidence.falling is not Falling.NONE
                and case.attributes.get("under_bridge") in PEOPLE_BELOW
                for case in self.cases
            ],
            bool,
        )
        undone = np.array([done is not True for done in self._column("measure_done")], bool)
        third = np.array([d == "III" for d in self.diagnosis], bool)
        waited = third & undone & (np.nan_to_num(self.waited) >= 4)
        investigate = s1 & (np.nan_to_num(self._open_years(s1)) > 1)
        must = waited | investigate | (np.nan_to_num(self.overdue) > 0)
        return np.where(worst | e1 | e2 | falling, 0, np.where(must, 1, 2)).astype(np.int64)

    def _open_years(self, asked: NDArray[np.bool_]) -> Floats:
        """Give since when an S1 is open; it counts only where S1 was judged."""
        values, numeric, known = _numbers(self._column("s1_open_years"))
        self.odd |= asked & known & ~(numeric & (values >= 0))
        return np.where(numeric, values, np.nan)

    def confidence(self, model: PriorityModel) -> Floats:
        """Give the confidence; ``parts`` has counted what is missing before."""
        undiagnosed = np.array([d is None for d in self.diagnosis], bool)
        costs = model.missing_costs * self.missing + model.candidate_costs * undiagnosed
        return np.maximum(0.0, 1.0 - costs)


def factor_points(
    factor: Factor, values: Sequence[Attribute | None]
) -> tuple[Floats, NDArray[np.bool_], NDArray[np.bool_]]:
    """Give the points of a column of values, which rows the factor refuses, which are unknown.

    Returns:
        points (n,) float64, 0 where refused; refused (n,) bool; unknown (n,) bool.
    """
    numbers, numeric, known = _numbers(values)
    by_level = any(_is_number(level) for level in factor.levels)
    points = np.where(known, 0.0, factor.neutral.points)
    refused = np.zeros(len(values), bool)
    told: dict[tuple[bool, Attribute], float | None] = {}
    for row in map(int, np.flatnonzero(known & (by_level | ~numeric))):
        value = values[row]
        assert value is not None
        key = (isinstance(value, bool), value)
        if key not in told:
            told[key] = _points(factor, value)
        found = told[key]
        points[row], refused[row] = found or 0.0, found is None
    if not by_level:
        drawn, allowed = _drawn(factor, numbers)
        points = np.where(numeric & allowed, drawn, points)
        refused |= numeric & ~allowed
    return points, refused, ~known


def _points(factor: Factor, value: Attribute) -> float | None:
    """Give the points of one value; None when the factor refuses it."""
    try:
        return sum(item.points for item in factor.items(value))
    except BadInput:
        return None


def _drawn(factor: Factor, numbers: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Give points by ramp or bands, and where they apply."""
    nothing = np.zeros(len(numbers))
    if factor.ramp is not None:
        ramp = factor.ramp
        drawn = np.clip((numbers - ramp.start) * ramp.per, 0, ramp.most)
        return np.nan_to_num(drawn), numbers >= 0
    if factor.bands:
        bounds = np.array([bound for bound, _ in factor.bands])
        steps = np.array([step.points for _, step in factor.bands])
        at = np.searchsorted(bounds, numbers, side="right") - 1
        return steps[np.clip(at, 0, len(steps) - 1)], numbers >= bounds[0]
    return nothing, np.zeros(len(numbers), bool)


def _numbers(
    values: Sequence[Attribute | None],
) -> tuple[Floats, NDArray[np.bool_], NDArray[np.bool_]]:
    """Give values as numbers (NaN where they are none), which are numbers, which are known."""
    plain = [v if type(v) is float or type(v) is int else None for v in values]
    numbers = np.array([np.nan if v is None else v for v in plain], float)
    numeric = np.array([v is not None for v in plain], bool)
    known = np.array([v is not None for v in values], bool)
    return numbers, numeric, known


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def _code_sets(values: Sequence[Attribute | None]) -> list[frozenset[str]]:
    """Give the codes that each text lists."""
    told: dict[str, frozenset[str]] = {}
    found = []
    for value in values:
        text = "" if value is None else str(value)
        if text not in told:
            told[text] = frozenset(read_codes(text))
        found.append(told[text])
    return found
