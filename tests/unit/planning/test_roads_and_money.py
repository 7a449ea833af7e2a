"""Roads that are hardly roads, closings by hand, and choices under every limit tried out whole."""

from itertools import product
from math import inf, nan

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.domain.programme import Candidate, Option, Selection, Terms, Work
from inspection.domain.roadnetwork import ISOLATED, Place, RoadLine
from inspection.errors import BadInput
from inspection.planning.closing import close_each, cut_off
from inspection.planning.pool import pool
from inspection.planning.roadgraph import EARTH_M_PER_DEG, RoadGraph, build, hubs, without
from inspection.planning.route import tours
from inspection.planning.select import Method, select
from inspection.planning.travel import travel_minutes

LAT0, LON0 = 37.3, 136.9
LAW = settings(max_examples=30, deadline=None, derandomize=True)


def at(x_m: float, y_m: float) -> tuple[float, float]:
    return LON0 + x_m / (EARTH_M_PER_DEG * np.cos(np.radians(LAT0))), LAT0 + y_m / EARTH_M_PER_DEG


def road(*points: tuple[float, float], speed: float = 60.0, asset: str = "") -> RoadLine:
    return RoadLine(line_lonlat=tuple(at(*p) for p in points), speed_kmh=speed, asset_id=asset)


def place(name: str, x: float, y: float, people: float = 0.0, *, hub: bool = False) -> Place:
    return Place(name=name, lonlat=at(x, y), people=people, hub=hub)


CIRCLE = [(100 * np.cos(a), 100 * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 13)]
STREET = road((1000, 0), (2000, 0))


@pytest.mark.parametrize(
    "lines",
    [[road(*CIRCLE)], [road((0, 0), (0.4, 0))], [road((0, 0), (0.2, 0.2), (0, 0))],
     [road(*CIRCLE), STREET], [STREET, road((5000, 0), (5000.5, 0))]],
    ids=["a roundabout", "less than a metre", "there and back", "a roundabout afar", "a stub afar"],
)  # fmt: skip
def test_hardly_a_road_is_still_a_place_to_start_from(lines: list[RoadLine]) -> None:
    roads = build(lines, {})
    nodes = [roads.nearest(at(*xy)) for xy in ((0, 0), (1000, 0), (5000, 0))]
    minutes = travel_minutes(roads, [*nodes, None])
    assert minutes.shape == (4, 4)
    assert np.diag(minutes).tolist() == [0, 0, 0, 0]
    assert np.isinf(minutes[3, :3]).all()
    assert list(close_each(roads)) == []


def test_golden_times_on_a_street_by_hand() -> None:
    roads = build([STREET, road((2000, 0), (2000, 500), speed=30)], {"B": at(1500, 5)})
    west, corner, north = (roads.nearest(at(*xy)) for xy in ((1000, 0), (2000, 0), (2000, 500)))
    found = travel_minutes(roads, [west, corner, north])
    assert found == pytest.approx(np.array([[0, 1, 2], [1, 0, 1], [2, 1, 0]]), rel=2e-3)
    closed = travel_minutes(roads, [west, corner, north], closed=["B"])
    assert np.isinf(closed[0, 1:]).all()
    assert closed[1, 2] == pytest.approx(1, rel=2e-3)
    with pytest.raises(BadInput, match="'C' lies on no road"):
        travel_minutes(roads, [west], closed=["C"])
    with pytest.raises(BadInput, match="'C' lies on no road"):
        list(close_each(roads, ["C"]))
    with pytest.raises(BadInput, match="'C' lies on no road"):
        without(roads, {"B", "C"})


