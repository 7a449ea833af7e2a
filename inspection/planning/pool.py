"""Turn candidates into units that are chosen as one: a candidate, or a bundle of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from inspection.domain.programme import (
    Candidate,
    Chosen,
    Option,
    Terms,
    check_candidates,
)
from inspection.errors import BadInput

MOST_PACKS = 200
"""Ways to treat one bundle; of more, evenly spaced ones by cost are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """Give one option to each member of a unit.

    Attributes:
        options: one a member.
        cost_yen: of all.
        relief: of all.
        saving_yen: of all.
    """

    options: tuple[Option, ...]
    cost_yen: int
    relief: float
    saving_yen: float

    def benefit(self, year: int, rate: float) -> float:
        """Give B in a year of the programme, from 0."""
        return self.relief / (1 + rate) ** year + self.saving_yen


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Carry what is chosen as one.

    Attributes:
        members: one candidate, or those of a bundle.
        packs: ways to treat all of them, cheapest first, none dominated by another.
        tier: the most urgent of the members.
        due: the earliest of the members that must be done.
    """

    members: tuple[Candidate, ...]
    packs: tuple[Pack, ...]
    tier: int
    due: int

    @property
    def score(self) -> float:
        """Give the priority of the most urgent member."""
        return max(member.score for member in self.members)

    @property
    def must_weight(self) -> float:
        """Give how much it counts that a hard rule is met in time; 0 for what competes."""
        return (1.0 + self.score) * {0: 10.0, 1: 1.0}.get(self.tier, 0.0)

    def must_value(self, year: int) -> float:
        """Give what a year counts for its hard rule: half when late, less when later."""
        late = year - self.due
        return self.must_weight * (1.0 if late <= 0 else 0.5 * 0.8 ** (late - 1))

    def chosen(self, pack: Pack, year: int) -> tuple[Chosen, ...]:
        """Say for each member what is done when."""
        return tuple(
            Chosen(candidate=member, option=option, year=year)
            for member, option in zip(self.members, pack.options, strict=True)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Carry all units under some terms.

    Attributes:
        units: with at least one pack that some budget can pay, in the order of their members.
        funded: units of tier 0 that the first year can pay; they are done then.
        unable: candidates that cannot be chosen: no option, no benefit or too costly for any year.
    """

    units: tuple[Unit, ...]
    funded: frozenset[int]
    unable: tuple[Candidate, ...]
    terms: Terms

    def years(self, index: int, pack: Pack) -> tuple[int, ...]:
        """List the years in which a pack of a unit may be done."""
        budgets = self.terms.budgets_yen
        if index in self.funded:
            return (0,) if pack.cost_yen <= budgets[0] else ()
        return tuple(year for year, yen in enumerate(budgets) if pack.cost_yen <= yen)

    @property
    def binaries(self) -> int:
        """Count the yes-or-no decisions."""
        return sum(len(self.years(i, p)) for i, u in enumerate(self.units) for p in u.packs)


def pool(candidates: Sequence[Candidate], terms: Terms) -> Pool:
    """Gather the units.

    Emergencies do not wait for a bundle. A bundle of which a member has no option is no bundle.

    Raises:
        BadInput: when a candidate stands there twice, a bundle names an asset that is none, or a
            least share a district that has none.
    """
    ordered = check_candidates(candidates)
    repairs = {c.asset_id: c for c in ordered if c.task == "repair"}
    unknown = [a for bundle in terms.bundles for a in bundle if a not in repairs]
    if unknown:
        raise BadInput(f"the bundle names {unknown[0]!r}, which is no candidate for a repair")
    towns = {c.district for c in ordered if c.options}
    strangers = [name for name, (low, _) in terms.shares.items() if low > 0 and name not in towns]
    if strangers:  # a least share of nothing would only be kept by spending nothing at all
        raise BadInput(
            f"{strangers[0]!r} is to get a share of the money and has nothing to spend it on; "
            f"there are {', '.join(sorted(filter(None, towns))) or 'no districts'}"
        )
    bound: set[tuple[str, str]] = set()
    groups: list[tuple[Candidate, ...]] = []
    for bundle in terms.bundles:
        members = tuple(repairs[a] for a in sorted(bundle) if repairs[a].tier > 0)
        if len(members) > 1 and all(member.options for member in members):
            groups.append(members)
            bound |= {member.key for member in members}
    groups += [(c,) for c in ordered if c.key not in bound]
    units = [_unit(members, terms) for members in sorted(groups, key=lambda g: g[0].key)]
    able = tuple(unit for unit in units if unit.packs)
    return Pool(
        units=able,
        funded=_funded(able, terms),
        unable=tuple(m for unit in units if not unit.packs for m in unit.members),
        terms=terms,
    )


def _unit(members: tuple[Candidate, ...], terms: Terms) -> Unit:
    """Build a unit with the packs that make sense and that some budget can pay."""
    tier = min(member.tier for member in members)
    packs: list[Pack] = [Pack(options=(), cost_yen=0, relief=0.0, saving_yen=0.0)]
    for member in members:
        packs = _undominated(
            [_added(pack, option) for pack, option in product(packs, member.options)]
        )
    most = max(terms.budgets_yen)
    packs = [p for p in packs if p.options and p.cost_yen <= most]
    if tier == 2:
        packs = [p for p in packs if p.benefit(0, terms.rate) > 0]
    due = min((m.due for m in members if m.tier < 2), default=terms.years - 1)
    return Unit(members=members, packs=tuple(packs), tier=tier, due=due)


def _added(pack: Pack, option: Option) -> Pack:
    return Pack(
        options=(*pack.options, option),
        cost_yen=pack.cost_yen + option.cost_yen,
        relief=pack.relief + option.relief,
        saving_yen=pack.saving_yen + option.saving_yen,
    )


def _undominated(packs: list[Pack]) -> list[Pack]:
    """Leave out what costs as much as another and helps no more."""
    kept: list[Pack] = []
    for pack in sorted(packs, key=lambda p: (p.cost_yen, -p.relief, -p.saving_yen)):
        if all(k.relief < pack.relief or k.saving_yen < pack.saving_yen for k in kept):
            kept.append(pack)
    if len(kept) <= MOST_PACKS:
        return kept
    step = (len(kept) - 1) / (MOST_PACKS - 1)
    return [kept[round(i * step)] for i in range(MOST_PACKS)]


def _funded(units: Sequence[Unit], terms: Terms) -> frozenset[int]:
    """Tell which emergencies the first year can pay, the most urgent first."""
    left, funded = terms.budgets_yen[0], set()
    urgent = [i for i, unit in enumerate(units) if unit.tier == 0]
    for index in sorted(urgent, key=lambda i: (-units[i].score, units[i].members[0].key)):
        cost = units[index].packs[0].cost_yen
        if cost <= left:
            left -= cost
            funded.add(index)
    return frozenset(funded)