@st.composite
def networks(draw: st.DrawFn) -> tuple[RoadGraph, list[str]]:
    """Draw streets between the crossings of a grid of 4 × 4, some with a bridge in their middle."""
    nodes = [(500.0 * x, 500.0 * y) for x in range(4) for y in range(4)]
    pairs = [
        (a, b) for i, a in enumerate(nodes) for b in nodes[i + 1 :]
        if abs(a[0] - b[0]) + abs(a[1] - b[1]) == 500
    ]  # fmt: skip
    chosen = draw(st.lists(st.sampled_from(pairs), min_size=3, max_size=14, unique=True))
    bridges = {
        f"B{i}": at((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)
        for i, (a, b) in enumerate(chosen)
        if draw(st.booleans())
    }
    places = [
        place(f"P{i}", *a, people=i + 1, hub=i == 0 or draw(st.booleans()))
        for i, (a, _) in enumerate(chosen)
    ]
    return build([road(a, b) for a, b in chosen], bridges, places), sorted(bridges)


@LAW
@given(networks())
def test_what_a_closing_says_is_what_the_graph_without_the_bridge_says(
    drawn: tuple[RoadGraph, list[str]],
) -> None:
    roads, bridges = drawn
    assert set(roads.assets) == set(bridges)
    for one in close_each(roads):
        left = without(roads, [one.asset_id])
        a, b = roads.assets[one.asset_id]
        assert one.severs == (not nx.has_path(left, a, b))
        assert (one.attribute == ISOLATED) == one.severs
        if not one.severs:
            way = nx.dijkstra_path_length(left, a, b, weight="m")
            # from bank to bank the way around is at least as long as from crossing to crossing
            assert one.detour_m is not None
            assert 0 <= one.detour_m <= way + 1e-6
            continue
        sides = [nx.node_connected_component(left, node) for node in (a, b)]
        names = [
            sorted(roads.known[i].name for i, node in roads.places.items() if node in side)
            for side in sides
        ]
        assert list(one.places) in names
        assert one.people == sum(p.people for p in roads.known if p.name in one.places)
        lost_hub = any(p.hub for p in roads.known if p.name in one.places)
        kept = next(
            side
            for side, name in zip(sides, names, strict=True)
            if name != list(one.places) or names[0] == names[1]
        )
        assert not lost_hub or bool(hubs(roads) & kept)
    gone = cut_off(roads, bridges)
    assert gone.people == sum(p.people for p in gone.places)
    assert {p.name for p in gone.places} == {name for part in gone.by_part for name in part}


@pytest.mark.parametrize(
    ("points", "says"),
    [
        (((nan, 37.0), (136.9, 37.0)), "nan"), (((136.9, inf), (136.9, 37.0)), "inf"),
        (((37.0, 136.9), (37.1, 136.9)), "136.9"), (((136.9, 37.0),), "at least two points"),
    ],
)  # fmt: skip
def test_a_road_that_is_nowhere_on_earth_is_refused(
    points: tuple[tuple[float, float], ...], says: str
) -> None:
    with pytest.raises(BadInput, match=says):
        RoadLine(line_lonlat=points, speed_kmh=40)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"people": nan}, "'Oku' cannot have nan people"), ({"people": -1}, "cannot have -1"),
        ({"people": 1e9}, "cannot have 1e"), ({"lonlat": (nan, 37.0)}, "'Oku'.*nan"),
        ({"lonlat": (37.3, 136.9)}, "'Oku'.*136.9"),
    ],
)  # fmt: skip
def test_a_place_that_is_nowhere_or_has_no_number_of_people_is_refused(
    change: dict[str, object], says: str
) -> None:
    with pytest.raises(BadInput, match=says):
        Place(**{"name": "Oku", "lonlat": (136.9, 37.3), **change})  # type: ignore[arg-type]


# routes: waves of any kind, crews, stops that cannot be reached
@LAW
@given(st.integers(0, 9), st.integers(1, 4), st.floats(0, 60), st.integers(0, 999))
def test_tours_give_out_each_stop_that_can_be_reached_once_and_keep_their_clock(
    stops: int, crews: int, stop_min: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    xy = random.uniform(0, 50, (stops + 1, 2))
    minutes = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    lost = np.flatnonzero(random.random(stops) < 0.2) + 1
    minutes[lost] = minutes[:, lost] = inf
    waves = random.integers(-2, 3, stops).tolist()
    found = tours(minutes, waves, crews=crews, stop_min=stop_min)
    assert sorted(s for t in found for s in t.stops) == sorted(set(range(1, stops + 1)) - {*lost})
    for tour in found:
        clock, here = 0.0, 0
        for stop, arrival in zip(tour.stops, tour.arrival_min, strict=True):
            clock += minutes[here, stop]
            assert arrival == pytest.approx(clock)
            clock, here = clock + stop_min, stop


# money: everything tried out
def option(cost: int, relief: float, saving: float = 0.0, work: Work = Work.MAJOR) -> Option:
    return Option(work=work, cost_yen=cost, relief=relief, saving_yen=saving)


def candidate(name: str, *options: Option, tier: int = 2, **more: object) -> Candidate:
    return Candidate(
        asset_id=name, tier=tier, options=options,
        **{"score": 50.0, **more},  # type: ignore[arg-type]
    )  # fmt: skip


ITEMS = st.lists(
    st.tuples(st.integers(1, 40), st.integers(1, 60), st.sampled_from(["north", "south"])),
    min_size=1, max_size=5,
)  # fmt: skip


def all_choices(
    items: list[Candidate], terms: Terms
) -> list[tuple[float, tuple[int, ...], dict[str, int]]]:
    """Give worth, spending and spending by district of every choice within the budgets."""
    found = []
    for years in product(range(-1, terms.years), repeat=len(items)):
        spent, by = [0] * terms.years, dict.fromkeys(("north", "south"), 0)
        worth = 0.0
        for one, year in zip(items, years, strict=True):
            if year >= 0:
                spent[year] += one.options[0].cost_yen
                by[one.district] += one.options[0].cost_yen
                worth += one.options[0].benefit(year, terms.rate)
        if all(s <= b for s, b in zip(spent, terms.budgets_yen, strict=True)):
            found.append((worth, tuple(spent), by))
    return found


@LAW
@given(ITEMS, st.lists(st.integers(0, 90), min_size=1, max_size=2), st.integers(0, 40))
def test_no_choice_that_keeps_the_smoothing_is_worth_more(
    drawn: list[tuple[int, int, str]], budgets: list[int], smoothing: int
) -> None:
    items = [candidate(f"C{i}", option(c, r), district=d) for i, (c, r, d) in enumerate(drawn)]
    terms = Terms(first_year=2027, budgets_yen=tuple(budgets), rate=0.02, smoothing_yen=smoothing)
    found = select(items, terms, gap=0.0)
    spent = found.spend_yen(terms.years)
    mean = sum(spent) / terms.years
    assert all(abs(s - mean) <= smoothing + 1e-6 for s in spent)
    best = max(
        worth for worth, each, _ in all_choices(items, terms)
        if all(abs(s - sum(each) / terms.years) <= smoothing + 1e-9 for s in each)
    )  # fmt: skip
    assert found.benefit == pytest.approx(best, rel=1e-4, abs=1e-6)
    assert found.bound >= found.benefit - 1e-6


@LAW
@given(ITEMS, st.integers(10, 120), st.integers(0, 6), st.integers(6, 10))
def test_no_choice_that_keeps_the_shares_is_worth_more(
    drawn: list[tuple[int, int, str]], budget: int, tenths: int, most_tenths: int
) -> None:
    least, most = tenths / 10, most_tenths / 10
    items = [candidate(f"C{i}", option(c, r), district=d) for i, (c, r, d) in enumerate(drawn)]
    terms = Terms(first_year=2027, budgets_yen=(budget,), rate=0.0, shares={"north": (least, most)})
    if least > 0 and all(district != "north" for *_, district in drawn):
        with pytest.raises(BadInput, match="nothing to spend it on"):
            select(items, terms, gap=0.0)
        return
    found = select(items, terms, gap=0.0)
    total = sum(one.option.cost_yen for one in found.chosen)
    north = sum(o.option.cost_yen for o in found.chosen if o.candidate.district == "north")
    assert least * total - 1e-6 <= north <= most * total + 1e-6
    best = max(
        worth for worth, (spent,), by in all_choices(items, terms)
        if least * spent - 1e-9 <= by["north"] <= most * spent + 1e-9
    )  # fmt: skip
    assert found.benefit == pytest.approx(best, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("method", list(Method))
def test_golden_two_years_by_hand(method: Method) -> None:
    # 100 a year at 2 %: the greater relief first, 80/1.02 in the second year; nothing else fits
    items = [candidate("A", option(100, 100.0)), candidate("B", option(90, 80.0)),
             candidate("C", option(30, 1.0))]  # fmt: skip
    terms = Terms(first_year=2027, budgets_yen=(100, 100), rate=0.02)
    found = select(items, terms, method=method)
    assert [(c.candidate.asset_id, c.year) for c in found.chosen] == [("A", 0), ("B", 1)]
    assert found.benefit == pytest.approx(100 + 80 / 1.02)
    assert [one.asset_id for one in found.left] == ["C"]


@pytest.mark.parametrize("method", list(Method))
def test_a_late_must_is_done_as_soon_as_money_is_there(method: Method) -> None:
    items = [candidate("M", option(80, 0.0), tier=1, due=0), candidate("N", option(60, 500.0))]
    terms = Terms(first_year=2027, budgets_yen=(60, 70, 100), rate=0.02)
    found = select(items, terms, method=method)
    assert {c.candidate.asset_id: c.year for c in found.chosen} == {"M": 2, "N": 0}
    assert pool(items, terms).units[0].must_value(2) == pytest.approx(51 * 0.5 * 0.8)


@pytest.mark.parametrize("number", [nan, inf, -inf])
def test_a_benefit_that_is_no_number_orders_nothing(number: float) -> None:
    for change in ({"relief": number}, {"saving": number}):
        with pytest.raises(BadInput, match="relief and saving"):
            option(**{"cost": 10, "relief": 1.0, **change})  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="score"):
        candidate("A", option(10, 1.0), score=number)
    with pytest.raises(BadInput, match="tier"):
        candidate("A", option(10, 1.0), tier=3)


def test_what_was_chosen_and_left_is_everything_and_nothing_twice() -> None:
    items = [
        candidate(f"C{i}", *([option(10 + i, 5.0)] if i % 3 else []), tier=i % 3) for i in range(9)
    ]
    found: Selection = select(items, Terms(first_year=2027, budgets_yen=(30, 30)))
    names = [c.candidate.asset_id for c in found.chosen] + [c.asset_id for c in found.left]
    assert sorted(names) == [f"C{i}" for i in range(9)]
